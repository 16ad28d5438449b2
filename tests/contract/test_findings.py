"""Every store keeps what the audit found, and lets one process look at a time."""

from __future__ import annotations

from dataclasses import replace

from bot.core.audit import Finding
from bot.store.auditing import AuditRun, Marks, RowCount
from bot.store.contract import Store
from tests.contract.acts import T0, at


class TestFindings:
    """Findings, and who looks."""

    async def test_a_finding_is_kept_once_until_it_ends(self, store: Store) -> None:
        lost = Finding(code="unheard_no_turn", at=T0, conversation_id="c1")
        double = Finding(code="sent_twice", at=T0, conversation_id="c1", key="7")
        assert await store.add_findings([lost, double, lost], now=at(1)) == [lost, double]
        assert await store.add_findings([lost, replace(double, key="8")], now=at(2)) == [replace(double, key="8")]
        [kept] = await store.findings(limit=9, lasting=True)
        assert (kept.finding, kept.first_seen_at, kept.last_seen_at, kept.outcome) == (lost, at(1), at(2), None)
        assert await store.finding_counts() == {
            "I1": RowCount(total=1, open=1, last_at=at(1)),
            "I4": RowCount(total=2, last_at=at(2)),
        }
        await store.end_findings([kept.finding_id], outcome="repaired", now=at(3))
        await store.end_findings([kept.finding_id], outcome="over", now=at(4))
        assert await store.findings(limit=9, lasting=True) == []
        assert await store.add_findings([lost], now=at(5)) == [lost]
        assert [(f.finding.code, f.finding.key) for f in await store.findings(limit=2)] == [
            ("unheard_no_turn", ""),
            ("sent_twice", "8"),
        ]
        [ended] = [f for f in await store.findings(limit=9) if f.ended_at]
        assert (ended.ended_at, ended.outcome) == (at(3), "repaired")
        assert (await store.finding_counts())["I1"] == RowCount(total=2, open=1, last_at=at(5))

    async def test_one_process_audits_at_a_time(self, store: Store) -> None:
        assert await store.audit_run() == AuditRun()
        first = await store.audit_begin(holder="a", now=at(0), until=at(60))
        assert first == AuditRun()
        assert await store.audit_begin(holder="b", now=at(30), until=at(90)) is None
        assert await store.audit_begin(holder="a", now=at(30), until=at(90)) is not None
        marks = Marks(sent_at=at(3), sent_id=4, closed_at=at(5), closed_id=6, enrolled="c7", rows={"notes": 8})
        run = AuditRun(ran_at=at(31), took_s=0.5, runs=1, behind=True, marks=marks)
        await store.audit_end(run, holder="a")
        assert await store.audit_run() == run
        assert await store.audit_begin(holder="b", now=at(32), until=at(60)) == run
        assert await store.audit_begin(holder="c", now=at(61), until=at(90)) == run
        await store.audit_end(AuditRun(ran_at=at(99)), holder="b")
        assert await store.audit_run() == run
