"""Who is at the desk: open consoles and the online/away switch, with a short loss of a socket not counted as leaving.

Consoles may be open at any service on the database. Each service knows its own and tells of them every few seconds; what
the others told is learnt from the store. A service that dies tells nothing more, so its consoles count as lost since then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.model import WarmlineError
from bot.store.contract import Consoles
from handoff.desk import AWAY, OFFLINE, ONLINE

log = structlog.get_logger()

FLAP_S = 30.0
"""A console that is back within this time was never gone."""

GONE_S = 90.0
"""After this long without a console an agent's unanswered work goes round again."""


@dataclass(slots=True)
class _Sockets:
    open: int = 0
    lost_at: datetime | None = None


class Presence:
    """Presence of every agent. `service` names this process among those on the database.

    In: sockets that open and close here, the switch, what other services told (`learn`), and `sweep()` now and then.
    Out: `of`, `online`, `own`, and callbacks: `on_own` when what this service has to tell of its consoles changed, `on_news` when
    the others should look again for another reason, `on_change`
    when who can be offered work changed, `on_left` with the id of an agent who stayed away too long (again at each sweep
    until `forget`), `on_shown` when screens should be told. All but the last run one after another in the background;
    `settled()` waits for them.
    """

    def __init__(self, *, now: Callable[[], datetime], service: str = "", flap_s: float = FLAP_S, gone_s: float = GONE_S) -> None:
        self._now, self._service = now, service
        self._flap, self._gone = timedelta(seconds=flap_s), timedelta(seconds=gone_s)
        self._here: defaultdict[str, _Sockets] = defaultdict(_Sockets)
        self._elsewhere: tuple[Consoles, ...] = ()
        self._away: frozenset[str] = frozenset()
        self._shown: dict[str, str] = {}
        self._left: dict[str, None] = {}
        self._departed: set[str] = set()
        self._untold = False
        self._dirty = False
        self._telling: asyncio.Task[None] | None = None
        self.on_own: Callable[[], Awaitable[None]] = _nothing
        self.on_news: Callable[[], None] = lambda: None
        self.on_change: Callable[[], Awaitable[None]] = _nothing
        self.on_left: Callable[[str], Awaitable[None]] = _nothing_left
        self.on_shown: Callable[[], None] = lambda: None

    def of(self, agent_id: str) -> str:
        """online, away or offline."""
        if self._here[agent_id].open == 0 and self._missing_for(agent_id) >= self._flap:
            return OFFLINE
        return AWAY if agent_id in self._away else ONLINE

    def online(self) -> tuple[str, ...]:
        """Ids of the agents who may be offered work."""
        return tuple(sorted(agent_id for agent_id in self._known() if self.of(agent_id) == ONLINE))

    @asynccontextmanager
    async def socket(self, agent_id: str) -> AsyncIterator[None]:
        """An open console of this agent at this service, for as long as the block runs."""
        sockets = self._here[agent_id]
        sockets.open += 1
        sockets.lost_at = None
        self._departed.discard(agent_id)
        self._moved()
        try:
            yield
        finally:
            sockets.open -= 1
            if sockets.open == 0:
                sockets.lost_at = self._now()
            self._moved()

    def switch(self, agent_id: str, *, away: bool) -> None:
        """The agent wants work, or wants none for now."""
        self._away = self._away | {agent_id} if away else self._away - {agent_id}
        self._moved()

    def is_away(self, agent_id: str) -> bool:
        """Where the switch stands."""
        return agent_id in self._away

    def own(self) -> tuple[Consoles, ...]:
        """What this service tells the others."""
        now = self._now()
        return tuple(
            Consoles(agent_id=agent_id, service=self._service, sockets=s.open, seen_at=now, lost_at=s.lost_at)
            for agent_id, s in self._here.items()
            if s.open or s.lost_at
        )

    def leave(self) -> None:
        """This service ends: its consoles are lost from now on."""
        for sockets in self._here.values():
            if sockets.open:
                sockets.open, sockets.lost_at = 0, self._now()

    def learn(self, consoles: Iterable[Consoles], away: Iterable[str]) -> None:
        """What every service told, as stored."""
        self._elsewhere = tuple(one for one in consoles if one.service != self._service)
        self._away = frozenset(away)
        self._departed -= {one.agent_id for one in self._elsewhere if one.sockets}
        self._look()

    def owes(self, agent_id: str) -> None:
        """An agent owes words: if they were gone before, and kept what they held since they owed nothing, it goes round now."""
        if agent_id in self._departed and self.is_gone(agent_id):
            self._left[agent_id] = None
            self._tell()

    def forget(self, agent_id: str) -> None:
        """An agent who was gone is dealt with."""
        self._departed.add(agent_id)
        self._here.pop(agent_id, None)
        self._elsewhere = tuple(one for one in self._elsewhere if one.agent_id != agent_id)

    def sweep(self) -> None:
        """Notice the time: who has been without a console for too long."""
        self._look()
        for agent_id in self._known():
            if self.is_gone(agent_id):
                self._left[agent_id] = None
                log.info("agent.left", agent_id=agent_id)
        if self._left:
            self._tell()

    def next_at(self) -> datetime | None:
        """When the next agent counts as offline or gone, if no console of theirs comes back."""
        now, found = self._now(), list[datetime]()
        for agent_id in self._known():
            last = self._last_open_at(agent_id) if self._here[agent_id].open == 0 else None
            if last is not None:
                found += [at for at in (last + self._flap, last + self._gone) if at > now]
        return min(found, default=None)

    def is_gone(self, agent_id: str) -> bool:
        """True once an agent has been without a console for so long that their work goes round again."""
        return self._here[agent_id].open == 0 and self._missing_for(agent_id) >= self._gone

    def changed(self) -> None:
        """What can be offered changed for another reason, such as an agent who has room again."""
        self._dirty = True
        self.on_news()
        self._tell()

    async def settled(self) -> None:
        """Wait until every callback asked for so far has run."""
        while self._telling is not None and not self._telling.done():
            await asyncio.shield(self._telling)

    def _known(self) -> list[str]:
        here = (agent_id for agent_id, sockets in self._here.items() if sockets.open or sockets.lost_at)
        return list(dict.fromkeys([*here, *(one.agent_id for one in self._elsewhere)]))

    def _missing_for(self, agent_id: str) -> timedelta:
        """How long ago a console of this agent was known to be open."""
        last = self._last_open_at(agent_id)
        return timedelta.max if last is None else self._now() - last

    def _last_open_at(self, agent_id: str) -> datetime | None:
        here = self._here[agent_id].lost_at
        ends = [one.last_open_at for one in self._elsewhere if one.agent_id == agent_id]
        return max([*ends, *([here] if here else [])], default=None)

    def _moved(self) -> None:
        """Something changed at this service: the others are told, whether or not it shows."""
        self._untold = True
        self._look()
        self._tell()

    def _look(self) -> None:
        shown = {agent_id: presence for agent_id in self._known() if (presence := self.of(agent_id)) != OFFLINE}
        if shown != self._shown:
            self._shown = shown
            self.on_shown()
            self._dirty = True
            self._tell()

    def _tell(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._left or self._dirty or self._untold:
            left, self._left = tuple(self._left), {}
            dirty, self._dirty = self._dirty, False
            untold, self._untold = self._untold, False
            try:
                if untold:
                    await self.on_own()
                for agent_id in left:
                    await self.on_left(agent_id)
                if dirty or left:
                    await self.on_change()
            except WarmlineError:
                # Told again within seconds: consoles at the next beat, who left at the next sweep, offers by the ladder.
                log.exception("presence.not_told", left=left)


async def _nothing() -> None:
    return


async def _nothing_left(agent_id: str) -> None:
    return
