"""What prospects are told and may choose while they wait for a person, entered where they enter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.events import AgentGaveBack, AgentTook, AgentWrote, Decision
from bot.core.model import AgentRef, Arrival, ClockKind, Episode, Identity, Owner, Reason
from bot.store.contract import Agent, Message
from handoff.policy import Choice
from tests.service.paging import Page, open_page
from tests.service.serving import START, Visitor, World, serving

SAM = AgentRef(agent_id="a_sam", name="Sam")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


@asynccontextmanager
async def at_the_desk(world: World) -> AsyncIterator[None]:
    """Sam is online for as long as the block runs."""
    sam = Agent(agent_id="a_sam", email="sam@example.com", name="Sam", role="agent", password_hash="-")
    await world.service.store.add_agent(sam)
    async with world.service.presence.socket("a_sam"):
        await world.service.presence.settled()
        await world.settle()
        yield


async def waited_before(world: World, *waits_s: float) -> None:
    """People who asked for a person a week ago and had their first words after so long."""
    store, asked_at = world.service.store, world.time.now() - timedelta(days=7)
    for number, wait_s in enumerate(waits_s):
        arrival = Arrival(
            identity=Identity(channel="rest", external_id=f"past{number}"), external_id="m", sent_at=asked_at, text="hi"
        )
        [taken] = await store.take_in([arrival], now=asked_at, answer_at=asked_at, promise_due_at=asked_at)
        loaded = await store.load(taken.conversation_id)
        episode = Episode(
            episode_id=f"past{number}", reason=Reason.ASKED, requested_at=asked_at, first_words_due_at=asked_at, status="closed",
            first_words_at=asked_at + timedelta(seconds=wait_s), closed_at=asked_at + timedelta(hours=1), breached=("first_words",),
        )  # fmt: skip
        heard = tuple(h.message_id for h in loaded.state.unheard)
        cancelled = tuple((clock.kind, clock.key) for clock in loaded.state.clocks)
        state = replace(loaded.state, episode=episode, unheard=(), clocks=(), promise=None)
        decision = Decision(state=state, heard=heard, cancel_clocks=cancelled)
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=asked_at)


async def conversation_of(world: World, channel: str) -> str:
    """The id of the one conversation on this channel that is of now."""
    found = await world.service.store.overviews(view="all")
    [one] = [o.conversation_id for o in found if o.identity.channel == channel and "past" not in o.identity.external_id]
    return one


async def test_the_usual_wait_is_told_and_how_right_it_was_is_reported(world: World) -> None:
    await waited_before(world, *(120.0 + 5 * n for n in range(12)))
    await world.wind(seconds=300)
    async with at_the_desk(world), world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        conversation = await conversation_of(world, "widget")
        words = (await world.said(conversation))[-1][1]
        assert "2 to 3 minutes" in words
        await world.wind(seconds=130)
        await world.service.conversations.handle(conversation, AgentTook(agent=SAM))
        await world.service.conversations.handle(conversation, AgentWrote(agent=SAM, text="Hi, Sam here", client_key="k1"))
        await world.settle()
        episode = (await world.state(conversation)).episode

    assert episode.forecast_kept is True
    assert episode.forecast_error_s == 130 - episode.forecasts[0].likely_s


class OnWidget:
    """Somebody in a browser."""

    channel = "widget"

    def __init__(self, page: Page, visitor: Visitor) -> None:
        self._page, self._visitor = page, visitor

    async def says(self, text: str, payload: str | None = None) -> None:
        await self._visitor.say(text, payload=payload)


class OnMessenger:
    """Somebody on Messenger."""

    channel = "facebook"

    def __init__(self, page: Page, _visitor: Visitor) -> None:
        self._person = page.graph.person("psid-anna", first_name="Anna")

    async def says(self, text: str, payload: str | None = None) -> None:
        await (
            self._person.taps({"content_type": "text", "title": text, "payload": payload}) if payload else self._person.says(text)
        )


class OnRest:
    """A program that speaks for somebody: it posts the payload in place of the words."""

    channel = "rest"

    def __init__(self, page: Page, _visitor: Visitor) -> None:
        self._client = page.world.client

    async def says(self, text: str, payload: str | None = None) -> None:
        body = {"sender": "anna", "message": payload or text, "metadata": {"zone": "Europe/Berlin"}}
        async with self._client.post("/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200


WAYS = pytest.mark.parametrize("how", ["tapped", "typed"])
CHANNELS = pytest.mark.parametrize("where", [OnWidget, OnMessenger, OnRest])


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async for page in open_page(tmp_path, START):
        yield page


@CHANNELS
@WAYS
async def test_every_choice_in_words_and_as_a_tap_on_every_channel(
    page: Page, where: type[OnWidget | OnMessenger | OnRest], how: str
) -> None:
    world = page.world
    sam = Agent(agent_id="a_sam", email="sam@example.com", name="Sam", role="agent", password_hash="-")
    await world.service.store.add_agent(sam)
    await world.wind(seconds=6)
    async with world.visitor() as visitor:
        anna = where(page, visitor)

        async def told() -> Message:
            await world.settle()
            messages = await world.service.store.messages(await conversation_of(world, anna.channel))
            return [m for m in messages if m.speaker.value == "ladder"][-1]

        async def chooses(choice: Choice, *, by: str | None = None) -> Message:
            title = getattr(world.service.conversations.rules.policy.choices, choice.name.lower())
            await anna.says(by or title, None if by or how == "typed" else choice.value)
            return await told()

        await anna.says("can i talk to a person")
        await world.settle()
        await world.wind(seconds=61)
        offered = await told()
        assert [reply.payload for reply in offered.quick_replies] == [choice.value for choice in Choice]
        await chooses(Choice.WAIT)
        await chooses(Choice.CALLBACK)
        await anna.says("+49 170 1234567")
        assert "+491701234567" in (await told()).text
        times = await chooses(Choice.BOOK)
        assert len(times.quick_replies) == 3
        second = times.quick_replies[1]
        await anna.says(second.title, second.payload if how == "tapped" else None)
        booked = await told()
        state = await world.state(await conversation_of(world, anna.channel))
        assert state.episode.callback_at == datetime.fromisoformat(second.payload.split()[1]), booked.text
        assert state.clock(ClockKind.FIRST_WORDS, state.episode.episode_id).due_at == state.episode.callback_at
        await chooses(Choice.CANCEL)
        state = await world.state(await conversation_of(world, anna.channel))
        assert (state.episode.outcome, state.owner) == ("prospect_cancelled", Owner.BOT)
        await anna.says("can i talk to a person")
        await world.settle()
        await chooses(Choice.BOT)
        state = await world.state(await conversation_of(world, anna.channel))
    assert (state.episode.outcome, state.owner) == ("prospect_chose_bot", Owner.BOT)


async def test_two_who_pick_the_last_place_at_once_get_one_and_another_offer(world: World) -> None:
    sam = Agent(agent_id="a_sam", email="sam@example.com", name="Sam", role="agent", password_hash="-")
    await world.service.store.add_agent(sam)
    await world.wind(seconds=6)
    async with world.visitor() as anna, world.visitor() as ben:
        for one in (anna, ben):
            await one.say("can i talk to a person")
            await world.settle()
            await one.say("Book a time")
            await world.settle()
        conversations = [o.conversation_id for o in await world.service.store.overviews(view="all")]
        times = (await world.service.store.messages(conversations[0]))[-1].quick_replies
        # What the desk of this process knows of bookings is made old, as another service's would be.
        world.service.staff.committed = lambda _before, _after: None  # type: ignore[method-assign]
        world.service.conversations.on_committed = lambda _before, _after: None
        for one in (anna, ben):
            await one.say(times[0].title, payload=times[0].payload)
            await world.settle()
        episodes = [(await world.state(of)).episode for of in conversations]
        said = [(await world.service.store.messages(of))[-1] for of in conversations]

    assert sorted(str(e.callback_at is not None) for e in episodes) == ["False", "True"]
    [loser] = [m for m, e in zip(said, episodes, strict=True) if e.callback_at is None]
    assert len(loser.quick_replies) == 3
    assert times[0].payload not in [reply.payload for reply in loser.quick_replies]


async def talked_with(world: World, visitor: Visitor, outcome: str) -> str:
    """The visitor asks for a person, has one, and is given back; gives the conversation's id."""
    handle = world.service.conversations.handle
    await visitor.say("can i talk to a person")
    await world.settle()
    conversation = await conversation_of(world, "widget")
    await handle(conversation, AgentTook(agent=SAM))
    await handle(conversation, AgentWrote(agent=SAM, text="Hi, Sam here", client_key="k1"))
    await handle(conversation, AgentGaveBack(agent=SAM, summary="Wants a quote", outcome=outcome, value=250.0))
    await world.settle()
    return conversation


async def test_after_the_talk_one_question_and_its_answer_is_kept(world: World) -> None:
    async with world.visitor() as anna:
        conversation = await talked_with(world, anna, "answered")
        await world.wind(seconds=30)
        question = (await world.service.store.messages(conversation))[-1]
        assert [reply.title for reply in question.quick_replies] == ["Great", "Good", "Okay", "Poor", "Bad"]
        await anna.say("Good", payload=question.quick_replies[1].payload)
        await world.settle()
        await world.wind(days=3)
    [episode] = await world.service.store.episodes(conversation)
    assert (episode.rating, episode.outcome, episode.outcome_value) == (4, "answered", 250.0)
    said = [text for _, text in await world.said(conversation)]
    assert said.count(question.text) == 1


@pytest.mark.parametrize(("outcome", "step"), [("won", "after_yes"), ("lost", "after_no")])
async def test_the_day_after_the_flow_of_the_outcome_checks_in(world: World, outcome: str, step: str) -> None:
    async with world.visitor() as anna:
        conversation = await talked_with(world, anna, outcome)
        [enrolled] = (await world.state(conversation)).live_enrolments
        assert (enrolled.flow_id, enrolled.step_id) == ("follow_up", "next_day")
        await world.wind(hours=21)
        [enrolled] = (await world.state(conversation)).live_enrolments
    assert enrolled.step_id == step
    assert (await world.said(conversation))[-1][0] == "flow"


@CHANNELS
async def test_the_transcript_is_sent_on_request_and_is_nobody_elses(
    page: Page, where: type[OnWidget | OnMessenger | OnRest]
) -> None:
    world = page.world
    async with world.visitor() as visitor:
        anna = where(page, visitor)
        await anna.says("how much is it")
        await world.settle()
        await anna.says("send me the transcript")
        await world.settle()
        conversation = await conversation_of(world, anna.channel)
    words = (await world.said(conversation))[-1][1]
    path = f"/transcript/{words.split('/transcript/')[1].split()[0]}"
    async with world.client.get(path) as response:
        text = await response.text()
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
        assert "attachment" in response.headers["Content-Disposition"]
    assert "You: how much is it" in text
    async with world.client.get(path[:-1] + ("0" if path[-1] != "0" else "1")) as response:
        assert response.status == 404
    await world.wind(hours=25)
    async with world.client.get(path) as response:
        assert response.status == 404


async def test_the_widget_saves_what_was_said(world: World) -> None:
    async with world.visitor() as anna:
        await anna.say("how much is it")
        await world.settle()
        await anna.socket.send_json({"type": "transcript"})
        saved = await anna.next("transcript")
    async with world.visitor() as stranger:
        await stranger.socket.send_json({"type": "transcript"})
        nothing = await stranger.next("transcript")
    assert saved["name"] == "conversation-2026-11-20.txt"
    assert "[15:00] You: how much is it" in saved["text"]
    assert "You:" not in nothing["text"]


@CHANNELS
async def test_whoever_takes_over_is_named(page: Page, where: type[OnWidget | OnMessenger | OnRest]) -> None:
    world = page.world
    face = AgentRef(agent_id="a_sam", name="Sam", picture_url="https://example.com/sam.png")
    async with world.visitor() as visitor:
        anna = where(page, visitor)
        await anna.says("can i talk to a person")
        await world.settle()
        conversation = await conversation_of(world, anna.channel)
        await world.service.conversations.handle(conversation, AgentTook(agent=face))
        await world.settle()
        assert "Sam" in (await world.said(conversation))[-1][1]
        if anna.channel == "widget":
            while (owner := await visitor.next("owner"))["owner"] != "agent":
                pass
            assert owner["agent"] == {"name": "Sam", "picture_url": "https://example.com/sam.png"}
