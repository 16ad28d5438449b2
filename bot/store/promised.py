"""The part of the store's contract that keeps which promises held when, for every service on the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A version of the promises that somebody put in force at `at`. `by` is an agent's id, or `file` for a change by hand;
    `changes` says what is other than in the version before, field by field."""

    number: int
    version: str
    at: datetime
    by: str
    changes: tuple[str, ...] = ()


class PromiseStore(Protocol):
    """What the promises ask of a store."""

    async def keep_promises(self, *, version: str, text: str, by: str, at: datetime, changes: Sequence[str]) -> bool:
        """This version holds from now on. False, and nothing changed, if it is the latest already: of services that take up the
        same file one keeps it."""

    async def promised(self, *, limit: int = 200, since: datetime | None = None) -> list[Promised]:
        """Versions, the latest first. With `since` those that held at that time or later: the one that was in force then, and all
        that came after."""

    async def promised_text(self, number: int) -> str | None:
        """The text of a version; None if there is none of this number."""
