"""Calendars as people write them in `promises.yml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from handoff.calendar import ALWAYS, DAY_S, Calendar, Period, public_holidays

ALWAYS_NAME = "always"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHECKED_YEAR = 2024
"""A leap year, so that 02-29 is a date; also the year in which a country's holidays are looked up to see that they are known."""

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})", re.ASCII)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for somebody who mistyped a name: the nearest known one, or all of them if they are few."""
    names = sorted(known)
    folded = {n.casefold(): n for n in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{folded[close[0]]}"?'
    return f"; known here: {', '.join(names)}" if 0 < len(names) <= 20 else ""


@cache
def zones() -> frozenset[str]:
    """Every IANA zone."""
    return frozenset(available_timezones())


def parse_hours(text: str) -> Period:
    """Read `09:00-12:30`. An end that is not later belongs to the next day. Raises ValueError for anything else."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text[:20]}" is not a period; write for example 09:00-12:30')
    from_h, from_m, to_h, to_m = map(int, match.groups())
    start, end = from_h * 3600 + from_m * 60, to_h * 3600 + to_m * 60
    if end > DAY_S:
        raise ValueError(f'"{text[:20]}": a day ends at 24:00')
    return Period(start, end if end > start else end + DAY_S)


def parse_days(text: str) -> tuple[int, ...]:
    """Read `mon`, `mon-fri` or `sat, sun` as days from 0 (Monday). Raises ValueError for anything else."""
    found: list[int] = []
    for part in text.lower().split(","):
        ends = [_day(name.strip()) for name in part.split("-")]
        if len(ends) > 2:
            raise ValueError(f'"{text[:20]}" is not days; write for example mon-fri or sat, sun')
        first, last = ends[0], ends[-1]
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return tuple(found)


def _day(name: str) -> int:
    short = name[:3]
    if short in DAYS and (name == short or _FULL[short].startswith(name)):
        return DAYS.index(short)
    raise ValueError(f'"{name[:20]}" is not a day{nearest(name, DAYS)}')


_FULL = dict(zip(DAYS, ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), strict=True))


def parse_date(value: object) -> str:
    """Read `2026-12-24`, or `12-24` for every year. Raises ValueError for anything else."""
    if isinstance(value, date):
        return value.isoformat()
    match = _DATE.fullmatch(str(value).strip())
    try:
        if match is None:
            raise ValueError
        date(int(match[1] or CHECKED_YEAR), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError(f'"{str(value)[:20]}" is not a date; write 2026-12-24, or 12-24 for every year') from None
    return str(value).strip()


def _apart(periods: tuple[str, ...]) -> tuple[str, ...]:
    read = sorted(parse_hours(text) for text in periods)
    for one, other in pairwise(read):
        if other.start_s < one.end_s:
            raise ValueError("two periods of a day overlap")
    return periods


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError(f'"{name[:40]}" is not a time zone{nearest(name, zones())}')
    return name


def _days(text: str) -> str:
    parse_days(text)
    return text


def _none_as_closed(value: Any) -> Any:
    return () if value in (None, "closed") else value


Hours = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}$"})]
Periods = Annotated[tuple[Hours, ...], BeforeValidator(_none_as_closed), AfterValidator(_apart)]
Zone = Annotated[str, AfterValidator(_zone)]
Days = Annotated[str, AfterValidator(_days)]
OnDate = Annotated[str, BeforeValidator(parse_date)]


class HolidaySpec(BaseModel):
    """Whose public holidays are closed: a country (`DE`), and a region of it (`BE`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str
    region: str | None = None

    @model_validator(mode="after")
    def _known(self) -> HolidaySpec:
        import holidays  # takes a tenth of a second, and only calendars with holidays need it

        regions = holidays.list_supported_countries().get(self.country)
        if regions is None:
            raise ValueError(f'no holidays are known for "{self.country[:20]}"{nearest(self.country, _countries())}')
        if self.region is not None and self.region not in regions:
            raise ValueError(f'{self.country} has no region "{self.region[:20]}"{nearest(self.region, regions)}')
        public_holidays(self.country, self.region, CHECKED_YEAR)
        return self


class CalendarSpec(BaseModel):
    """When somebody is there: a zone, the periods of a week, public holidays, and dates that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Zone
    week: dict[Days, Periods]
    holidays: HolidaySpec | None = None
    dates: dict[OnDate, Periods] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_day_once(self) -> CalendarSpec:
        named = [day for days in self.week for day in parse_days(days)]
        if (twice := next((day for day in named if named.count(day) > 1), None)) is not None:
            raise ValueError(f"{DAYS[twice]} is given twice")
        return self

    def build(self) -> Calendar:
        """The calendar to reckon with."""
        week: list[tuple[Period, ...]] = [()] * 7
        for days, periods in self.week.items():
            for day in parse_days(days):
                week[day] = _periods(periods)
        return Calendar(
            zone=self.zone,
            week=tuple(week),
            country=self.holidays.country if self.holidays else None,
            region=self.holidays.region if self.holidays else None,
            dates={day: _periods(periods) for day, periods in self.dates.items()},
        )


def built(specs: dict[str, CalendarSpec], name: str) -> Calendar:
    """A calendar by its name. Raises KeyError if there is none."""
    return ALWAYS if name == ALWAYS_NAME else specs[name].build()


def _periods(texts: tuple[str, ...]) -> tuple[Period, ...]:
    return tuple(sorted(parse_hours(text) for text in texts))


def _countries() -> Iterable[str]:
    import holidays

    return holidays.list_supported_countries()
