"""What came of the people that each source brought. Pure.

The people whose first touch is in the range are followed to their end. By the first touch everything a person did belongs to it; by
the last, each thing belongs to the latest touch before it that was not direct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from bot.core.events import JournalEntry
from bot.core.model import Touch
from bot.core.touch import source_of
from nurture.reports.history import OUTCOMES, Moment, Person, amount
from nurture.reports.rows import Behind, Row, Table

MEASURES = ("people", "wrote_back", "enrolled", "goal", "opted_out", *OUTCOMES, "conversions")
RATES = {"conversion_rate": ("conversions", "people"), "opt_out_rate": ("opted_out", "people")}
NONE = "-"
"""The group of people of whom nothing is told."""


class By(StrEnum):
    """What the rows are."""

    SOURCE = "source"
    MEDIUM = "medium"
    CAMPAIGN = "campaign"
    TERM = "term"
    CONTENT = "content"
    REF = "ref"
    AD = "ad"
    REFERRER = "referrer"


class Touched(StrEnum):
    """Which touch things belong to."""

    FIRST = "first"
    LAST = "last"


def comes(since: datetime, until: datetime) -> Callable[[JournalEntry], bool]:
    """Whether somebody becomes a person of the report: they come for the first time in the range."""
    return lambda entry: entry.kind == "prospect.touched" and bool(entry.data.get("first")) and since <= entry.at < until


def sources(
    people: Iterable[Person], *, since: datetime, until: datetime, by: By = By.SOURCE, touch: Touched = Touched.FIRST
) -> Table:
    """A row for each source, campaign and so on, by name, of the people first met from `since` on and before `until`."""
    rows: dict[str, Row] = {}
    total = Row(key="total")
    for person in people:
        if not person.touches or not since <= person.touches[0][0].at < until:
            continue
        for measure, event in _events(person):
            key = key_of(person.touch_at(event.at, first=touch is Touched.FIRST), by)
            rows.setdefault(key, Row(key=key)).events[measure].append(event)
            total.events[measure].append(event)
    about = {"from": since, "to": until, "by": by.value, "touch": touch.value}
    ordered = [rows[key] for key in sorted(rows)]
    return Table(about=about, measures=MEASURES, rates=RATES, rows=ordered, total=total)


def key_of(touch: Touch | None, by: By) -> str:
    """The row a touch belongs to."""
    if by is By.SOURCE:
        return source_of(touch)
    if touch is None:
        return NONE
    if by is By.REFERRER:
        return (urlsplit(touch.referrer).hostname if touch.referrer else None) or NONE
    return getattr(touch, "ad_id" if by is By.AD else by.value) or NONE


def _events(person: Person) -> Iterator[tuple[str, Behind]]:
    """Each thing that counts once a person counts once; outcomes and conversions count every time."""
    first, journal_id = person.touches[0]
    yield "people", Behind(conversation_id=person.conversation_id, at=first.at, journal_id=journal_id)
    stays = sorted(person.stays.values(), key=lambda stay: stay.started.at)
    once: tuple[tuple[str, list[Moment]], ...] = (
        # The first burst is how they came; who writes again wrote back.
        ("wrote_back", person.heard[1:]),
        ("enrolled", [stay.started for stay in stays]),
        ("goal", sorted((stay.ended for stay in stays if stay.at_goal and stay.ended), key=lambda moment: moment.at)),
        ("opted_out", person.opted_out),
    )
    for measure, moments in once:
        if moments:
            yield measure, _event(person, moments[0])
    for moment in person.outcomes:
        yield str(moment.data["outcome"]), _event(person, moment)
    for moment in person.converted:
        yield "conversions", _event(person, moment)


def _event(person: Person, moment: Moment) -> Behind:
    currency, value = amount(moment) or (None, None)
    return Behind(
        conversation_id=person.conversation_id, at=moment.at, journal_id=moment.journal_id, currency=currency, value=value
    )  # fmt: skip
