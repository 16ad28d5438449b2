"""A flow that starts when something becomes true of a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bot.core.decide import Rules, decide
from bot.core.events import Decision, Event, Happened
from bot.core.model import Identity, State
from bot.core.pacing import Pacing
from handoff.desk import Desk
from handoff.policy import Policy
from nurture.book import Nurture, Persona
from nurture.load import load_flows
from tests.service.serving import ROOT, START

FLOWS = {
    "told": "trigger: {event: told, remember: {plan: plan, city: city}}\nsteps:\n  - {id: t, tag: told}\n  - {id: s, score: 40}\n",
    "pro": "trigger: {segment: {slot: plan, is: [Pro, Team], warmth_at_least: 30}}\nsteps:\n  - {id: w, wait: 1d}\n",
}


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    for name, rest in FLOWS.items():
        (tmp_path / f"{name}.yml").write_text(f"name: {name}\nversion: 1\ngoal: g\nrepeat: true\n{rest}")
    nurture = Nurture(flows=load_flows(tmp_path), persona=Persona(name="Juno", business="Sundial"))
    return Rules(policy=Policy.default(ROOT / "promises.yml"), nurture=nurture, pacing=Pacing(instant=True))


class Person:
    def __init__(self, rules: Rules, **known: object) -> None:
        self.rules, self.ids = rules, iter(range(1000))
        who = Identity(channel="widget", external_id="p")
        self.state = replace(State(conversation_id="c", identity=who, created_at=START), **known)  # type: ignore[arg-type]

    def hears_of(self, event: Event) -> Decision:
        decision = decide(
            self.state, event, now=START, rng=Random(1), new_id=lambda prefix: f"{prefix}{next(self.ids)}", rules=self.rules,
            desk=Desk(()),
        )  # fmt: skip
        self.state = decision.state
        return decision

    @property
    def flows(self) -> list[str]:
        return sorted(one.flow_id for one in self.state.live_enrolments)


def told(number: int, **properties: str) -> Happened:
    return Happened(name="told", external_id=f"event:{number}", at=START, properties=properties)


def test_coming_into_the_segment_starts_the_flow_once(rules: Rules) -> None:
    person = Person(rules, slots={"warmth": 35})
    decision = person.hears_of(told(1, plan="pro"))
    assert "pro" in person.flows
    [started] = [e.data for e in decision.journal if e.kind == "flow.started" and e.data["flow"] == "pro"]
    assert started["by"] == "segment"
    person.hears_of(told(2, plan="team"))
    assert person.flows.count("pro") == 1


@pytest.mark.parametrize(
    "known",
    [{"slots": {"warmth": 10}}, {"slots": {"warmth": 35, "plan": "pro"}}, {"slots": {"warmth": 35}, "opted_out_at": START}],
    ids=["another part does not hold", "was in it before", "opted out"],
)
def test_otherwise_it_does_not_start(rules: Rules, known: dict[str, object]) -> None:
    person = Person(rules, **known)
    person.hears_of(told(1, plan="pro", city="Porto"))
    assert "pro" not in person.flows


def test_it_waits_before_it_says_anything(rules: Rules) -> None:
    person = Person(rules, slots={"warmth": 35})
    decision = person.hears_of(told(1, plan="pro"))
    assert not [say for say in decision.say if (say.wording or "").startswith("pro/")]
    [mine] = [one for one in person.state.live_enrolments if one.flow_id == "pro"]
    [clock] = [one for one in person.state.clocks if one.key == mine.enrolment_id]
    assert clock.due_at >= START + timedelta(days=1)
