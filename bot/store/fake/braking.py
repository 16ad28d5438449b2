"""Counting what flows did, and braking those that harm, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.core import brake, guard
from bot.core.events import JournalEntry, Notice
from bot.core.model import FlowMode
from bot.store.braked import ARM_STOPPED, BRAKE, Braked, arm_noticed, first_day, may_brake, noticed
from bot.store.fake.memory import Memory
from bot.store.flowbook import FlowChange, StoppedArm, ruled


class Braking(Memory):
    """Flows and arms of experiments that a commit pauses. See `bot.store.braked`."""

    def _count_and_brake(self, conversation_id: str, journal: Sequence[JournalEntry], now: datetime) -> tuple[Braked, ...]:
        self._flow_counts.add(journal)
        braked = []
        for flow_id, limit in brake.harmed_in(journal).items():
            head = self._flow_heads.get(flow_id)
            pulled = brake.pull(self._flow_counts.of(flow_id, since=first_day(now)), limit=limit)
            if head is None or pulled is None or not may_brake(head.mode):
                continue
            reason = brake.in_words(pulled)
            self._flow_heads[flow_id] = ruled(head, FlowMode.PAUSED, by=BRAKE, now=now, reason=reason)
            line = FlowChange(
                log_id=len(self._flow_log) + 1, flow_id=flow_id, at=now, by=BRAKE, what=FlowMode.PAUSED.value, number=head.number,
                reason=reason,
            )  # fmt: skip
            self._flow_log.append(line)
            self._flow_revision += 1
            self._flow_counts.forget(flow_id)
            braked.append(self._braked(conversation_id, flow_id, reason, noticed(flow_id, reason), now))
        for one in guard.harmed_in(journal):
            place = (one.flow_id, one.experiment)
            harmed = self._arms_harmed.setdefault(place, Counter())
            harmed[one.arm] += 1
            shares = {arm: share for arm, share in one.shares.items() if (*place, arm) not in self._stopped_arms}
            worst = guard.harmful(harmed, shares)
            if worst is None or one.flow_id not in self._flow_heads:
                continue
            reason = guard.in_words(worst, harmed, shares)
            arm = StoppedArm(flow_id=one.flow_id, experiment=one.experiment, arm=worst, stopped_at=now, reason=reason)
            self._stopped_arms[(*place, worst)] = arm
            self._arm_line(one.flow_id, ARM_STOPPED, by=BRAKE, now=now, reason=f"{one.experiment}: {reason}")
            told = arm_noticed(one.flow_id, one.experiment, worst, reason)
            braked.append(self._braked(conversation_id, one.flow_id, reason, told, now))
        return tuple(braked)

    def _braked(self, conversation_id: str, flow_id: str, reason: str, told: Notice, now: datetime) -> Braked:
        (notice_id,) = self.write_notices(conversation_id, [told], now)
        return Braked(flow_id=flow_id, reason=reason, notice_id=notice_id, notice=told)

    def _arm_line(self, flow_id: str, what: str, *, by: str, now: datetime, reason: str) -> None:
        number, log_id = self._flow_heads[flow_id].number, len(self._flow_log) + 1
        line = FlowChange(log_id=log_id, flow_id=flow_id, at=now, by=by, what=what, number=number, reason=reason)
        self._flow_log.append(line)
        self._flow_revision += 1
