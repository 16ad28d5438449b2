from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.timing import SendRules, known_zone, last_send, may_send, next_send, next_time_of_day, spread

MINUTE = timedelta(minutes=1)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
INSTANTS = st.integers(946_684_800, 2_082_758_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 2000 to 2035
WALLS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
RULES = st.one_of(
    st.tuples(WALLS, WALLS).filter(lambda walls: walls[0] != walls[1]),
    st.just((None, None)),
).flatmap(
    lambda quiet: st.builds(
        SendRules,
        quiet_from=st.just(quiet[0]),
        quiet_to=st.just(quiet[1]),
        days=st.frozensets(st.integers(0, 6), min_size=1),
    )
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@given(now=INSTANTS, delay=st.timedeltas(timedelta(days=-3), timedelta(days=3)), rules=RULES, zone=ZONES)
def test_the_next_send_is_allowed_not_too_early_and_stays_where_it_is(
    now: datetime, delay: timedelta, rules: SendRules, zone: ZoneInfo
) -> None:
    not_before = now + delay

    at = next_send(now, not_before, rules, zone)

    assert at >= max(now, not_before)
    assert at.tzinfo is UTC
    assert may_send(at, rules, zone)
    assert next_send(at, at, rules, zone) == at


@settings(max_examples=60)
@given(now=INSTANTS, rules=RULES, zone=ZONES)
def test_no_earlier_minute_was_allowed(now: datetime, rules: SendRules, zone: ZoneInfo) -> None:
    at = next_send(now, now, rules, zone)

    earlier = now
    while earlier < at:
        assert not may_send(earlier, rules, zone)
        earlier += MINUTE


@settings(max_examples=60)
@given(zone=ZONES, year=st.integers(2000, 2035), rules=RULES, offset=st.timedeltas(timedelta(hours=-3), timedelta(hours=3)))
def test_around_clock_changes_no_allowed_minute_is_missed(zone: ZoneInfo, year: int, rules: SendRules, offset: timedelta) -> None:
    now = (_clock_change_in(zone, year) or datetime(year, 3, 29, 1, tzinfo=UTC)) + offset

    at = next_send(now, now, rules, zone)

    assert may_send(at, rules, zone)
    earlier = now
    while earlier < at:
        assert not may_send(earlier, rules, zone)
        earlier += MINUTE


def _clock_change_in(zone: ZoneInfo, year: int) -> datetime | None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        later = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            return later
        at += timedelta(hours=6) if at.hour % 6 == 0 and _same_offset(at, zone) else timedelta(hours=1)
    return None


def _same_offset(at: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).utcoffset() == (at + timedelta(hours=6)).astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    ("now", "zone", "rules", "expected"),
    [
        pytest.param("2026-05-12T12:00Z", "Europe/Lisbon", SendRules(), "2026-05-12T12:00Z", id="in the day"),
        pytest.param("2026-05-12T22:30Z", "Europe/Lisbon", SendRules(), "2026-05-13T07:30Z", id="late evening"),
        pytest.param("2026-05-12T03:00Z", "Asia/Kathmandu", SendRules(), "2026-05-12T03:00Z", id="08:45 in Kathmandu"),
        pytest.param("2026-05-12T02:30Z", "Asia/Kathmandu", SendRules(), "2026-05-12T02:45Z", id="08:15 in Kathmandu"),
        pytest.param("2026-05-15T22:00Z", "UTC", SendRules(days=frozenset({0})), "2026-05-18T08:30Z", id="mondays only"),
        pytest.param(
            "2026-05-12T21:00Z", "UTC", SendRules(quiet_from=time(2), quiet_to=time(20)), "2026-05-12T21:00Z", id="overnight"
        ),
        pytest.param(
            "2026-05-12T02:00Z", "UTC", SendRules(quiet_from=time(2), quiet_to=time(20)), "2026-05-12T20:00Z", id="overnight over"
        ),
        pytest.param(
            # Clocks go from 01:00 to 02:00 on 29 March 2026 in Lisbon: 01:30 does not exist there.
            "2026-03-29T00:30Z",
            "Europe/Lisbon",
            SendRules(quiet_from=time(21), quiet_to=time(1, 30)),
            "2026-03-29T01:00Z",
            id="quiet hours end inside a gap",
        ),
        pytest.param(
            # Clocks go from 02:00 to 01:00 on 25 October 2026 in Lisbon: 01:30 comes twice, and 01:00 to 01:30 is quiet again.
            "2026-10-25T01:05Z",
            "Europe/Lisbon",
            SendRules(quiet_from=time(21), quiet_to=time(1, 30)),
            "2026-10-25T01:30Z",
            id="quiet hours come back on a fold",
        ),
        pytest.param(
            # Samoa skipped Friday, 30 December 2011.
            "2011-12-29T20:00Z",
            "Pacific/Apia",
            SendRules(days=frozenset({4})),
            "2012-01-05T18:30Z",
            id="a date that never was",
        ),
    ],
)
def test_known_cases(now: str, zone: str, rules: SendRules, expected: str) -> None:
    assert next_send(utc(now), utc(now), rules, ZoneInfo(zone)) == utc(expected)


def test_every_start_of_an_overnight_window_lands_inside_it() -> None:
    rules, zone = SendRules(quiet_from=time(2), quiet_to=time(20)), ZoneInfo("America/New_York")

    for hour in range(24):
        at = next_send(utc("2026-05-12T00:00Z") + timedelta(hours=hour), utc("2026-05-12T00:00Z"), rules, zone)
        local = at.astimezone(zone).time()
        assert local >= time(20) or local < time(2)


def swapped_hours(at: datetime, start: time, end: time) -> time:
    """The rule of Mautic 5.1 (Interval.php, read November 2026): hours that run over midnight are put in order first."""
    first, last = sorted((start, end))
    wall = at.time()
    return wall if first <= wall < last else first


def test_a_rule_that_swaps_overnight_hours_misses_all_24_starts_and_ours_none() -> None:
    rules, midnight = SendRules(quiet_from=time(2), quiet_to=time(20)), utc("2026-05-12T00:00Z")
    starts = [midnight + timedelta(hours=hour) for hour in range(24)]

    def inside(wall: time) -> bool:
        return wall >= time(20) or wall < time(2)

    assert [inside(swapped_hours(at, time(20), time(2))) for at in starts] == [False] * 24
    assert [inside(next_send(at, at, rules, ZoneInfo("UTC")).time()) for at in starts] == [True] * 24


def test_every_zone_opens_at_the_end_of_its_quiet_hours() -> None:
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        at = next_send(utc("2026-03-29T00:30Z"), utc("2026-03-29T00:30Z"), SendRules(), zone)
        assert may_send(at, SendRules(), zone), name
        assert at == utc("2026-03-29T00:30Z") or at.astimezone(zone).time() == time(8, 30), name


@pytest.mark.parametrize(
    "rules",
    [
        {"quiet_from": time(9), "quiet_to": time(9)},
        {"quiet_from": None},
        {"days": frozenset()},
        {"days": frozenset({7})},
    ],
)
def test_rules_that_never_allow_anything_are_refused(rules: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SendRules(**rules)  # type: ignore[arg-type]


@given(not_before=INSTANTS, length=st.timedeltas(timedelta(), timedelta(days=2)), rules=RULES, zone=ZONES)
def test_the_last_send_lies_between_and_is_allowed(
    not_before: datetime, length: timedelta, rules: SendRules, zone: ZoneInfo
) -> None:
    at = last_send(not_before, not_before + length, rules, zone)

    assert at is None or (not_before <= at <= not_before + length and may_send(at, rules, zone))


def test_the_last_send_before_a_window_closes_in_the_night_is_the_evening_before() -> None:
    at = last_send(utc("2026-05-12T12:00Z"), utc("2026-05-13T05:00Z"), SendRules(), ZoneInfo("UTC"))

    assert at == utc("2026-05-12T20:45Z")


@given(after=INSTANTS, at=WALLS, zone=ZONES, next_day=st.booleans())
def test_a_time_of_day_is_reached_soon_and_shows_on_the_clock(after: datetime, at: time, zone: ZoneInfo, next_day: bool) -> None:
    reached = next_time_of_day(after, at, zone, next_day=next_day)

    assert after < reached <= after + timedelta(days=3)
    local = reached.astimezone(zone)
    skipped = datetime.combine(local.date(), at, tzinfo=zone).astimezone(UTC).astimezone(zone).time() != at
    assert local.time() == at or skipped
    if next_day:
        assert local.date() > after.astimezone(zone).date()


def test_the_time_of_day_is_the_same_after_the_clocks_change() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")

    before = next_time_of_day(utc("2026-03-27T12:00Z"), time(10, 30), lisbon, next_day=True)
    after = next_time_of_day(utc("2026-03-28T12:00Z"), time(10, 30), lisbon, next_day=True)

    assert (before, after) == (utc("2026-03-28T10:30Z"), utc("2026-03-29T09:30Z"))


@given(at=INSTANTS, rules=RULES, zone=ZONES, seed=st.integers(0, 99))
def test_spreading_never_leaves_the_allowed_hours(at: datetime, rules: SendRules, zone: ZoneInfo, seed: int) -> None:
    allowed = next_send(at, at, rules, zone)

    later = spread(allowed, rules, zone, Random(seed))

    assert allowed <= later < allowed + timedelta(minutes=15)
    assert may_send(later, rules, zone)


def test_sends_that_fall_due_together_are_spread() -> None:
    opening = utc("2026-05-13T08:30Z")

    assert len({spread(opening, SendRules(), ZoneInfo("UTC"), Random(seed)) for seed in range(50)}) > 40


@pytest.mark.parametrize("name", [None, "", "Mars/Base", "../../etc/passwd", "Europe"])
def test_a_zone_nobody_knows_is_passed_over(name: str | None) -> None:
    assert known_zone(name, "Europe/Lisbon", "UTC").key == "Europe/Lisbon"
    assert known_zone(name).key == "UTC"
