"""Who is there to help, and who is asked next. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Episode
from handoff.forecast import Sample

ONLINE = "online"
AWAY = "away"
OFFLINE = "offline"

LATER = ("callback", "book")
"""Choices of those who do not sit and wait."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent at the desk. `presence` is online, away or offline; `load` is the weight of the episodes they hold."""

    agent_id: str
    name: str = ""
    presence: str = ONLINE
    load: float = 0
    capacity: float = 1

    @property
    def is_free(self) -> bool:
        """Online and below capacity."""
        return self.presence == ONLINE and self.load < self.capacity


@dataclass(frozen=True, slots=True)
class DeskLine:
    """Who waits for a person: conversations, nearest deadline first, without those to be called back. `booked` are the times that
    are taken, each with which of the agents' places is."""

    waiting: tuple[str, ...] = ()
    booked: frozenset[tuple[datetime, int]] = frozenset()


NO_LINE = DeskLine()


@dataclass(frozen=True, slots=True)
class Desk:
    """Everybody who may be offered an episode, who else waits, and how long others lately waited.

    `capacity` is that of agents who have not been seen yet; None for no limit.
    """

    seats: tuple[Seat, ...] = ()
    capacity: float | None = None
    line: DeskLine = NO_LINE
    samples: tuple[Sample, ...] = ()

    @property
    def somebody_online(self) -> bool:
        """True if at least one person is online, free or not."""
        return any(seat.presence == ONLINE for seat in self.seats)

    def is_online(self, agent_id: str) -> bool:
        """True if this agent is at the desk and online."""
        return any(seat.agent_id == agent_id and seat.presence == ONLINE for seat in self.seats)

    def capacity_of(self, agent_id: str) -> float | None:
        """How much weight an agent may hold; None for no limit."""
        return next((seat.capacity for seat in self.seats if seat.agent_id == agent_id), self.capacity)


def choose(desk: Desk, episode: Episode, exclude: Collection[str] = ()) -> str | None:
    """The agent to offer an episode to, or None if nobody is free.

    Only free agents who are not in `exclude`. First those who were not offered it yet, the least loaded of them; when
    everybody has been asked, whoever was asked longest ago, and so round and round. `offered_to` is oldest first.
    """
    asked = {agent_id: place for place, agent_id in enumerate(episode.offered_to)}
    free = [seat for seat in desk.seats if seat.is_free and seat.agent_id not in exclude]
    best = min(free, key=lambda s: (asked.get(s.agent_id, -1), s.load / s.capacity, s.load, s.agent_id), default=None)
    return best.agent_id if best else None
