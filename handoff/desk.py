"""Who is there to help, how much they hold, and who waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """An agent at the desk. `presence` is online, away or offline; `load` is the weight of the episodes they hold.

    Without languages they are asked whatever the prospect speaks, without teams for every team. `idle_since` is when they last
    took or gave back an episode, None if they never did.
    """

    agent_id: str
    name: str = ""
    presence: str = ONLINE
    load: float = 0
    capacity: float = 1
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    idle_since: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Online and below capacity."""
        return self.presence == ONLINE and self.load < self.capacity


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom an episode is offered to, and how much room it would take."""

    agent_id: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everybody who may be offered an episode. `capacity` is that of agents who have not been seen yet; None for no limit.

    `asked` are the offers that nobody has answered, by episode: they keep room. `queue` are the episodes that wait with nobody
    asked; those that are more urgent than another go first. `samples` are recent waits for first words. `booked` are the times that
    are taken, each with which of the agents' places is.
    """

    seats: tuple[Seat, ...] = ()
    capacity: float | None = None
    asked: Mapping[str, Asked] = field(default_factory=dict)
    queue: tuple[Episode, ...] = ()
    samples: tuple[Sample, ...] = ()
    booked: frozenset[tuple[datetime, int]] = frozenset()

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
