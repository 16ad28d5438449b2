"""Cut a plan down to what still shows a break: drop people, troubles and agents, then what they do, and move the rest together.

Delta debugging (Zeller and Hildebrandt, 2002), with a bound on the tries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.sim.plan import AgentPlan, Person, Plan, Spell, Trouble

NEAR = 5
"""How many of the first sends a fate is moved to."""

FIRST_S = 5.0
"""When the first thing happens in a plan that was moved together."""


class Shrinker:
    """In: what tells whether a plan still fails, and how often it may be asked. Out: `shrunk`, a plan that fails."""

    def __init__(self, fails: Callable[[Plan], bool], *, most: int) -> None:
        self._fails, self._most = fails, most
        self.tries = 0

    def shrunk(self, plan: Plan) -> Plan:
        """The smallest plan found. It fails as `plan` does, and is `plan` itself if nothing could be left out."""
        before = None
        while plan != before and self.tries < self._most:
            before = plan
            plan = self._people(plan)
            plan = self._try(plan, moved(plan))
            plan = self._parts(plan)
        return plan

    def _try(self, plan: Plan, smaller: Plan) -> Plan:
        """The smaller one if it fails too."""
        if smaller == plan or self.tries >= self._most:
            return plan
        self.tries += 1
        return smaller if self._fails(smaller) else plan

    def _people(self, plan: Plan) -> Plan:
        plan = self._without(plan, plan.people, lambda p, kept: replace(p, people=kept))
        plan = self._without(plan, plan.troubles, lambda p, kept: replace(p, troubles=kept))
        return self._without(plan, plan.agents, lambda p, kept: replace(p, agents=kept))

    def _parts(self, plan: Plan) -> Plan:
        for number, person in enumerate(plan.people):
            plan = self._without(plan, person.said, _in_person(number, "said"))
            plan = self._without(plan, person.answers, _in_person(number, "answers"))
            plan = self._without(plan, person.fates, _in_person(number, "fates"))
            plan = self._nearer(plan, number)
        for number, agent in enumerate(plan.agents):
            plan = self._without(plan, agent.shifts, _in_agent(number, "shifts"))
            plan = self._without(plan, agent.habits, _in_agent(number, "habits"), least=1)
        return plan

    def _nearer(self, plan: Plan, number: int) -> Plan:
        """Let a person's fates meet earlier sends, so that what only led up to them can go."""
        put = _in_person(number, "fates")
        for at, fate in enumerate(plan.people[number].fates):
            for nth in range(1, min(fate.nth, NEAR)):
                fates = list(plan.people[number].fates)
                nearer = put(plan, (*fates[:at], replace(fate, nth=nth), *fates[at + 1 :]))
                if self._try(plan, nearer) is nearer:
                    plan = nearer
                    break
        return plan

    def _without[T](self, plan: Plan, items: Sequence[T], put: Callable[[Plan, tuple[T, ...]], Plan], *, least: int = 0) -> Plan:
        """Leave out ever smaller pieces of `items`."""
        kept, size = tuple(items), len(items)
        while size >= 1 and len(kept) > least and self.tries < self._most:
            at = 0
            while at < len(kept) and self.tries < self._most:
                fewer = kept[:at] + kept[at + size :]
                smaller = put(plan, fewer)
                if len(fewer) >= least and self._try(plan, smaller) is smaller:
                    plan, kept = smaller, fewer
                else:
                    at += size
            size //= 2
        return plan


def _in_person(number: int, field: str) -> Callable[[Plan, tuple[object, ...]], Plan]:
    def put(plan: Plan, kept: tuple[object, ...]) -> Plan:
        people = list(plan.people)
        people[number] = replace(people[number], **{field: kept})  # type: ignore[arg-type]
        return replace(plan, people=tuple(people))

    return put


def _in_agent(number: int, field: str) -> Callable[[Plan, tuple[object, ...]], Plan]:
    def put(plan: Plan, kept: tuple[object, ...]) -> Plan:
        agents = list(plan.agents)
        agents[number] = replace(agents[number], **{field: kept})  # type: ignore[arg-type]
        return replace(plan, agents=tuple(agents))

    return put


def moved(plan: Plan) -> Plan:
    """The plan with its idle beginning and end left out."""
    moments = [said.at_s for person in plan.people for said in person.said] + [_from(t) for t in plan.troubles]
    if not moments:
        return plan
    by_s = max(0.0, min(moments) - FIRST_S)
    hours = min(plan.hours, (max(moments) - by_s) / 3600 + 1)
    return replace(
        plan,
        hours=hours,
        people=tuple(_earlier(person, by_s) for person in plan.people),
        troubles=tuple(_sooner(trouble, by_s) for trouble in plan.troubles),
        agents=tuple(_on_shift(agent, by_s, hours * 3600) for agent in plan.agents),
    )


def _from(trouble: Trouble) -> float:
    return trouble.from_s if isinstance(trouble, Spell) else trouble.at_s


def _earlier(person: Person, by_s: float) -> Person:
    return replace(person, said=tuple(replace(said, at_s=said.at_s - by_s) for said in person.said))


def _sooner(trouble: Trouble, by_s: float) -> Trouble:
    if isinstance(trouble, Spell):
        return replace(trouble, from_s=trouble.from_s - by_s, to_s=trouble.to_s - by_s)
    return replace(trouble, at_s=trouble.at_s - by_s)


def _on_shift(agent: AgentPlan, by_s: float, end_s: float) -> AgentPlan:
    shifts = (replace(shift, from_s=max(0.0, shift.from_s - by_s), to_s=shift.to_s - by_s) for shift in agent.shifts)
    return replace(agent, shifts=tuple(shift for shift in shifts if shift.to_s > 0 and shift.from_s < end_s))
