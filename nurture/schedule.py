"""When a schedule's occurrences come, by each person's own clock. Pure.

An occurrence is named by the wall time that it stands for (`2026-03-30T09:00`), so that it is the same one wherever the person is.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SKIPPED = timedelta(hours=12)
"""A zone that leaves out a whole day (Apia, 30 December 2011) has none of that day's occurrences; a shorter gap only moves them."""
SEARCHED_DAYS = 800
"""Every rule comes round within 31 days, but for a day that a zone leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A time of day on weekdays (Monday is 0), on a day of each month (a shorter month's last day), or on one date.

    Exactly one of the three is set. People begin over `spread` from then on. Whoever could not, because nothing ran, still begins
    until `grace` after the end of that.
    """

    at: time
    weekdays: frozenset[int] = frozenset()
    month_day: int | None = None
    on: date | None = None
    spread: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(hours=3)

    @property
    def rule(self) -> str:
        """The rule in a line: two that read alike have the same occurrences."""
        days = ",".join(map(str, sorted(self.weekdays))) or (f"month {self.month_day}" if self.month_day else str(self.on))
        return f"{days} {self.at:%H:%M}"

    @property
    def in_words(self) -> str:
        """The rule for people: `mon, thu at 09:00`."""
        names = ", ".join(DAYS[day] for day in sorted(self.weekdays)) if len(self.weekdays) < len(DAYS) else "every day"
        days = f"day {self.month_day} of each month" if self.month_day else str(self.on) if self.on else names
        return f"{days} at {self.at:%H:%M}"

    def falls_on(self, day: date) -> bool:
        """Whether this is one of its days."""
        if self.on is not None:
            return day == self.on
        if self.month_day is not None:
            return day.day == min(self.month_day, monthrange(day.year, day.month)[1])
        return day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time: its name, which sorts by time, and the instant (UTC) in the person's zone."""

    name: str
    at: datetime


def next_occurrence(schedule: Schedule, after: datetime, zone: ZoneInfo, *, beyond: str = "") -> Occurrence | None:
    """The first one later than `after`, and later by its name than `beyond`; None if there is none any more.

    A wall time that a clock change skips comes as much later as the clock was moved; one that comes twice is the first of the two.
    """
    for day in _days(schedule, after.astimezone(zone).date() - DAY):
        found = _occurrence(schedule, day, zone)
        if found is not None and found.at > after and found.name > beyond:
            return found
    return None


def _days(schedule: Schedule, first: date) -> Iterator[date]:
    if schedule.on is not None:
        yield schedule.on
        return
    for number in range(SEARCHED_DAYS):
        day = first + number * DAY
        if schedule.falls_on(day):
            yield day


def _occurrence(schedule: Schedule, day: date, zone: ZoneInfo) -> Occurrence | None:
    wall = datetime.combine(day, schedule.at)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if abs(at.astimezone(zone).replace(tzinfo=None) - wall) >= SKIPPED:
        return None
    return Occurrence(name=f"{wall:%Y-%m-%dT%H:%M}", at=at)
