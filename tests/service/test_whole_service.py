"""The whole service, entered where people enter it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.core.events import AgentTook, AgentWrote
from bot.core.model import AgentRef, Identity, Owner
from bot.errors import BrainTimeout
from tests.service.serving import World, serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def only_conversation(world: World) -> str:
    """The id of the one conversation there is."""
    [overview] = await world.service.store.overviews(view="all")
    return overview.conversation_id


async def test_rest_answers_in_rasas_shape(world: World) -> None:
    async with world.client.post("/webhooks/rest/webhook", json={"sender": "anna", "message": "how much is it?"}) as response:
        body = await response.json()

    assert response.status == 200
    assert {m["recipient_id"] for m in body} == {"anna"}
    assert any("ask_price" in m.get("text", "") for m in body)


async def test_a_stranger_is_greeted_with_disclosure_and_a_question(world: World) -> None:
    async with world.visitor() as anna:
        await anna.say("hi")
        heard = await anna.hears(2)

    words = " ".join(m["text"] for m in heard)
    assert "bot" in words.lower()
    assert words.count("?") == 1


async def test_a_reload_shows_everything_once_and_in_order(world: World) -> None:
    async with world.visitor() as anna:
        await anna.say("hi")
        await anna.hears(2)
        token = anna.welcome["token"]
        await world.settle()
    async with world.visitor(token=token) as again:
        messages = again.welcome["messages"]

    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    assert messages[0]["speaker"] == "prospect"
    assert messages[0]["text"] == "hi"


async def test_the_same_key_twice_is_one_message(world: World) -> None:
    async with world.visitor() as anna:
        first = await anna.say("hi", key="key-twice")
        second = await anna.say("hi", key="key-twice")
        await world.settle()
        said = await world.said(await only_conversation(world))

    assert first["seq"] == second["seq"]
    assert said.count(("prospect", "hi")) == 1


async def test_a_flood_from_one_browser_waits_there_and_comes_in_whole(world: World) -> None:
    async with world.visitor() as anna, world.visitor() as ben:
        said = [f"line {number}" for number in range(22)]
        for number, text in enumerate(said):
            await anna.socket.send_json({"type": "say", "key": f"flood-{number:03}", "text": text})
        turned_away = [await anna.next("error") for _ in said[20:]]
        await ben.say("hello")
        await world.settle()
        for number in range(20, 22):
            await world.wind(seconds=turned_away[0]["after_s"])
            await anna.say(said[number], key=f"flood-{number:03}")
        while said[-1] not in (heard := [m["text"] for m in anna.seen if m["speaker"] == "prospect"]):
            await anna.next("message")

    assert [(frame["code"], frame["key"]) for frame in turned_away] == [("slow_down", "flood-020"), ("slow_down", "flood-021")]
    assert heard == said


async def test_nobody_comes_and_the_prospect_hears_the_truth_on_time(world: World) -> None:
    async with world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        conversation = await only_conversation(world)
        assert (await world.state(conversation)).owner is Owner.WAITING
        asked_at = world.time.now()
        targets = world.service.conversations.rules.policy.targets

        await world.wind(seconds=targets.first_words_s - 1)
        before = [text for speaker, text in await world.said(conversation) if speaker == "ladder"]
        await world.wind(seconds=2)
        after = [text for speaker, text in await world.said(conversation) if speaker == "ladder"]

    assert len(after) == len(before) + 1
    episode = (await world.state(conversation)).episode
    assert episode is not None
    assert "first_words" in episode.breached
    last = (await world.service.store.messages(conversation))[-1]
    assert len(last.quick_replies) == 5
    assert (last.at - asked_at).total_seconds() == targets.first_words_s


async def test_the_agents_name_is_seen_and_the_bot_is_silent(world: World) -> None:
    sam = AgentRef(agent_id="a_sam", name="Sam")
    async with world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        conversation = await only_conversation(world)
        await world.service.conversations.handle(conversation, AgentTook(agent=sam))
        await world.service.conversations.handle(conversation, AgentWrote(agent=sam, text="Hi, Sam here", client_key="k1"))
        await world.settle()
        await anna.say("great, how much is it")
        await world.settle()
        said = await world.said(conversation)

    assert said[-1] == ("prospect", "great, how much is it")
    assert said[-2] == ("agent", "Hi, Sam here")


async def test_an_answer_computed_while_an_agent_took_over_is_never_sent(world: World) -> None:
    world.brain.held = asyncio.Event()
    sam = AgentRef(agent_id="a_sam", name="Sam")
    async with world.visitor() as anna:
        await anna.say("how much is it")
        conversation = await only_conversation(world)
        await world.brain.was_asked.wait()
        await world.service.conversations.handle(conversation, AgentTook(agent=sam))
        world.brain.held.set()
        await world.settle()
        said = await world.said(conversation)

    assert [s for s, _ in said if s in ("bot", "flow")] == []
    assert (await world.state(conversation)).promise is not None, "Sam owes the answer now"


async def test_a_hung_brain_gets_one_honest_line_and_a_person(world: World) -> None:
    world.brain.error = BrainTimeout("no answer")
    async with world.visitor() as anna:
        await anna.say("how much is it")
        await world.settle()
        conversation = await only_conversation(world)
        said = await world.said(conversation)

    assert [speaker for speaker, _ in said] == ["prospect", "ladder"]
    assert (await world.state(conversation)).owner is Owner.WAITING


async def test_pages_health_and_numbers(world: World) -> None:
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/nothing", 404)):
        async with world.client.get(path) as response:
            assert response.status == status, path
    world.brain.error = BrainTimeout("away")
    async with world.client.get("/readyz") as response:
        assert response.status == 503


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b'{"sender": "", "message": "x"}', 400, "sender"),
        (b'{"sender": "a"}', 400, "message"),
        (b'{"sender": "a", "message": "' + b"x" * 5000 + b'"}', 400, "message"),
        (b'{"sender": "a", "message": "' + b"x" * 5_000_000 + b'"}', 413, None),
    ],
)
async def test_bad_rest_calls_say_what_is_wrong_and_keep_nothing(world: World, body: bytes, status: int, field: str | None) -> None:
    async with world.client.post("/webhooks/rest/webhook", data=io.BytesIO(body)) as response:
        answer = await response.json()

    assert response.status == status
    assert answer["error"].get("field") == field
    assert await world.service.store.find_conversation(Identity(channel="rest", external_id="a")) is None


async def test_a_hung_turn_neither_delays_another_clock_nor_keeps_the_worker_spinning(tmp_path: Path) -> None:
    async with serving(tmp_path, pacing="human") as world:
        world.brain.held = asyncio.Event()
        async with world.visitor() as anna, world.visitor() as ben:
            await anna.say("how much is it")
            first = world.time.now() + timedelta(seconds=1.2)
            await world.sleeps_until(first)
            world.time.set(first)
            await world.brain.was_asked.wait()
            await ben.say("hello")
            await world.sleeps_until(first + timedelta(seconds=1.2))
            world.brain.held.set()
            await world.settle()


async def test_no_log_line_holds_what_people_say(world: World) -> None:
    sam = AgentRef(agent_id="a_sam", name="Samantha")
    with structlog.testing.capture_logs() as lines:
        async with world.visitor() as anna:
            await anna.say("my xylophone is broken, how much is it")
            await world.settle()
            await anna.say("person please, call +49 151 2345678")
            await world.settle()
            conversation = await only_conversation(world)
            await world.service.conversations.handle(conversation, AgentTook(agent=sam))
            written = AgentWrote(agent=sam, text="A zeppelin answer", client_key="k1")
            await world.service.conversations.handle(conversation, written)
            await world.settle()

    assert {"intake.stored", "turn.committed", "message.sent"} <= {line["event"] for line in lines}
    for private in ("xylophone", "2345678", "zeppelin", "Samantha", anna.welcome["token"]):
        assert private not in repr(lines)
