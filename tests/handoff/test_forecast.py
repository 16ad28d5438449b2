"""The waiting time: exact on small samples, and for any history at all honest in form."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.calendar import ALWAYS, Calendar, Period
from handoff.forecast import HIGH, LIKELY, LOW, Basis, Sample, forecast, quantile, spoken_range
from tests.handoff.worlds import START

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def asked(at: datetime, waited_s: float, *, answered: bool = True, team: str | None = None) -> Sample:
    return Sample(requested_at=at, until=at + timedelta(seconds=waited_s), answered=answered, team=team)


def many(at: datetime, *waits_s: float) -> list[Sample]:
    return [asked(at - WEEK * (n % 4 + 1), wait_s) for n, wait_s in enumerate(waits_s)]


TEN = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)


def test_a_range_of_the_same_hour_of_the_week_is_preferred() -> None:
    known = many(START, *TEN) + many(START - 5 * HOUR, *(wait * 10 for wait in TEN))
    found = forecast(known, START, hours=ALWAYS)
    assert found is not None
    assert (found.low_s, found.likely_s, found.high_s) == (20, 50, 120)
    assert (found.count, found.basis) == (10, Basis.HOUR)


def test_with_too_few_the_neighbouring_hours_count_and_then_all() -> None:
    near = many(START, *TEN[:6]) + many(START + HOUR, *TEN[6:])
    far = many(START + 12 * HOUR, *TEN)
    assert [forecast(known, START, hours=ALWAYS).basis for known in (near, far)] == [Basis.NEAR, Basis.ALL]  # type: ignore[union-attr]


def test_with_too_few_at_all_there_is_no_figure() -> None:
    assert forecast(many(START, *TEN[:9]), START, hours=ALWAYS) is None
    assert forecast(many(START, *TEN[:9]), START, hours=ALWAYS, least=9) is not None


def test_the_last_hour_of_the_week_is_next_to_the_first() -> None:
    monday = START.replace(hour=0)
    assert forecast(many(monday - HOUR, *TEN), monday, hours=ALWAYS).basis is Basis.NEAR  # type: ignore[union-attr]


def test_who_gave_up_counts_as_a_wait_that_lasted_longer() -> None:
    given_up = [asked(START - WEEK, 300, answered=False) for _ in range(5)]
    with_them = forecast(many(START, *TEN) + given_up, START, hours=ALWAYS)
    assert with_them is None, "a third were never answered, so nobody knows when nine in ten are"
    assert quantile([(wait, True) for wait in TEN] + [(300, False)] * 5, LIKELY) == 80


def test_another_team_s_waits_say_nothing() -> None:
    sales = [asked(START - WEEK, wait, team="sales") for wait in TEN]
    assert forecast(sales, START, hours=ALWAYS) is None
    assert forecast(sales, START, hours=ALWAYS, team="sales") is not None


def test_a_night_in_between_is_not_waited() -> None:
    office = Calendar(week=((Period(9 * 3600, 17 * 3600),),) * 7)
    evening = START.replace(hour=16, minute=59)
    overnight = [asked(evening - timedelta(days=n), 16 * 3600 + 120) for n in range(1, 11)]
    found = forecast(overnight, evening, hours=office)
    assert found is not None
    assert (found.low_s, found.high_s) == (120, 120)
    closed = [asked(START.replace(hour=3) - timedelta(days=n), 6 * 3600) for n in range(1, 11)]
    assert forecast(closed, evening, hours=office) is None


def test_after_a_while_only_those_who_waited_longer_tell_what_is_to_come() -> None:
    known = many(START, *TEN, *(200.0 + 10 * n for n in range(10)))
    found = forecast(known, START, hours=ALWAYS, waited_s=100)
    assert found is not None
    assert (found.low_s, found.likely_s, found.high_s, found.count) == (60, 140, 180, 10)
    assert forecast(known, START, hours=ALWAYS, waited_s=250) is None


MOMENTS = st.floats(0, 28 * 86_400).map(lambda ago_s: START - timedelta(seconds=ago_s))
SAMPLES = st.lists(
    st.builds(asked, MOMENTS, st.floats(0, 100_000), answered=st.booleans() | st.just(True)), min_size=0, max_size=60
)
OFFICE = Calendar(zone="Europe/Berlin", week=((Period(9 * 3600, 12 * 3600), Period(13 * 3600, 18 * 3600)),) * 5 + ((), ()))


@given(SAMPLES, st.sampled_from([ALWAYS, OFFICE]), st.just(0.0) | st.floats(0, 10_000))
def test_a_range_is_ordered_sayable_and_made_of_enough_waits(known: list[Sample], hours: Calendar, waited_s: float) -> None:
    found = forecast(known, START, hours=hours, waited_s=waited_s)
    if found is None:
        return
    assert 0 <= found.low_s <= found.likely_s <= found.high_s
    assert 10 <= found.count <= len(known)
    assert len(spoken_range(found.low_s, found.high_s)) <= 26
    assert forecast(list(reversed(known)), START, hours=hours, waited_s=waited_s) == found


@given(st.lists(st.floats(0, 10_000), min_size=10, max_size=60))
def test_without_anybody_giving_up_the_shares_are_nearest_ranks(waits: list[float]) -> None:
    for share in (LOW, LIKELY, HIGH):
        found = quantile([(wait, True) for wait in waits], share)
        assert found is not None
        assert sum(wait <= found for wait in waits) >= share * len(waits) - 1e-6
        assert sum(wait < found for wait in waits) <= share * len(waits)


@given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), min_size=1, max_size=40), st.sampled_from([LOW, LIKELY, HIGH]))
def test_one_who_gives_up_never_makes_the_wait_look_shorter(waits: list[tuple[float, bool]], share: float) -> None:
    gone = [(wait, False) if n == 0 else (wait, answered) for n, (wait, answered) in enumerate(waits)]
    before, after = quantile([(waits[0][0], True), *waits[1:]], share), quantile(gone, share)
    assert after is None or (before is not None and after >= before)


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [
        (0, 30, "up to 30 seconds"),
        (20, 40, "20 to 40 seconds"),
        (50, 180, "50 seconds to 3 minutes"),
        (60, 60, "about 1 minute"),
        (60, 300, "1 to 5 minutes"),
        (1800, 5400, "30 minutes to 1.5 hours"),
        (3600, 7200, "1 to 2 hours"),
    ],
)
def test_ranges_as_people_say_them(low_s: float, high_s: float, words: str) -> None:
    assert spoken_range(low_s, high_s) == words
