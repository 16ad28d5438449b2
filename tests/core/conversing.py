"""Builders for tests of the core: a state, a burst, an answer, and `decide` with everything else filled in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.core.decide import Rules, decide
from bot.core.events import BrainAnswer, BrainAnswered, BrainAsk, Decision, Event
from bot.core.model import Clock, ClockKind, Heard, Identity, Promise, Reading, Say, Speaker, State
from bot.core.pacing import Pacing
from handoff.desk import Desk, Seat
from handoff.policy import Policy
from nurture.engine import Nurture, Persona

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
NUMBERS = itertools.count(1)
ROOT = Path(__file__).resolve().parents[2]
POLICY = Policy.default(ROOT / "promises.yml")
NO_FLOWS = Nurture(flows={}, persona=Persona(name="Juno", business="Sundial"), default_zone="UTC")
RULES = Rules(policy=POLICY, nurture=NO_FLOWS, pacing=Pacing(instant=True))
NOBODY = Desk(seats=())
SAM = Desk(seats=(Seat(agent_id="a_sam", name="Sam", presence="online", load=0, capacity=4),))


def heard(text: str, *, message_id: int = 1, at: datetime = NOW, **more: Any) -> Heard:
    """One message of the prospect."""
    return Heard(message_id=message_id, external_id=f"m{message_id}", at=at, text=text, **more)


def waiting_state(*messages: Heard, **more: Any) -> State:
    """A conversation as intake leaves it: messages unheard, promise open, clocks running."""
    first = messages[0] if messages else heard("hi")
    clocks = (
        Clock(kind=ClockKind.TURN, due_at=NOW),
        Clock(kind=ClockKind.PROMISE, due_at=NOW + timedelta(seconds=20)),
    )
    fields: dict[str, Any] = {
        "conversation_id": "c_1",
        "identity": Identity(channel="widget", external_id="p1"),
        "created_at": NOW,
        "unheard": messages,
        "promise": Promise(opened_at=first.at, due_at=NOW + timedelta(seconds=20), message_id=first.message_id),
        "clocks": clocks,
    }
    return State(**{**fields, **more})


def answer(intent: str = "greet", *texts: str, directives: tuple[Mapping[str, Any], ...] = (), **more: Any) -> BrainAnswer:
    """What the brain gives back."""
    return BrainAnswer(
        reading=Reading(text="", intent=intent, confidence=0.9),
        messages=tuple(Say(speaker=Speaker.BOT, text=t) for t in texts),
        directives=directives,
        **more,
    )


def follows(state: State, event: Event, *, now: datetime = NOW, rules: Rules = RULES, desk: Desk = NOBODY) -> Decision:
    """`decide` with counted ids and a fixed seed."""
    return decide(state, event, now=now, rng=Random(7), new_id=lambda p: f"{p}_{next(NUMBERS)}", rules=rules, desk=desk)


def answered(decision: Decision, given: BrainAnswer, *, desk: Desk = NOBODY, rules: Rules = RULES) -> Decision:
    """The brain's answer to what the decision asked."""
    ask = decision.ask_brain
    assert isinstance(ask, BrainAsk)
    return follows(decision.state, BrainAnswered(ask=ask, answer=given), desk=desk, rules=rules)
