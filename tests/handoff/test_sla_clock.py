"""Misses against the truth of timestamps, and against a scheduler that looks every five minutes."""

from __future__ import annotations

from random import Random

from bench.sla_clock import Waited, ours, sla_clock, tally, ticked, waits
from handoff.policy import Policy

POLICY = Policy.default()
TARGET_S = POLICY.targets.next_words_s


def test_no_breach_is_hidden_doubled_or_made_up_whatever_the_waits_and_while_the_service_is_down() -> None:
    made = waits(250, Random(3))
    found = [[at for at, _ in ours(POLICY, wait)] for wait in made]
    told = tally(found, made, TARGET_S)
    assert (told.hidden, told.doubled, told.invented) == (0, 0, 0)
    assert any(wait.down and wait.is_missed(TARGET_S) for wait in made)


def test_a_wait_that_goes_round_to_others_is_missed_once() -> None:
    wait = Waited(since_s=100, again_s=(300, 500), answered_s=1000, down=False)
    assert [at for at, _ in ours(POLICY, wait)] == [100 + TARGET_S]


def test_an_answer_one_second_late_between_two_ticks_is_a_miss_that_the_scheduler_hides() -> None:
    wait = Waited(since_s=301, again_s=(), answered_s=302 + TARGET_S, down=False)
    assert len(ours(POLICY, wait)) == 1
    assert ticked(wait, TARGET_S, 0.0) == []


def test_who_writes_again_while_it_is_late_is_counted_twice_by_the_scheduler() -> None:
    wait = Waited(since_s=100, again_s=(400,), answered_s=1000, down=False)
    assert len(ticked(wait, TARGET_S, 0.0)) == 2
    assert len(ours(POLICY, wait)) == 1


def test_the_row_says_so() -> None:
    data = sla_clock(count=60).data
    assert data["warmline"]["hidden"] == data["warmline"]["doubled"] == 0  # type: ignore[index]
    assert data["five_minute_cron"]["hidden"] > 0  # type: ignore[index]
