"""What reports know of each person: what brought them, what flows sent them, what they did. Folded line by line. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Json, Touch
from bot.core.touch import is_direct, touch_from

if TYPE_CHECKING:
    from bot.store.contract import JournalLine
    from bot.store.marketing import FlowSend

OUTCOMES = ("won", "lost", "later", "no_fit")
"""What an agent says became of a person."""

KINDS = (
    "prospect.touched", "prospect.converted", "prospect.opted_out", "turn.heard", "flow.started", "flow.step", "flow.ended",
    "episode.closed",
)  # fmt: skip
"""The journal's lines that these reports read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A bubble that left: of which flow, step and wording."""

    message_id: int
    enrolment_id: str
    flow: str
    step: str
    variant: str
    at: datetime
    delivered: bool
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened at a line of the journal; the data depend on what."""

    at: datetime
    journal_id: int
    data: Json = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Stay:
    """One enrolment: the steps it came to, in order, and how it ended."""

    enrolment_id: str
    flow: str
    version: int
    started: Moment
    steps: list[tuple[str, Moment]] = field(default_factory=list)
    ended: Moment | None = None

    @property
    def at_goal(self) -> bool:
        """Whether it ended with the flow's goal."""
        return self.ended is not None and self.ended.data.get("reason") == "goal"


@dataclass(slots=True, kw_only=True)
class Person:
    """One conversation's history. Touches, sends and replies are in the order of time."""

    conversation_id: str
    touches: list[tuple[Touch, int]] = field(default_factory=list)
    stays: dict[str, Stay] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    heard: list[Moment] = field(default_factory=list)
    opted_out: list[Moment] = field(default_factory=list)
    converted: list[Moment] = field(default_factory=list)
    outcomes: list[Moment] = field(default_factory=list)

    def send_before(self, at: datetime, *, within: timedelta) -> Send | None:
        """The latest bubble of a flow that left before, if that is not longer ago than `within`."""
        place = bisect_left(self.sends, at, key=lambda send: send.at)
        found = self.sends[place - 1] if place else None
        return found if found is not None and at - found.at <= within else None

    def touch_at(self, at: datetime, *, first: bool) -> Touch | None:
        """The very first touch, or the latest by then that was not direct, else the first."""
        if not self.touches:
            return None
        marked = [touch for touch, _ in self.touches if touch.at <= at and not is_direct(touch)]
        return self.touches[0][0] if first or not marked else marked[-1]


class History:
    """Folds lines and sends into people. Lines come in the journal's order; sends in any, after the lines.

    `begins` says which line makes somebody a person of the report; whatever came before it, and everybody else, takes no room.
    """

    def __init__(self, begins: Callable[[JournalEntry], bool] = lambda _entry: True) -> None:
        self.people: dict[str, Person] = {}
        self._begins = begins

    def add(self, line: JournalLine) -> None:
        """Take in a line. Kinds other than `KINDS` change nothing."""
        if line.entry.kind not in KINDS:
            return
        if line.conversation_id not in self.people:
            if not self._begins(line.entry):
                return
            self.people[line.conversation_id] = Person(conversation_id=line.conversation_id)
        _note(self.people[line.conversation_id], line.entry, line.journal_id)

    def add_sends(self, sends: Iterable[FlowSend]) -> None:
        """Take in what flows sent; what never left counts for nothing."""
        for one in sends:
            named = parsed(one.wording)
            if one.delivery is Delivery.SENT and one.enrolment_id and named and one.conversation_id in self.people:
                flow, step, variant = named
                send = Send(
                    message_id=one.message_id, enrolment_id=one.enrolment_id, flow=flow, step=step, variant=variant, at=one.at,
                    delivered=one.delivered_at is not None or one.read_at is not None, read=one.read_at is not None,
                )  # fmt: skip
                self.people[one.conversation_id].sends.append(send)

    def closed(self) -> list[Person]:
        """Everybody, once all is taken in."""
        for person in self.people.values():
            person.sends.sort(key=lambda send: (send.at, send.message_id))
        return list(self.people.values())


def _note(person: Person, entry: JournalEntry, journal_id: int) -> None:
    data, moment = entry.data, Moment(at=entry.at, journal_id=journal_id, data=entry.data)
    stay = person.stays.get(str(data.get("enrolment")))
    match entry.kind:
        case "prospect.touched":
            person.touches.append((touch_from(data, at=entry.at, channel=""), journal_id))
        case "turn.heard":
            at = datetime.fromisoformat(data["since"]) if data.get("since") else entry.at
            person.heard.append(Moment(at=min(at, entry.at), journal_id=journal_id))
        case "prospect.opted_out":
            person.opted_out.append(moment)
        case "prospect.converted":
            at = datetime.fromisoformat(data["happened_at"]) if data.get("happened_at") else entry.at
            person.converted.append(Moment(at=at, journal_id=journal_id, data=data))
        case "episode.closed" if data.get("outcome") in OUTCOMES:
            person.outcomes.append(moment)
        case "flow.started":
            name, version = str(data["enrolment"]), int(data.get("version") or 0)
            person.stays[name] = Stay(enrolment_id=name, flow=str(data["flow"]), version=version, started=moment)
        case "flow.step" if stay is not None:
            stay.steps.append((str(data["step"]), moment))
        case "flow.ended" if stay is not None:
            stay.ended = moment


def parsed(wording: str) -> tuple[str, str, str] | None:
    """Flow, step and variant of a wording's name: `welcome/hello@pt#2` is the variant `@pt#2` of the step `hello`."""
    flow, slash, rest = wording.partition("/")
    ends = [place for sign in "@#" if (place := rest.find(sign)) >= 0]
    if not slash or not rest:
        return None
    cut = min(ends, default=len(rest))
    return flow, rest[:cut], rest[cut:]


def amount(moment: Moment) -> tuple[str, Decimal] | None:
    """Currency and value of a conversion, where it has one."""
    value, currency = moment.data.get("value"), moment.data.get("currency")
    try:
        number = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return (str(currency or ""), number) if number is not None and number.is_finite() else None
