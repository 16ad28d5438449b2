"""When a flow may write: quiet hours and weekdays in the person's own time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo, available_timezones

DAY = timedelta(days=1)
MIDNIGHT = time(0, 0)
EVERY_DAY = frozenset(range(7))
SEARCHED_DAYS = 70
"""A week has every weekday, but a place may skip a date (Apia, 30 December 2011), and one weekday may be a holiday a few
weeks running; so ten weeks."""

STEP_BACK = timedelta(minutes=15)
SPREAD_S = 900
"""Sends that fall due together (everybody's 08:30) are spread over a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRules:
    """Allowed hours: outside quiet hours, on these weekdays (Monday is 0), both by the person's wall clock.

    Quiet hours run from `quiet_from` (inclusive) to `quiet_to` (exclusive), over midnight if that is earlier;
    both None means there are none. `holidays` is the country (ISO 3166) on whose public holidays nothing is
    sent. Raises ValueError where no time would ever be allowed.
    """

    quiet_from: time | None = time(21, 0)
    quiet_to: time | None = time(8, 30)
    days: frozenset[int] = EVERY_DAY
    holidays: str | None = None

    def __post_init__(self) -> None:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours need both a start and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quiet hours that start when they end leave no time to write")
        if not self.days or not self.days <= EVERY_DAY:
            raise ValueError("days must be some of 0 (Monday) to 6")


@cache
def public_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country (ISO 3166, as in the package `holidays`). Raises NotImplementedError for an unknown one."""
    import holidays  # takes a tenth of a second, and only flows with holidays need it

    return frozenset(holidays.country_holidays(country, years=year))


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(*names: str | None) -> ZoneInfo:
    """The first of these IANA names that exists, else UTC."""
    return ZoneInfo(next((name for name in names if name and name in _zone_names()), "UTC"))


def may_send(at: datetime, rules: SendRules, zone: ZoneInfo) -> bool:
    """Whether this instant (aware) lies in the allowed hours."""
    local = at.astimezone(zone)
    if local.weekday() not in rules.days:
        return False
    if rules.holidays is not None and local.date() in public_holidays(rules.holidays, local.year):
        return False
    if rules.quiet_from is None or rules.quiet_to is None:
        return True
    wall = local.time()
    if rules.quiet_from < rules.quiet_to:
        return not rules.quiet_from <= wall < rules.quiet_to
    return rules.quiet_to <= wall < rules.quiet_from


def next_send(now: datetime, not_before: datetime, rules: SendRules, zone: ZoneInfo) -> datetime:
    """The first allowed instant (UTC) at or after both `now` and `not_before`.

    Allowed stretches begin where the wall clock reaches midnight or the end of quiet hours, once or (on a fold) twice,
    or where the clock is set; the earliest such instant that is allowed is therefore the answer.
    Raises ValueError if there is none within ten weeks, which no real zone brings about.
    """
    start = max(now, not_before).astimezone(UTC)
    if may_send(start, rules, zone):
        return start
    for day in range(SEARCHED_DAYS):
        since, until = start + day * DAY, start + (day + 1) * DAY
        openings = (at for at in _turning_points(since, until, rules, zone) if may_send(at, rules, zone))
        if first := min(openings, default=None):
            return first
    raise ValueError(f"no allowed time within {SEARCHED_DAYS} days in {zone.key}")


def last_send(not_before: datetime, not_after: datetime, rules: SendRules, zone: ZoneInfo) -> datetime | None:
    """The latest allowed instant between the two, to a quarter of an hour; None if there is none."""
    at = not_after.astimezone(UTC)
    while at >= not_before:
        if may_send(at, rules, zone):
            return at
        at -= STEP_BACK
    return None


def next_time_of_day(after: datetime, at: time, zone: ZoneInfo, *, next_day: bool) -> datetime:
    """When (UTC) the wall clock next shows `at`, later than `after`; with `next_day` on the following calendar day.

    A wall time that a clock change skips comes as much later as the clock was moved.
    """
    day = after.astimezone(zone).date() + (DAY if next_day else timedelta())
    while True:
        reached = _instant(day, at, zone, fold=0)
        if reached > after:
            return reached
        day += DAY


def spread(at: datetime, rules: SendRules, zone: ZoneInfo, rng: Random) -> datetime:
    """A moment up to a quarter of an hour later, if that is still allowed."""
    later = at + timedelta(seconds=rng.randrange(SPREAD_S))
    return later if may_send(later, rules, zone) else at


def _turning_points(since: datetime, until: datetime, rules: SendRules, zone: ZoneInfo) -> Iterator[datetime]:
    """Instants in [since, until) at which an allowed stretch may begin, and some more."""
    first, last = since.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY
    walls = {MIDNIGHT, rules.quiet_to or MIDNIGHT}
    for offset in range((last - first).days + 1):
        for wall in walls:
            for fold in (0, 1):
                at = _instant(first + offset * DAY, wall, zone, fold=fold)
                if since <= at < until:
                    yield at
    if since.astimezone(zone).utcoffset() != until.astimezone(zone).utcoffset():
        yield _clock_change(since, until, zone)


def _instant(day: date, wall: time, zone: ZoneInfo, *, fold: int) -> datetime:
    return datetime.combine(day, wall, tzinfo=zone).replace(fold=fold).astimezone(UTC)


def _clock_change(since: datetime, until: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the offset that holds at `until`; the offsets at both ends differ."""
    before = since.astimezone(zone).utcoffset()
    low, high = int(since.timestamp()), int(until.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
