"""SQLite files with our tables: migrated once in a run and copied, since migrating takes longer than many a test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from bot.store import open_store


@cache
def migrated_file() -> Path:
    """A database that is up to date, whole in one file: closing the last connection folds its log in."""
    path = Path(tempfile.mkdtemp()) / "warmline.db"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _migrate(path)).result()
    return path


def migrated_at(path: Path) -> str:
    """The URL of a database that is up to date, at `path`."""
    shutil.copyfile(migrated_file(), path)
    return f"sqlite:///{path}"


async def _migrate(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    await store.migrate()
    await store.close()
