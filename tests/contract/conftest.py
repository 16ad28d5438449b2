"""Each test that asks for a `store` runs on every store: what holds for one must hold for all. SQLite files are migrated once and
copied."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.contract.wrecks import FakeWreck, SqlWreck, Wreck

pytest.register_assert_rewrite("tests.contract.acts", "tests.contract.audited")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, whole in itself: closing the last connection folds its log in."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"

    async def make() -> None:
        store = open_store(f"sqlite:///{path}")
        await store.migrate()
        await store.close()

    asyncio.run(make())
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated file of this test's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'warmline.db')}"


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
