"""Assertions in the shared contract explain themselves as those in test modules do. SQLite files are migrated once and copied."""

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.store import open_store

CONTRACTS = (
    "store_contract",
    "audit_contract",
    "desk_contract",
    "sight_contract",
    "memory_contract",
    "promise_contract",
    "market_contract",
    "notices_contract",
    "answers_contract",
    "hook_contract",
    "import_contract",
)
pytest.register_assert_rewrite(*(f"tests.contract.{name}" for name in CONTRACTS))


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
