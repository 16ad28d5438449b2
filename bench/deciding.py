"""The row on decisions: how many flow steps the pure core decides in a second, and how many whole turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from time import process_time

from bench.processes import ROOT
from bench.rows import Row
from bot.core.decide import Rules, decide
from bot.core.events import BrainAnswered, ClockFired, Decision, Event, Inbound
from bot.core.model import ClockKind, State
from bot.parts import load_rules
from bot.settings import Settings
from bot.simulate import Setup
from bot.simulate.world import Talk, World
from handoff.desk import Desk

ROUND_S, ROUNDS = 1.0, 3
FLOWS = ("welcome", "follow_up", "win_back")


class _Watched(World):
    """A simulation that keeps what it asked the core: the state, what happened and when."""

    def __init__(self, rules: Rules, flow_id: str, setup: Setup) -> None:
        super().__init__(rules, rules.nurture.flows[flow_id], setup, brain=None, progress=lambda _: None)
        self.asked: list[Callable[[], object]] = []
        self.steps: list[Callable[[], object]] = []

    def _decide(self, talk: Talk, event: Event) -> Decision:
        again = _again(self.rules, self.desk.seats(self.now), talk.state, event, self.now)
        if isinstance(event, ClockFired) and event.clock.kind is ClockKind.STEP:
            self.steps.append(again)
        elif isinstance(event, Inbound | BrainAnswered):
            self.asked.append(again)
        return super()._decide(talk, event)


def _again(rules: Rules, desk: Desk, state: State, event: Event, now: object) -> Callable[[], object]:
    rng = Random(1)
    return lambda: decide(state, event, now=now, rng=rng, new_id=lambda p: f"{p}1", rules=rules, desk=desk)  # type: ignore[arg-type]


def step_decisions() -> Row:
    """Decisions a second of one process, of every kind that a simulation of the flows that come along has met."""
    rules = load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml"))
    steps: list[Callable[[], object]] = []
    turns: list[Callable[[], object]] = []
    for flow_id in FLOWS:
        world = _Watched(rules, flow_id, Setup(people=150, days=14))
        world.run()
        steps += world.steps
        turns += world.asked
    of_steps, of_turns = _per_second(steps), _per_second(turns)
    return Row(
        name="Step decisions a second",
        warmline=f"{of_steps:,.0f} steps/s, {of_turns:,.0f} halves of a turn/s",
        rasa="-",
        ratio=None,
        note=f"`decide` without store: {len(steps)} steps that fell due, {len(turns)} bursts and answers of played people, "
        "again and again; CPU time of one process, the median of three rounds.",
        data={"steps_per_s": round(of_steps), "turn_halves_per_s": round(of_turns), "steps": len(steps), "turn_halves": len(turns)},
    )


def _per_second(asked: Sequence[Callable[[], object]]) -> float:
    return median(_round(asked) for _ in range(ROUNDS))


def _round(asked: Sequence[Callable[[], object]]) -> float:
    started, done = process_time(), 0
    while process_time() - started < ROUND_S:
        for again in asked:
            again()
        done += len(asked)
    return done / (process_time() - started)
