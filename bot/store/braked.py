"""The brake, as every store has it alike: what is counted, which flows can be paused, and what is said of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.core import brake
from bot.core.brake import DAYS, Counted, Harm
from bot.core.events import JournalEntry, Notice
from bot.core.model import FlowMode

BRAKE = "brake"
"""Who paused a flow that paused itself, and the kind of the notice that says so."""
ARM_STOPPED, ARM_LET = "arm_stopped", "arm_let"
"""Lines of the log of flows: an arm was stopped, or let go on."""
NUMBERS = ("said", *(harm.value for harm in Harm))


@dataclass(frozen=True, slots=True, kw_only=True)
class Braked:
    """A flow that a commit paused, or an arm of one that it stopped: why in words, and the notice that says so."""

    flow_id: str
    reason: str
    notice_id: int
    notice: Notice


def noticed(flow_id: str, reason: str) -> Notice:
    """What the marketer is told."""
    return Notice(kind=BRAKE, data={"flow": flow_id, "text": f"The flow {flow_id} has paused itself. {reason}"})


def arm_noticed(flow_id: str, experiment: str, arm: str, reason: str) -> Notice:
    """What the marketer is told of an arm."""
    text = f"The arm {arm} of {experiment} in the flow {flow_id} was stopped. {reason}"
    return Notice(kind=BRAKE, data={"flow": flow_id, "experiment": experiment, "arm": arm, "text": text})


def may_brake(mode: FlowMode) -> bool:
    """Whether a flow in this mode still speaks, so that it can be paused."""
    return mode in (FlowMode.LIVE, FlowMode.DRAINING)


def first_day(now: datetime) -> date:
    """The oldest day whose counts matter."""
    return now.date() - timedelta(days=DAYS - 1)


class CountsInMemory:
    """The same without a database: counts by flow, day and wording."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, date, str], Counted] = {}

    def add(self, journal: Sequence[JournalEntry]) -> None:
        """Count what the lines tell."""
        for flow_id, one in brake.counted_in(journal):
            key = (flow_id, one.day, one.wording)
            had = self._counted.get(key)
            if had is not None:
                one = replace(one, **{name: getattr(one, name) + getattr(had, name) for name in NUMBERS})
            self._counted[key] = one

    def of(self, flow_id: str, *, since: date) -> list[Counted]:
        """See `FlowStore.flow_counts`."""
        return [one for (flow, day, _), one in sorted(self._counted.items()) if flow == flow_id and day >= since]

    def forget(self, flow_id: str) -> None:
        """Begin to count anew."""
        self._counted = {key: one for key, one in self._counted.items() if key[0] != flow_id}
