"""The part of the contract that the desk uses: lists of conversations, who waits, and how much each agent holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.model import Clock, Episode, Identity, Json, Owner, Profile
from bot.store.contract.messages import Message
from bot.store.sight import Sight
from handoff.forecast import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A conversation as a list shows it. `waiting_since` is when the open promise was opened, else when the waiting
    episode was requested; `last_at` the time of the latest message in either direction; `promise_due_at` until when words are
    owed."""

    conversation_id: str
    identity: Identity
    profile: Profile
    owner: Owner
    slots: Json
    tags: tuple[str, ...]
    episode: Episode | None
    clocks: tuple[Clock, ...]
    last_message: Message | None
    last_at: datetime
    waiting_since: datetime | None
    promise_due_at: datetime | None = None


NOBODY = ""
"""The holder of conversations that wait for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is to show; None where it does not matter. With `risk` the open handoffs, whose promise breaks next first; else
    every conversation, latest words first. `holder` is an agent's id, or `NOBODY` for those that wait for one."""

    risk: bool = False
    channel: str | None = None
    reason: str | None = None
    team: str | None = None
    holder: str | None = None
    snoozed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An episode that waits for somebody to accept it, and who is being asked, if anybody is."""

    conversation_id: str
    episode: Episode
    asked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the metrics page shows."""

    conversations_by_owner: dict[str, int] = field(default_factory=dict)
    open_promises: int = 0
    overdue_promises: int = 0
    waiting_episodes: int = 0
    queued_messages: int = 0
    parked_messages: int = 0
    due_clocks: int = 0


class DeskStore(Protocol):
    """Conversations as agents and those who route to them see them."""

    async def overview(self, conversation_id: str) -> Overview:
        """One conversation as a list shows it. Raises `NotFound`."""

    async def overviews(
        self,
        *,
        view: str,
        agent_id: str | None = None,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        sight: Sight | None = None,
    ) -> list[Overview]:
        """Lists: `queue` (waiting episodes, nearest deadline first), `mine` (owner agent = agent_id), `all` (latest
        first, paged by `before` = last_at and id of the last one shown, so that equal times lose nobody). With `sight` those that
        its agent may read, here and below; a page is full of them. Raises `ValueError` for another view, or `mine` without an
        agent."""

    async def filtered(
        self, wanted: Filter, *, limit: int = 50, before: tuple[datetime, str] | None = None, sight: Sight | None = None
    ) -> list[Overview]:
        """The conversations that fit, in the filter's order. Paged by `before`, the place of the last one shown: its id, and its
        `last_at`, or what `bot.store.rules.risk_at` says of it."""

    async def waiting(self) -> list[Waiting]:
        """Every waiting episode, nearest deadline first."""

    async def booked(self) -> frozenset[tuple[datetime, int]]:
        """The times that open episodes have booked, each with which of the agents' places at it."""

    async def first_waits(self, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
        """Waits for first words of requests made from `since` on and before `now`, latest first, at most `limit`; one that
        still runs lasts until `now`. Without those where nobody sat and waited: called back, or helped unasked."""

    async def agent_load(self) -> dict[str, float]:
        """What each agent holds: the weight of their accepted episodes."""

    async def last_served(self) -> dict[str, datetime]:
        """When each agent last took an episode or ended one, of those that are theirs still; without agents who have none."""

    async def counts(self, *, now: datetime) -> Counts:
        """Numbers for /metrics."""
