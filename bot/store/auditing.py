"""The part of the store's contract that the audit uses: facts to judge, and what was found.

Every look is bounded and goes over an index of what is open, or of what is new since a mark. None grows with the conversations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.core.audit import Finding, Suspect
from bot.core.sent import Sent

MARK_STRAYS = ("messages", "notes", "tracker_events", "journal")
"""Tables whose rows must belong to a conversation; each has a mark of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How far the audit has looked.

    `sent_at` and `sent_id` name the last message judged, `closed_at` and `closed_id` the last end of an episode; live enrolments
    are walked round and round, `enrolled` is the conversation the walk has come to; `rows` is the last row seen of each table in
    `MARK_STRAYS`.
    """

    sent_at: datetime | None = None
    sent_id: int = 0
    closed_at: datetime | None = None
    closed_id: int = 0
    enrolled: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """The latest run of the audit, whichever process made it. `behind` says that there was more to look at than one run may."""

    ran_at: datetime | None = None
    took_s: float = 0.0
    runs: int = 0
    behind: bool = False
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A row that belongs to no conversation."""

    table: str
    row_id: int
    conversation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look[T]:
    """What a look gives: the records, the marks after it, and whether there is more to look at already."""

    found: tuple[T, ...]
    marks: Marks
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding as it is kept. `outcome` is `repaired`, `over` (it went by itself) or None; a past one has none ever."""

    finding_id: int
    finding: Finding
    first_seen_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """How many findings of a row there ever were, how many still hold, and when the latest was first seen."""

    total: int = 0
    open: int = 0
    last_at: datetime | None = None


class AuditStore(Protocol):
    """What the audit asks of a store."""

    async def audit_begin(self, *, holder: str, now: datetime, until: datetime) -> AuditRun | None:
        """Take the audit for this process until then. None while another holds it. Holding it already is taking it again."""

    async def audit_end(self, run: AuditRun, *, holder: str) -> None:
        """Keep what a run leaves behind and let others take the audit. Nothing happens if another took it meanwhile."""

    async def audit_run(self) -> AuditRun:
        """The latest run."""

    async def audit_open(
        self, *, overdue_before: datetime, before: datetime, marks: Marks, limit: int, stretch: int
    ) -> Look[Suspect]:
        """Conversations that may lack something, each as one consistent moment had it: messages unheard, promises, episodes and
        owners without what must move them, clocks due before `overdue_before`, episodes ended since the mark and before `before`,
        and those of the next `stretch` live enrolments that no clock moves. Healthy ones may be among them; one that lacks
        something is left out only if more than `limit` do."""

    async def audit_sent(self, *, before: datetime, marks: Marks, limit: int) -> Look[Sent]:
        """The next messages that left after the mark and before `before`, oldest first, with the facts to judge them."""

    async def audit_strays(self, *, marks: Marks, limit: int) -> Look[Stray]:
        """Among the next `limit` rows of each table, those without a conversation."""

    async def add_findings(self, findings: Sequence[Finding], *, now: datetime) -> list[Finding]:
        """Keep them. One that is kept already and has not ended is only seen again. Gives back those that are new."""

    async def end_findings(self, finding_ids: Sequence[int], *, outcome: str, now: datetime) -> None:
        """These are `repaired` or `over`."""

    async def findings(self, *, limit: int, lasting: bool = False) -> list[Found]:
        """The latest first seen, first. With `lasting` only those that still hold, oldest first."""

    async def finding_counts(self) -> dict[str, RowCount]:
        """By row of the table; rows without any finding are left out."""


def marks_json(marks: Marks) -> dict[str, Any]:
    """Marks as JSON data."""
    return {
        "sent_at": marks.sent_at and marks.sent_at.isoformat(),
        "sent_id": marks.sent_id,
        "closed_at": marks.closed_at and marks.closed_at.isoformat(),
        "closed_id": marks.closed_id,
        "enrolled": marks.enrolled,
        "rows": dict(marks.rows),
    }


def marks_of(data: Mapping[str, Any]) -> Marks:
    """Marks from JSON data; what is missing begins at the beginning."""
    return Marks(
        sent_at=_moment(data.get("sent_at")),
        sent_id=int(data.get("sent_id", 0)),
        closed_at=_moment(data.get("closed_at")),
        closed_id=int(data.get("closed_id", 0)),
        enrolled=str(data.get("enrolled", "")),
        rows=dict(data.get("rows", {})),
    )


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
