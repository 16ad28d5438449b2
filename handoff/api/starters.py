"""Canned starters and similar past answers, for agents to begin from. Nothing here is ever sent by itself."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from aiohttp import web

from bot.core.model import Speaker
from bot.store.contract import Overview
from bot.store.readers import sight
from handoff.api.bodies import LATEST, StartersBody, read_body
from handoff.api.errors import BadRequest, Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp
from handoff.starters import filled, mistake

SETTING = "starters"
SIMILAR = 3
LOOKED_BACK = 20


class Starters:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def all(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET starters: all of them, to edit."""
        kept, version = await self._kept()
        return answer({"starters": kept, "version": version})

    async def save(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """PUT starters: these are all of them now, unless somebody saved others meanwhile."""
        body = await read_body(request, StartersBody)
        _, version = await self._kept()
        if body.version != version:
            raise Conflict("changed_meanwhile", "Somebody else saved starters meanwhile. Load them again.")
        for place, one in enumerate(body.starters):
            if wrong := mistake(one.text):
                raise BadRequest("bad_field", wrong, field=f"starters.{place}.text")
        text = json.dumps([one.model_dump() for one in body.starters], ensure_ascii=False)
        await self._store.put_setting(SETTING, text)
        return answer({"starters": json.loads(text), "version": _version(text)})

    async def offered(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/{id}/starters: my teams' starters, filled in for this prospect, and answers to similar questions."""
        conversation_id = request.match_info["id"]
        overview = await self._store.overview(conversation_id)
        kept, _ = await self._kept()
        mine = [one for one in kept if not one["team"] or not me.agent.teams or one["team"] in me.agent.teams]
        known = _known(overview, me)
        return answer(
            {
                "starters": [{"name": one["name"], "text": filled(one["text"], known)} for one in mine],
                "similar": await self._similar(conversation_id, me),
            }
        )

    async def _similar(self, conversation_id: str, me: SignedIn) -> list[Shape]:
        latest = await self._store.messages(conversation_id, before_seq=LATEST, limit=LOOKED_BACK)
        asked: list[str] = []
        for message in reversed(latest):
            if message.speaker is Speaker.AGENT or (asked and message.speaker is not Speaker.PROSPECT):
                break
            if message.speaker is Speaker.PROSPECT:
                asked.insert(0, message.text)
        held_back = await sight(self._store, me.agent)
        found = await self._store.similar_answers(" ".join(asked), besides=conversation_id, limit=SIMILAR, sight=held_back)
        return [{"asked": one.asked, "text": one.text, "by": one.by, "at": stamp(one.at)} for one in found]

    async def _kept(self) -> tuple[list[Any], str]:
        text = await self._store.setting(SETTING) or "[]"
        return json.loads(text), _version(text)


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _known(overview: Overview, me: SignedIn) -> dict[str, Any]:
    profile = overview.profile
    names = {"first_name": profile.first_name, "last_name": profile.last_name, "agent": me.agent.name}
    return {**overview.slots, **{name: value for name, value in names.items() if value}}
