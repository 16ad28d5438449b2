"""The whole of a simulation: the real service from its composition root, and around it people, agents, a platform and troubles."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import warnings
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from bot.app import build
from bot.circuit import Phase
from bot.core.decide import Rules
from bot.core.model import WarmlineError
from bot.credentials import Credentials
from bot.parts import load_rules
from bot.service import Service
from bot.settings import Settings
from bot.sim.agents import SimAgent
from bot.sim.brain import SimBrain
from bot.sim.clock import START, SimTime
from bot.sim.history import Break, History
from bot.sim.lives import Lives
from bot.sim.loop import Gone, Life, Spinning, VirtualLoop
from bot.sim.people import SimPerson
from bot.sim.plan import MESSENGER, WIDGET, Jump, Plan, Spell
from bot.sim.platform import Platform, Posting, SimMessenger, SimWidget
from bot.sim.quiet import quietly
from bot.sim.store import sim_store
from bot.sim.troubles import Troubles
from bot.sim.watch import Watch
from bot.store.contract import Message
from bot.store.fake import FakeStore
from bot.wire import NoWire

CHANNELS = (MESSENGER, WIDGET)
LOOK_EVERY_S = 60.0
DRAIN_S = 2 * 3600.0
"""After the last trouble: every answer that is owed comes within this time, or never."""

AUDIT_EVERY_S = 3600.0
"""The service's own audit looks less often than in life: weeks pass here in seconds."""

MOST_BREAKS = 200
SLIPS_EVERY = 4
"""In every so many worlds agents take words back, which therefore wait before they leave."""
PROJECT = Path(__file__).resolve().parent.parent.parent


@cache
def reference() -> Settings:
    """The reference bot's flows and promises, at a person's pace."""
    return Settings.model_validate({"flows": PROJECT / "flows", "promises": PROJECT / "promises.yml"})


@cache
def _rules(settings: Settings) -> Rules:
    return load_rules(settings)


def run(
    plan: Plan,
    *,
    settings: Settings | None = None,
    enough: Callable[[Break], bool] = lambda _break: False,
    progress: Callable[[float], None] = lambda _share: None,
) -> History:
    """Play a plan. The same plan gives the same history, byte for byte.

    `settings` say where flows and promises are; without them the reference bot's are played. A break that is `enough` ends the
    run, `progress` hears what share of it is done.
    """
    with quietly() as crashes, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
        loop = VirtualLoop()
        loop.set_exception_handler(lambda _loop, context: _unforeseen(context, crashes))
        try:
            world = World(plan, loop, crashes, settings=settings or reference(), enough=enough, progress=progress)
            try:
                loop.run_until_complete(world.live())
            except Spinning as error:
                world.watch.broken("service", [f"crash: {error}"])
            return world.finish()
        finally:
            loop.close()


def _unforeseen(context: dict[str, Any], crashes: list[str]) -> None:
    """What nobody asked for any more counts only if nobody foresaw it."""
    error = context.get("exception")
    if error is not None and not isinstance(error, WarmlineError | Gone):
        crashes.append(f"{type(error).__name__}: {error}")


def _upheavals(plan: Plan) -> Iterator[float]:
    """After what the service must look again by itself."""
    for trouble in plan.troubles:
        if isinstance(trouble, Jump):
            yield trouble.at_s
        elif isinstance(trouble, Spell) and trouble.kind == "store":
            yield trouble.to_s


class World:
    """See the module. `bot.sim.outside.Outside` for everybody in it."""

    def __init__(
        self,
        plan: Plan,
        loop: VirtualLoop,
        crashes: list[str],
        *,
        settings: Settings,
        enough: Callable[[Break], bool],
        progress: Callable[[float], None],
    ) -> None:
        self.plan, self._loop, self._crashes, self._enough, self._progress = plan, loop, crashes, enough, progress
        slips = plan.seed % SLIPS_EVERY == 0
        self._settings = settings.model_copy(update={"audit_every_s": AUDIT_EVERY_S})
        self._rules = replace(_rules(settings), undo_send_s=settings.undo_s if slips else 0.0)
        self._outside = contextvars.Context()
        self._time = SimTime(loop, tuple(_upheavals(plan)))
        self.history = History()
        self.store = FakeStore()
        self.watch = Watch(
            self.store, self._time, self.history, loop.time, self._rules.nurture, capacity=self._settings.agent_capacity
        )
        self.watch.on_shown = self._shown
        self.watch.on_break = self._broken
        self._enough_seen = False
        posting = Posting(self)
        self.people = {p.name: SimPerson(self, posting, p) for p in plan.people}
        self.agents = [SimAgent(self, a, slips=slips) for a in plan.agents]
        self.platform = Platform(self, posting, self.people, settle_s=self._settings.settle_s)
        self._ids = itertools.count(1)
        figures, teamed = self.history.figures, any(agent.teams for agent in plan.agents)
        self._lives = Lives(self, loop, self.agents, figures, built=self._built, teamed=teamed)
        self._troubles = Troubles(self, loop, self._time, self._lives, self.store, figures, end_s=plan.end_s)
        self._over = asyncio.Event()

    # ---- for everybody outside the service

    def now_s(self) -> float:
        """See `Outside`."""
        return self._loop.time()

    def wall_s(self) -> float:
        """See `Outside`."""
        return (self._time.now() - START).total_seconds()

    def truth(self) -> datetime:
        """See `Outside`."""
        return self._time.truth()

    def later(self, delay_s: float, what: Callable[..., object], *args: Any) -> None:
        """See `Outside`."""
        self._loop.call_later(max(0.0, delay_s), what, *args, context=self._outside)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """See `Outside`."""
        task = self._loop.create_task(work, context=self._outside)
        task._log_destroy_pending = False  # type: ignore[attr-defined] # the world ends in the middle of what people do

    async def ask[T](self, work: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """See `Outside`."""
        return await self._lives.ask(work)

    def bad(self, kind: str) -> bool:
        """See `Outside`."""
        return self._troubles.bad(kind)

    def certain_since(self, since_s: float, until_s: float) -> bool:
        """See `Outside`."""
        return self._troubles.certain_since(since_s, until_s)

    def open_console(self, agent: SimAgent) -> None:
        """See `Outside`."""
        self._lives.open_console(agent)

    # ---- from the beginning to the end

    async def live(self) -> None:
        """Everything that is planned, and the quiet after it."""
        for agent in self.agents:
            await self.store.add_agent(agent.record())
        for person in self.people.values():
            person.begin()
        for agent in self.agents:
            agent.begin()
        for trouble in self.plan.troubles:
            self._troubles.plan(trouble)
        self._lives.start()
        self.later(LOOK_EVERY_S, self._look)
        self.later(self.plan.end_s + DRAIN_S, self._over.set)
        await self._over.wait()

    def finish(self) -> History:
        """Judge the end and count."""
        if not self._enough_seen:
            self.watch.late(CHANNELS)
            self.watch.at_end(p.conversation_id for p in self.people.values() if p.conversation_id)
        if self._lives.life is not None:
            self._lives.life.end()
        figures = self.history.figures
        figures.delivered, figures.excused = self.platform.delivered, self.platform.excused
        figures.steps = self._loop.count
        return self.history

    def _look(self) -> None:
        self.later(LOOK_EVERY_S, self._look)
        self._progress(min(1.0, self.now_s() / (self.plan.end_s + DRAIN_S)))
        for crash in self._crashes:
            self.watch.broken("service", [f"crash: {crash}"])
        self._crashes.clear()
        if self._calm():
            self.watch.late(CHANNELS)
        else:
            self.watch.excused_until_now()

    def _calm(self) -> bool:
        """Whether nothing excuses a late clock or message."""
        service = self._lives.service
        if service is None:
            return False
        if service.delivery.lines[MESSENGER].circuit.phase is not Phase.CLOSED:
            self._troubles.troubled()
        return self._troubles.calm

    def _broken(self, found: Break) -> None:
        if len(self.history.breaks) >= MOST_BREAKS or self._enough(found):
            self._enough_seen = True
            self.later(0.0, self._over.set)

    def _shown(self, message: Message) -> None:
        person = self.people[self.watch.name(message.conversation_id)]
        if person.plan.channel == WIDGET:
            self.watch.shows(message)
            self.platform.delivered += 1
            self.watch.note(person.plan.name, f"sees #{message.message_id}: {message.text}")
            person.sees(message.message_id, message.quick_replies)

    # ---- the service

    def _team_of(self, conversation_id: str) -> str | None:
        return self.people[self.watch.name(conversation_id)].plan.team

    def _built(self, life: Life) -> Service:
        return build(
            self._settings,
            credentials=Credentials(),
            rules=self._rules,
            store=sim_store(self.store, self.watch, lambda: self.bad("store")),
            brain=SimBrain(self.bad, self._team_of, timeout_s=self._settings.brain_timeout_s),
            with_channels=(SimMessenger(self.platform), SimWidget(self.platform)),
            worker="sim",
            served=False,
            wire=NoWire(),
            time=self._time,
            rng=Random(f"{self.plan.seed}/{life.number}"),
            new_id=lambda prefix: f"{prefix}_{next(self._ids)}",
        )
