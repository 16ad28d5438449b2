"""Who is at the desk: open consoles and the online/away switch, with a short loss of a socket not counted as leaving."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.model import WarmlineError
from handoff.desk import AWAY, OFFLINE, ONLINE

log = structlog.get_logger()

FLAP_S = 30.0
"""A console that is back within this time was never gone."""

GONE_S = 90.0
"""After this long without a console an agent's unanswered work goes round again."""


@dataclass(slots=True)
class _Agent:
    sockets: int = 0
    away: bool = False
    lost_at: datetime | None = None
    shown: str = OFFLINE


class Presence:
    """Presence of every agent known since the start.

    In: sockets that open and close, the switch, and `sweep()` now and then. Out: `of`, `online`, and three callbacks:
    `on_change` when who can be offered work changed, `on_left` with the id of an agent who stayed away too long,
    `on_shown` when screens should be told. `on_change` and `on_left` run one after another in the background;
    `settled()` waits for them.
    """

    def __init__(self, *, now: Callable[[], datetime], flap_s: float = FLAP_S, gone_s: float = GONE_S) -> None:
        self._now = now
        self._flap, self._gone = timedelta(seconds=flap_s), timedelta(seconds=gone_s)
        self._agents: defaultdict[str, _Agent] = defaultdict(_Agent)
        self._left: list[str] = []
        self._dirty = False
        self._telling: asyncio.Task[None] | None = None
        self.on_change: Callable[[], Awaitable[None]] = _nothing
        self.on_left: Callable[[str], Awaitable[None]] = _nothing_left
        self.on_shown: Callable[[], None] = lambda: None

    def of(self, agent_id: str) -> str:
        """online, away or offline."""
        agent = self._agents.get(agent_id)
        if agent is None or not self._is_here(agent):
            return OFFLINE
        return AWAY if agent.away else ONLINE

    def online(self) -> tuple[str, ...]:
        """Ids of the agents who may be offered work."""
        return tuple(sorted(agent_id for agent_id in self._agents if self.of(agent_id) == ONLINE))

    @asynccontextmanager
    async def socket(self, agent_id: str) -> AsyncIterator[None]:
        """An open console of this agent, for as long as the block runs."""
        agent = self._agents[agent_id]
        agent.sockets += 1
        agent.lost_at = None
        self._look()
        try:
            yield
        finally:
            agent.sockets -= 1
            if agent.sockets == 0:
                agent.lost_at = self._now()
            self._look()

    def switch(self, agent_id: str, *, away: bool) -> None:
        """The agent wants work, or wants none for now."""
        self._agents[agent_id].away = away
        self._look()

    def is_away(self, agent_id: str) -> bool:
        """Where the switch stands."""
        agent = self._agents.get(agent_id)
        return agent is not None and agent.away

    def sweep(self) -> None:
        """Notice the time: who has been without a console for too long."""
        self._look()
        now = self._now()
        for agent_id, agent in list(self._agents.items()):
            if agent.sockets == 0 and agent.lost_at is not None and now - agent.lost_at >= self._gone:
                agent.lost_at = None
                self._left.append(agent_id)
                log.info("agent.left", agent_id=agent_id)
        if self._left:
            self._tell()

    def changed(self) -> None:
        """What can be offered changed for another reason, such as an agent who has room again."""
        self._dirty = True
        self._tell()

    async def settled(self) -> None:
        """Wait until every callback asked for so far has run."""
        while self._telling is not None and not self._telling.done():
            await asyncio.shield(self._telling)

    def _is_here(self, agent: _Agent) -> bool:
        return agent.sockets > 0 or (agent.lost_at is not None and self._now() - agent.lost_at < self._flap)

    def _look(self) -> None:
        moved = False
        for agent_id, agent in self._agents.items():
            now_shown = self.of(agent_id)
            moved = moved or now_shown != agent.shown
            agent.shown = now_shown
        if moved:
            self.on_shown()
            self.changed()

    def _tell(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._left or self._dirty:
            left, self._left, self._dirty = self._left, [], False
            try:
                for agent_id in left:
                    await self.on_left(agent_id)
                await self.on_change()
            except WarmlineError:
                # The ladder's clocks offer again in a moment, so nothing is lost but speed.
                log.exception("presence.not_told", left=left)


async def _nothing() -> None:
    return


async def _nothing_left(agent_id: str) -> None:
    return
