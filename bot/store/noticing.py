"""The part of the store's contract that notifications use: what agents should notice, and what each carrier made of it.

A notice is written with the commit that caused it, so no crash loses one. Once planned it has one notification for each person and
carrier; a notification's `due_at` is the clock at which that carrier's turn comes, unless the notice was seen by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.core.events import Notice
from bot.core.model import Json

INSTALLATION = ""
"""Stands for the agent of a notification that concerns nobody in particular, such as a page with nobody named."""


class Notified(StrEnum):
    """Where a notification stands."""

    QUEUED = "queued"
    """Its turn has not come, or it is tried again."""
    SENT = "sent"
    """The carrier took it."""
    SEEN = "seen"
    """The agent saw it, by this carrier or another."""
    ACTED = "acted"
    """The agent took the conversation."""
    FAILED = "failed"
    """The carrier refused it for good, or cannot reach this agent; `error` says why."""
    DROPPED = "dropped"
    """Its turn came to nothing: seen before, overtaken, or not wanted now; `error` says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A notice as stored. `data` has no words of anybody: texts have places for names."""

    notice_id: int
    conversation_id: str
    notice: Notice
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One carrier's turn for one agent. With `sent` it was carried already, with the notice itself."""

    agent_id: str
    carrier: str
    due_at: datetime
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notification and how far it came."""

    notification_id: int
    notice_id: int
    conversation_id: str
    kind: str
    agent_id: str
    carrier: str
    state: Notified
    due_at: datetime
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    acted_at: datetime | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser that takes web pushes for an agent (W3C Push API: endpoint and the two keys)."""

    device_id: int = 0
    agent_id: str
    endpoint: str
    p256dh: str
    auth: str
    label: str = ""
    added_at: datetime


class NoticeStore(Protocol):
    """What notifications ask of a store."""

    async def fresh_notices(self, *, limit: int) -> list[Noticed]:
        """Notices that nobody has planned yet, oldest first."""

    async def plan_notice(self, notice_id: int, planned: Sequence[Planned], *, now: datetime) -> bool:
        """Give a notice its notifications. False, and nothing changed, if it has been planned."""

    async def claim_notifications(self, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Notification]:
        """Hold queued notifications that are due for `worker` until then, and give them, earliest first. Held ones are left out
        until their claim ends; it ends by itself if the worker dies, and the notification is carried again then."""

    async def notifications_due(self, *, now: datetime) -> int:
        """A look: how many queued notifications are due and held by nobody."""

    async def notifications_next_at(self, *, after: datetime) -> datetime | None:
        """When the next queued notification is due or free again, of the moments later than `after`."""

    async def notification_sent(self, notification_id: int, *, now: datetime) -> None:
        """QUEUED -> SENT, the attempt counted. Nothing happens in another state."""

    async def notification_failed(
        self, notification_id: int, *, error: str, now: datetime, retry_at: datetime | None = None
    ) -> None:
        """The attempt failed. With `retry_at` it stays QUEUED until then; else it is FAILED, and the next carrier's turn comes now.
        Nothing happens in another state."""

    async def notification_dropped(self, notification_id: int, *, error: str, now: datetime, next_now: bool) -> None:
        """QUEUED -> DROPPED; with `next_now` the next carrier's turn comes now."""

    async def notifications_seen(
        self, agent_id: str, *, now: datetime, notice_id: int | None = None, conversation_id: str | None = None
    ) -> int:
        """The agent saw this notice, or everything about this conversation: SENT -> SEEN, and what is QUEUED is dropped. A notice
        for them that nobody has planned yet counts as seen in the page. Gives how many notifications changed."""

    async def notifications_acted(self, agent_id: str, *, conversation_id: str, now: datetime) -> int:
        """The agent took the conversation: SENT and SEEN -> ACTED, and what is QUEUED is dropped. Gives how many changed."""

    async def told_since(self, agent_id: str, *, conversation_id: str, carrier: str, since: datetime) -> bool:
        """Whether this carrier told the agent about this conversation from `since` on."""

    async def notifications(
        self, *, agent_id: str | None = None, conversation_id: str | None = None, limit: int = 100
    ) -> list[Notification]:
        """The latest, first."""

    async def forget_notices(self, *, before: datetime) -> int:
        """Delete planned notices from before a moment with their notifications; gives how many notices."""

    async def add_device(self, device: Device) -> int:
        """Keep a browser; one with a known endpoint is replaced, whoever's it was. Gives its id."""

    async def devices(self, agent_id: str) -> list[Device]:
        """An agent's browsers, oldest first."""

    async def drop_device(self, device_id: int, *, agent_id: str) -> bool:
        """Forget a browser of this agent's. False if there is none."""
