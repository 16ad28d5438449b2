"""The part of the contract for what is sought among all conversations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.store.contract.desk import Overview
from bot.store.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where words were found. `kind` is name, message or note; `text` the whole text; `by` who wrote it, for a note the agent's
    name, for a message its speaker. `seq` and `at` place it in the conversation; a name has neither."""

    kind: str
    text: str
    by: str | None = None
    at: datetime | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """What was asked before, and what an agent (`by`) then answered, at `at`."""

    asked: str
    text: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A conversation in which words were found: the name first, then the newest."""

    overview: Overview
    hits: tuple[Hit, ...]


class SearchStore(Protocol):
    """Words that were written before."""

    async def search(self, query: str, *, limit: int = 20, sight: Sight | None = None) -> list[Found]:
        """Conversations with a shown message, a note or a name in which all words of the query begin a word (see
        `bot.store.words`), whatever their case and accents. First those whose name holds them, then by the newest text that
        does. Nothing for a query without a word."""

    async def similar_answers(self, text: str, *, besides: str, limit: int, sight: Sight | None = None) -> list[Similar]:
        """What agents answered in other conversations than `besides` to messages like this one (see `bot.store.similar`), the most
        alike first, each answer once."""
