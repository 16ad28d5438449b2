"""Webhooks, and what is still to be told."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict


class HookShape(TypedDict):
    """A subscription, without its secret."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    paused_at: datetime | None
    waiting: int
    parked: int


class Hooks(TypedDict):
    """GET hooks: `events` are all kinds that there are, with what each tells."""

    hooks: list[HookShape]
    events: dict[str, str]


class HookAdded(TypedDict):
    """POST hooks: the secret is shown this once."""

    hook: HookShape
    secret: str


class Untold(TypedDict):
    """An event that could not be told."""

    hook_id: str
    event_id: str
    type: str
    at: datetime
    conversation_id: str
    attempts: int
    error: str | None
    parked_at: datetime | None


class Parked(TypedDict):
    """GET hooks/parked."""

    events: list[Untold]


class Replayed(TypedDict):
    """POST hooks/{id}/replay: how many events are told once more."""

    events: int
