"""Times that can be booked: never outside hours, never more than there are agents, and what people type means what they mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.calendar import ALWAYS, Calendar, Period, working_between
from handoff.slots import free_place, free_times, in_period, meant, some, title
from tests.handoff.worlds import START, berlin

H = 3600
OFFICE = Calendar(
    zone="Europe/Berlin", week=((Period(9 * H, 12 * H + 1800), Period(13 * H, 17 * H)),) * 5 + ((), ()), country="DE", region="BE"
)
NIGHT = Calendar(zone="Asia/Kathmandu", week=((Period(22 * H, 26 * H),),) * 7)
QUIET = Period(21 * H, 32 * H + 1800)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
MOMENTS = st.floats(0, 400 * 86_400).map(lambda later_s: START + timedelta(seconds=later_s))


def first(now: datetime, count: int, **more: object) -> list[str]:
    times = free_times(now, OFFICE, **{"taken": (), "agents": 1, **more})  # type: ignore[arg-type]
    return [f"{at.astimezone(ZoneInfo('Europe/Berlin')):%a %H:%M}" for at in islice(times, count)]


def test_the_next_times_begin_after_the_lead_and_keep_the_hours() -> None:
    assert first(berlin("2026-11-27T11:50"), 5) == ["Fri 13:00", "Fri 13:30", "Fri 14:00", "Fri 14:30", "Fri 15:00"]
    assert first(berlin("2026-11-27T11:10"), 2) == ["Fri 11:30", "Fri 12:00"]
    assert first(berlin("2026-11-27T16:20"), 2) == ["Mon 09:00", "Mon 09:30"]
    assert first(berlin("2026-12-24T16:40"), 1, days=10) == ["Mon 09:00"], "the 25th is a holiday"


def test_as_many_at_once_as_there_are_agents() -> None:
    now = berlin("2026-11-27T12:50")
    half_past, two = berlin("2026-11-27T13:30"), berlin("2026-11-27T14:00")
    assert first(now, 1, taken={(half_past, 0)}) == ["Fri 14:00"]
    assert first(now, 2, taken={(half_past, 0), (two, 0), (two, 1)}, agents=2) == ["Fri 13:30", "Fri 14:30"]
    assert free_place(half_past, {(half_past, 0)}, 2) == 1
    assert free_place(half_past, {(half_past, 1)}, 2) == 0
    assert first(now, 1, agents=0) == []


def test_nobody_is_called_in_their_night() -> None:
    found = first(berlin("2026-11-27T08:00"), 1, zone="America/New_York", quiet=QUIET)
    assert found == ["Fri 14:30"], "half past eight in New York"


def test_a_calendar_that_never_opens_has_no_times() -> None:
    assert list(free_times(START, Calendar(week=((),) * 7), taken=(), agents=3)) == []


@given(MOMENTS, st.sampled_from([OFFICE, NIGHT, ALWAYS]), st.integers(1, 3), ZONES, st.randoms(use_true_random=False))
def test_every_time_is_free_open_awake_and_ahead(now: datetime, hours: Calendar, agents: int, zone: str, rng: object) -> None:
    whole = list(free_times(now, hours, taken=(), agents=agents, zone=zone, quiet=QUIET))
    taken = {(at, place) for at in whole[::3] for place in range(agents)} | {(at, 0) for at in whole[1::3]}
    found = list(free_times(now, hours, taken=taken, agents=agents, zone=zone, quiet=QUIET))
    assert found == [at for at in whole if free_place(at, taken, agents) is not None]
    assert all(later > earlier for earlier, later in pairwise(found))
    for at in found:
        assert now + timedelta(minutes=15) <= at <= now + timedelta(days=6)
        assert working_between(at, at + timedelta(minutes=30), hours) == 1800
        assert not in_period(at.astimezone(ZoneInfo(zone)), QUIET)
        assert (at, free_place(at, taken, agents)) not in taken
        assert len(title(at, now=now, zone=zone)) <= 20
    chosen = some(iter(found), zone)
    assert list(chosen) == sorted(set(chosen))
    assert set(chosen) <= set(found)
    assert len(chosen) == min(3, len(found))


# ---- typed

NOW = berlin("2026-11-26T10:00")
FREE = tuple(free_times(NOW, OFFICE, taken=(), agents=1))
OFFERED = some(iter(FREE), "Europe/Berlin")


def at(text: str) -> datetime:
    return berlin(text)


@pytest.mark.parametrize(
    ("text", "booked"),
    [
        ("Today 10:30 am", "2026-11-26T10:30"),
        ("the second one please", None),
        ("the second one", "2026-11-26T11:00"),
        ("2", "2026-11-26T11:00"),
        ("last", "2026-11-27T09:00"),
        ("tomorrow at 3", "2026-11-27T15:00"),
        ("tomorrow 3:30 pm", "2026-11-27T15:30"),
        ("Friday 15:30", "2026-11-27T15:30"),
        ("monday at 9", "2026-11-30T09:00"),
        ("27 Nov, 10 am", "2026-11-27T10:00"),
        ("Nov 30th at 4pm", "2026-11-30T16:00"),
    ],
)
def test_a_clear_time_is_the_one_that_is_meant(text: str, booked: str | None) -> None:
    found = meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin")
    if booked is None:
        return
    assert found.clear
    assert found.times[0] == at(booked)


@pytest.mark.parametrize(
    ("text", "count", "first_at"),
    [
        ("tomorrow", 15, "2026-11-27T09:00"),
        ("tomorrow afternoon", 8, "2026-11-27T13:00"),
        ("monday after 3", 4, "2026-11-30T15:00"),
        ("in the morning would be good", 24, "2026-11-26T10:30"),
        ("sunday", 0, None),
        ("tomorrow at 8 pm", 0, None),
    ],
)
def test_a_vague_time_leaves_a_choice(text: str, count: int, first_at: str | None) -> None:
    found = meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin")
    assert found.understood
    assert not found.clear or not found.times
    assert len(found.times) == count, [f"{one:%a %H:%M}" for one in found.times]
    assert found.times[:1] == ((at(first_at),) if first_at else ())


@pytest.mark.parametrize("text", ["how much is it?", "do you ship to Spain", "hm", "my cat is ill", ""])
def test_what_is_not_about_a_time_is_no_time(text: str) -> None:
    assert not meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin").understood


@given(st.text(max_size=60), MOMENTS)
def test_whatever_is_typed_only_free_times_come_of_it(text: str, now: datetime) -> None:
    free = tuple(free_times(now, OFFICE, taken=(), agents=1))
    found = meant(text, some(iter(free), "Europe/Berlin"), free, now=now, zone="Europe/Berlin")
    assert set(found.times) <= set(free)
