"""The audit's part of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from bot.core.audit import Finding, Suspect, findings_of
from bot.core.model import Delivery, Speaker
from bot.core.sent import TURNS_OF_TALK, FlowSaid, Sent, Turn
from bot.store.auditing import AuditRun, Found, Look, Marks, RowCount, Stray
from bot.store.fake.records import Line, Talk
from bot.store.fake.talks import Talks
from bot.store.rules import latest

BEGINNING = datetime.min.replace(tzinfo=UTC)


class Audits(Talks):
    """Facts to judge, what was found, and whose turn it is to look."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__(mint)
        self._audit_run = AuditRun()
        self._auditing: tuple[str, datetime] | None = None
        self._finding_ids = count(1)
        self._findings: dict[int, Found] = {}

    async def audit_begin(self, *, holder: str, now: datetime, until: datetime) -> AuditRun | None:
        """See `AuditStore.audit_begin`."""
        if self._auditing is not None and self._auditing[0] != holder and self._auditing[1] >= now:
            return None
        self._auditing = (holder, until)
        return self._audit_run

    async def audit_end(self, run: AuditRun, *, holder: str) -> None:
        """See `AuditStore.audit_end`."""
        if self._auditing is not None and self._auditing[0] == holder:
            self._auditing, self._audit_run = None, run

    async def audit_run(self) -> AuditRun:
        """See `AuditStore.audit_run`."""
        return self._audit_run

    async def audit_open(
        self, *, overdue_before: datetime, before: datetime, marks: Marks, limit: int, stretch: int
    ) -> Look[Suspect]:
        """See `AuditStore.audit_open`."""
        all_of_them = (
            Suspect(state=talk.seen(), open_episodes=sum(e.status != "closed" for e in talk.episodes.values()))
            for talk in self._talks.values()
        )
        wrong = [one for one in all_of_them if findings_of(one, now=before, overdue_before=overdue_before)]
        return Look(found=tuple(wrong[:limit]), marks=marks)

    async def audit_sent(self, *, before: datetime, marks: Marks, limit: int) -> Look[Sent]:
        """See `AuditStore.audit_sent`."""
        after = (marks.sent_at or BEGINNING, marks.sent_id)
        left = (
            (line.at, line.message_id, line)
            for line in self._lines.values()
            if line.delivery is Delivery.SENT and after[0] <= line.at < before
        )
        chosen = sorted((entry for entry in left if entry[:2] > after), key=lambda entry: entry[:2])[:limit]
        if chosen:
            marks = replace(marks, sent_at=chosen[-1][0], sent_id=chosen[-1][1])
        return Look(found=tuple(self._judgeable(line) for _, _, line in chosen), marks=marks, more=len(chosen) == limit)

    def _judgeable(self, line: Line) -> Sent:
        talk, say, left_at = self._talks[line.conversation_id], line.said(), _left_at(line)
        before = sorted((other.seq, other) for other in talk.lines if other.seq is not None and other.seq < (line.seq or 0))
        said = [other for _, other in before if other.say is not None]
        heard = [other.at for _, other in before if other.arrival is not None]
        known = talk.last_inbound_at if talk.last_inbound_at is not None and talk.last_inbound_at <= left_at else None
        held = (e for e in talk.state.enrolments if e.enrolment_id == say.enrolment_id)
        return Sent(
            message_id=line.message_id,
            conversation_id=line.conversation_id,
            channel=talk.state.identity.channel,
            speaker=say.speaker,
            decided_at=line.created_at,
            left_at=left_at,
            due_at=line.due_at if line.attempts == 0 else None,
            wording=say.wording or "",
            enrolment_id=say.enrolment_id,
            flow_version=next((e.flow_version for e in held), None),
            prompted=say.prompted,
            sent_as=line.sent_as,
            earlier_id=said[-1].message_id if said else None,
            earlier_left_at=_left_at(said[-1]) if said else None,
            earlier_wording=(said[-1].said().wording or "") if said else "",
            twin_id=next((o.message_id for o in said if line.external_id and o.external_id == line.external_id), None),
            last_inbound_at=latest(*heard, known),
            turns=_turns(talk),
            flow_before=tuple(_flow_said(other) for other in said if _by_flow_itself(other)),
            zone=talk.state.profile.zone,
        )

    async def audit_strays(self, *, marks: Marks, limit: int) -> Look[Stray]:
        """See `AuditStore.audit_strays`. In memory a row hangs on its conversation."""
        return Look(found=(), marks=marks)

    async def add_findings(self, found: Sequence[Finding], *, now: datetime) -> list[Finding]:
        """See `AuditStore.add_findings`."""
        return [finding for finding in found if self._is_new(finding, now)]

    def _is_new(self, finding: Finding, now: datetime) -> bool:
        for kept in self._findings.values():
            same = (kept.finding.code, kept.finding.conversation_id, kept.finding.key) == (
                finding.code, finding.conversation_id, finding.key,
            )  # fmt: skip
            if same and kept.ended_at is None:
                self._findings[kept.finding_id] = replace(kept, last_seen_at=now)
                return False
        finding_id = next(self._finding_ids)
        self._findings[finding_id] = Found(finding_id=finding_id, finding=finding, first_seen_at=now, last_seen_at=now)
        return True

    async def end_findings(self, finding_ids: Sequence[int], *, outcome: str, now: datetime) -> None:
        """See `AuditStore.end_findings`."""
        for finding_id in finding_ids:
            kept = self._findings.get(finding_id)
            if kept is not None and kept.ended_at is None:
                self._findings[finding_id] = replace(kept, ended_at=now, outcome=outcome)

    async def findings(self, *, limit: int, lasting: bool = False) -> list[Found]:
        """See `AuditStore.findings`."""
        if lasting:
            return [f for f in self._findings.values() if _holds(f)][:limit]
        return sorted(self._findings.values(), key=lambda f: (f.first_seen_at, f.finding_id), reverse=True)[:limit]

    async def finding_counts(self) -> dict[str, RowCount]:
        """See `AuditStore.finding_counts`."""
        counts: dict[str, RowCount] = {}
        for kept in self._findings.values():
            so_far = counts.get(kept.finding.row, RowCount())
            counts[kept.finding.row] = RowCount(
                total=so_far.total + 1, open=so_far.open + _holds(kept), last_at=latest(so_far.last_at, kept.first_seen_at)
            )
        return counts


def _holds(kept: Found) -> bool:
    return kept.finding.lasting and kept.ended_at is None


def _left_at(line: Line) -> datetime:
    return line.sending_at or line.at


def _turns(talk: Talk) -> tuple[Turn, ...]:
    entries = (line.entry for line in talk.journal)
    return tuple(Turn(kind=entry.kind, at=entry.at) for entry in entries if entry.kind in TURNS_OF_TALK)


def _by_flow_itself(line: Line) -> bool:
    return line.say is not None and line.say.speaker is Speaker.FLOW and line.say.prompted is False


def _flow_said(line: Line) -> FlowSaid:
    say = line.said()
    return FlowSaid(decided_at=line.created_at, enrolment_id=say.enrolment_id, wording=say.wording or "")
