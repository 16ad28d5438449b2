"""Bring a database up to date with Alembic, from the migrations in this package.

Versions may run side by side for a while: a migration names, as `oldest`, the oldest revision whose code still works on what it
makes, and that is written into the database. So a service of the version before goes on, and starts, on a database that the next
one has migrated.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from bot.store import people
from bot.store.contract import SchemaTooNew, StoreError
from bot.store.postgres import lock_migrations

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST = "schema.oldest"
"""The setting that holds the oldest revision whose code may run on the database."""


def migration_config(scripts: Path = MIGRATIONS) -> Config:
    """Alembic's configuration, without an alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def upgrade(conn: sa.Connection, scripts: Path = MIGRATIONS) -> None:
    """Run what is missing inside the connection's transaction, which others wait for: all of it or nothing.

    Raises `SchemaTooNew` for a database that a newer version has migrated beyond what this one can work with.
    """
    if conn.dialect.name == "postgresql":
        lock_migrations(conn)
    config = migration_config(scripts)
    known = known_revisions(scripts)
    stored = MigrationContext.configure(conn).get_current_revision()
    if stored is not None and stored not in known:
        _must_still_work(conn, stored, known)
        return
    if stored == next(iter(known)):
        return
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
    people.put_setting(conn, OLDEST, _oldest(known), if_absent=False)


def known_revisions(scripts: Path = MIGRATIONS) -> dict[str, Script]:
    """Every revision of these migrations, newest first."""
    directory = ScriptDirectory.from_config(migration_config(scripts))
    return {script.revision: script for script in directory.walk_revisions()}


def _oldest(known: dict[str, Script]) -> str:
    """The newest of what the migrations name: code must keep up with each of them."""
    order = list(known)
    return min((_named(script) for script in known.values()), key=order.index)


def _named(script: Script) -> str:
    oldest = getattr(script.module, "oldest", None)
    if not isinstance(oldest, str):
        raise StoreError(f"migration {script.revision} does not say, as `oldest`, which code still works on it")
    return oldest


def _must_still_work(conn: sa.Connection, stored: str, known: dict[str, Script]) -> None:
    ours, oldest = next(iter(known)), people.setting(conn, OLDEST)
    if oldest not in known:
        raise SchemaTooNew(
            f"a newer Warmline has migrated the database to revision {stored}, which needs code of revision {oldest or 'unknown'} "
            f"or newer; this Warmline is at revision {ours}. Start the newer version, or restore the backup made before it ran"
        )
    log.info("schema.newer", stored=stored, ours=ours, oldest=oldest)
