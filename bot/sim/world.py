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
from bot.sim.loop import Gone, Life, Spinning, VirtualLoop
from bot.sim.people import SimPerson
from bot.sim.plan import MESSENGER, WIDGET, Jump, Kill, Plan, Spell, Trouble
from bot.sim.platform import Platform, Posting, SimMessenger, SimWidget
from bot.sim.quiet import quietly
from bot.sim.store import sim_store
from bot.sim.watch import Watch, at_once
from bot.store.contract import Message, StoreUnavailable
from bot.store.fake import FakeStore
from bot.wire import NoWire
from handoff.api.feed import Feed

CHANNELS = (MESSENGER, WIDGET)
CALM_AFTER_S = 150.0
"""So long after a trouble nothing is called late."""

LOOK_EVERY_S = 60.0
DRAIN_S = 2 * 3600.0
"""After the last trouble: every answer that is owed comes within this time, or never."""

START_AGAIN_S = 5.0
RECONNECT_S = 1.5
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
        self._life: Life | None = None
        self._service: Service | None = None
        self._teamed = any(agent.teams for agent in plan.agents)
        self._feed: Feed | None = None
        self._bad: dict[str, int] = {}
        self._unsure: list[tuple[float, float]] = []
        self._trouble_s = 0.0
        self._lives = itertools.count(1)
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
        life, service = self._life, self._service
        if life is None or service is None:
            raise Gone
        return await life.call(lambda: work(service))

    def bad(self, kind: str) -> bool:
        """See `Outside`."""
        return self._bad.get(kind, 0) > 0

    def certain_since(self, since_s: float, until_s: float) -> bool:
        """See `Outside`."""
        return not any(begun <= until_s and ended >= since_s for begun, ended in self._unsure)

    def open_console(self, agent: SimAgent) -> None:
        """See `Outside`."""
        if self._life is not None and self._service is not None:
            agent.connect(self._life, self._service, self._feed)

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
            self._plan(trouble)
        self._start()
        self.later(LOOK_EVERY_S, self._look)
        self.later(self.plan.end_s + DRAIN_S, self._over.set)
        await self._over.wait()

    def finish(self) -> History:
        """Judge the end and count."""
        if not self._enough_seen:
            self.watch.late(CHANNELS)
            self.watch.at_end(p.conversation_id for p in self.people.values() if p.conversation_id)
        if self._life is not None:
            self._life.end()
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
        service = self._service
        if service is None or any(self._bad.values()):
            return False
        if service.delivery.lines[MESSENGER].circuit.phase is not Phase.CLOSED:
            self._troubled()
        return self.now_s() - self._trouble_s > CALM_AFTER_S

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

    # ---- lives of the service

    def _start(self) -> None:
        """A new process."""
        number = next(self._lives)
        life = self._life = Life(self._loop, number)
        self.history.figures.lives += 1
        life.spawn(self._boot(life))

    async def _boot(self, life: Life) -> None:
        try:
            service = self._built(life)
            await service.start()
        except StoreUnavailable:
            self.watch.note("service", f"life {life.number} cannot start")
            self.later(0.0, self._end, life, START_AGAIN_S)
            return
        self.watch.note("service", f"life {life.number} is up")
        self._service = service
        life.spawn(self._relay(service))
        if self._teamed:
            feed = self._feed = Feed(service.store, service.hub, service.presence, self._time.now)
            life.spawn(feed.listen())
            life.spawn(feed.tell())
        for agent in self.agents:
            self.later(RECONNECT_S, self.open_console, agent)

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

    async def _relay(self, service: Service) -> None:
        """The consoles' lines."""
        async with service.hub.subscribe("console") as news:
            async for frame in news:
                if frame["type"] == "notice":
                    for agent in self.agents:
                        agent.notices(frame)

    def _end(self, life: Life, down_s: float) -> None:
        """The process is no more."""
        if life.dead:
            return
        life.end()
        if self._life is life:
            self._life = self._service = None
            self.later(down_s, self._start)

    # ---- troubles

    def _plan(self, trouble: Trouble) -> None:
        match trouble:
            case Kill():
                self.later(trouble.at_s, self._kill, trouble)
            case Jump():
                self.later(trouble.at_s, self._jump, trouble)
            case Spell():
                self.later(trouble.from_s, self._turn, trouble, 1)
                self.later(trouble.to_s, self._turn, trouble, -1)

    def _troubled(self, until_s: float | None = None) -> None:
        self._trouble_s = max(self._trouble_s, until_s or self.now_s())

    def _kill(self, kill: Kill) -> None:
        life, service = self._life, self._service
        if life is None:
            return
        self._troubled()
        if kill.term and service is not None:
            self.spawn(self._terminate(life, service, kill))
        else:
            self._loop.kill_after(kill.steps, lambda: self._killed(life, kill))

    def _killed(self, life: Life, kill: Kill) -> None:
        if life.dead:
            return
        self.watch.note("service", f"life {life.number} is killed")
        self._said_lately()
        self.history.figures.kills += 1
        self._unsure.append((self.now_s(), self.now_s()))
        down_s = min(kill.down_s, max(1.0, self.plan.end_s - self.now_s()))
        self._troubled(self.now_s() + down_s)
        self._end(life, down_s)

    def _said_lately(self) -> None:
        """Beats are put off like all idle looks; a service says every few seconds which consoles are open at it."""
        if self._service is not None and not self.bad("store"):
            at_once(self.store.put_consoles(self._service.presence.own()))

    async def _terminate(self, life: Life, service: Service, kill: Kill) -> None:
        self.watch.note("service", f"life {life.number} is asked to stop")
        try:
            await life.call(service.stop)
        except (Gone, StoreUnavailable):
            self.watch.note("service", f"life {life.number} did not stop cleanly")
        self._unsure.append((self.now_s(), self.now_s()))
        self._troubled(self.now_s() + kill.down_s)
        self._end(life, min(kill.down_s, 60.0))

    def _jump(self, jump: Jump) -> None:
        self._troubled()
        self.watch.note("clock", f"{'sleeps' if jump.asleep else 'is set by'} {jump.by_s:.0f} s")
        if jump.asleep:
            self._time.sleep(jump.by_s)
        else:
            self._time.step(jump.by_s)

    def _turn(self, spell: Spell, by: int) -> None:
        self._troubled()
        self._bad[spell.kind] = self._bad.get(spell.kind, 0) + by
        if spell.kind == "store" and by > 0:
            self._unsure.append((self.now_s(), spell.to_s))
        self.watch.note(spell.kind, "is bad" if by > 0 else "is well again")
