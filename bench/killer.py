"""Kills and suspends what is under torture, at moments that a seed decides, and remembers when what was away."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from bench.judging import Outage
from bench.postgres import Postgres
from bench.processes import send_signal
from bench.warmline import Warmline

AT_ONCE_SHARE = 0.25  # kills after which the next one comes while the victim is still starting
DOWN_MAX_S = 1.0
DATABASE_DOWN_MAX_S = 2.0


class Blow(StrEnum):
    """What can happen to a machine room."""

    SERVICE = "service"  # kill -9 of one service; what it started is left to itself
    WORKER = "one of a brain's processes"
    BRAIN = "brain"  # kill -9 of a brain's main process
    DATABASE = "database"  # kill -9 of the postmaster and all its backends
    SUSPENDED = "service suspended"  # SIGSTOP, longer than a lease lasts, then SIGCONT


DECK = (Blow.SERVICE,) * 4 + (Blow.WORKER,) * 2 + (Blow.BRAIN,) + (Blow.DATABASE,) * 2 + (Blow.SUSPENDED,)
"""Drawn from without putting back, then shuffled anew: in ten blows each kind is there, and as often as written here."""


@dataclass(kw_only=True)
class Killer:
    """Strikes what it is given. `brains` gives the process ids of each brain, its main process first; `pause_s` are the shortest
    and the longest time between blows; who is suspended stays so for `suspended_s`."""

    services: Sequence[Warmline]
    brains: Callable[[], Sequence[Sequence[int]]]
    database: Postgres | None
    rng: Random
    pause_s: tuple[float, float]
    suspended_s: float
    deck: Sequence[Blow] = DECK
    blows: Counter[str] = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)

    async def rage(self, over: asyncio.Event) -> None:
        """One blow after the other, some of them while the last victim is still starting, until `over` is set. What was struck
        last is up again when this returns."""
        while True:
            for blow in self._shuffled():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.rng.uniform(*self.pause_s)):
                        await over.wait()
                        return
                with self._outage(blow):
                    await self._strike(blow)
                    if blow in (Blow.SERVICE, Blow.DATABASE) and self.rng.random() < AT_ONCE_SHARE:
                        await asyncio.sleep(self.rng.uniform(0, 3))
                        await self._strike(blow)
                    await asyncio.gather(*(service.ready_again() for service in self.services))

    def _shuffled(self) -> list[Blow]:
        possible = [blow for blow in self.deck if self.database is not None or blow is not Blow.DATABASE]
        return self.rng.sample(possible, len(possible))

    @contextlib.contextmanager
    def _outage(self, blow: Blow) -> Iterator[None]:
        began = datetime.now(UTC)
        try:
            yield
        finally:
            self.outages.append(Outage(kind=blow, since=began, until=datetime.now(UTC)))

    async def _strike(self, blow: Blow) -> None:
        service = self.rng.choice(self.services)
        match blow:
            case Blow.SERVICE:
                service.started.kill()
                await asyncio.sleep(self.rng.uniform(0, DOWN_MAX_S))
                service.spawn()
            case Blow.WORKER | Blow.BRAIN:
                pids = self.rng.choice(list(self.brains()))
                if not pids:
                    return
                send_signal(pids[:1] if blow is Blow.BRAIN else [self.rng.choice(pids)], signal.SIGKILL)
            case Blow.DATABASE:
                assert self.database is not None
                await self.database.kill()
                await asyncio.sleep(self.rng.uniform(0, DATABASE_DOWN_MAX_S))
                self.database.spawn()
                await (await self.database.ready()).close()
            case Blow.SUSPENDED:
                stopped = [service.started.pid]
                send_signal(stopped, signal.SIGSTOP)
                try:
                    await asyncio.sleep(self.suspended_s)
                finally:
                    send_signal(stopped, signal.SIGCONT)
        self.blows[blow] += 1
