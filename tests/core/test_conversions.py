"""An agent's win is a conversion, once, with what it is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import AgentGaveBack, AgentTook, Inbound
from bot.core.model import AgentRef, Json, State
from tests.core.conversing import NOW, RULES, SAM, answer, answered, follows, heard, waiting_state

SAM_REF = AgentRef(agent_id="a_sam", name="Sam")


def taken() -> State:
    state = waiting_state(heard("a person please"))
    asked = follows(state, Inbound(messages=state.unheard), desk=SAM)
    waiting = answered(asked, answer("want_human", directives=({"do": "handoff", "reason": "asked"},)), desk=SAM)
    return follows(waiting.state, AgentTook(agent=SAM_REF), desk=SAM).state


def told(outcome: str, value: float | None) -> list[Json]:
    event = AgentGaveBack(agent=SAM_REF, summary="", outcome=outcome, value=value)
    decision = follows(taken(), event, rules=replace(RULES, currency="CHF"), desk=SAM)
    return [entry.data for entry in decision.journal if entry.kind == "prospect.converted"]


@pytest.mark.parametrize(("value", "text", "currency"), [(None, None, None), (49.9, "49.9", "CHF"), (1e6, "1000000.0", "CHF")])
def test_a_win_is_a_conversion(value: float | None, text: str | None, currency: str | None) -> None:
    (data,) = told("won", value)
    assert (data["name"], data["value"], data["currency"], data["by"]) == ("won", text, currency, "outcome")
    assert data["external_id"].startswith("episode:")
    assert data["happened_at"] == NOW.isoformat()


@pytest.mark.parametrize("outcome", ["returned", "lost", "later", "no_fit"])
def test_nothing_else_is(outcome: str) -> None:
    assert told(outcome, 5.0) == []
