"""Bring a database up to date with Alembic, from the migrations in this package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from bot.store.postgres import lock_migrations

MIGRATIONS = Path(__file__).parent / "migrations"


def migration_config() -> Config:
    """Alembic's configuration, without an alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(conn: sa.Connection) -> None:
    """Run what is missing inside the connection's transaction, which others wait for: all of it or nothing."""
    if conn.dialect.name == "postgresql":
        lock_migrations(conn)
    config = migration_config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
