"""Every store keeps the contract."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.store_contract import StoreContract

POSTGRES_URL = os.environ.get("WARMLINE_TEST_DATABASE_URL", "")


class TestFakeStore(StoreContract):
    """In memory."""

    @pytest.fixture
    async def store(self) -> Store:
        return FakeStore()


class TestSqliteStore(StoreContract):
    """On a file."""

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = open_store(f"sqlite:///{tmp_path}/warmline.db")
        await store.migrate()
        yield store
        await store.close()


@pytest.mark.skipif(
    not POSTGRES_URL.startswith("postgres"), reason="WARMLINE_TEST_DATABASE_URL names no PostgreSQL database to empty and use."
)
class TestPostgresStore(StoreContract):
    """On a server."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        engine = create_async_engine(sa.make_url(POSTGRES_URL).set(drivername="postgresql+asyncpg"))
        async with engine.begin() as conn:
            await conn.execute(sa.text("DROP SCHEMA public CASCADE"))
            await conn.execute(sa.text("CREATE SCHEMA public"))
        await engine.dispose()
        store = open_store(POSTGRES_URL)
        await store.migrate()
        yield store
        await store.close()
