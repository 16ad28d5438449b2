"""Notifications, and how an agent wants them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict


class NotificationAnswer(TypedDict):
    """A notification, and how far it came. `why` says why it was not carried, if it was not."""

    id: str
    notice_id: str
    conversation_id: str
    kind: str
    carrier: Literal["in_page", "sound", "web_push", "email", "webhook"]
    state: Literal["queued", "sent", "seen", "acted", "failed", "dropped"]
    why: str | None
    due_at: datetime
    attempts: int
    sent_at: datetime | None
    seen_at: datetime | None
    acted_at: datetime | None


class NotificationsAnswer(TypedDict):
    """GET notifications."""

    items: list[NotificationAnswer]
    now: datetime


class DeviceAnswer(TypedDict):
    """A browser that takes web pushes."""

    id: str
    label: str
    added_at: datetime


class WishesAnswer(TypedDict):
    """An agent's settings."""

    sound: bool
    web_push: bool
    email: bool
    quiet_from: str | None
    quiet_to: str | None
    zone: str
    urgent_in_quiet: bool


class WaysAnswer(TypedDict):
    """Which carriers the installation has, and when the turn of each comes."""

    email: bool
    webhook: bool
    sound_after_s: float
    push_after_s: float
    email_after_s: float
    webhook_after_s: float


class NotifyAnswer(TypedDict):
    """GET and PUT notify."""

    settings: WishesAnswer
    devices: list[DeviceAnswer]
    push_key: str
    ways: WaysAnswer


class DeviceAdded(TypedDict):
    """POST notify/devices."""

    device_id: str
