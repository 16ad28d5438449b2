"""People inside an older version of a flow: who stays in it, who goes over to the new one, to which step, and who leaves. Pure.

Nobody goes backwards: whoever would meet a step again that is behind them stays in the version they are in. Steps are
the same step where they have the same id; where that id is gone, people go to the nearest step after it that is left.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.model import Enrolment, Standing
from nurture.flow import AskStep, Flow, OfferStep, Step, WaitStep, ways_out
from nurture.resting import planned_end
from nurture.timing import known_zone, next_send

EXIT = "exit"
"""In place of a step: people leave the flow."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Fate(StrEnum):
    """What becomes of somebody who is inside."""

    STAY = "stay"
    """Goes on in the version they are in."""
    MOVE = "move"
    """Goes on in the new version."""
    EXIT = "exit"
    """Leaves the flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where one enrolment goes: to which step of the new version (None unless it moves), and why."""

    fate: Fate
    step_id: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who stand at the same step of the same version and have the same fate."""

    version: int
    step_id: str
    fate: Fate
    to_step: str | None
    why: str
    people: int
    due_at_once: int
    due_next_hour: int
    due_next_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What publishing a version does to those inside. Counts of what falls due hold for everybody who stays inside."""

    flow_id: str
    version: int
    groups: tuple[Group, ...] = ()

    def people(self, fate: Fate) -> int:
        """How many have this fate."""
        return sum(group.people for group in self.groups if group.fate is fate)

    @property
    def due_at_once(self) -> int:
        """Steps that are overdue the moment people have moved."""
        return sum(group.due_at_once for group in self.groups)

    @property
    def due_next_hour(self) -> int:
        """Steps that fall due within an hour, those at once among them."""
        return sum(group.due_next_hour for group in self.groups)

    @property
    def due_next_day(self) -> int:
        """Steps that fall due within a day, those within the hour among them."""
        return sum(group.due_next_day for group in self.groups)


type _Key = tuple[int, str, Fate, str | None, str]


class Planner:
    """Adds up what becomes of everybody in a flow when `new` is published, one after the other.

    `old` are the known versions by number. Without `move` all stay in their versions. `choices` say where people at a step
    go: to a step of the new version, or `exit`.
    """

    def __init__(
        self,
        old: Mapping[int, Flow],
        new: Flow,
        now: datetime,
        *,
        move: bool = True,
        choices: Mapping[str, str] | None = None,
        default_zone: str = "UTC",
    ) -> None:
        self._old, self._new, self._now, self._move = old, new, now, move
        self._choices, self._default_zone = choices or {}, default_zone
        self._people: Counter[_Key] = Counter()
        self._due: dict[_Key, list[int]] = {}

    def add(self, standing: Standing) -> None:
        """Somebody who is inside."""
        enrolment = standing.enrolment
        before = self._old.get(enrolment.flow_version)
        there = destination(before, self._new, enrolment, move=self._move, choices=self._choices)
        key = (enrolment.flow_version, enrolment.step_id, there.fate, there.step_id, there.why)
        self._people[key] += 1
        told = self._due.setdefault(key, [0, 0, 0])
        at = _due_at(before, self._new, standing, there, self._now, self._default_zone)
        if at is not None:
            for place, until in enumerate((self._now, self._now + HOUR, self._now + DAY)):
                told[place] += at <= until

    def plan(self) -> Plan:
        """What was added up."""
        groups = [self._group(key, people) for key, people in self._people.items()]
        groups.sort(key=lambda group: (group.version, group.step_id, group.fate, group.to_step or "", group.why))
        return Plan(flow_id=self._new.flow_id, version=self._new.version, groups=tuple(groups))

    def _group(self, key: _Key, people: int) -> Group:
        version, step_id, fate, to_step, why = key
        at_once, next_hour, next_day = self._due[key]
        return Group(
            version=version, step_id=step_id, fate=fate, to_step=to_step, why=why, people=people,
            due_at_once=at_once, due_next_hour=next_hour, due_next_day=next_day,
        )  # fmt: skip


def plan(
    old: Mapping[int, Flow],
    new: Flow,
    standings: Iterable[Standing],
    now: datetime,
    *,
    move: bool = True,
    choices: Mapping[str, str] | None = None,
) -> Plan:
    """What becomes of everybody in the flow when `new` is published. See `Planner`."""
    planner = Planner(old, new, now, move=move, choices=choices)
    for standing in standings:
        planner.add(standing)
    return planner.plan()


def destination(
    old: Flow | None, new: Flow, enrolment: Enrolment, *, move: bool = True, choices: Mapping[str, str] | None = None
) -> Destination:
    """Where an enrolment in `old` goes when `new` is published. `old` None: its version is not known any more."""
    if enrolment.flow_version == new.version:
        return Destination(fate=Fate.STAY, why="already there")
    if not move:
        return Destination(fate=Fate.STAY)
    step_id = enrolment.step_id
    chosen = (choices or {}).get(step_id)
    if chosen == EXIT:
        return Destination(fate=Fate.EXIT, why="chosen")
    if chosen is not None and chosen != step_id:
        if chosen not in new.steps:
            return Destination(fate=Fate.STAY, why="no such step")
        if behind(old, enrolment, chosen):
            return Destination(fate=Fate.STAY, why="would go back")
        return Destination(fate=Fate.MOVE, step_id=chosen, why="chosen")
    if step_id in new.steps:
        return Destination(fate=Fate.MOVE, step_id=step_id)
    following = _next_left(old, new, enrolment) if old is not None else None
    if following is None:
        return Destination(fate=Fate.EXIT, why="nothing left")
    return Destination(fate=Fate.MOVE, step_id=following, why="step gone")


def behind(old: Flow | None, enrolment: Enrolment, step_id: str) -> bool:
    """Whether this step lies behind the person: they were there, or it only ever comes before where they are."""
    if step_id == enrolment.step_id:
        return False
    if step_id in enrolment.visits:
        return True
    if old is None or step_id not in old.steps or enrolment.step_id not in old.steps:
        return False
    return enrolment.step_id in _ahead(old, step_id) and step_id not in _ahead(old, enrolment.step_id)


def end_after(old: Step | None, new: Step, standing: Standing, now: datetime, zone: ZoneInfo, flow: Flow) -> datetime | None:
    """When the clock of somebody who is moved to `new` falls due. None: a person has the next word, and no clock runs."""
    enrolment, due_at = standing.enrolment, standing.due_at
    if enrolment.waiting_for == "person":
        return None
    same = old is not None and old.id == new.id and type(old) is type(new)
    if isinstance(new, WaitStep):
        if same and due_at is not None and _same_wait(old, new):
            return due_at
        entered = enrolment.step_entered_at if old is not None and old.id == new.id else now
        planned = planned_end(new, entered, zone)
        return max(now, planned) if new.for_reply else next_send(now, planned, flow.rules, zone)
    if same and isinstance(old, AskStep | OfferStep) and isinstance(new, AskStep | OfferStep) and enrolment.waiting_for == "reply":
        return (due_at or now) + (new.silence.after - old.silence.after)
    return due_at or now


def _same_wait(old: Step | None, new: WaitStep) -> bool:
    return isinstance(old, WaitStep) and (old.duration, old.until, old.next_day, old.for_reply) == (
        new.duration, new.until, new.next_day, new.for_reply,
    )  # fmt: skip


def _due_at(
    old: Flow | None, new: Flow, standing: Standing, there: Destination, now: datetime, default_zone: str
) -> datetime | None:
    if there.fate is Fate.EXIT:
        return None
    if there.fate is Fate.STAY or there.step_id is None:
        return standing.due_at
    step = old.steps.get(standing.enrolment.step_id) if old else None
    zone = known_zone(standing.zone, new.zone, default_zone)
    return end_after(step, new.steps[there.step_id], standing, now, zone, new)


def _next_left(old: Flow, new: Flow, enrolment: Enrolment) -> str | None:
    """The nearest step after this one, as the old version leads on, that the new one has and that is not behind the person."""
    seen, ahead = {enrolment.step_id}, deque(_out_of(old, enrolment.step_id))
    while ahead:
        step_id = ahead.popleft()
        if step_id in seen:
            continue
        seen.add(step_id)
        if step_id in enrolment.visits:
            continue
        if step_id in new.steps:
            return step_id
        ahead.extend(_out_of(old, step_id))
    return None


def _out_of(flow: Flow, step_id: str) -> list[str]:
    """The steps that may come next, the usual one first."""
    step = flow.steps.get(step_id)
    if step is None:
        return []
    return [target for target in dict.fromkeys((step.then, *ways_out(step))) if target]


def _ahead(flow: Flow, step_id: str) -> set[str]:
    """Every step that can be reached from this one."""
    reached: set[str] = set()
    ahead = _out_of(flow, step_id)
    while ahead:
        one = ahead.pop()
        if one not in reached:
            reached.add(one)
            ahead.extend(_out_of(flow, one))
    return reached
