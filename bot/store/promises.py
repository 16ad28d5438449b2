"""Which promises held when, over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.store.columns import UtcDateTime
from bot.store.postgres import lock_agent
from bot.store.promised import Promised
from bot.store.rules import clean_text
from bot.store.runner import Runner
from bot.store.tables import promises

_LINES = sa.select(promises.c.number, promises.c.version, promises.c.at, promises.c.by, promises.c.changes)
_LATEST_FIRST = _LINES.order_by(promises.c.number.desc())


def keep(conn: sa.Connection, *, version: str, text: str, by: str, at: datetime, changes: Sequence[str]) -> bool:
    """See `PromiseStore.keep_promises`."""
    lock_agent(conn, "promises")
    latest = conn.execute(_LATEST_FIRST.limit(1)).first()
    if latest is not None and latest.version == version:
        return False
    said = [clean_text(one) for one in changes]
    conn.execute(promises.insert(), {"version": version, "text": clean_text(text), "by": by, "at": at, "changes": said})
    return True


def lines(conn: sa.Connection, *, limit: int, since: datetime | None) -> list[Promised]:
    """See `PromiseStore.promised`."""
    query = _LATEST_FIRST.limit(limit)
    if since is not None:
        moment = sa.literal(since, UtcDateTime)
        then = sa.select(sa.func.max(promises.c.number)).where(promises.c.at <= moment).scalar_subquery()
        query = query.where(promises.c.number >= sa.func.coalesce(then, 0))
    return [
        Promised(number=row.number, version=row.version, at=row.at, by=row.by, changes=tuple(row.changes))
        for row in conn.execute(query)
    ]


def text_of(conn: sa.Connection, number: int) -> str | None:
    """See `PromiseStore.promised_text`."""
    return conn.execute(sa.select(promises.c.text).where(promises.c.number == number)).scalar()


class SqlPromises:
    """`bot.store.promised.PromiseStore` over SQL."""

    _write: Runner
    _read: Runner

    async def keep_promises(self, *, version: str, text: str, by: str, at: datetime, changes: Sequence[str]) -> bool:
        """See `PromiseStore.keep_promises`."""
        return await self._write.run(lambda conn: keep(conn, version=version, text=text, by=by, at=at, changes=changes))

    async def promised(self, *, limit: int = 200, since: datetime | None = None) -> list[Promised]:
        """See `PromiseStore.promised`."""
        return await self._read.run(lambda conn: lines(conn, limit=limit, since=since))

    async def promised_text(self, number: int) -> str | None:
        """See `PromiseStore.promised_text`."""
        return await self._read.run(lambda conn: text_of(conn, number))
