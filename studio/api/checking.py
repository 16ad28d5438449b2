"""A flow's text looked at while somebody writes it: mistakes with their places, its steps, what the copy lint says, and scores."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.yamlfile import YamlFileError
from handoff.api.bodies import read_body
from handoff.api.sessions import answer
from nurture.lint import lint
from nurture.lint.totals import flow_score
from nurture.load import read_flow
from studio.outline import outline

MAX_FLOW = 512 * 1024
AT_ONCE = 2
"""Texts that are looked at side by side; the others wait their turn."""

type _Name = Annotated[str, StringConstraints(max_length=80)]
type _Text = Annotated[str, StringConstraints(max_length=MAX_FLOW)]


class TextBody(BaseModel):
    """POST flows/{flow}/check: the flow as its file is written, with the blocks it uses."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: _Text
    blocks: Annotated[dict[_Name, _Text], Field(max_length=50)] = {}


class Checking:
    """See the module."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)

    async def check(self, request: web.Request) -> web.StreamResponse:
        """POST flows/{flow}/check: what is wrong with this text, its steps, findings and scores. Changes nothing."""
        body, flow_id = await read_body(request, TextBody), request.match_info["flow"]
        async with self._room:
            return answer(await asyncio.to_thread(checked, flow_id, body.text, body.blocks))


def checked(flow_id: str, text: str, blocks: Mapping[str, str]) -> dict[str, Any]:
    """The answer. With problems there is nothing else, as the text is no flow."""
    try:
        document, flow = read_flow(Path(f"{flow_id}.yml"), text, blocks)
    except YamlFileError as error:
        return {"problems": problems(error), "findings": [], "steps": [], "score": None, "about": None}
    scores = flow_score(flow)
    return {
        "problems": [],
        "findings": [
            {
                "file": one.file, "line": one.line, "column": one.column, "step": one.step, "rule": one.rule,
                "severity": one.severity.value, "message": one.message, "suggestion": one.suggestion, "rewrite": one.rewrite,
                "reason": one.reason, "source": one.source,
            }
            for one in lint(flow, document)
        ],
        "steps": outline(flow, scores),
        "score": scores.value,
        "about": {"name": flow.name, "goal": flow.goal},
    }  # fmt: skip


def problems(error: YamlFileError) -> list[dict[str, Any]]:
    """Every problem with its place."""
    return [
        {"file": str(one.file), "line": one.line, "column": one.column, "field": one.field, "message": one.message}
        for one in (error, *error.others)
    ]
