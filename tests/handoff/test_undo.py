"""Taking back what was just taken, given back or snoozed, where that is still true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.core.draft import Draft
from bot.core.model import ClockKind, CommandRefused, Owner
from handoff import episodes, snooze
from tests.handoff.conftest import Office
from tests.handoff.worlds import MIA, POLICY, SAM, START, World, desk


def refused(world: World, rule: Callable[[Draft], object]) -> str:
    with pytest.raises(CommandRefused) as said:
        world.do(rule)
    return said.value.code


def untake(world: World) -> Callable[[Draft], object]:
    return lambda d: episodes.untake(d, POLICY, world.desk, SAM)


def take_again(draft: Draft) -> None:
    episodes.take_again(draft, POLICY, SAM)


def back_at(world: World) -> datetime | None:
    clock = world.state.clock(ClockKind.SNOOZE)
    return None if clock is None else clock.due_at


def taken() -> World:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    return world


def test_what_was_taken_waits_again_and_a_colleague_is_asked() -> None:
    world = taken()
    due_at = world.episode.first_words_due_at
    world.sleep(5)
    world.do(untake(world))
    assert (world.state.owner, world.episode.status, world.episode.agent) == (Owner.WAITING, "waiting", None)
    assert world.offers()[-1] == "mia"
    assert world.said()[-2:] == ["agent_joined", "agent_left"]
    words = world.clock(ClockKind.FIRST_WORDS)
    assert words is not None
    assert words.due_at == due_at
    assert world.clock(ClockKind.RUNG) is not None


def test_where_the_prospect_has_not_read_of_it_nothing_is_said() -> None:
    world = taken()
    joined = world.says[-1]
    world.bot_bubble(joined)
    said = len(world.says)
    decision = world.do(untake(world))
    assert len(decision.withdraw) == 1
    assert "agent_left" not in world.said()
    assert len(world.says) == said


def test_who_stepped_in_lets_the_bot_go_on() -> None:
    world = World(desk(SAM))
    world.take(SAM)
    world.do(untake(world))
    assert (world.state.owner, world.episode.status) == (Owner.BOT, "closed")
    assert not [c for c in world.state.clocks if c.kind is ClockKind.RATING]


def test_after_a_word_to_the_prospect_taking_is_not_undone() -> None:
    world = taken()
    world.write(SAM)
    assert refused(world, untake(world)) == "wrote"
    assert refused(taken(), lambda d: episodes.untake(d, POLICY, desk(MIA), MIA)) == "not_yours"
    world = taken()
    world.sleep(601)
    assert refused(world, untake(world)) == "too_late"


def test_what_was_given_back_is_mine_again_in_the_same_episode() -> None:
    world = taken()
    world.write(SAM)
    key = world.episode.episode_id
    world.sleep(30)
    world.give_back(SAM, "later")
    world.sleep(5)
    world.do(take_again)
    assert (world.state.owner, world.episode.episode_id, world.episode.status) == (Owner.AGENT, key, "accepted")
    assert (world.episode.closed_at, world.episode.outcome, world.episode.summary) == (None, None, "")
    assert not [c for c in world.state.clocks if c.kind is ClockKind.RATING]
    assert world.said()[-1] == "agent_joined"
    world.give_back(SAM, "answered")
    assert world.episode.outcome == "answered"


def test_first_words_that_are_still_owed_are_watched_again() -> None:
    world = taken()
    world.give_back(SAM)
    world.do(take_again)
    assert world.clock(ClockKind.FIRST_WORDS) is not None


def test_what_counts_as_won_stays_so() -> None:
    world = taken()
    world.write(SAM)
    world.give_back(SAM, "won")
    assert refused(world, take_again) == "won"


def test_giving_back_is_not_undone_once_somebody_else_has_it_or_the_prospect_wrote() -> None:
    world = taken()
    world.write(SAM)
    world.give_back(SAM)
    world.sleep(2)
    world.prospect_writes("so what now?")
    assert refused(world, take_again) == "wrote"
    world.open()
    assert refused(world, take_again) == "waiting"
    world.take(MIA)
    assert refused(world, take_again) == "taken"
    world.give_back(MIA)
    assert refused(world, take_again) == "not_yours"


def test_a_snooze_that_is_taken_back_leaves_what_held_before() -> None:
    world = taken()
    world.write(SAM)
    first, second = START + timedelta(hours=1), START + timedelta(hours=3)
    world.do(lambda d: snooze.snooze(d, SAM, first))
    world.do(lambda d: snooze.snooze(d, SAM, second))
    world.do(lambda d: snooze.undo(d, SAM))
    assert back_at(world) == first
    world.do(lambda d: snooze.undo(d, SAM))
    assert back_at(world) is None
    assert refused(world, lambda d: snooze.undo(d, SAM)) == "too_late"


async def test_over_the_api_words_that_wait_are_taken_back_once(office: Office) -> None:
    office.conversations.undo_send_s = 5.0
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    words = {"text": "Hi, I'm Sam.", "key": "key-0001"}
    status, body = await sam.post(f"conversations/{conversation_id}/say", words)
    assert (status, body["message"]["undo_until"]) == (200, "2026-11-23T09:00:05.000Z")
    status, body = await sam.get(f"conversations/{conversation_id}")
    assert body["pending"][-1]["undo_until"] == "2026-11-23T09:00:05.000Z"
    assert body["item"]["episode"]["clock"] is None

    undo = {"act": "send", "key": "key-0001"}
    status, body = await sam.post(f"conversations/{conversation_id}/undo", undo)
    assert (status, body["item"]["episode"]["clock"]["kind"]) == (200, "first_words")
    assert not [m for m in await office.store.pending_messages(conversation_id) if m.agent]
    status, body = await sam.post(f"conversations/{conversation_id}/undo", undo)
    assert (status, body["error"]["code"]) == (409, "too_late")
    status, body = await sam.post(f"conversations/{conversation_id}/say", words)
    assert (status, body["error"]["code"]) == (409, "taken_back")


async def test_over_the_api_a_take_is_undone_and_the_body_is_checked(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    status, body = await sam.post(f"conversations/{conversation_id}/undo", {"act": "take"})
    assert (status, body["item"]["owner"]) == (200, "waiting")
    for wrong in ({"act": "send"}, {"act": "take", "key": "key-0001"}, {"act": "breathe"}):
        status, body = await sam.post(f"conversations/{conversation_id}/undo", wrong)
        assert (status, body["error"]["code"]) == (400, "bad_field")
