"""When a schedule comes round, in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.yamlfile import YamlFileError
from nurture.load import read_flow
from nurture.schedule import Schedule, next_occurrence

DAY = timedelta(days=1)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
INSTANTS = st.integers(946_684_800, 2_082_758_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 2000 to 2035
SCHEDULES = st.builds(
    lambda at, days, month_day: Schedule(at=at, month_day=month_day) if month_day else Schedule(at=at, weekdays=days),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59])),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.none() | st.integers(1, 31),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@given(schedule=SCHEDULES, after=INSTANTS, zone=ZONES)
def test_an_occurrence_is_later_on_one_of_its_days_and_shows_its_time_unless_that_was_skipped(
    schedule: Schedule, after: datetime, zone: ZoneInfo
) -> None:
    found = next_occurrence(schedule, after, zone)

    assert found is not None
    assert found.at > after
    wall, shown = datetime.fromisoformat(found.name), found.at.astimezone(zone).replace(tzinfo=None)
    assert schedule.falls_on(wall.date())
    assert wall.time() == schedule.at
    assert timedelta() <= shown - wall < timedelta(hours=12)
    if shown != wall:
        just_before = (found.at - timedelta(seconds=1)).astimezone(zone)
        assert any(
            (found.at + step).astimezone(zone).utcoffset() != (found.at - step).astimezone(zone).utcoffset()
            for step in (timedelta(hours=3), timedelta(seconds=1))
        ), just_before


@settings(max_examples=60)
@given(schedule=SCHEDULES, start=INSTANTS, zone=ZONES)
def test_one_after_the_other_each_day_once_and_none_left_out(schedule: Schedule, start: datetime, zone: ZoneInfo) -> None:
    at, names = start, list[str]()
    for _ in range(8):
        found = next_occurrence(schedule, at, zone)
        assert found is not None
        at, names = found.at, [*names, found.name]
    days = [date.fromisoformat(name[:10]) for name in names]

    assert days == sorted(set(days))
    between = (days[0] + n * DAY for n in range((days[-1] - days[0]).days))
    left_out = [day for day in between if schedule.falls_on(day) and day not in days]
    assert all(_not_in(zone, day) for day in left_out)


def _not_in(zone: ZoneInfo, day: date) -> bool:
    """Whether the zone leaves this day out."""
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() != day


@settings(max_examples=60)
@given(schedule=SCHEDULES, after=INSTANTS, zone=ZONES, other=ZONES)
def test_who_moves_to_another_zone_never_meets_the_same_occurrence_again(
    schedule: Schedule, after: datetime, zone: ZoneInfo, other: ZoneInfo
) -> None:
    first = next_occurrence(schedule, after, zone)
    assert first is not None
    then = next_occurrence(schedule, first.at, other, beyond=first.name)

    assert then is not None
    assert then.name > first.name
    assert then.at > first.at


def test_a_time_that_the_clock_change_skips_comes_an_hour_later_and_one_that_comes_twice_comes_once() -> None:
    nightly = Schedule(at=time(2, 30), weekdays=frozenset(range(7)))
    berlin = ZoneInfo("Europe/Berlin")

    skipped = next_occurrence(nightly, utc("2026-03-28T12:00+00:00"), berlin)
    assert skipped is not None
    assert (skipped.name, skipped.at) == ("2026-03-29T02:30", utc("2026-03-29T01:30+00:00"))
    twice = next_occurrence(nightly, utc("2026-10-24T12:00+00:00"), berlin)
    assert twice is not None
    assert (twice.name, twice.at) == ("2026-10-25T02:30", utc("2026-10-25T00:30+00:00"))
    after_it = next_occurrence(nightly, twice.at, berlin)
    assert after_it is not None
    assert after_it.name == "2026-10-26T02:30"


def test_a_day_that_a_zone_left_out_has_no_occurrence() -> None:
    daily = Schedule(at=time(9), weekdays=frozenset(range(7)))
    found = next_occurrence(daily, utc("2011-12-29T12:00-10:00"), ZoneInfo("Pacific/Apia"))

    assert found is not None
    assert found.name == "2011-12-31T09:00"


def test_a_short_month_has_its_last_day_and_one_date_comes_once() -> None:
    monthly, once = Schedule(at=time(9), month_day=31), Schedule(at=time(9), on=date(2026, 12, 1))
    february = next_occurrence(monthly, utc("2026-02-01T00:00+00:00"), ZoneInfo("UTC"))
    first = next_occurrence(once, utc("2026-11-01T00:00+00:00"), ZoneInfo("UTC"))

    assert february is not None
    assert february.name == "2026-02-28T09:00"
    assert first is not None
    assert next_occurrence(once, first.at, ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("trigger", "field", "words"),
    [
        ("{schedule: {every: mon}}", "trigger[0].schedule.at", "is missing"),
        ("{schedule: {every: [monday], at: '9:00'}}", "trigger[0].schedule.every", 'did you mean "mon"'),
        ("{schedule: {every: [month, mon], day: 1, at: '9:00'}}", "trigger[0].schedule", "stands alone"),
        ("{schedule: {every: mon, at: '25:00'}}", "trigger[0].schedule.at", "not a time of day"),
        ("{schedule: {at: '9:00'}}", "trigger[0].schedule", "either every"),
        ("{schedule: {every: mon, on: 2026-12-01, at: '9:00'}}", "trigger[0].schedule", "either every"),
        ("{schedule: {every: month, at: '9:00'}}", "trigger[0].schedule", "day of the month"),
        ("{schedule: {every: mon, at: '9:00', spread: 20h}}", "trigger[0].schedule", "12h at most"),
        ("{schedule: {every: mon, at: '9:00', tag: vip}}", "trigger[0].schedule.tag", "tag"),
        ("{schedule: {every: mon, at: '9:00'}, tag: vip}", "trigger[0]", "a trigger is one of"),
        ("{segment: {silence: soon}}", "trigger[0].segment.silence", "soon"),
    ],
)
def test_what_is_wrong_in_a_schedule_is_told_with_its_place(tmp_path: Path, trigger: str, field: str, words: str) -> None:
    file = tmp_path / "a.yml"
    file.write_text(f"name: A\nversion: 1\ngoal: g\ntrigger:\n  - {trigger}\nsteps:\n  - {{id: s, stop: over}}\n")
    with pytest.raises(YamlFileError) as refused:
        read_flow(file)

    assert refused.value.line == 5
    assert refused.value.field.startswith(field)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("trigger", "rule"),
    [
        ("{schedule: {every: mon, at: '9:00'}}", "0 09:00"),
        ("{schedule: {every: [mon, thu], at: '09:00', spread: 1h, grace: 6h}}", "0,3 09:00"),
        ("{schedule: {every: day, at: '18:30'}}", "0,1,2,3,4,5,6 18:30"),
        ("{schedule: {every: month, day: 1, at: '9:00'}}", "month 1 09:00"),
        ("{schedule: {on: 2026-12-01, at: '9:00'}}", "2026-12-01 09:00"),
    ],
)
def test_a_schedule_is_read(tmp_path: Path, trigger: str, rule: str) -> None:
    file = tmp_path / "a.yml"
    file.write_text(f"name: A\nversion: 1\ngoal: g\ntrigger: {trigger}\nsteps:\n  - {{id: s, stop: over}}\n")
    [found] = read_flow(file)[1].triggers

    assert (found.kind, found.schedule.rule if found.schedule else "") == ("schedule", rule)
