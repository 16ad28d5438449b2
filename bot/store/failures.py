"""What drivers raise, in the store's own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from bot.store.contract import AlreadyExists, StoreError, StoreUnavailable

UNIQUE_VIOLATION = "23505"
AWAY = ("08", "25006", "40", "53", "55P03", "57", "58")
"""SQLSTATE codes and classes that say "not now": connection lost, read only, deadlock or rollback, out of resources (disk
full), lock not available, shut down, system error. See PostgreSQL 17's manual, appendix A."""


REASONS = {"25006": "read_only", "53100": "full"}
SQLITE_REASONS = {sqlite3.SQLITE_READONLY: "read_only", sqlite3.SQLITE_FULL: "full", sqlite3.SQLITE_BUSY: "busy"}

CONFLICTS = ("40001", "40P01")
"""Serialisation failure and deadlock: PostgreSQL has rolled the transaction back and it may simply be run again."""


class Conflict(StoreUnavailable):
    """The database chose this transaction to give way to another; nothing was changed."""


class Lost(StoreUnavailable):
    """The connection broke before the transaction was to be committed; nothing was changed."""


class Clash(AlreadyExists):
    """A unique value was taken between looking and writing; running the transaction again sees who took it."""


@contextmanager
def translated() -> Iterator[None]:
    """Errors of SQLAlchemy and its drivers come out as `StoreError`, with the driver's as their cause."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _translation(error) from error
    except sa.exc.StatementError as error:
        # Also what a driver raises on its own, such as a time-out in the middle of a statement.
        if isinstance(error.orig, OSError):
            raise StoreUnavailable(f"the database cannot be reached: {error.orig}") from error
        raise StoreError(f"a value cannot be stored: {error.orig or error}") from error
    except sqlite3.Error as error:
        # Raised bare while a new connection is set up.
        raise _sqlite_translation(error) from error
    except (OSError, sa.exc.TimeoutError) as error:
        raise StoreUnavailable(f"the database cannot be reached: {error or type(error).__name__}") from error
    except Exception as error:
        # asyncpg's own, raised bare while it connects: the server starts up, stops, or has too many connections.
        if not getattr(error, "sqlstate", None) and type(error).__module__.partition(".")[0] != "asyncpg":
            raise
        raise StoreUnavailable(f"the database cannot be reached: {str(error).partition('\n')[0]}") from error


def _translation(error: sa.exc.DBAPIError) -> StoreError:
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_translation(error.orig)
    # Drivers add the values in question on further lines: those are people's, and stay out of messages.
    said = str(error.orig).partition("\n")[0]
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == UNIQUE_VIOLATION:
        return Clash(f"a unique value is taken: {said}")
    if state in CONFLICTS:
        return Conflict(f"another transaction went first: {said}")
    away = isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or error.connection_invalidated
    if away or state.startswith(AWAY):
        return StoreUnavailable(f"the database cannot be used now: {said}", reason=REASONS.get(state, "away"))
    return StoreError(f"the database refused a statement (is it migrated?): {said}")


def _sqlite_translation(error: sqlite3.Error) -> StoreError:
    if isinstance(error, sqlite3.IntegrityError):
        unique = "UNIQUE" in str(error)
        return Clash(f"a unique value is taken: {error}") if unique else StoreError(f"the data breaks a rule: {error}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # The low byte is the primary code; SQLITE_ERROR is a statement that does not fit the schema.
    if isinstance(error, sqlite3.OperationalError) and code & 0xFF != sqlite3.SQLITE_ERROR:
        return StoreUnavailable(f"the database cannot be used now: {error}", reason=SQLITE_REASONS.get(code & 0xFF, "away"))
    return StoreError(f"the database refused a statement (is it migrated?): {error}")
