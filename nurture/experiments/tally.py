"""From the journal to counts: who was shown which arm first, and what they did within the time given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.core.events import JournalEntry
from bot.core.evidence import Count


class Outcome(StrEnum):
    """What may come of an arm. Goal and reply are wanted; opt-out and complaint are guarded against."""

    GOAL = "goal"
    REPLY = "reply"
    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"


KINDS = ("flow.assigned", "flow.ended", "turn.heard", "prospect.opted_out", "episode.opened")
"""The journal's lines that a tally reads."""


@dataclass(slots=True, kw_only=True)
class _Shown:
    arm: str
    until: datetime
    came_of_it: set[Outcome] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCounts:
    """How many people were ever shown an arm, and what became of those whose time is over."""

    shown: int
    outcomes: Mapping[Outcome, Count]


class Tally:
    """Folds the journal's lines, oldest first, into counts per arm. Keeps one small record for each person shown an arm.

    A person counts from the first time that they were shown an arm of the experiment, with what they did within `within` of it;
    and enters the counts only when that time is over. So what is counted never changes later, which the statistics need.
    """

    def __init__(self, *, within: timedelta) -> None:
        self._within = within
        self._people: dict[str, dict[tuple[str, str], _Shown]] = {}

    def add(self, conversation_id: str, entry: JournalEntry) -> None:
        """Take in one line. Lines of other kinds than `KINDS` change nothing."""
        if entry.kind == "flow.assigned":
            experiments = self._people.setdefault(conversation_id, {})
            place = (str(entry.data["flow"]), str(entry.data["step"]))
            if place not in experiments:
                experiments[place] = _Shown(arm=str(entry.data["arm"]), until=entry.at + self._within)
        elif (shown := self._people.get(conversation_id)) and (outcome := _outcome_of(entry)):
            flow = entry.data.get("flow") if outcome is Outcome.GOAL else None
            for (flow_id, _), one in shown.items():
                if entry.at <= one.until and flow in (None, flow_id):
                    one.came_of_it.add(outcome)

    def counts(self, flow_id: str, experiment: str, *, now: datetime) -> dict[str, ArmCounts]:
        """Counts by arm. An arm that nobody was shown is left out."""
        place = (flow_id, experiment)
        shown = [people[place] for people in self._people.values() if place in people]
        return {arm: _counts([one for one in shown if one.arm == arm], now) for arm in sorted({one.arm for one in shown})}


def _counts(shown: list[_Shown], now: datetime) -> ArmCounts:
    over = [one for one in shown if one.until <= now]
    return ArmCounts(
        shown=len(shown),
        outcomes={o: Count(people=len(over), hits=sum(o in one.came_of_it for one in over)) for o in Outcome},
    )


def _outcome_of(entry: JournalEntry) -> Outcome | None:
    data: Mapping[str, Any] = entry.data
    match entry.kind:
        case "turn.heard":
            return Outcome.REPLY
        case "prospect.opted_out":
            return Outcome.OPT_OUT
        case "flow.ended" if data.get("status") == "done" and data.get("reason") == "goal":
            return Outcome.GOAL
        case "episode.opened" if data.get("reason") == "complaint":
            return Outcome.COMPLAINT
        case _:
            return None


def tallied(lines: Iterable[tuple[str, JournalEntry]], *, within: timedelta) -> Tally:
    """A tally of (conversation id, entry), oldest first."""
    tally = Tally(within=within)
    for conversation_id, entry in lines:
        tally.add(conversation_id, entry)
    return tally
