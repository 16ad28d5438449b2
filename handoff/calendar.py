"""Working time: when somebody is there, and how long something takes while they are. Pure and exact.

A moment is inside working time if the wall clock of the calendar's zone shows a time inside one of its periods. Where the clock
is put forward, the skipped wall times do not happen; where it is put back, they happen twice. A period belongs to the day it
starts on, so a night that begins on Friday is Friday's. Every year is worked out once and looked up after that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from bot.core.model import WarmlineError

DAY_S = 86_400
MICRO = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_MICRO = timedelta(microseconds=1)
PROBE_S = DAY_S
"""Offsets are probed this often; no zone changes its clock twice within it (tz database 2026: 95 hours at least)."""

EMPTY_YEARS = 9
"""So many years in a row without working time mean never: a 29 February may be eight years off (1896 to 1904)."""

LAST_YEAR = 9_990


class NeverOpens(WarmlineError):
    """The calendar has no working time at all from some moment on."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of a day in wall-clock seconds from its midnight; `end_s` above 86 400 runs into the next day."""

    start_s: int
    end_s: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < DAY_S or not self.start_s < self.end_s <= self.start_s + DAY_S:
            raise ValueError("a period starts within its day, ends later, and lasts a day at most")


@dataclass(frozen=True, slots=True)
class _Year:
    """The stretches of one UTC year in microseconds since 1970; `before[i]` is the working time ahead of stretch i."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    last: int

    @property
    def total(self) -> int:
        return self.after[-1] if self.after else 0

    def worked(self, at: int) -> int:
        """Working time of this year up to `at`."""
        place = bisect_right(self.ends, at)
        if place == len(self.ends):
            return self.total
        return self.before[place] + max(0, at - self.starts[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When somebody is there. Without a `week` that is always.

    `week` holds the periods of Monday to Sunday. `dates` overrule it, by `2026-12-24` or, for every year, `12-24`; no periods means
    closed. Public holidays of `country` and `region` (ISO 3166, as in the package `holidays`) are closed unless `dates` says more.
    """

    zone: str = "UTC"
    week: tuple[tuple[Period, ...], ...] = ()
    country: str | None = None
    region: str | None = None
    dates: Mapping[str, tuple[Period, ...]] = field(default_factory=dict, hash=False)
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) not in (0, 7):
            raise ValueError("a week has seven days")

    @property
    def always(self) -> bool:
        """True if it never closes because no hours are given."""
        return not self.week

    def periods_on(self, day: date) -> tuple[Period, ...]:
        """The periods that start on a local day."""
        for key in (day.isoformat(), f"{day:%m-%d}"):
            if key in self.dates:
                return self.dates[key]
        return () if self.holiday(day) else self.week[day.weekday()]

    def holiday(self, day: date) -> str | None:
        """The public holiday on a local day."""
        return None if self.country is None else public_holidays(self.country, self.region, day.year).get(day)

    def year(self, number: int) -> _Year:
        """The working time of a UTC year."""
        known = self._years.get(number)
        if known is None:
            known = self._years[number] = _work_out(self, number)
        return known


ALWAYS = Calendar()


# ---- questions ------------------------------------------------------------------------------------------------------


def add_working(at: datetime, seconds: float, calendar: Calendar) -> datetime:
    """The first moment (UTC) by which `seconds` of working time have passed since `at` (aware); for none, the first open moment.

    Raises ValueError for negative seconds and `NeverOpens` if there is not that much working time ahead.
    """
    if seconds < 0:
        raise ValueError("working time runs forward only")
    if calendar.always:
        return at.astimezone(UTC) + timedelta(seconds=seconds)
    left = round(seconds * MICRO)
    start = _micros(at)
    for year in _years_from(calendar, start):
        place = bisect_right(year.ends, start)
        if place == len(year.ends):
            continue
        if left == 0:
            return _moment(max(start, year.starts[place]))
        target = year.before[place] + max(0, start - year.starts[place]) + left
        if target <= year.total:
            found = bisect_left(year.after, target)
            return _moment(year.starts[found] + target - year.before[found])
        left = target - year.total
    raise NeverOpens(f"there is no such working time in {calendar.zone} after {at.isoformat()}")


def working_between(since: datetime, until: datetime, calendar: Calendar) -> float:
    """Seconds of working time from `since` to `until` (both aware); 0 if that is backwards."""
    if until <= since:
        return 0.0
    if calendar.always:
        return (until - since) / timedelta(seconds=1)
    start, end = _micros(since), _micros(until)
    first, last = since.astimezone(UTC).year, until.astimezone(UTC).year
    whole = sum(calendar.year(number).total for number in range(first, last))
    return (whole + calendar.year(last).worked(end) - calendar.year(first).worked(start)) / MICRO


def open_at(at: datetime, calendar: Calendar) -> bool:
    """Whether this moment (aware) is working time; the end of a period is not."""
    if calendar.always:
        return True
    year, moment = calendar.year(at.astimezone(UTC).year), _micros(at)
    place = bisect_right(year.starts, moment) - 1
    return place >= 0 and moment < year.ends[place]


def next_open(at: datetime, calendar: Calendar) -> datetime | None:
    """The first open moment (UTC) from `at` on, which is `at` itself while open; None if there is none."""
    try:
        return add_working(at, 0, calendar)
    except NeverOpens:
        return None


def next_close(at: datetime, calendar: Calendar) -> datetime | None:
    """When (UTC) the stretch that is open at `at`, or else the next one, ends; None if it does not."""
    opened = next_open(at, calendar)
    if opened is None or calendar.always:
        return None
    end = _micros(opened)
    # A stretch may run on into the next year, and for ever if every day is open from midnight to midnight.
    for number in range(opened.year, opened.year + EMPTY_YEARS):
        year = calendar.year(number)
        place = bisect_right(year.ends, end)
        if place == len(year.ends) or year.starts[place] > end:
            return _moment(end)
        end = year.ends[place]
        if end < year.last:
            return _moment(end)
    return None


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str | None, year: int) -> Mapping[date, str]:
    """Names of the public holidays of a year. Raises NotImplementedError for a country or region the package does not know."""
    import holidays  # takes a tenth of a second, and only calendars with holidays need it

    return dict(holidays.country_holidays(country, subdiv=region, years=year))


# ---- working out a year ---------------------------------------------------------------------------------------------


def _micros(at: datetime) -> int:
    return (at - EPOCH) // ONE_MICRO


def _moment(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _years_from(calendar: Calendar, start: int) -> Iterator[_Year]:
    """This year and those after it, until too many in a row have no working time."""
    number, empty = _moment(start).year, 0
    while empty < EMPTY_YEARS and number <= LAST_YEAR:
        year = calendar.year(number)
        empty = 0 if year.total else empty + 1
        yield year
        number += 1


def _work_out(calendar: Calendar, number: int) -> _Year:
    first, last = _second(date(number, 1, 1)), _second(date(number + 1, 1, 1))
    walls = list(_walls(calendar, first, last))
    stretches: list[tuple[int, int]] = []
    for since, until, offset in offsets(calendar.zone, first, last):
        here = ((max(start - offset, since), min(end - offset, until)) for start, end in walls)
        stretches += ((start, end) for start, end in here if start < end)
    joined = _joined(stretches)
    after = tuple(accumulate((end - start) * MICRO for start, end in joined))
    return _Year(
        starts=tuple(start * MICRO for start, _ in joined),
        ends=tuple(end * MICRO for _, end in joined),
        before=(0, *after[:-1]),
        after=after,
        last=last * MICRO,
    )


def _walls(calendar: Calendar, first: int, last: int) -> list[tuple[int, int]]:
    """The periods in wall-clock seconds since 1970, from two days before to two days after, without overlap."""
    day, found = date(1970, 1, 1) + timedelta(days=first // DAY_S - 2), []
    for midnight in range((first // DAY_S - 2) * DAY_S, last + 2 * DAY_S, DAY_S):
        found += [(midnight + period.start_s, midnight + period.end_s) for period in calendar.periods_on(day)]
        day += timedelta(days=1)
    return _joined(found)


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _second(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_S


@lru_cache(maxsize=1024)
def offsets(zone: str, first: int, last: int) -> tuple[tuple[int, int, int], ...]:
    """Stretches (since, until, seconds ahead of UTC) of a zone from `first` to `last`, in seconds since 1970."""
    info = ZoneInfo(zone)

    def offset(second: int) -> int:
        ahead = (EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
        return 0 if ahead is None else int(ahead.total_seconds())

    found, since, ahead = [], first, offset(first)
    for probe in (*range(first + PROBE_S, last, PROBE_S), last - 1):
        after = offset(probe)
        if after == ahead:
            continue
        low, high = max(first, probe - PROBE_S), probe
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == ahead else (low, middle)
        found.append((since, high, ahead))
        since, ahead = high, after
    return (*found, (since, last, ahead))
