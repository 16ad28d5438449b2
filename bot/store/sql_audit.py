"""The audit's part of the durable store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.core.audit import Finding, Suspect
from bot.core.sent import Sent
from bot.store import audit_open, audit_sent, findings
from bot.store.auditing import AuditRun, Found, Look, Marks, RowCount, Stray
from bot.store.runner import Runner


class SqlAudit:
    """`bot.store.auditing.AuditStore` over SQL."""

    _write: Runner
    _read: Runner

    async def audit_begin(self, *, holder: str, now: datetime, until: datetime) -> AuditRun | None:
        """See `AuditStore.audit_begin`."""
        return await self._write.run(lambda conn: findings.audit_begin(conn, holder=holder, now=now, until=until))

    async def audit_end(self, run: AuditRun, *, holder: str) -> None:
        """See `AuditStore.audit_end`."""
        await self._write.run(lambda conn: findings.audit_end(conn, run, holder=holder))

    async def audit_run(self) -> AuditRun:
        """See `AuditStore.audit_run`."""
        return await self._read.run(findings.audit_run)

    async def audit_open(
        self, *, overdue_before: datetime, before: datetime, marks: Marks, limit: int, stretch: int
    ) -> Look[Suspect]:
        """See `AuditStore.audit_open`."""

        def job(conn: sa.Connection) -> Look[Suspect]:
            return audit_open.audit_open(
                conn, overdue_before=overdue_before, before=before, marks=marks, limit=limit, stretch=stretch
            )

        return await self._read.run(job)

    async def audit_sent(self, *, before: datetime, marks: Marks, limit: int) -> Look[Sent]:
        """See `AuditStore.audit_sent`."""
        return await self._read.run(lambda conn: audit_sent.audit_sent(conn, before=before, marks=marks, limit=limit))

    async def audit_strays(self, *, marks: Marks, limit: int) -> Look[Stray]:
        """See `AuditStore.audit_strays`."""
        return await self._read.run(lambda conn: audit_sent.audit_strays(conn, marks=marks, limit=limit))

    async def add_findings(self, found: Sequence[Finding], *, now: datetime) -> list[Finding]:
        """See `AuditStore.add_findings`."""
        return await self._write.run(lambda conn: findings.add_findings(conn, found, now=now)) if found else []

    async def end_findings(self, finding_ids: Sequence[int], *, outcome: str, now: datetime) -> None:
        """See `AuditStore.end_findings`."""
        await self._write.run(lambda conn: findings.end_findings(conn, finding_ids, outcome=outcome, now=now))

    async def findings(self, *, limit: int, lasting: bool = False) -> list[Found]:
        """See `AuditStore.findings`."""
        return await self._read.run(lambda conn: findings.kept_findings(conn, limit=limit, lasting=lasting))

    async def finding_counts(self) -> dict[str, RowCount]:
        """See `AuditStore.finding_counts`."""
        return await self._read.run(findings.finding_counts)
