"""The part of the contract that timelines and reports use: the journal, episodes, and who stands where in a flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events import JournalEntry
from bot.core.model import Episode, Standing
from bot.core.seal import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """A journal entry as stored."""

    journal_id: int
    conversation_id: str
    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An episode as reports see it: where it happened, its lines of the journal, and since when the prospect waits for words.

    `promise_opened_at` and `promise_due_at` are those of the conversation now, whichever episode that belongs to.
    """

    conversation_id: str
    channel: str
    episode: Episode
    lines: tuple[JournalLine, ...] = ()
    promise_opened_at: datetime | None = None
    promise_due_at: datetime | None = None


class HistoryStore(Protocol):
    """What happened, as it was written down."""

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """The journal's latest lines, oldest first."""

    async def journal_of(self, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
        """Lines of these kinds in all conversations with a `journal_id` above `after`, oldest first: for reports, page by page."""

    async def chains(self, *, after: str, limit: int) -> list[Chain]:
        """The chained journal of conversations with an id above `after`, by id, `limit` of them at most."""

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """Every episode of a conversation, oldest first."""

    async def handed(self, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
        """Episodes requested from `since` on and before `until`, oldest first, each with its journal lines of these kinds (those
        whose data name it as `episode_id`), in the journal's order, however much later they were written."""

    async def standings(
        self, *, flow_id: str | None = None, after: str = "", limit: int = 200, notes: bool = True
    ) -> list[Standing]:
        """Live enrolments with their clock and what holds them back, by enrolment id, those later than `after`; of one flow, or of
        all. Without `notes` what holds them back is left out, which is much less to read."""
