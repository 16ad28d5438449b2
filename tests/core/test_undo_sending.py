"""Words that an agent sent wait a moment before they leave, and can be taken back until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.events import (
    AgentGaveBack,
    AgentSnoozed,
    AgentTook,
    AgentUndid,
    AgentWrote,
    ClockFired,
    Decision,
    Event,
    Inbound,
)
from bot.core.model import AgentRef, ClockKind, CommandRefused, Owner, Speaker, State, Unsent
from tests.core.conversing import NOW, RULES, SAM, follows, heard, waiting_state

REF = AgentRef(agent_id="a_sam", name="Sam")
KIM = AgentRef(agent_id="a_kim", name="Kim")
WAITS = replace(RULES, undo_send_s=5.0)
LEAVES = NOW + timedelta(seconds=5)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def then(state: State, event: Event, *, at: datetime = NOW) -> Decision:
    """What follows, with what it queued among the unsent, as a store would load it."""
    decision = follows(state, event, now=at, rules=WAITS, desk=SAM)
    unsent = tuple(Unsent(message_id=1000 + n + len(state.unsent), say=say) for n, say in enumerate(decision.say))
    return replace(decision, state=replace(decision.state, unsent=(*decision.state.unsent, *unsent)))


def taken(**more: Any) -> State:
    return then(waiting_state(promise=None, clocks=(), **more), AgentTook(agent=REF)).state


def asked() -> State:
    """Sam has it, has spoken, and owes an answer."""
    state = follows(taken(), AgentWrote(agent=REF, text="Hi", client_key="k0"), rules=RULES, desk=SAM).state
    return then(state, Inbound(messages=(heard("how much?", message_id=2),))).state


def wrote(state: State, key: str = "k1", *, at: datetime = NOW) -> Decision:
    return then(state, AgentWrote(agent=REF, text="It is $89.", client_key=key), at=at)


def undone(state: State, key: str = "k1", *, at: datetime = NOW, by: AgentRef = REF) -> Decision:
    return then(state, AgentUndid(agent=by, act="send", client_key=key), at=at)


def fire(state: State, kind: ClockKind, key: str = "", *, at: datetime | None = None) -> Decision:
    clock = state.clock(kind, key)
    assert clock is not None, kind
    return then(state, ClockFired(clock=clock), at=at or clock.due_at)


def kinds(decision: Decision) -> list[str]:
    return [line.kind for line in decision.journal]


def test_words_wait_and_what_is_owed_is_owed_until_they_stand() -> None:
    sent = wrote(asked())
    assert [(say.text, say.due_at) for say in sent.say] == [("It is $89.", LEAVES)]
    assert sent.state.promise is not None
    assert "promise.kept" not in kinds(sent)
    assert not [event for event in sent.tracker_events if event.get("text") == "It is $89."]
    stands = fire(sent.state, ClockKind.UNDO, "k1")
    assert stands.state.promise is None
    assert kinds(stands).count("promise.kept") == 1
    assert [event["text"] for event in stands.tracker_events] == ["It is $89."]


def test_first_words_count_from_the_moment_they_were_sent() -> None:
    state = taken()
    sent = wrote(state, at=after(10))
    assert sent.state.episode is not None
    assert sent.state.episode.first_words_at is None
    stands = fire(sent.state, ClockKind.UNDO, "k1", at=after(17))
    assert stands.state.episode is not None
    assert stands.state.episode.first_words_at == after(10)
    assert [line.data["waited_ms"] for line in stands.journal if line.kind == "episode.first_words"] == [10_000]
    assert [(one.kind, one.wall_s) for one in stands.state.episode.segments] == [("held", 10.0)]


def test_words_that_were_taken_back_never_leave_and_leave_nothing_behind() -> None:
    before = asked()
    back = undone(wrote(before).state, at=after(3))
    assert [u.say.text for u in back.state.unsent if u.say.speaker is Speaker.AGENT] == []
    assert len(back.withdraw) == 1
    assert back.state.promise == before.promise
    assert sorted(back.state.clocks, key=repr) == sorted(before.clocks, key=repr)
    assert back.tracker_events == ()


def test_a_clock_that_falls_due_while_words_wait_is_no_miss_if_they_stand() -> None:
    state = taken()
    clock = next(c for c in state.clocks if c.kind is ClockKind.FIRST_WORDS)
    sent = wrote(state, at=clock.due_at - timedelta(seconds=1)).state
    held = sent.clock(ClockKind.FIRST_WORDS, clock.key)
    assert held is not None
    assert held.due_at > clock.due_at
    stands = fire(sent, ClockKind.UNDO, "k1")
    assert stands.state.episode is not None
    assert stands.state.episode.breached == ()
    assert stands.state.clock(ClockKind.FIRST_WORDS, clock.key) is None


def test_and_runs_again_at_its_own_time_if_they_are_taken_back() -> None:
    state = taken()
    clock = next(c for c in state.clocks if c.kind is ClockKind.FIRST_WORDS)
    sent = wrote(state, at=clock.due_at - timedelta(seconds=1)).state
    back = undone(sent, at=clock.due_at + timedelta(seconds=2)).state
    running = back.clock(ClockKind.FIRST_WORDS, clock.key)
    assert running is not None
    assert running.due_at == clock.due_at
    late = fire(back, ClockKind.FIRST_WORDS, clock.key, at=clock.due_at + timedelta(seconds=2))
    assert late.state.episode is not None
    assert late.state.episode.breached == ("first_words",)


def test_words_sent_late_are_late_though_no_clock_had_fired() -> None:
    state = taken()
    clock = next(c for c in state.clocks if c.kind is ClockKind.FIRST_WORDS)
    stands = fire(wrote(state, at=clock.due_at).state, ClockKind.UNDO, "k1")
    assert stands.state.episode is not None
    assert stands.state.episode.breached == ("first_words",)


def test_of_two_that_wait_either_can_be_taken_back() -> None:
    state = wrote(wrote(asked(), "k1").state, "k2", at=after(1)).state
    back = undone(state, "k1", at=after(2)).state
    assert [u.say.client_key for u in back.unsent if u.say.speaker is Speaker.AGENT and u.say.client_key != "k0"] == ["k2"]
    stands = fire(back, ClockKind.UNDO, "k2")
    assert stands.state.promise is None


def test_what_the_prospect_says_while_words_wait_is_owed_after_them() -> None:
    sent = wrote(asked()).state
    asks = then(sent, Inbound(messages=(heard("and per year?", message_id=3, at=after(2)),)), at=after(2)).state
    stands = fire(asks, ClockKind.UNDO, "k1")
    promise, clock = stands.state.promise, stands.state.clock(ClockKind.PROMISE)
    assert promise is not None
    assert clock is not None
    assert (promise.message_id, promise.opened_at) == (3, after(2))
    assert [one["text"] for one in clock.data["unanswered"]] == ["and per year?"]
    back = undone(asks, at=after(3)).state
    assert back.promise is not None
    assert back.promise.message_id == 2


def test_a_burst_that_arrives_while_words_wait_still_gets_its_turn() -> None:
    sent = wrote(asked()).state
    turn = waiting_state(heard("and per year?", message_id=3, at=after(4))).clocks[0]
    sent = replace(sent, unheard=(heard("and per year?", message_id=3, at=after(4)),), clocks=(*sent.clocks, turn))
    stands = fire(sent, ClockKind.UNDO, "k1").state
    assert [h.message_id for h in stands.unheard] == [3]
    assert stands.clock(ClockKind.TURN) is not None
    assert stands.promise is not None
    assert stands.promise.message_id == 3


@pytest.mark.parametrize(
    "event",
    [AgentGaveBack(agent=REF, summary="told the price"), AgentSnoozed(agent=REF, until=NOW + timedelta(hours=1))],
    ids=["given back", "snoozed"],
)
def test_what_goes_by_what_was_said_makes_words_stand(event: Event) -> None:
    decided = then(wrote(asked()).state, event, at=after(1))
    assert "promise.kept" in kinds(decided)
    assert decided.withdraw == () or decided.state.owner is Owner.BOT
    with pytest.raises(CommandRefused) as refused:
        undone(decided.state, at=after(2))
    assert refused.value.code == "too_late"


def test_too_late_and_not_yours_are_said() -> None:
    sent = wrote(asked()).state
    left = replace(sent, unsent=())
    for state, by, code in (
        (left, REF, "too_late"),
        (sent, KIM, "not_yours"),
        (fire(sent, ClockKind.UNDO, "k1").state, REF, "too_late"),
    ):
        with pytest.raises(CommandRefused) as refused:
            undone(state, by=by)
        assert refused.value.code == code


def test_after_a_stop_meanwhile_the_words_count_for_nothing() -> None:
    stopped = then(wrote(taken()).state, Inbound(messages=(heard("stop", message_id=5, at=after(1)),)), at=after(1)).state
    assert stopped.opted_out_at is not None
    stands = fire(stopped, ClockKind.UNDO, "k1")
    assert stands.state.episode is not None
    assert stands.state.episode.first_words_at is None
    assert stands.tracker_events == ()


def test_without_a_wait_nothing_waits() -> None:
    sent = follows(asked(), AgentWrote(agent=REF, text="It is $89.", client_key="k1"), rules=RULES, desk=SAM)
    assert [say.due_at for say in sent.say] == [NOW]
    assert sent.state.promise is None
    assert not [c for c in sent.state.clocks if c.kind is ClockKind.UNDO]
