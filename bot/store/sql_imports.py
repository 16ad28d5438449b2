"""The part of the durable store that imports and exports contacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import Identity
from bot.store import imports
from bot.store.claiming import Claiming
from bot.store.contract import VersionConflict
from bot.store.failures import Clash
from bot.store.importing import Contact, Decider, Imported, ImportRun
from bot.store.ledger import named_clocks
from bot.store.runner import Runner


class SqlImports:
    """`bot.store.importing.ImportStore` over SQL."""

    _write: Runner
    _read: Runner
    _claiming: Claiming
    _mint: Callable[[], str]

    async def begin_import(self, run: ImportRun) -> ImportRun:
        """See `ImportStore.begin_import`."""
        return await self._write.run(lambda conn: imports.begin_import(conn, run))

    async def import_run(self, import_id: str) -> ImportRun | None:
        """See `ImportStore.import_run`."""
        return await self._read.run(lambda conn: imports.import_run(conn, import_id))

    async def import_batch(
        self, import_id: str, identities: Sequence[Identity], decide: Decider, *, line: int, rejected: int, now: datetime
    ) -> list[Imported]:
        """See `ImportStore.import_batch`."""

        def job(conn: sa.Connection) -> tuple[list[Imported], list[tuple[str, Decision]]]:
            return imports.import_batch(
                conn, import_id, identities, decide, line=line, rejected=rejected, now=now, new_id=self._mint
            )  # fmt: skip

        try:
            results, written = await self._write.run(job)
        except Clash as error:
            # Somebody in the batch wrote for the first time meanwhile; the next try knows them.
            raise VersionConflict("somebody was met meanwhile") from error
        for conversation_id, decision in written:
            self._claiming.clocks_changed(named_clocks(conversation_id, decision))
        return results

    async def end_import(self, import_id: str, *, now: datetime) -> ImportRun:
        """See `ImportStore.end_import`. Raises `NotFound`."""
        return await self._write.run(lambda conn: imports.end_import(conn, import_id, now=now))

    async def contacts(self, *, after: str, limit: int) -> list[Contact]:
        """See `ImportStore.contacts`."""
        return await self._read.run(lambda conn: imports.contacts(conn, after=after, limit=limit))
