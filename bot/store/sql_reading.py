"""Reading the durable store: messages, lists, what is sought, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.model import AgentRef, Episode, Standing
from bot.core.seal import Chain
from bot.store import filtering, reading, searching, standing, waits
from bot.store.chaining import chains
from bot.store.contract import Counts, Filter, Found, Handed, JournalLine, Message, Note, Overview, Similar, Waiting
from bot.store.handed import handed
from bot.store.runner import Runner
from bot.store.sight import Sight
from handoff.forecast import Sample


class SqlReading:
    """`MessageStore`, `SearchStore`, `DeskStore` and `HistoryStore` of `bot.store.contract` over SQL."""

    _write: Runner
    _read: Runner

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """See `Store.messages`."""
        return await self._read.run(
            lambda conn: reading.shown(conn, conversation_id, after_seq=after_seq, before_seq=before_seq, limit=limit)
        )

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """See `Store.pending_messages`."""
        return await self._read.run(lambda conn: reading.pending_messages(conn, conversation_id))

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """See `Store.mark_read`."""
        await self._write.run(lambda conn: reading.mark_read(conn, conversation_id, up_to_seq=up_to_seq, now=now))

    async def add_note(
        self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
    ) -> Note:
        """See `Store.add_note`. Raises `NotFound`."""
        return await self._write.run(
            lambda conn: reading.add_note(conn, conversation_id, agent=agent, text=text, now=now, mentions=mentions)
        )

    async def notes(self, conversation_id: str) -> list[Note]:
        """See `Store.notes`."""
        return await self._read.run(lambda conn: reading.notes_of(conn, conversation_id))

    async def search(self, query: str, *, limit: int = 20, sight: Sight | None = None) -> list[Found]:
        """See `Store.search`."""
        return await self._read.run(lambda conn: searching.search(conn, query, limit=limit, sight=sight))

    async def similar_answers(self, text: str, *, besides: str, limit: int, sight: Sight | None = None) -> list[Similar]:
        """See `Store.similar_answers`."""
        return await self._read.run(lambda conn: searching.similar_answers(conn, text, besides=besides, limit=limit, sight=sight))

    async def overview(self, conversation_id: str) -> Overview:
        """See `Store.overview`."""
        return await self._read.run(lambda conn: reading.overview(conn, conversation_id))

    async def overviews(
        self,
        *,
        view: str,
        agent_id: str | None = None,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        sight: Sight | None = None,
    ) -> list[Overview]:
        """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
        return await self._read.run(
            lambda conn: reading.overviews(conn, view=view, agent_id=agent_id, limit=limit, before=before, sight=sight)
        )

    async def filtered(
        self, wanted: Filter, *, limit: int = 50, before: tuple[datetime, str] | None = None, sight: Sight | None = None
    ) -> list[Overview]:
        """See `Store.filtered`."""
        return await self._read.run(lambda conn: filtering.filtered(conn, wanted, limit=limit, before=before, sight=sight))

    async def waiting(self) -> list[Waiting]:
        """See `Store.waiting`."""
        return await self._read.run(reading.waiting)

    async def booked(self) -> frozenset[tuple[datetime, int]]:
        """See `Store.booked`."""
        return await self._read.run(waits.booked)

    async def first_waits(self, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
        """See `Store.first_waits`."""
        return await self._read.run(lambda conn: waits.first_waits(conn, since=since, now=now, limit=limit))

    async def agent_load(self) -> dict[str, float]:
        """See `Store.agent_load`."""
        return await self._read.run(reading.agent_load)

    async def last_served(self) -> dict[str, datetime]:
        """See `Store.last_served`."""
        return await self._read.run(reading.last_served)

    async def counts(self, *, now: datetime) -> Counts:
        """See `Store.counts`."""
        return await self._read.run(lambda conn: reading.counts(conn, now=now))

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """See `Store.journal`."""
        return await self._read.run(lambda conn: reading.journal_lines(conn, conversation_id, limit=limit))

    async def chains(self, *, after: str, limit: int) -> list[Chain]:
        """See `Store.chains`."""
        return await self._read.run(lambda conn: chains(conn, after=after, limit=limit))

    async def journal_of(self, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
        """See `Store.journal_of`."""
        return await self._read.run(lambda conn: reading.journal_of(conn, kinds, after=after, limit=limit))

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """See `Store.episodes`."""
        return await self._read.run(lambda conn: reading.episodes_of(conn, conversation_id))

    async def handed(self, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
        """See `Store.handed`."""
        return await self._read.run(lambda conn: handed(conn, since=since, until=until, kinds=kinds))

    async def standings(
        self, *, flow_id: str | None = None, after: str = "", limit: int = 200, notes: bool = True
    ) -> list[Standing]:
        """See `Store.standings`."""
        return await self._read.run(
            lambda conn: standing.standings(conn, flow_id=flow_id, after=after, limit=limit, with_notes=notes)
        )
