"""Every look of the audit goes over an index, so that it costs the same with a million conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.ext.compiler

from bot.store import SqlStore, audit_open, audit_sent, findings, open_store
from tests.store.story import T0

KNOWN: dict[str, Any] = {
    "limit": 100, "overdue_before": T0, "after": T0, "after_id": 7, "before": T0, "until": T0, "id": "c", "ids": ["c"],
    "seq": 9, "enrolment": "n", "stretch": 99, "to": "z",
}  # fmt: skip
BY_NAME = {"_STRETCH_END": {"after": "c"}, "_ENROLLED": {"after": "c"}, "_ENROLLED_TO": {"after": "c"}}


def looks() -> Iterator[tuple[str, sa.Select[Any]]]:
    for module in (audit_open, audit_sent):
        for name, value in vars(module).items():
            if isinstance(value, sa.Select):
                yield name, value
    yield "_LASTING", findings._LASTING
    yield "_LATEST", findings._LATEST


LOOKS = list(looks())


def explained(conn: sa.Connection, name: str, statement: sa.Select[Any], prefix: str) -> list[str]:
    wanted = {**KNOWN, **BY_NAME.get(name, {})}
    given = {name: wanted[name] for name in statement.compile(dialect=conn.dialect).params if name in wanted}
    # The plan's own columns, not read as those of the statement.
    return [" ".join(map(str, row)) for row in conn.execute(Prefixed(prefix, statement), given).cursor.fetchall()]


class Prefixed(sa.sql.expression.Executable, sa.sql.expression.ClauseElement):
    """EXPLAIN and a statement, with its parameters."""

    inherit_cache = False

    def __init__(self, prefix: str, statement: sa.Select[Any]) -> None:
        self.prefix, self.statement = prefix, statement


@sa.ext.compiler.compiles(Prefixed)  # type: ignore[no-untyped-call, untyped-decorator]
def _prefixed(element: Prefixed, compiler: Any, **kw: Any) -> str:
    return f"{element.prefix} {compiler.process(element.statement, **kw)}"


def test_there_are_looks_to_explain() -> None:
    assert {"_UNHEARD", "_PROMISED", "_EPISODES", "_LATE", "_ENDED", "_ENROLLED_TO", "_LEFT", "_TURNS"} <= {
        name for name, _ in LOOKS
    }


@pytest.mark.parametrize(("name", "statement"), LOOKS, ids=[name for name, _ in LOOKS])
async def test_on_sqlite(tmp_path: Path, name: str, statement: sa.Select[Any]) -> None:
    store = open_store(f"sqlite:///{tmp_path}/w.db")
    await store.migrate()
    plan = await store._read.run(lambda conn: explained(conn, name, statement, "EXPLAIN QUERY PLAN"))
    await store.close()
    whole = [line for line in plan if re.search(r"\bSCAN\b", line) and "USING" not in line and "CONSTANT" not in line]
    assert whole == [], plan


@pytest.mark.parametrize(("name", "statement"), LOOKS, ids=[name for name, _ in LOOKS])
async def test_on_postgres(pg: SqlStore, name: str, statement: sa.Select[Any]) -> None:
    def job(conn: sa.Connection) -> list[str]:
        # An empty table is always read whole; asked not to, PostgreSQL shows whether an index serves.
        conn.execute(sa.text("SET LOCAL enable_seqscan = off"))
        return explained(conn, name, statement, "EXPLAIN")

    plan = await pg._read.run(job)
    assert not [line for line in plan if "Seq Scan" in line], plan


@pytest.fixture
async def pg(postgres_url: str) -> Any:
    store = open_store(postgres_url)
    yield store
    await store.close()
