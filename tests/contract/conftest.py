"""Each test that asks for a `store` runs on every store: what holds for one must hold for all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.wrecks import FakeWreck, SqlWreck, Wreck
from tests.migrated import migrated_at

pytest.register_assert_rewrite("tests.contract.acts", "tests.contract.audited")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated file of this test's own."""
    return migrated_at(tmp_path / "warmline.db")


@pytest.fixture(params=["fake", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    """Where the store is; None for memory."""
    return None if request.param == "fake" else request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def store(url: str | None) -> AsyncIterator[Store]:
    """One store after another."""
    opened = FakeStore() if url is None else open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def wreck(store: Store) -> Wreck:
    """Breaks what the store would not break by itself."""
    return FakeWreck(store) if isinstance(store, FakeStore) else SqlWreck(store)
