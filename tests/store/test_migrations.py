"""Migrations keep what is stored, may be run by everybody at once, and let the version before go on."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from bot.core.model import ClockKind, Identity
from bot.store import SqlStore, open_store, schema
from bot.store.contract import SchemaTooNew, StoreError
from tests.postgres import Postgres
from tests.store.story import ANN, T0
from tests.store.test_sqlite_file import take

HEAD = next(iter(schema.known_revisions()))
LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None
oldest = "{oldest}"


def upgrade() -> None:
    op.add_column("clocks", sa.Column("colour", sa.Text(), nullable=True))
    op.create_table("colours", sa.Column("name", sa.Text(), primary_key=True))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Postgres | None:
    """Where PostgreSQL runs; None for SQLite."""
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
async def url(server: Postgres | None, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database."""
    if server is None:
        yield f"sqlite:///{tmp_path}/warmline.db"
        return
    async with server.database(migrated=False) as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    store = open_store(url)
    yield store
    await store.close()


def newer_scripts(folder: Path, *, oldest: str) -> Path:
    """The migrations of a later version, which adds a column and a table."""
    scripts = folder / "later"
    shutil.copytree(schema.MIGRATIONS, scripts)
    (scripts / "versions" / "9999_later.py").write_text(LATER.format(head=HEAD, oldest=oldest))
    return scripts


def migrate_to(conn: sa.Connection, revision: str) -> None:
    """Stop at a revision, as an older version would have."""
    config = schema.migration_config()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


async def test_rows_of_the_first_revision_are_all_there_at_the_newest(store: SqlStore) -> None:
    await store._write.run(lambda conn: migrate_to(conn, "0001"))
    before = await store._write.run(fill)
    await store.migrate()
    after = await store._write.run(lambda conn: {name: rows(conn, name, before[name][0].keys()) for name in before})
    assert after == before
    loaded = await store.load("c1")
    assert [clock.kind for clock in loaded.state.clocks] == [ClockKind.TURN]
    claim = {"worker": "w", "now": T0, "until": T0 + timedelta(seconds=10), "limit": 9}
    assert len(await store.claim_clocks(**claim)) == 1
    assert [out.message_id for out in await store.claim_outbox(**claim, channels=("widget",))] == [2]


def fill(conn: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """One row or more in every table of the first revision."""
    now = T0.isoformat() if conn.dialect.name == "sqlite" else T0
    shared = {"conversation_id": "c1"}
    message = {**shared, "at": now, "created_at": now, "text": "hey", "body": "{}", "due_at": now, "attempts": 0}
    written: dict[str, list[dict[str, Any]]] = {
        "prospects": [{"prospect_id": "p1", "created_at": now, "profile": "{}", "slots": {"a": 1}, "tags": ["lead"]}],
        "identities": [{"channel": "widget", "external_id": "ann", "prospect_id": "p1", "created_at": now}],
        "conversations": [
            {
                **shared, "prospect_id": "p1", "channel": "widget", "external_id": "ann", "created_at": now, "version": 3,
                "owner": "bot", "owner_version": 1, "last_seq": 1, "last_at": now, "enrolments": "[]", "doc": "{}",
            }
        ],
        "messages": [
            {**message, "message_id": 1, "seq": 1, "speaker": "prospect", "status": "heard", "external_id": "m1"},
            {**message, "message_id": 2, "speaker": "bot", "status": "queued", "key": "k2", "owner_version": 1},
        ],
        "clocks": [{**shared, "kind": "turn", "key": "", "due_at": now, "data": {}, "position": 1}],
        "tracker_events": [{**shared, "event_id": 1, "event": "{}"}],
        "journal": [{**shared, "journal_id": 1, "kind": "turn", "at": now, "data": {}}],
        "notes": [{**shared, "note_id": 1, "agent_id": "mia", "agent_name": "Mia", "text": "note", "at": now}],
        "agents": [
            {
                "agent_id": "mia", "email": "m@x.test", "email_folded": "m@x.test", "name": "Mia", "role": "agent",
                "password_hash": "h",
            }
        ],
        "settings": [{"name": "secret", "value": "s"}],
    }  # fmt: skip
    known = sa.MetaData()
    known.reflect(conn)
    for name, values in written.items():
        table = known.tables[name]
        for row in values:
            conn.execute(table.insert(), row)
    return {name: rows(conn, name, table.columns.keys()) for name, table in known.tables.items() if name in written}


def rows(conn: sa.Connection, name: str, columns: Any) -> list[dict[str, Any]]:
    """These columns of every row, but for what migrating itself notes down."""
    table = sa.Table(name, sa.MetaData(), autoload_with=conn)
    query = sa.select(*(table.c[column] for column in columns)).order_by(*table.primary_key.columns)
    return [dict(row._mapping) for row in conn.execute(query) if row._mapping.get("name") != schema.OLDEST]


async def test_everybody_migrates_an_empty_database_at_once(url: str) -> None:
    stores = [open_store(url) for _ in range(6)]
    await asyncio.gather(*(store.migrate() for store in stores))
    (taken,) = await take(stores[0], "m1")
    assert (await stores[5].load(taken.conversation_id)).version == 0
    assert await stores[3].setting(schema.OLDEST) == "0014"
    for store in stores:
        await store.close()


async def test_this_version_goes_on_and_starts_on_what_the_next_one_has_migrated(store: SqlStore, url: str, tmp_path: Path) -> None:
    await store.migrate()
    (taken,) = await take(store, "m1")
    scripts = newer_scripts(tmp_path, oldest=HEAD)
    await store._write.run(lambda conn: schema.upgrade(conn, scripts))
    await take(store, "m2")
    started = open_store(url)
    await started.migrate()
    await take(started, "m3", who=replace(ANN, external_id="ben"))
    assert len((await started.load(taken.conversation_id)).state.unheard) == 2
    claimed = await started.claim_clocks(worker="w", now=T0, until=T0 + timedelta(seconds=9), limit=9)
    assert claimed == []
    assert await started.find_conversation(Identity(channel="widget", external_id="ben")) is not None
    await started.close()


async def test_a_database_that_the_next_version_has_broken_with_is_refused(store: SqlStore, url: str, tmp_path: Path) -> None:
    await store.migrate()
    scripts = newer_scripts(tmp_path, oldest="9999")
    await store._write.run(lambda conn: schema.upgrade(conn, scripts))
    with pytest.raises(SchemaTooNew, match=r"revision 9999, which needs code of revision 9999 .* is at revision " + HEAD):
        await store.migrate()
    ran = await asyncio.to_thread(
        subprocess.run,
        [Path(sys.executable).with_name("warmline"), "migrate"],
        env={"WARMLINE_HOME": str(tmp_path), "WARMLINE_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "a newer Warmline has migrated the database to revision 9999" in ran.stderr


async def test_a_migration_must_say_which_code_still_works_on_it(store: SqlStore, tmp_path: Path) -> None:
    scripts = newer_scripts(tmp_path, oldest="0001")
    path = scripts / "versions" / "9999_later.py"
    path.write_text(path.read_text().replace("oldest =", "newest ="))
    with pytest.raises(StoreError, match="9999 does not say"):
        await store._write.run(lambda conn: schema.upgrade(conn, scripts))
