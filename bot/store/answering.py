"""The part of the store's contract that keeps answers by the key of their request, so that a request sent again acts once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

ANSWERS_KEPT = timedelta(hours=24)
"""How long a key is known."""
ACTING_FOR = timedelta(minutes=1)
"""A request that has told no answer for so long died with its service; the same key acts again."""


class Known(StrEnum):
    """What is known of a key."""

    NEW = "new"
    """Nothing: act, then keep the answer."""
    ACTING = "acting"
    """The same request is being carried out."""
    ANSWERED = "answered"
    """It was carried out; the answer is here."""
    OTHER = "other"
    """The key came with another request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What became of a key; `status` and `body` are those of the first answer, where there is one."""

    known: Known
    status: int = 0
    body: str = ""


class AnswerStore(Protocol):
    """What idempotency keys ask of a store. A key is an agent's own."""

    async def begin_answer(self, agent_id: str, key: str, *, request: str, now: datetime) -> Begun:
        """Take a key for a request, which `request` is the hash of. One alone is told NEW, until it drops the key, until
        `ANSWERS_KEPT` is over, or `ACTING_FOR` without an answer."""

    async def keep_answer(self, agent_id: str, key: str, *, status: int, body: str) -> None:
        """This was the answer."""

    async def drop_answer(self, agent_id: str, key: str) -> None:
        """Nothing was done: the key is free again. One that has an answer stays."""
