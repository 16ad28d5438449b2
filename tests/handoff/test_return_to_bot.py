"""A ladder that ends the request gives the conversation back whole: owner, clocks, and the flows that were held for a person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from bot.core.decide import Rules, decide
from bot.core.events import BrainAsk, BrainFailed, ClockFired, Event, FlowTriggered
from bot.core.model import ClockKind, Heard, Identity, Owner, State
from bot.core.pacing import Pacing
from handoff.desk import Desk
from nurture.engine import Nurture, Persona
from nurture.load import load_flows
from tests.handoff.worlds import START, promises

LADDER = """
policies:
  - name: all
    ladder:
      - {at: 20, actions: [offer_next]}
      - {at: 50, actions: [widen]}
      - {at: 100, actions: [return_to_bot]}
"""
RULES = Rules(
    policy=promises(LADDER),
    nurture=Nurture(
        flows=load_flows(Path(__file__).resolve().parents[2] / "flows"),
        persona=Persona(name="Juno", business="Sundial"),
        default_zone="UTC",
    ),
    pacing=Pacing(instant=True),
)


def test_flows_that_were_held_for_a_person_go_on() -> None:
    ids = itertools.count(1)
    state = State(
        conversation_id="c1",
        identity=Identity(channel="widget", external_id="p1"),
        created_at=START,
        last_inbound_at=START,
    )

    def then(event: Event, at: datetime) -> None:
        nonlocal state
        made = decide(state, event, now=at, rng=Random(1), new_id=lambda prefix: f"{prefix}{next(ids)}", rules=RULES, desk=Desk())
        state = made.state

    def due(until: datetime) -> Iterator[ClockFired]:
        while ready := [c for c in state.clocks if c.due_at <= until and c.kind is not ClockKind.STEP]:
            yield ClockFired(clock=min(ready, key=lambda c: c.due_at))

    then(FlowTriggered(flow_id="welcome"), START)
    assert [e.waiting_for for e in state.live_enrolments] != []
    ask = BrainAsk(messages=(Heard(message_id=1, external_id="m", at=START, text="hm"),), text="hm")
    then(BrainFailed(ask=ask, error="away"), START)
    assert (state.owner, {e.waiting_for for e in state.live_enrolments}) == (Owner.WAITING, {"person"})
    end = START + timedelta(seconds=RULES.policy.targets.first_words_s)
    for event in due(end):
        then(event, event.clock.due_at)
    assert state.episode is not None
    assert (state.owner, state.episode.status, state.episode.outcome) == (Owner.BOT, "closed", "nobody_came")
    assert "person" not in {e.waiting_for for e in state.live_enrolments}
    assert all(state.clock(ClockKind.STEP, e.enrolment_id) for e in state.live_enrolments)
