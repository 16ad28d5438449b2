"""A snoozed conversation comes back on time, or when the prospect writes."""

from __future__ import annotations

from datetime import timedelta

from bot.core.events import AgentGaveBack, AgentSnoozed, AgentTook, AgentWrote, ClockFired, Inbound
from bot.core.model import AgentRef, ClockKind, State
from tests.core.conversing import NOW, SAM, follows, heard, waiting_state

REF = AgentRef(agent_id="a_sam", name="Sam")
LATER = NOW + timedelta(hours=3)


def snoozed() -> State:
    state = waiting_state(promise=None, clocks=())
    for event in (AgentTook(agent=REF), AgentWrote(agent=REF, text="Hi", client_key="k1"), AgentSnoozed(agent=REF, until=LATER)):
        state = follows(state, event, desk=SAM).state
    clock = state.clock(ClockKind.SNOOZE)
    assert clock is not None
    assert clock.due_at == LATER
    return state


def test_it_comes_back_on_time_and_its_agent_is_told() -> None:
    state = snoozed()
    clock = state.clock(ClockKind.SNOOZE)
    assert clock is not None
    early = follows(state, ClockFired(clock=clock), now=LATER - timedelta(seconds=1))
    assert early.state.clock(ClockKind.SNOOZE)
    decision = follows(state, ClockFired(clock=clock), now=LATER)
    assert decision.state.clock(ClockKind.SNOOZE) is None
    assert [(n.kind, n.to, n.data["text"]) for n in decision.notify] == [("message", ("a_sam",), "Back from snooze: {prospect}.")]
    assert [line.data for line in decision.journal if line.kind == "snooze.ended"] == [{"why": "due"}]
    assert not follows(decision.state, ClockFired(clock=clock), now=LATER).notify


def test_it_comes_back_when_the_prospect_writes() -> None:
    decision = follows(snoozed(), Inbound(messages=(heard("hello?", at=NOW + timedelta(hours=1)),)), now=NOW + timedelta(hours=1))
    assert decision.state.clock(ClockKind.SNOOZE) is None
    assert (ClockKind.SNOOZE, "") in decision.cancel_clocks
    assert decision.state.promise is not None


def test_it_ends_when_the_conversation_is_given_back() -> None:
    assert follows(snoozed(), AgentGaveBack(agent=REF, summary="")).state.clock(ClockKind.SNOOZE) is None
