"""Every store keeps conversations from agents of other teams, tells what became of a prospect, and keeps the promises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.memory_contract import MemoryContract
from tests.contract.promise_contract import PromiseContract
from tests.contract.sight_contract import SightContract


class TestFakeStore(SightContract, MemoryContract, PromiseContract):
    """In memory."""

    @pytest.fixture
    async def store(self) -> Store:
        return FakeStore()


class TestSqliteStore(SightContract, MemoryContract, PromiseContract):
    """On a file."""

    @pytest.fixture
    async def store(self, sqlite_url: str) -> AsyncIterator[Store]:
        store = open_store(sqlite_url)
        yield store
        await store.close()


class TestPostgresStore(SightContract, MemoryContract, PromiseContract):
    """On a server."""

    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[Store]:
        store = open_store(postgres_url)
        yield store
        await store.close()
