"""A talk goes back to the bot: what the tracker learns, what the prospect hears, where the flow goes on, and a second request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import ClockKind, Owner, State
from tests.service.desks import Console, console
from tests.service.serving import Visitor, World, serving

STEP = {"flow": "welcome", "step": "useful"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def only(world: World) -> str:
    [overview] = await world.service.store.overviews(view="all")
    return overview.conversation_id


async def talked(world: World, anna: Visitor, sam: Console) -> str:
    """Anna is in the welcome flow, asked for a person, and Sam has talked with her."""
    await anna.say("hi there")
    await world.settle()
    await anna.say("can i talk to a person")
    await world.settle()
    conversation_id = await only(world)
    assert (await sam.post(f"conversations/{conversation_id}/take"))[0] == 200
    say = {"text": "I'll send you the price list.", "key": "key-00001"}
    assert (await sam.post(f"conversations/{conversation_id}/say", say))[0] == 200
    await world.settle()
    return conversation_id


async def learnt(world: World, conversation_id: str) -> dict[str, Any]:
    """Slots as the tracker's events leave them."""
    tail = [json.loads(event) for event in await world.service.store.tracker_tail(conversation_id, limit=500)]
    return {event["name"]: event["value"] for event in tail if event["event"] == "slot"}


def step_clock(state: State) -> Any:
    [enrolment] = state.live_enrolments
    return state.clock(ClockKind.STEP, enrolment.enrolment_id)


async def test_the_tracker_learns_what_was_promised_what_changed_and_where_it_goes_on(world: World) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        stood_at = (await world.state(conversation_id)).live_enrolments[0].step_id
        back = {
            "summary": "Wants the price list.",
            "outcome": "later",
            "slots": {"product": "soap"},
            "promised": ["The price list by Friday", "A call next week"],
        }
        assert (await sam.post(f"conversations/{conversation_id}/give-back", back))[0] == 200
        tracker = await learnt(world, conversation_id)
        told = {name: tracker[name] for name in ("handoff_summary", "handoff_promised", "handoff_outcome", "product")}
        assert told == {
            "handoff_summary": "Wants the price list.",
            "handoff_promised": ["The price list by Friday", "A call next week"],
            "handoff_outcome": "later",
            "product": "soap",
        }
        assert tracker["handoff_resume"] == f"welcome/{stood_at}"
        state = await world.state(conversation_id)
        assert {name: state.slots[name] for name in told} == told, "what the tracker knows the state knows, too"


async def test_the_agent_says_at_which_step_the_flow_goes_on_and_it_does(world: World) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        assert (await sam.post(f"conversations/{conversation_id}/give-back", {"resume": STEP}))[0] == 200
        state = await world.state(conversation_id)
        assert state.live_enrolments[0].step_id == "useful"
        assert (await learnt(world, conversation_id))["handoff_resume"] == "welcome/useful"
        due_at = step_clock(state).due_at
        assert timedelta(0) < due_at - world.time.now() <= timedelta(minutes=10)
        await world.settle()
        before = len(await world.said(conversation_id))
        await world.wind(seconds=(due_at - world.time.now()).total_seconds() + 1)
        said = (await world.said(conversation_id))[before:]
        assert said[-1][0] == "flow"


@pytest.mark.parametrize(
    ("resume", "outcome", "code"),
    [
        ({"flow": "welcome", "step": "gone"}, "returned", "no_such_step"),
        ({"flow": "booking", "step": "hello"}, "returned", "no_such_step"),
        (STEP, "lost", "flow_ends"),
    ],
)
async def test_a_step_that_is_not_there_is_refused_and_the_agent_keeps_the_talk(
    world: World, resume: dict[str, str], outcome: str, code: str
) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        status, body = await sam.post(f"conversations/{conversation_id}/give-back", {"resume": resume, "outcome": outcome})
        assert (status, body["error"]["code"]) == (409, code)
        assert (await world.state(conversation_id)).owner is Owner.AGENT


async def test_whoever_was_with_a_person_hears_that_it_is_the_bot_again(world: World) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        assert (await sam.post(f"conversations/{conversation_id}/give-back"))[0] == 200
        await world.settle()
        speaker, text = (await world.said(conversation_id))[-1]
        assert speaker == "ladder"
        assert "bot" in text.lower()
        tail = [json.loads(event) for event in await world.service.store.tracker_tail(conversation_id, limit=500)]
        words = [event for event in tail if event["event"] == "bot"]
        assert words[-1]["metadata"] == {"speaker": "ladder"}, "where the person's stretch ends is seen in the tracker"
        assert any(event["metadata"] == {"speaker": "agent"} for event in words)


async def test_every_wording_of_going_back_says_that_it_is_the_bot(world: World) -> None:
    phrases = world.service.conversations.rules.policy.phrases
    for name in ("given_back", "back_to_bot", "returned_to_bot"):
        assert all("bot" in variant.lower() for variant in phrases[name]), name


async def test_asking_for_a_person_again_after_going_back_opens_a_new_episode_with_clocks_of_its_own(world: World) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        assert (await sam.post(f"conversations/{conversation_id}/give-back"))[0] == 200
        await world.wind(minutes=5)
        await anna.say("can i talk to a person")
        await world.settle()
        first, second = await world.service.store.episodes(conversation_id)
        assert (first.status, second.status) == ("closed", "waiting")
        assert first.episode_id != second.episode_id
        target_s = world.service.conversations.rules.policy.targets.first_words_s
        assert second.first_words_due_at - second.requested_at == timedelta(seconds=target_s)
        assert (second.breached, second.times_asked, second.last_agent) == ((), 0, "a_sam")
        assert (await world.state(conversation_id)).owner is Owner.WAITING
        assert (await sam.post(f"conversations/{conversation_id}/take"))[0] == 200
        assert (await sam.post(f"conversations/{conversation_id}/give-back"))[0] == 200
        assert [e.status for e in await world.service.store.episodes(conversation_id)] == ["closed", "closed"]


async def test_the_next_agent_sees_what_was_promised(world: World) -> None:
    async with world.visitor() as anna, console(world, "Sam") as sam:
        conversation_id = await talked(world, anna, sam)
        back = {"promised": ["The price list by Friday"]}
        assert (await sam.post(f"conversations/{conversation_id}/give-back", back))[0] == 200
        shown = await sam.get(f"conversations/{conversation_id}")
        assert "The price list by Friday" in shown["card"]["promised"]
        assert {"flow": "welcome", "name": "Welcome", "step": "useful"} in shown["resume"]
