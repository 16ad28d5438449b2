"""Times that can be booked: which are free, how they are told, and what somebody means who types one. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from operator import eq
from zoneinfo import ZoneInfo

from handoff.calendar import Calendar, Period, working_between
from handoff.languages import time_in_english

OFFERED = 3
"""How many times are offered at once."""

type Taken = Collection[tuple[datetime, int]]
"""Times that are booked, each with the place at it: of so many agents, the first is place 0."""


def free_place(at: datetime, taken: Taken, agents: int) -> int | None:
    """The lowest place at this time that nobody has booked; None if there are as many bookings as agents."""
    return next((place for place in range(agents) if (at, place) not in taken), None)


def free_times(
    now: datetime,
    hours: Calendar,
    *,
    taken: Taken,
    agents: int,
    slot_s: int = 1800,
    lead_s: float = 900,
    days: int = 6,
    zone: str | None = None,
    quiet: Period | None = None,
) -> Iterator[datetime]:
    """Times (UTC) at which a talk of `slot_s` seconds can begin, earliest first: on whole steps of the desk's wall clock, wholly in
    working hours, `lead_s` from `now` (aware) on and at most `days` ahead, while fewer than `agents` are booked. In `zone`, the
    person's, none begins in their `quiet` hours."""
    desk, theirs = ZoneInfo(hours.zone), ZoneInfo(zone or hours.zone)
    start, end = now.astimezone(UTC) + timedelta(seconds=lead_s), now.astimezone(UTC) + timedelta(days=days)
    into = (start.timestamp() + _ahead(start, desk)) % slot_s
    at = start if into == 0 else start + timedelta(seconds=slot_s - into)
    slot = timedelta(seconds=slot_s)
    while at <= end:
        if (
            working_between(at, at + slot, hours) == slot_s
            and not in_period(at.astimezone(theirs), quiet)
            and free_place(at, taken, agents) is not None
        ):
            yield at
        at += slot


def in_period(local: datetime, period: Period | None) -> bool:
    """Whether a wall time lies in a daily period, which may run over midnight."""
    if period is None:
        return False
    second = local.hour * 3600 + local.minute * 60 + local.second
    return period.start_s <= second < period.end_s or second < period.end_s - 86_400


def some(times: Iterator[datetime], zone: str) -> tuple[datetime, ...]:
    """A few to choose from: the next two, and the first of a later day of the person's; with no later day, the next three."""
    info, found = ZoneInfo(zone), list[datetime]()
    for at in times:
        if len(found) < OFFERED:
            found.append(at)
        if found[1:] and at.astimezone(info).date() > found[1].astimezone(info).date():
            return (*found[:2], at)
    return tuple(found)


def title(at: datetime, *, now: datetime, zone: str) -> str:
    """As on a quick reply, 20 characters at most: `Today 3:30 pm`, `Tomorrow 9 am`, `Fri 27 Nov 9 am`."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    day = "Today" if days == 0 else "Tomorrow" if days == 1 else f"{local:%a} {local.day} {local:%b}"
    return f"{day} {wall(local)}"


def dated(at: datetime, zone: str) -> str:
    """As it is kept, true on any day and anywhere: `Fri 27 Nov 9 am (Berlin time)`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b} {wall(local)} ({zone.rsplit('/', 1)[-1].replace('_', ' ')} time)"


def wall(local: datetime) -> str:
    """A wall time: `9 am`, `10:30 pm`."""
    return f"{local.hour % 12 or 12}{f':{local:%M}' if local.minute else ''} {'am' if local.hour < 12 else 'pm'}"


# ---- what somebody types --------------------------------------------------------------------------------------------

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PLACES = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1, "1": 0, "2": 1, "3": 2}
_PLACE = re.compile(r"(?:the |number |no |option )*(first|second|third|last|1st|2nd|3rd|[123])(?: one| time| slot| option)?")
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.? (?:of )?({_MONTH})[a-z]*\b|\b({_MONTH})[a-z]* (\d{{1,2}})(?:st|nd|rd|th)?\b")
_WEEKDAY = re.compile(r"\b(mon|tues?|wed(?:nes)?|thur?s?|fri|satur|sat|sun)(?:day)?s?\b")
_TIME = re.compile(r"\b(after |from |past |before )?(\d{1,2})(?:[:.](\d{2}))? ?(am|pm|a\.m|p\.m|o.?clock|h)?\b")
_PARTS = {
    "morning": (6, 12), "noon": (12, 13), "lunch": (12, 14), "midday": (12, 14), "afternoon": (13, 18),
    "evening": (17, 21), "tonight": (17, 24),
}  # fmt: skip
_ANY = re.compile(r"\b(any ?time|whenever|as soon as possible|asap|earliest|next free|soonest|you choose|don.?t mind)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a typed time comes to: the free times that fit, and whether it named one clearly enough to be booked. `understood` is
    False where there was nothing about a time in it."""

    times: tuple[datetime, ...] = ()
    clear: bool = False
    understood: bool = False


def meant(text: str, offered: Sequence[datetime], free: Sequence[datetime], *, now: datetime, zone: str) -> Meant:
    """Which of the free times somebody means. `offered` were shown to them; a title of those, or "the second one", is clear, and so
    is an hour. `zone` is whose wall clock they go by."""
    said = " ".join(re.sub(r"[^\w:. ]", " ", time_in_english(text)).split()).strip(" .")
    known = set(free)
    if (place := _PLACE.fullmatch(said)) and offered:
        at = dict(enumerate(offered)).get(_PLACES[place[1]] % len(offered) if place[1] == "last" else _PLACES[place[1]])
        if at is not None:
            return Meant(times=(at,) if at in known else (), clear=True, understood=True)
    for at in offered:
        if said == " ".join(title(at, now=now, zone=zone).lower().split()):
            return Meant(times=(at,) if at in known else (), clear=True, understood=True)
    if _ANY.search(said):
        return Meant(times=tuple(free), understood=True)
    day, rest = _day(said, now.astimezone(ZoneInfo(zone)).date())
    hour, exact = _hours(rest)
    if day is None and hour is None:
        return Meant()
    info = ZoneInfo(zone)
    fitting = [at for at in free if _fits(at.astimezone(info), day, hour)]
    return Meant(times=tuple(fitting), clear=exact and bool(fitting), understood=True)


def _fits(local: datetime, day: Callable[[date], bool] | None, hour: Callable[[datetime], bool] | None) -> bool:
    return (day is None or day(local.date())) and (hour is None or hour(local))


def _day(said: str, today: date) -> tuple[Callable[[date], bool] | None, str]:
    """The day that is named, and the rest of what was said."""
    if found := _DATE.search(said):
        number, month = int(found[1] or found[4]), _MONTHS.index(found[2] or found[3]) + 1
        return lambda on: (on.day, on.month) == (number, month), said.replace(found[0], " ")
    for words, ahead in (("day after tomorrow", 2), ("tomorrow", 1), ("today", 0), ("tonight", 0)):
        if words in said:
            return partial(eq, today + timedelta(days=ahead)), said if words == "tonight" else said.replace(words, " ")
    if found := _WEEKDAY.search(said):
        weekday = _DAYS.index(found[1][:3])
        return lambda on: on.weekday() == weekday, said.replace(found[0], " ")
    return None, said


def _hours(said: str) -> tuple[Callable[[datetime], bool] | None, bool]:
    """The time of day that is named, and whether that is one moment."""
    found = next((one for one in _TIME.finditer(said) if int(one[2]) < 25 and int(one[3] or 0) < 60), None)
    words = said.split()
    part = next((span for word, span in _PARTS.items() if word in words), None)
    if found is None:
        return (None, False) if part is None else (lambda at: part[0] <= at.hour < part[1], False)
    hour, minute, half = int(found[2]), int(found[3] or 0), (found[4] or "")[:1]
    if half == "p" or (half == "a" and hour == 12):
        hours = {hour % 12 + (12 if half == "p" else 0)}
    elif half == "a" or hour > 12 or (found[2].startswith("0") and len(found[2]) == 2):
        hours = {hour % 24}
    else:
        # Without am or pm: whichever of the two is free, which at a desk is one of them.
        hours = {hour % 24, (hour + 12) % 24}
    if part is not None and len(hours) > 1:
        hours = {one for one in hours if part[0] <= one < part[1]} or hours
    way = (found[1] or "").strip()
    if way in ("after", "from", "past"):
        return lambda at: (at.hour, at.minute) >= (max(hours) if max(hours) < 21 else min(hours), minute), False
    if way == "before":
        return lambda at: (at.hour, at.minute) < (max(hours) if max(hours) < 21 else min(hours), minute), False
    return lambda at: at.hour in hours and at.minute == minute, True


def _ahead(at: datetime, zone: ZoneInfo) -> float:
    offset = at.astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
