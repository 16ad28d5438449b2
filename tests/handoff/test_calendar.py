"""Working time, exact: against a slow reference over every zone, and by hand where people get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from time import perf_counter
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.calendar import (
    ALWAYS,
    Calendar,
    NeverOpens,
    Period,
    add_working,
    next_close,
    next_open,
    offsets,
    open_at,
    working_between,
)

ZONES = sorted(available_timezones())
MINUTE = timedelta(minutes=1)
SPAN = timedelta(days=3)
RESTLESS = [
    "Pacific/Apia",
    "Pacific/Fakaofo",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Australia/Lord_Howe",
]


def hours(*texts: str) -> tuple[Period, ...]:
    """`09:00-12:30` as a period; an end that is not later is the next day's."""
    found = []
    for text in texts:
        start, end = (int(part[:2]) * 3600 + int(part[3:]) * 60 for part in text.split("-"))
        found.append(Period(start, end if end > start else end + 86_400))
    return tuple(found)


LUNCH = hours("09:00-12:30", "13:30-18:00")
OFFICE = Calendar(
    zone="Europe/Berlin",
    week=(LUNCH,) * 5 + ((), ()),
    country="DE",
    region="BE",
    dates={"2026-12-24": hours("09:00-12:00"), "12-31": ()},
)
NIGHT = Calendar(zone="Europe/Berlin", week=(hours("22:00-06:00"),) * 7)
NEVER = Calendar(zone="Europe/Berlin", week=((),) * 7)


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# ---- a reference so slow that it is plain to see ----------------------------------------------------------------------


def slowly_open(moment: datetime, calendar: Calendar) -> bool:
    """The wall clock shows a time inside a period of that day, or of the one before."""
    wall = moment.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None)
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        since = (wall - datetime.combine(day, time(0))).total_seconds()
        if any(period.start_s <= since < period.end_s for period in calendar.periods_on(day)):
            return True
    return False


def slowly_between(since: datetime, until: datetime, calendar: Calendar) -> int:
    """Open minutes, counted one by one; both moments are whole minutes."""
    count = 0
    while since < until:
        count += slowly_open(since, calendar)
        since += MINUTE
    return count


minutes_of_day = st.integers(0, 1439)


@st.composite
def day_periods(draw: st.DrawFn) -> tuple[Period, ...]:
    found: list[Period] = []
    free_from = 0
    for _ in range(draw(st.integers(0, 3))):
        if free_from >= 1439:
            break
        start = draw(st.integers(free_from, 1439))
        end = draw(st.integers(start + 1, start + 1440 if not found else min(start + 900, 2880)))
        found.append(Period(start * 60, end * 60))
        free_from = end
    return tuple(found)


@st.composite
def calendars(draw: st.DrawFn, near: date) -> Calendar:
    zone = draw(st.one_of(st.sampled_from(ZONES), st.sampled_from(RESTLESS)))
    week = tuple(draw(day_periods()) for _ in range(7))
    days = st.integers(-2, 6).map(lambda n: (near + timedelta(days=n)).isoformat())
    dates = draw(st.dictionaries(days, day_periods(), max_size=2))
    return Calendar(zone=zone, week=week, dates=dates)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Whole minutes from 1973 on, when every zone was whole minutes off UTC; often close to a clock change."""
    zone = draw(st.sampled_from(RESTLESS + ZONES))
    year = draw(st.integers(1973, 2037))
    changes = [since for since, _, _ in offsets(zone, _second(year), _second(year + 1))[1:]]
    base = draw(st.sampled_from(changes)) if changes and draw(st.booleans()) else _second(year) + draw(st.integers(0, 525_599)) * 60
    return datetime.fromtimestamp(base // 60 * 60, UTC) + timedelta(minutes=draw(st.integers(-2000, 2000)))


def _second(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    moment = draw(moments())
    return draw(calendars(moment.date())), moment


@settings(max_examples=150)
@given(case=cases(), minutes=st.integers(0, 3000))
def test_working_time_is_what_counting_minutes_gives(case: tuple[Calendar, datetime], minutes: int) -> None:
    calendar, since = case
    until = since + timedelta(minutes=minutes)
    assert working_between(since, until, calendar) == slowly_between(since, until, calendar) * 60
    assert open_at(since, calendar) == slowly_open(since, calendar)


@settings(max_examples=300)
@given(case=cases(), seconds=st.integers(0, 400_000_000_000).map(lambda micros: micros / 1_000_000))
def test_adding_and_measuring_undo_each_other(case: tuple[Calendar, datetime], seconds: float) -> None:
    calendar, since = case
    try:
        until = add_working(since, seconds, calendar)
    except NeverOpens:
        assert not any(calendar.week)
        return
    assert until >= since
    assert working_between(since, until, calendar) == seconds
    # It is the first such moment: just before, there is less. It is working time, or the very end of it.
    tick = timedelta(microseconds=1)
    if seconds:
        assert working_between(since, until - tick, calendar) < seconds
        assert open_at(until - tick, calendar)
    else:
        assert open_at(until, calendar)
    assert until.tzinfo is UTC


@settings(max_examples=200)
@given(case=cases(), first=st.integers(0, 200_000), more=st.integers(0, 200_000), later=st.integers(0, 5000))
def test_more_work_or_a_later_start_never_ends_earlier(case: tuple[Calendar, datetime], first: int, more: int, later: int) -> None:
    calendar, since = case
    try:
        end = add_working(since, first, calendar)
        further = add_working(since, first + more, calendar)
        from_later = add_working(since + timedelta(minutes=later), first, calendar)
    except NeverOpens:
        return
    assert end <= further
    assert end <= from_later
    assert add_working(end, more, calendar) == further or more == 0 or first == 0
    middle = since + timedelta(minutes=later)
    whole = working_between(since, middle, calendar) + working_between(middle, middle + SPAN, calendar)
    assert whole == pytest.approx(working_between(since, middle + SPAN, calendar), abs=1e-6)


@settings(max_examples=200)
@given(case=cases())
def test_opening_and_closing_are_where_it_changes(case: tuple[Calendar, datetime]) -> None:
    calendar, since = case
    opens, closes = next_open(since, calendar), next_close(since, calendar)
    if opens is None:
        assert not any(calendar.week)
        return
    assert open_at(opens, calendar)
    assert working_between(since, opens, calendar) == 0 or opens == since
    if closes is None:
        assert working_between(opens, opens + timedelta(days=366), calendar) == 366 * 86_400
        return
    assert not open_at(closes, calendar)
    assert working_between(opens, closes, calendar) == (closes - opens).total_seconds()


@settings(max_examples=80)
@given(zone=st.sampled_from(ZONES), year=st.integers(1900, 2100))
def test_every_change_of_a_zones_clock_is_found(zone: str, year: int) -> None:
    """Probed once a day and narrowed down; here read at every hour."""
    info, first, last = ZoneInfo(zone), _second(year), _second(year + 1)
    stretches = offsets(zone, first, last)
    assert (stretches[0][0], stretches[-1][1]) == (first, last)
    assert all(one[1] == other[0] for one, other in pairwise(stretches))
    for since, until, ahead in stretches:
        for moment in (since, *range(since // 3600 * 3600 + 3600, until, 3600), until - 1):
            offset = datetime.fromtimestamp(moment, UTC).astimezone(info).utcoffset()
            assert offset == timedelta(seconds=ahead)


# ---- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "seconds", "until"),
    [
        ("2026-11-25T12:29:30", 60, "2026-11-25T13:30:30"),  # over lunch
        ("2026-11-25T12:29:00", 60, "2026-11-25T12:30:00"),  # exactly until lunch
        ("2026-11-25T12:30:00", 60, "2026-11-25T13:31:00"),  # from lunch on
        ("2026-11-27T17:59:30", 60, "2026-11-30T09:00:30"),  # over the week-end
        ("2026-12-24T17:50:00", 60, "2026-12-28T09:01:00"),  # half day over, Christmas, week-end
        ("2026-12-24T11:59:00", 120, "2026-12-28T09:01:00"),  # in the half day
        ("2026-12-30T17:59:00", 120, "2027-01-04T09:01:00"),  # 31 December is closed every year, 1 January a holiday
        ("2027-12-30T17:59:00", 120, "2028-01-03T09:01:00"),
        ("2026-03-06T17:59:00", 120, "2026-03-09T09:01:00"),  # 8 March, Berlin alone, is a Sunday here
        ("2028-02-28T17:59:00", 120, "2028-02-29T09:01:00"),  # leap day
        ("2026-11-25T09:00:00", 8 * 3600, "2026-11-25T18:00:00"),
        ("2026-11-25T09:00:00", 40 * 3600, "2026-12-01T18:00:00"),  # five days of eight hours
    ],
)
def test_office_hours(since: str, seconds: float, until: str) -> None:
    assert add_working(at(since), seconds, OFFICE) == at(until)


def test_a_regional_holiday_is_closed_where_it_is_one() -> None:
    wednesday = at("2028-03-08T10:00:00")
    bavaria = Calendar(zone="Europe/Berlin", week=OFFICE.week, country="DE", region="BY")
    assert not open_at(wednesday, OFFICE)
    assert OFFICE.holiday(date(2028, 3, 8)) == "Frauentag"
    assert open_at(wednesday, bavaria)


def test_a_night_shift_belongs_to_the_evening_it_starts_on() -> None:
    closed_saturday = Calendar(zone="Europe/Berlin", week=NIGHT.week, dates={"2026-11-28": ()})
    assert open_at(at("2026-11-28T05:59:59"), closed_saturday)  # Friday's night
    assert not open_at(at("2026-11-28T06:00:00"), closed_saturday)
    assert not open_at(at("2026-11-28T23:00:00"), closed_saturday)
    assert not open_at(at("2026-11-29T03:00:00"), closed_saturday)
    assert add_working(at("2026-11-25T05:59:30"), 60, NIGHT) == at("2026-11-25T22:00:30")


@pytest.mark.parametrize(
    ("evening", "worked_h"),
    [("2026-03-28T22:00:00", 7), ("2026-10-24T22:00:00", 9), ("2026-11-25T22:00:00", 8)],
)
def test_the_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer(evening: str, worked_h: int) -> None:
    since = at(evening)
    assert working_between(since, since + timedelta(hours=12), NIGHT) == worked_h * 3600
    assert add_working(since, worked_h * 3600, NIGHT) == next_close(since, NIGHT)


def test_hours_inside_the_skipped_hour_do_not_happen_and_repeated_ones_happen_twice() -> None:
    early = Calendar(zone="Europe/Berlin", week=(hours("02:15-02:45"),) * 7)
    assert working_between(at("2026-03-29T00:00:00"), at("2026-03-30T00:00:00"), early) == 0
    assert working_between(at("2026-10-25T00:00:00"), at("2026-10-26T00:00:00"), early) == 3600
    twice = at("2026-10-25T02:15:00", fold=1)
    assert twice - at("2026-10-25T02:15:00") == timedelta(hours=1)
    assert add_working(at("2026-10-25T02:15:00"), 1800 + 1, early) == twice + timedelta(seconds=1)


def test_a_date_a_place_has_skipped_has_no_working_time() -> None:
    apia = Calendar(zone="Pacific/Apia", week=(hours("09:00-17:00"),) * 7)
    since, until = at("2011-12-29T00:00:00", "Pacific/Apia"), at("2012-01-01T00:00:00", "Pacific/Apia")
    assert working_between(since, until, apia) == 2 * 8 * 3600
    assert add_working(at("2011-12-29T16:59:00", "Pacific/Apia"), 120, apia) == at("2011-12-31T09:01:00", "Pacific/Apia")


def test_a_day_from_midnight_to_midnight_runs_on_into_the_next() -> None:
    week_end = Calendar(zone="UTC", week=((),) * 5 + (hours("00:00-24:00"),) * 2)
    assert next_close(at("2026-11-28T12:00:00", "UTC"), week_end) == at("2026-11-30T00:00:00", "UTC")
    year_end = Calendar(zone="UTC", week=(hours("20:00-04:00"),) * 7)
    assert next_close(at("2026-12-31T21:00:00", "UTC"), year_end) == at("2027-01-01T04:00:00", "UTC")
    round_the_clock = Calendar(zone="Europe/Berlin", week=(hours("00:00-24:00"),) * 7)
    assert next_close(at("2026-11-28T12:00:00"), round_the_clock) is None


def test_always_never_closes() -> None:
    moment = at("2026-12-25T03:00:00")
    assert (open_at(moment, ALWAYS), next_open(moment, ALWAYS), next_close(moment, ALWAYS)) == (True, moment, None)
    assert add_working(moment, 61.5, ALWAYS) == moment + timedelta(seconds=61.5)
    assert working_between(moment, moment + SPAN, ALWAYS) == SPAN.total_seconds()


def test_never_open_is_said() -> None:
    moment = at("2026-12-25T03:00:00")
    assert (open_at(moment, NEVER), next_open(moment, NEVER), next_close(moment, NEVER)) == (False, None, None)
    with pytest.raises(NeverOpens):
        add_working(moment, 1, NEVER)
    once = Calendar(zone="Europe/Berlin", week=((),) * 7, dates={"2026-12-26": hours("10:00-11:00")})
    assert next_open(moment, once) == at("2026-12-26T10:00:00")
    with pytest.raises(NeverOpens):
        add_working(moment, 3601, once)
    leap = Calendar(zone="UTC", week=((),) * 7, dates={"02-29": hours("10:00-11:00")})
    assert next_open(at("2026-12-25T03:00:00", "UTC"), leap) == at("2028-02-29T10:00:00", "UTC")
    assert next_open(at("2097-01-01T00:00:00", "UTC"), leap) == at("2104-02-29T10:00:00", "UTC")


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (86_400, 90_000), (10, 10), (20, 10), (100, 100 + 86_401)])
def test_a_period_that_is_none_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError):
        Period(start, end)


def test_a_clock_is_worked_out_in_tens_of_microseconds() -> None:
    since = at("2026-12-24T11:50:00")
    questions: list[Callable[[], object]] = [
        lambda: add_working(since, 1200, OFFICE),
        lambda: working_between(since, since + SPAN, OFFICE),
        lambda: next_close(since, OFFICE),
    ]
    for question in questions:
        question()
        best = min(_microseconds(question) for _ in range(20))
        assert best < 250, best  # some 20 on an idle machine; walking over minutes takes thousands


def _microseconds(question: Callable[[], object], times: int = 200) -> float:
    started = perf_counter()
    for _ in range(times):
        question()
    return (perf_counter() - started) / times * 1e6
