"""The funnel of a flow, step by step or wording by wording. Pure.

The enrolments that began in the range are followed to their end, however much later. A step counts each of them once. A reply, an
opt-out or a conversion belongs to the flow's bubble that left last before it, whichever flow's that was: a reply within a week,
an opt-out within a week, a conversion within thirty days, or as the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.events import JournalEntry
from nurture.reports.history import Person, Send, Stay, amount
from nurture.reports.rows import Behind, Row, Table, only_first

MEASURES = ("reached", "sent", "delivered", "read", "replied", "goal", "opted_out", "conversions")
RATES = {"reply_rate": ("replied", "sent"), "opt_out_rate": ("opted_out", "sent"), "goal_rate": ("goal", "reached")}
REPLY_WITHIN, CREDIT_WITHIN = timedelta(days=7), timedelta(days=30)
SUFFIXES = ("", ".again", ".nudge")


class By(StrEnum):
    """What the rows are."""

    STEP = "step"
    VARIANT = "variant"


def enters(flow: str, since: datetime, until: datetime) -> Callable[[JournalEntry], bool]:
    """Whether somebody becomes a person of the funnel: they enter the flow in the range."""
    return lambda entry: entry.kind == "flow.started" and entry.data.get("flow") == flow and since <= entry.at < until


def funnel(
    people: Iterable[Person],
    flow: str,
    *,
    since: datetime,
    until: datetime,
    by: By = By.STEP,
    order: Sequence[str] = (),
    reply_within: timedelta = REPLY_WITHIN,
    credit_within: timedelta = CREDIT_WITHIN,
) -> Table:
    """The funnel of the enrolments that began from `since` on and before `until`. `order` are the flow's steps as they stand;
    steps that are gone come after them, by name."""
    rows: dict[str, Row] = {}
    total = Row(key="total")
    for person in people:
        stays = {s.enrolment_id: s for s in person.stays.values() if s.flow == flow and since <= s.started.at < until}
        if not stays:
            continue
        for measure, key, event in _events(person, stays, by, reply_within, credit_within):
            if key is not None:
                rows.setdefault(key, Row(key=key)).events[measure].append(event)
            total.events[measure].append(event)
    for row in (*rows.values(), total):
        for measure in ("reached", "sent", "delivered", "read", "goal"):
            row.events[measure] = only_first(row.events[measure])
    places = {f"{step}{suffix}": (place, number) for place, step in enumerate(order) for number, suffix in enumerate(SUFFIXES)}
    last = (len(order), 0)
    ordered = sorted(rows.values(), key=lambda row: (*places.get(row.key.partition("#")[0].partition("@")[0], last), row.key))
    about = {"flow": flow, "from": since, "to": until, "by": by.value, "enrolments": total.count("reached")}
    return Table(about=about, measures=MEASURES, rates=RATES, rows=ordered, total=total, waits=True)


def _events(
    person: Person, stays: dict[str, Stay], by: By, reply_within: timedelta, credit_within: timedelta
) -> Iterator[tuple[str, str | None, Behind]]:
    """Measure, key of the row (None: only the total's) and event."""
    wordings = {(s.enrolment_id, s.step): _key(s, by) for s in person.sends}
    for stay in stays.values():
        yield "reached", None, _at(person, stay, stay.started.at, stay.started.journal_id)
        goal = stay.ended if stay.at_goal else None
        if goal:
            yield "goal", None, _at(person, stay, goal.at, goal.journal_id)
        for step, moment in stay.steps:
            key = step if by is By.STEP else wordings.get((stay.enrolment_id, step), _worded(moment.data.get("wording")))
            if key is not None:
                yield "reached", key, _at(person, stay, moment.at, moment.journal_id)
                if goal:
                    yield "goal", key, _at(person, stay, goal.at, goal.journal_id)
    mine = [send for send in person.sends if send.enrolment_id in stays]
    for send in mine:
        event = _sent(person, send)
        yield "sent", _key(send, by), event
        if send.delivered:
            yield "delivered", _key(send, by), event
        if send.read:
            yield "read", _key(send, by), event
    yield from _credited(person, stays, by, reply_within, credit_within)


def _credited(
    person: Person, stays: dict[str, Stay], by: By, reply_within: timedelta, credit_within: timedelta
) -> Iterator[tuple[str, str | None, Behind]]:
    """What people did, each thing credited to the bubble that left last before it."""
    answered: set[int] = set()
    for heard in sorted(person.heard, key=lambda one: one.at):
        send = person.send_before(heard.at, within=reply_within)
        # Only the first words after a bubble answer it.
        if send is not None and send.message_id not in answered:
            answered.add(send.message_id)
            if send.enrolment_id in stays:
                yield "replied", _key(send, by), _done(person, send, heard.at, heard.journal_id, waited=heard.at - send.at)
    for left in person.opted_out:
        send = person.send_before(left.at, within=reply_within)
        if send is not None and send.enrolment_id in stays:
            yield "opted_out", _key(send, by), _done(person, send, left.at, left.journal_id)
    for one in person.converted:
        send = person.send_before(one.at, within=credit_within)
        if send is not None and send.enrolment_id in stays:
            currency, value = amount(one) or (None, None)
            yield "conversions", _key(send, by), _done(person, send, one.at, one.journal_id, currency=currency, value=value)


def _key(send: Send, by: By) -> str:
    return send.step if by is By.STEP else f"{send.step}{send.variant}"


def _worded(wording: object) -> str | None:
    """The variant that a step noted, of words that never left."""
    return str(wording).partition("/")[2] or None if wording else None


def _at(person: Person, stay: Stay, at: datetime, journal_id: int) -> Behind:
    return Behind(conversation_id=person.conversation_id, at=at, enrolment_id=stay.enrolment_id, journal_id=journal_id)


def _sent(person: Person, send: Send) -> Behind:
    return Behind(
        conversation_id=person.conversation_id, at=send.at, enrolment_id=send.enrolment_id, message_id=send.message_id
    )  # fmt: skip


def _done(person: Person, send: Send, at: datetime, journal_id: int, *, waited: timedelta | None = None, **more: object) -> Behind:
    return Behind(
        conversation_id=person.conversation_id, at=at, enrolment_id=send.enrolment_id, journal_id=journal_id,
        message_id=send.message_id, waited_s=None if waited is None else max(0.0, waited.total_seconds()),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
