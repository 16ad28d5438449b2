"""Rate budgets: never above the limit in any second, and no message waits longer than it must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.budget import EASE_FROM, MESSENGER, Rate, eased, free_at, scaled, spend, within

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
gaps_us = st.lists(st.integers(0, 400_000), min_size=1, max_size=200)
rates = st.builds(Rate, per_s=st.floats(0.2, 2000), burst=st.integers(1, 400))


def leave(gaps: list[int], rate: Rate) -> list[datetime]:
    """When each message leaves, if one is wanted after each gap and waits until its budget lets it."""
    now, spent_until, left = START, None, []
    for gap in gaps:
        now = max(now + timedelta(microseconds=gap), START)
        now = free_at(spent_until, rate, now)
        spent_until = spend(spent_until, rate, now)
        left.append(now)
    return left


def most_in(window: timedelta, moments: list[datetime]) -> int:
    """The most moments in any half-open window of this length."""
    return max(sum(first <= at < first + window for at in moments) for first in moments)


@given(gaps=gaps_us, rate=rates, seconds=st.integers(1, 20))
def test_no_window_holds_more_than_the_burst_and_the_rate(gaps: list[int], rate: Rate, seconds: int) -> None:
    window = timedelta(seconds=seconds)
    assert most_in(window, leave(gaps, rate)) <= rate.burst + rate.per_s * seconds + 1e-6


@given(gaps=gaps_us, limit=st.integers(2, 400))
def test_a_limit_a_second_holds_in_every_second(gaps: list[int], limit: int) -> None:
    assert most_in(SECOND, leave(gaps, within(limit))) <= limit


def test_messenger_s_figures_hold_for_a_crowd_at_once() -> None:
    assert most_in(SECOND, leave([0] * 900, MESSENGER.page)) <= 300
    assert most_in(SECOND, leave([0] * 60, MESSENGER.media)) <= 10
    assert most_in(SECOND, leave([0] * 60, MESSENGER.thread)) <= 11
    assert 900 / (leave([0] * 901, MESSENGER.page)[-1] - START).total_seconds() > 250, "and the budget is used, not wasted"


@given(rate=rates, burst_at=st.integers(0, 3600))
def test_after_a_rest_the_whole_burst_leaves_at_once(rate: Rate, burst_at: int) -> None:
    spent_until, now = None, START
    for _ in range(rate.burst):
        now = free_at(spent_until, rate, now)
        spent_until = spend(spent_until, rate, now)
    rested = spent_until + timedelta(seconds=burst_at)
    for _ in range(rate.burst):
        assert free_at(spent_until, rate, rested) == rested
        spent_until = spend(spent_until, rate, rested)
    assert free_at(spent_until, rate, rested) > rested


@given(rate=rates, used=st.floats(0, 1.5), more=st.floats(0, 0.5))
def test_the_fuller_the_quota_the_slower_and_never_to_a_standstill(rate: Rate, used: float, more: float) -> None:
    slower = eased(rate, used)
    assert 0 < slower.per_s <= rate.per_s
    assert 1 <= slower.burst <= rate.burst
    assert eased(rate, used + more).per_s <= slower.per_s
    assert (slower == rate) == (used <= EASE_FROM)


def test_a_page_with_a_larger_limit_has_all_budgets_larger() -> None:
    larger = scaled(MESSENGER, page_per_s=600, thread_per_s=5)
    assert most_in(SECOND, leave([0] * 1300, larger.page)) <= 600
    assert larger.media.per_s > MESSENGER.media.per_s
    assert larger.thread.per_s == 5


def test_a_clock_that_is_set_back_does_not_leave_the_budget_spent() -> None:
    rate = Rate(per_s=1.0, burst=3)
    spent_until = spend(None, rate, START)
    earlier = START - timedelta(hours=1)

    assert free_at(spent_until, rate, earlier) == earlier
    assert spend(spent_until, rate, earlier) == earlier + rate.interval
