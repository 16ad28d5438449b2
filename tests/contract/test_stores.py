"""Every store keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.store_contract import StoreContract


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


class TestPostgresStore(StoreContract):
    """On a server."""

    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[Store]:
        store = open_store(postgres_url)
        await store.migrate()
        yield store
        await store.close()
