"""One life of the service after the other: started, connected with everybody outside, ended in the middle of anything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from bot.service import Service
from bot.sim.history import Figures
from bot.sim.loop import Gone, Life, VirtualLoop
from bot.sim.outside import Outside
from bot.store.contract import StoreUnavailable
from handoff.api.feed import Feed

if TYPE_CHECKING:
    from bot.sim.agents import SimAgent

START_AGAIN_S = 5.0
RECONNECT_S = 1.5


class Lives:
    """`built` makes the service of a life; the consoles of `agents` are opened at it. With `teamed`, what they see comes through
    the feed of the real consoles."""

    def __init__(
        self,
        world: Outside,
        loop: VirtualLoop,
        agents: Sequence[SimAgent],
        figures: Figures,
        *,
        built: Callable[[Life], Service],
        teamed: bool,
    ) -> None:
        self._world, self._loop, self._agents, self._figures = world, loop, agents, figures
        self._built, self._teamed = built, teamed
        self._numbers = itertools.count(1)
        self._feed: Feed | None = None
        self.life: Life | None = None
        self.service: Service | None = None

    async def ask[T](self, work: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """See `Outside.ask`."""
        life, service = self.life, self.service
        if life is None or service is None:
            raise Gone
        return await life.call(lambda: work(service))

    def open_console(self, agent: SimAgent) -> None:
        """Connect an agent's console, if the service is there."""
        if self.life is not None and self.service is not None:
            agent.connect(self.life, self.service, self._feed)

    def start(self) -> None:
        """A new process."""
        life = self.life = Life(self._loop, next(self._numbers))
        self._figures.lives += 1
        life.spawn(self._boot(life))

    async def _boot(self, life: Life) -> None:
        try:
            service = self._built(life)
            await service.start()
        except StoreUnavailable:
            self._world.watch.note("service", f"life {life.number} cannot start")
            self._world.later(0.0, self.end, life, START_AGAIN_S)
            return
        self._world.watch.note("service", f"life {life.number} is up")
        self.service = service
        if self._teamed:
            feed = self._feed = Feed(service.store, service.hub, service.presence, service.time.now)
            life.spawn(feed.listen())
            life.spawn(feed.tell())
        else:
            life.spawn(self._relay(service))
        for agent in self._agents:
            self._world.later(RECONNECT_S, self.open_console, agent)

    async def _relay(self, service: Service) -> None:
        """The consoles' lines."""
        async with service.hub.subscribe("console") as news:
            async for frame in news:
                if frame["type"] == "notice":
                    for agent in self._agents:
                        agent.notices(frame)

    def end(self, life: Life, down_s: float) -> None:
        """The process is no more; the next one starts after so many seconds."""
        if life.dead:
            return
        life.end()
        if self.life is life:
            self.life = self.service = None
            self._world.later(down_s, self.start)
