"""Every look of the audit goes over an index, so that it costs the same with a million conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.ext.compiler

from bot.store import audit_open, audit_sent, findings, open_store
from tests.migrated import migrated_at
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


def whole(plan: list[str]) -> bool:
    """Whether it reads a whole table."""
    return any(re.search(r"\bSCAN\b", line) and "USING" not in line and "CONSTANT" not in line for line in plan)


async def test_on_sqlite(tmp_path: Path) -> None:
    store = open_store(migrated_at(tmp_path / "w.db"))

    def job(conn: sa.Connection) -> dict[str, list[str]]:
        return {name: explained(conn, name, statement, "EXPLAIN QUERY PLAN") for name, statement in LOOKS}

    plans = await store._read.run(job)
    await store.close()
    assert {name: plan for name, plan in plans.items() if whole(plan)} == {}


async def test_on_postgres(postgres_url: str) -> None:
    store = open_store(postgres_url)

    def job(conn: sa.Connection) -> dict[str, list[str]]:
        # An empty table is always read whole; asked not to, PostgreSQL shows whether an index serves.
        conn.execute(sa.text("SET LOCAL enable_seqscan = off"))
        return {name: explained(conn, name, statement, "EXPLAIN") for name, statement in LOOKS}

    plans = await store._read.run(job)
    await store.close()
    assert {name: plan for name, plan in plans.items() if any("Seq Scan" in line for line in plan)} == {}
