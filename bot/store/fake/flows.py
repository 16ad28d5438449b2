"""Flows and their versions in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from bot.core.brake import Counted
from bot.core.model import FlowMode
from bot.store.braked import ARM_LET
from bot.store.contract import NotFound
from bot.store.fake.talks import Talks
from bot.store.flowbook import (
    FlowBook,
    FlowChange,
    FlowHead,
    FlowText,
    FlowVersion,
    Inside,
    drained,
    gone,
    now_entering,
    published_number,
    ruled,
)


class Flows(Talks):
    """Versions, heads and the log."""

    async def flow_book(self) -> FlowBook:
        """See `FlowStore.flow_book`."""
        return FlowBook(
            revision=self._flow_revision,
            heads=tuple(head for _, head in sorted(self._flow_heads.items())),
            stopped=tuple(arm for _, arm in sorted(self._stopped_arms.items())),
        )

    async def flow_versions(self, flow_id: str) -> list[FlowVersion]:
        """See `FlowStore.flow_versions`."""
        return list(self._flow_versions.get(flow_id, ()))

    async def flow_version(self, flow_id: str, number: int) -> FlowVersion:
        """See `FlowStore.flow_version`. Raises `NotFound`."""
        return self._version_of(flow_id, number)

    async def publish_flows(
        self, texts: Sequence[FlowText], *, by: str, now: datetime, reason: str = "", whole: bool = False
    ) -> list[FlowVersion]:
        """See `FlowStore.publish_flows`."""
        before = len(self._flow_log), dict(self._flow_heads)
        published = [self._publish(text, by=by, now=now, reason=reason, whole=whole) for text in texts]
        for head in list(self._flow_heads.values()) if whole else ():
            if head.flow_id not in {text.flow_id for text in texts} and head.mode is not FlowMode.STOPPED and not gone(head):
                self._put_head(drained(head, now), FlowMode.DRAINING.value, by=by, now=now, reason=reason)
        self._flow_revision += before != (len(self._flow_log), self._flow_heads)
        return published

    def _publish(self, text: FlowText, *, by: str, now: datetime, reason: str, whole: bool) -> FlowVersion:
        head = self._flow_heads.get(text.flow_id)
        if head is not None and whole and gone(head):
            head = ruled(head, FlowMode.LIVE, by=by, now=now, reason="")
            self._put_head(head, FlowMode.LIVE.value, by=by, now=now, reason=reason)
        if head is not None and whole and head.seen == text.digest:
            return self._version_of(head.flow_id, head.number)
        kept = self._flow_versions.setdefault(text.flow_id, [])
        found = next((one for one in kept if one.digest == text.digest), None)
        if found is None:
            number = published_number(kept[-1].number if kept else None, text.at_least)
            found = FlowVersion(
                flow_id=text.flow_id, number=number, text=text.text, digest=text.digest, published_at=now, published_by=by,
                blocks=dict(text.blocks),
            )  # fmt: skip
            kept.append(found)
        if head is None:
            head = FlowHead(
                flow_id=text.flow_id, number=found.number, mode=FlowMode.LIVE, reason="", changed_by=by, changed_at=now,
                seen=text.digest,
            )  # fmt: skip
            self._put_head(head, "published", by=by, now=now, reason=reason)
        elif (head.number, head.seen) != (found.number, text.digest):
            what = "published" if head.number != found.number else ""
            self._put_head(now_entering(head, found.number, seen=text.digest), what, by=by, now=now, reason=reason)
        return found

    async def roll_back_flow(self, flow_id: str, number: int, *, by: str, now: datetime, reason: str = "") -> FlowVersion:
        """See `FlowStore.roll_back_flow`. Raises `NotFound`."""
        head, wanted = self._head_of(flow_id), self._version_of(flow_id, number)
        if head.number != number:
            self._put_head(now_entering(head, number, seen=head.seen), "rolled_back", by=by, now=now, reason=reason)
            self._flow_revision += 1
        return wanted

    async def rule_flow(self, flow_id: str, mode: FlowMode, *, by: str, now: datetime, reason: str = "") -> FlowHead:
        """See `FlowStore.rule_flow`. Raises `NotFound`."""
        head = ruled(self._head_of(flow_id), mode, by=by, now=now, reason=reason)
        self._put_head(head, mode.value, by=by, now=now, reason=reason)
        self._flow_revision += 1
        return head

    async def flow_log(self, flow_id: str | None = None, *, limit: int = 200) -> list[FlowChange]:
        """See `FlowStore.flow_log`."""
        return [line for line in reversed(self._flow_log) if flow_id in (None, line.flow_id)][:limit]

    async def let_arm(self, flow_id: str, experiment: str, arm: str, *, by: str, now: datetime, reason: str = "") -> bool:
        """See `FlowStore.let_arm`."""
        if self._stopped_arms.pop((flow_id, experiment, arm), None) is None:
            return False
        self._arms_harmed[flow_id, experiment].clear()
        self._arm_line(flow_id, ARM_LET, by=by, now=now, reason=f"{experiment}: {arm}. {reason}".strip())
        return True

    async def flow_counts(self, flow_id: str, *, since: date) -> list[Counted]:
        """See `FlowStore.flow_counts`."""
        return self._flow_counts.of(flow_id, since=since)

    async def inside(self) -> list[Inside]:
        """See `FlowStore.inside`."""
        live = (e for talk in self._talks.values() for e in talk.state.live_enrolments)
        counted = Counter((e.flow_id, e.flow_version, e.step_id) for e in live)
        return [
            Inside(flow_id=flow_id, version=version, step_id=step_id, people=people)
            for (flow_id, version, step_id), people in sorted(counted.items())
        ]

    def _head_of(self, flow_id: str) -> FlowHead:
        if flow_id not in self._flow_heads:
            raise NotFound("flow", flow_id)
        return self._flow_heads[flow_id]

    def _version_of(self, flow_id: str, number: int) -> FlowVersion:
        found = next((one for one in self._flow_versions.get(flow_id, ()) if one.number == number), None)
        if found is None:
            raise NotFound("version of this flow", f"{flow_id} {number}")
        return found

    def _put_head(self, head: FlowHead, what: str, *, by: str, now: datetime, reason: str) -> None:
        self._flow_heads[head.flow_id] = head
        if what:
            line = FlowChange(
                log_id=len(self._flow_log) + 1, flow_id=head.flow_id, at=now, by=by, what=what, number=head.number, reason=reason
            )
            self._flow_log.append(line)
