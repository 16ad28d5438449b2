"""Simulate a seed, and where something broke find the shortest history that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from bot.settings import Settings
from bot.sim.history import Break, History
from bot.sim.plan import Plan
from bot.sim.seeding import plan_of
from bot.sim.shrink import Shrinker
from bot.sim.world import run

MOST_TRIES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Tortured:
    """One seed's run: its plan and history, and how long it took in real seconds."""

    plan: Plan
    history: History
    took_s: float

    @property
    def conversation_hours(self) -> float:
        """Simulated hours, summed over people."""
        return self.plan.hours * len(self.plan.people)

    @property
    def per_s(self) -> float:
        """Conversation-hours simulated in a real second."""
        return self.conversation_hours / max(self.took_s, 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortest:
    """The shortest history found that shows a break."""

    plan: Plan
    history: History
    tries: int


def torture(
    seed: int,
    *,
    hours: float,
    people: int,
    settings: Settings | None = None,
    enough: Callable[[Break], bool] = lambda _break: False,
    progress: Callable[[float], None] = lambda _share: None,
) -> Tortured:
    """Simulate one seed; see `run`."""
    plan = plan_of(seed, hours=hours, people=people)
    started = perf_counter()
    history = run(plan, settings=settings, enough=enough, progress=progress)
    return Tortured(plan=plan, history=history, took_s=perf_counter() - started)


def shortest(plan: Plan, broken: Break, *, settings: Settings | None = None, most_tries: int = MOST_TRIES) -> Shortest:
    """Cut the plan down to what still shows the same break."""

    def same(other: Break) -> bool:
        return other.kind == broken.kind

    def fails(smaller: Plan) -> bool:
        return any(map(same, run(smaller, settings=settings, enough=same).breaks))

    shrinker = Shrinker(fails, most=most_tries)
    found = shrinker.shrunk(plan)
    return Shortest(plan=found, history=run(found, settings=settings, enough=same), tries=shrinker.tries)
