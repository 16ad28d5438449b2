"""What the audit found, for admins: each row of what may never happen, how it stands, and the latest findings."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.core.audit import CHECKS, ROWS
from bot.store.auditing import Found, RowCount
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp, stamp_or_none

LIST = 100


class Audit:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def audit(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET audit: the latest findings first; those that still hold are always among them."""
        run, counts, latest, holding = await asyncio.gather(
            self._store.audit_run(),
            self._store.finding_counts(),
            self._store.findings(limit=LIST),
            self._store.findings(limit=LIST, lasting=True),
        )
        shown = {found.finding_id: found for found in (*holding, *latest)}
        newest_first = sorted(shown.values(), key=lambda one: (one.first_seen_at, one.finding_id), reverse=True)
        return answer(
            {
                "ran_at": stamp_or_none(run.ran_at),
                "every_s": self._parts.audit_every_s,
                "took_ms": round(run.took_s * 1000, 1),
                "runs": run.runs,
                "behind": run.behind,
                "rows": [_row_shape(row, counts.get(row, RowCount())) for row in ROWS],
                "findings": [_finding_shape(found) for found in newest_first],
                "total": sum(count.total for count in counts.values()),
                "now": stamp(self._parts.now()),
            }
        )


def _row_shape(row: str, count: RowCount) -> Shape:
    last_at = stamp_or_none(count.last_at)
    return {"row": row, "sentence": ROWS[row], "open": count.open, "total": count.total, "last_at": last_at}


def _finding_shape(found: Found) -> Shape:
    finding = found.finding
    return {
        "id": str(found.finding_id),
        "row": finding.row,
        "code": finding.code,
        "sentence": CHECKS[finding.code].sentence,
        "conversation_id": finding.conversation_id or None,
        "about": finding.key or None,
        "at": stamp(finding.at),
        "first_seen_at": stamp(found.first_seen_at),
        "last_seen_at": stamp(found.last_seen_at),
        "state": found.outcome or ("open" if finding.lasting else "past"),
        "ended_at": stamp_or_none(found.ended_at),
    }
