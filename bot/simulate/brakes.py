"""What stops harm by itself, in a simulation: flows that pause themselves, and arms of experiments that nobody new gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core import brake, guard
from bot.core.events import JournalEntry
from bot.core.model import FlowMode
from bot.simulate.result import ArmStopped, PausedTold
from bot.store.braked import CountsInMemory, first_day, may_brake
from nurture.book import Nurture, Ruling


class Brakes:
    """Counts harm as the store does. Nobody is there to let go on what was stopped."""

    def __init__(self) -> None:
        self._counts = CountsInMemory()
        self._harmed: dict[tuple[str, str], Counter[str]] = {}

    def after(
        self, journal: Sequence[JournalEntry], nurture: Nurture, now: datetime
    ) -> tuple[Nurture, list[PausedTold | ArmStopped]]:
        """What holds after these lines of one decision, and what was paused or stopped by them."""
        told: list[PausedTold | ArmStopped] = []
        self._counts.add(journal)
        for flow_id, limit in brake.harmed_in(journal).items():
            pulled = brake.pull(self._counts.of(flow_id, since=first_day(now)), limit=limit)
            if pulled is not None and may_brake(nurture.ruling(flow_id).mode):
                reason = brake.in_words(pulled)
                paused = Ruling(mode=FlowMode.PAUSED, reason=reason)
                nurture = replace(nurture, rulings={**nurture.rulings, flow_id: paused})
                told.append(PausedTold(flow=flow_id, at=now, reason=reason))
        for one in guard.harmed_in(journal):
            nurture, stopped = self._guard(one, nurture, now)
            told.extend(stopped)
        return nurture, told

    def _guard(self, one: guard.ArmHarmed, nurture: Nurture, now: datetime) -> tuple[Nurture, list[ArmStopped]]:
        harmed = self._harmed.setdefault((one.flow_id, one.experiment), Counter())
        harmed[one.arm] += 1
        shares = {arm: share for arm, share in one.shares.items() if (one.flow_id, one.experiment, arm) not in nurture.stopped}
        worst = guard.harmful(harmed, shares)
        if worst is None:
            return nurture, []
        reason = guard.in_words(worst, harmed, shares)
        stopped = {**nurture.stopped, (one.flow_id, one.experiment, worst): reason}
        told = ArmStopped(flow=one.flow_id, experiment=one.experiment, arm=worst, at=now, reason=reason)
        return replace(nurture, stopped=stopped), [told]
