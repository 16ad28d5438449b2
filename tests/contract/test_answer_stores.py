"""Every store keeps the contract of answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.answers_contract import AnswersContract


class TestFakeAnswers(AnswersContract):
    """In memory."""

    @pytest.fixture
    async def store(self) -> Store:
        return FakeStore()


class TestSqliteAnswers(AnswersContract):
    """On a file."""

    @pytest.fixture
    async def store(self, sqlite_url: str) -> AsyncIterator[Store]:
        store = open_store(sqlite_url)
        yield store
        await store.close()


class TestPostgresAnswers(AnswersContract):
    """On a server."""

    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[Store]:
        store = open_store(postgres_url)
        yield store
        await store.close()
