"""What the audit found, and whose turn it is to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.core.audit import Finding
from bot.store.auditing import AuditRun, Found, RowCount, marks_json, marks_of
from bot.store.jsontext import Record
from bot.store.tables import LASTS, audits, findings
from bot.store.upsert import Upsert

NAME = "audit"

_BEGIN = Upsert(audits, ("name",))
_TAKE = (
    sa.update(audits)
    .where(
        audits.c.name == NAME,
        sa.or_(audits.c.holder.is_(None), audits.c.holder == sa.bindparam("by"), audits.c.until < sa.bindparam("now")),
    )
    .values(holder=sa.bindparam("by"), until=sa.bindparam("held_until"))
)
_END = sa.update(audits).where(audits.c.name == NAME, audits.c.holder == sa.bindparam("by"))
_RUN = sa.select(audits).where(audits.c.name == NAME)
_SEEN = (
    sa.update(findings)
    .where(
        findings.c.code == sa.bindparam("of_code"),
        findings.c.conversation_id == sa.bindparam("of"),
        findings.c.key == sa.bindparam("of_key"),
        sa.text("ended_at IS NULL"),
    )
    .values(last_seen_at=sa.bindparam("now"))
)
# Two services may find the same at the same moment: one of them tells.
_ADD: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(findings).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(findings).on_conflict_do_nothing(),
}
_ENDED = (
    sa.update(findings)
    .where(findings.c.finding_id == sa.bindparam("id"), findings.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("now"), outcome=sa.bindparam("how"))
)
_LATEST = sa.select(findings).order_by(findings.c.first_seen_at.desc(), findings.c.finding_id.desc()).limit(sa.bindparam("limit"))
_LASTING = sa.select(findings).where(sa.text(LASTS)).order_by(findings.c.finding_id).limit(sa.bindparam("limit"))
_COUNTS = sa.select(
    findings.c.row,
    sa.func.count().label("total"),
    sa.func.sum(sa.case((sa.text(LASTS), 1), else_=0)).label("open"),
    sa.func.max(findings.c.first_seen_at, type_=findings.c.first_seen_at.type).label("last_at"),
).group_by(findings.c.row)


def audit_begin(conn: sa.Connection, *, holder: str, now: datetime, until: datetime) -> AuditRun | None:
    """See `AuditStore.audit_begin`."""
    conn.execute(_BEGIN.on(conn), {"name": NAME, "took_s": 0.0, "runs": 0, "behind": False, "marks": {}})
    if conn.execute(_TAKE, {"by": holder, "now": now, "held_until": until}).rowcount != 1:
        return None
    return audit_run(conn)


def audit_end(conn: sa.Connection, run: AuditRun, *, holder: str) -> None:
    """See `AuditStore.audit_end`."""
    conn.execute(
        _END,
        {
            "by": holder,
            "holder": None,
            "until": None,
            "ran_at": run.ran_at,
            "took_s": run.took_s,
            "runs": run.runs,
            "behind": run.behind,
            "marks": marks_json(run.marks),
        },
    )


def audit_run(conn: sa.Connection) -> AuditRun:
    """See `AuditStore.audit_run`."""
    row = conn.execute(_RUN).first()
    if row is None:
        return AuditRun()
    return AuditRun(ran_at=row.ran_at, took_s=row.took_s, runs=row.runs, behind=row.behind, marks=marks_of(row.marks))


def add_findings(conn: sa.Connection, found: Sequence[Finding], *, now: datetime) -> list[Finding]:
    """See `AuditStore.add_findings`."""
    return [finding for finding in found if _is_new(conn, finding, now)]


def _is_new(conn: sa.Connection, finding: Finding, now: datetime) -> bool:
    known = {"of_code": finding.code, "of": finding.conversation_id, "of_key": finding.key, "now": now}
    if conn.execute(_SEEN, known).rowcount:
        return False
    return conn.execute(_ADD[conn.dialect.name], _values(finding, now)).rowcount > 0


def _values(finding: Finding, now: datetime) -> dict[str, Any]:
    return {
        "row": finding.row,
        "code": finding.code,
        "conversation_id": finding.conversation_id,
        "key": finding.key,
        "lasting": finding.lasting,
        "at": finding.at,
        "first_seen_at": now,
        "last_seen_at": now,
    }


def end_findings(conn: sa.Connection, finding_ids: Sequence[int], *, outcome: str, now: datetime) -> None:
    """See `AuditStore.end_findings`."""
    if finding_ids:
        conn.execute(_ENDED, [{"id": finding_id, "how": outcome, "now": now} for finding_id in finding_ids])


def kept_findings(conn: sa.Connection, *, limit: int, lasting: bool) -> list[Found]:
    """See `AuditStore.findings`."""
    return [_found(row) for row in conn.execute(_LASTING if lasting else _LATEST, {"limit": limit})]


def _found(row: Record) -> Found:
    finding = Finding(code=row.code, at=row.at, conversation_id=row.conversation_id, key=row.key)
    return Found(
        finding_id=row.finding_id,
        finding=finding,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )


def finding_counts(conn: sa.Connection) -> dict[str, RowCount]:
    """See `AuditStore.finding_counts`."""
    return {row.row: RowCount(total=row.total, open=int(row.open), last_at=row.last_at) for row in conn.execute(_COUNTS)}
