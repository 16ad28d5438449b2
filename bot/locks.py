"""One service per home, and one per SQLite file: the kernel holds the lock for as long as the process lives, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.errors import SettingsError
from bot.settings import Settings


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold what belongs to one service while inside the block. Raises `SettingsError` saying what another one holds, and which."""
    with ExitStack() as held:
        home = settings.home.resolve()
        held.enter_context(_held(home / "run" / "lock", f"WARMLINE_HOME: {home} is in use by another service"))
        url = sa.make_url(settings.url)
        if url.get_backend_name() == "sqlite" and url.database:
            file = Path(url.database).resolve()
            told = f"WARMLINE_DATABASE_URL: {file} is in use by another service; several can share a PostgreSQL, not an SQLite file"
            held.enter_context(_held(file.with_name(f"{file.name}.lock"), told))
        yield


@contextmanager
def _held(path: Path, told: str) -> Iterator[None]:
    """Lock this file; the process's number is in it, for whoever finds it locked."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(number, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"{told} (process {file.read().strip() or 'unknown'})") from error
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
