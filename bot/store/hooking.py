"""The part of the store's contract that webhooks use: who subscribes to which events, and what is still to be told them.

What is to be told is written by the database itself, with the line of the journal and in its transaction, so no event is lost,
whoever writes the line. It is told at least once: a subscriber knows a repeat by the event's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events import JournalEntry
from bot.core.model import Identity

EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A subscription. `kinds` are kinds of lines of the journal, `flow.*` for all of a family, or `*` for all; `secret` signs what
    is sent. While `paused_at` is set nothing is sent, and what happens is kept."""

    hook_id: str
    url: str
    secret: str
    kinds: tuple[str, ...]
    created_at: datetime
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event to tell one subscriber. `journal_id` is the event's id. `parked_at` is since when nobody tries any more."""

    telling_id: int
    hook_id: str
    journal_id: int
    conversation_id: str
    identity: Identity
    entry: JournalEntry
    attempts: int = 0
    error: str | None = None
    parked_at: datetime | None = None


def families(kind: str) -> tuple[str, str, str]:
    """What a subscription may call a kind: itself, its family, everything."""
    return kind, f"{kind.partition('.')[0]}.*", EVERYTHING


class HookStore(Protocol):
    """What webhooks ask of a store. Every method may raise `StoreUnavailable`."""

    async def add_hook(self, hook: Hook) -> None:
        """Tell it of all that happens from now on. Raises `AlreadyExists` for a known id."""

    async def hooks(self) -> list[Hook]:
        """Every subscription, oldest first."""

    async def pause_hook(self, hook_id: str, *, paused_at: datetime | None) -> None:
        """Stop or go on sending. Raises `NotFound`."""

    async def remove_hook(self, hook_id: str) -> None:
        """Forget it, and what was still to be told. Raises `NotFound`."""

    async def claim_tellings(self, hook_id: str, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Telling]:
        """Hold for `worker` what is due to be told to this subscriber, oldest due first: what nobody holds at `now`, or `worker`
        itself. A claim only spares work: what is told twice is told under one id."""

    async def tellings_next_at(self, *, after: datetime) -> datetime | None:
        """When the earliest that is not parked is due or free, of the moments later than `after`."""

    async def told_hook(self, telling_id: int) -> None:
        """It was told. Nothing happens if it is gone."""

    async def retell_hook(self, telling_id: int, *, due_at: datetime, error: str) -> None:
        """It was not taken; it is due later. Nothing happens if it is gone."""

    async def park_telling(self, telling_id: int, *, error: str, now: datetime) -> None:
        """It was not taken so often that nobody tries any more, until `replay_hook`. Nothing happens if it is gone."""

    async def untold(self, *, parked: bool, limit: int = 200) -> list[Telling]:
        """What is still to be told, or what is parked, oldest event first."""

    async def untold_counts(self) -> dict[str, tuple[int, int]]:
        """Of each subscriber that has any: how many events wait, and how many are parked."""

    async def replay_hook(self, hook_id: str, *, now: datetime, since: datetime | None = None) -> int:
        """What is parked is due again, as if never tried; with `since` all its events since then are told once more, told or not.
        Gives how many. Raises `NotFound`."""


def wanted(kinds: Sequence[str], kind: str) -> bool:
    """Whether a subscription to `kinds` is told of this kind."""
    return any(name in kinds for name in families(kind))
