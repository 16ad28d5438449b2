"""Steps that ask another program: signed, answered into slots, tried again, and a way on when all fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.calling import secret_of, slots_of
from bot.signing import signed
from bot.time import HandTime
from tests.service.serving import START, World, serving
from tests.service.test_flow_versions import flow_words, greeted

FLOW = """\
name: Score
version: 1
goal: g
trigger: first_message
quiet_hours: none
steps:
  - {{id: hi, say: "Hello.", purpose: help}}
  - {{id: product, tag: asked}}
  - {{id: crm, webhook: "{url}", send: [business_name, product], into: {{lead.score: lead_score, name: product}},
     timeout: {timeout}, tries: 3, on_failure: sorry}}
  - {{id: pause, wait: 21h}}
  - {{id: known, say: "I've got {{{{ product | default('nothing') }}}} for you.", purpose: help, then: end}}
  - {{id: sorry, wait: 21h}}
  - {{id: tip, say: "Here's a tip.", purpose: help}}
  - {{id: end, goal: g}}
"""


class Crm:
    """Another program: what it was asked, and what it answers next (the last for good)."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response | None] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if self.answers else web.json_response({"lead": {"score": 7}, "name": "mugs"})
        if answer is None:
            await asyncio.sleep(5)
            return web.json_response({})
        return answer


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    program, app = Crm(), web.Application()
    app.router.add_post("/lead", program.handle)
    async with TestServer(app) as server:
        program.url = str(server.make_url("/lead"))
        yield program


def folder(tmp_path: Path, crm: Crm, timeout: str = "5s") -> Path:
    (tmp_path / "flows").mkdir(exist_ok=True)
    (tmp_path / "flows" / "score.yml").write_text(FLOW.format(url=crm.url, timeout=timeout))
    return tmp_path / "flows"


async def until(world: World, what: Callable[[], Any]) -> None:
    """Until something that needs the network has happened, and all is at rest."""
    async with asyncio.timeout(10):
        # Answers come over the network in real moments, which no clock of ours winds.
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await world.settle()


async def stands(world: World, conversation_id: str, step: str) -> None:
    async def there() -> bool:
        return [e.step_id for e in (await world.state(conversation_id)).live_enrolments] == [step]

    await until(world, there)


async def called(world: World, conversation_id: str) -> list[tuple[int, bool, str | None]]:
    lines = [line.entry for line in await world.service.store.journal(conversation_id) if line.entry.kind == "flow.called"]
    return [(entry.data["attempt"], entry.data["ok"], entry.data.get("error")) for entry in lines]


async def test_an_answer_fills_slots_and_the_post_is_signed(tmp_path: Path, crm: Crm) -> None:
    async with serving(tmp_path, flows=folder(tmp_path, crm)) as world:
        ann = await greeted(world, "ann")
        await stands(world, ann, "pause")
        assert (await world.state(ann)).slots["lead_score"] == 7
        [(headers, body)] = crm.asked
        told = json.loads(body)
        assert (told["flow"], told["step"], told["conversation_id"], told["slots"]) == ("score", "crm", ann, {})
        secret, timestamp = await secret_of(world.service.store), int(headers["webhook-timestamp"])
        assert (
            headers["webhook-signature"]
            == signed(secret, message_id=headers["webhook-id"], at=START, body=body)["webhook-signature"]
        )
        assert timestamp == int(START.timestamp())
        assert await called(world, ann) == [(1, True, None)]
        await world.wind(days=1)
        assert (await flow_words(world, ann))[-1] == "I've got mugs for you."


async def test_what_fails_is_asked_again_and_then_there_is_another_way(tmp_path: Path, crm: Crm) -> None:
    crm.answers = [web.Response(status=500), web.Response(status=302, headers={"Location": crm.url}), web.Response(text="no json")]
    async with serving(tmp_path, flows=folder(tmp_path, crm)) as world:
        ann = await greeted(world, "ann")
        for attempt, seconds in ((1, 21), (2, 61)):
            await until(world, lambda attempt=attempt: _count(world, ann, attempt))
            await world.wind(seconds=seconds)
        await stands(world, ann, "sorry")
        assert await called(world, ann) == [(1, False, "http_500"), (2, False, "http_302"), (3, False, "not_json")]
        assert len({headers["webhook-id"] for headers, _ in crm.asked}) == 1


async def _count(world: World, conversation_id: str, attempts: int) -> bool:
    return len(await called(world, conversation_id)) == attempts


async def test_a_program_that_hangs_is_given_up(tmp_path: Path, crm: Crm) -> None:
    crm.answers = [None]
    async with serving(tmp_path, flows=folder(tmp_path, crm, timeout="1s")) as world:
        ann = await greeted(world, "ann")
        await until(world, lambda: _count(world, ann, 1))
        assert await called(world, ann) == [(1, False, "timeout")]


async def test_an_answer_that_a_dead_process_waited_for_is_asked_for_again(tmp_path: Path, crm: Crm) -> None:
    crm.answers = [None]
    time, flows = HandTime(START), folder(tmp_path, crm)
    async with serving(tmp_path, flows=flows, time=time, name="a") as world:
        ann = await greeted(world, "ann")

        async def asked() -> bool:
            return bool(crm.asked)

        await until(world, asked)
    async with serving(tmp_path, flows=flows, time=time, name="b") as world:
        await world.wind(seconds=60)
        await stands(world, ann, "pause")
        assert await called(world, ann) == [(2, True, None)]


async def test_somebody_who_writes_meanwhile_is_answered_and_the_flow_goes_on(tmp_path: Path, crm: Crm) -> None:
    crm.answers = [web.Response(status=500)]
    async with serving(tmp_path, flows=folder(tmp_path, crm)) as world:
        ann = await greeted(world, "ann")
        await until(world, lambda: _count(world, ann, 1))
        await greeted(world, "ann")
        assert (await world.said(ann))[-1][0] == "bot"
        await world.wind(seconds=30)
        await stands(world, ann, "pause")


@pytest.mark.parametrize(
    ("answer", "slots"),
    [
        ({"a": {"b": "x"}, "c": True}, {"one": "x", "two": True}),
        ({"a": {"b": None}, "c": [1]}, {}),
        ({"a": "x"}, {}),
        ([1], {}),
        ({"a": {"b": "y" * 500}}, {"one": "y" * 200}),
    ],
)
def test_only_single_values_at_their_place_fill_slots(answer: object, slots: dict[str, object]) -> None:
    assert slots_of(answer, {"a.b": "one", "c": "two"}) == slots
