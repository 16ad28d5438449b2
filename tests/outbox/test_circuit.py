"""The circuit of a channel, as properties over any history of sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.circuit import (
    CLOSED,
    FAILURES,
    LONGEST_AT_ONCE_S,
    LONGEST_WAIT_S,
    PROBE_WITHIN_S,
    Circuit,
    Phase,
    failed,
    free_at,
    given_up,
    probing,
    succeeded,
)

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ERRORS = ("temporary", "away", "timeout", "token", "rate")
happenings = st.lists(
    st.tuples(
        st.sampled_from(("take", "succeed", "give up", *ERRORS)),
        st.integers(0, 90),
        st.none() | st.floats(0, 900),
        st.floats(0, 1),
    ),
    max_size=60,
)


def played(history: list[tuple[str, int, float | None, float]]) -> list[tuple[datetime, str, Circuit, Circuit]]:
    """(when, what, before, after) of each happening that was allowed."""
    circuit, now, told = CLOSED, START, []
    for what, seconds, after_s, jitter in history:
        now += timedelta(seconds=seconds)
        before = circuit
        match what:
            case "take" if free_at(circuit, now) <= now:
                circuit = probing(circuit, now)
            case "take":
                continue
            case "succeed":
                circuit = succeeded(circuit)
            case "give up":
                circuit = given_up(circuit, now)
            case error:
                circuit = failed(circuit, error, now, after_s=after_s, jitter=jitter)
        told.append((now, what, before, circuit))
    return told


@given(happenings)
def test_it_never_gets_stuck_and_never_runs_hot(history: list[tuple[str, int, float | None, float]]) -> None:
    for now, what, _, after in played(history):
        if after.phase is Phase.CLOSED:
            assert free_at(after, now) == now
            assert after.failures < FAILURES
        else:
            assert after.opened_at is not None
            assert after.retry_at is not None
            assert after.opened_at <= now
            wait_s = (free_at(after, now) - now).total_seconds()
            assert wait_s <= max(LONGEST_AT_ONCE_S, PROBE_WITHIN_S, 900) * 1.25
            if what in ERRORS and after.phase is Phase.OPEN and after.retry_at > now:
                assert wait_s > 0


@given(happenings)
def test_while_one_probes_nobody_else_is_let_through(history: list[tuple[str, int, float | None, float]]) -> None:
    for now, what, before, after in played(history):
        if what == "take" and before.phase is not Phase.CLOSED:
            assert after.phase is Phase.PROBING
            assert free_at(after, now) == now + timedelta(seconds=PROBE_WITHIN_S)


@given(happenings)
def test_since_when_it_is_open_does_not_move_until_it_closes(history: list[tuple[str, int, float | None, float]]) -> None:
    for _, what, before, after in played(history):
        if before.opened_at is not None:
            closes = what == "succeed" and before.phase is Phase.PROBING
            assert after.opened_at == (None if closes else before.opened_at)


@given(happenings)
def test_a_probe_s_success_ends_it_and_a_late_answer_does_not(history: list[tuple[str, int, float | None, float]]) -> None:
    for _, what, before, after in played(history):
        if what == "succeed":
            assert after == (before if before.phase is Phase.OPEN else CLOSED)


def test_it_opens_after_failures_in_a_row_only() -> None:
    circuit = CLOSED
    for _ in range(FAILURES - 1):
        circuit = failed(circuit, "temporary", START)
    assert circuit.phase is Phase.CLOSED
    circuit = succeeded(circuit)
    for _ in range(FAILURES - 1):
        circuit = failed(circuit, "temporary", START)
    assert circuit.phase is Phase.CLOSED
    assert failed(circuit, "temporary", START).phase is Phase.OPEN


@pytest.mark.parametrize("error", ["token", "rate"])
def test_what_concerns_the_whole_page_opens_it_at_once(error: str) -> None:
    circuit = failed(CLOSED, error, START)
    assert (circuit.phase, circuit.error, circuit.opened_at) == (Phase.OPEN, error, START)
    assert free_at(circuit, START) >= START + timedelta(seconds=20)


def test_the_channel_s_own_wait_is_kept() -> None:
    circuit = failed(CLOSED, "rate", START, after_s=240)
    assert free_at(circuit, START) == START + timedelta(minutes=4)


def test_failed_probes_wait_longer_and_longer_up_to_a_bound() -> None:
    circuit, now, waits = CLOSED, START, []
    for _ in range(FAILURES):
        circuit = failed(circuit, "temporary", now)
    for _ in range(12):
        waits.append((free_at(circuit, now) - now).total_seconds())
        now = free_at(circuit, now)
        circuit = failed(probing(circuit, now), "temporary", now)
    assert waits == sorted(waits)
    assert waits[0] < waits[3] < waits[-1] == LONGEST_WAIT_S


def test_those_under_way_when_it_opened_do_not_lengthen_the_wait() -> None:
    circuit = failed(CLOSED, "token", START)
    later = circuit
    for second in range(5):
        later = failed(later, "token", START + timedelta(seconds=second))
    assert later.retry_at == circuit.retry_at


def test_a_probe_that_never_tells_does_not_close_the_channel_for_ever() -> None:
    circuit = probing(failed(CLOSED, "token", START), START + timedelta(minutes=5))
    assert free_at(circuit, START + timedelta(minutes=5)) == START + timedelta(minutes=5, seconds=PROBE_WITHIN_S)
    assert given_up(circuit, START + timedelta(minutes=5)).phase is Phase.OPEN


def test_a_clock_that_is_set_back_does_not_keep_the_channel_closed() -> None:
    opened = failed(CLOSED, "token", START)
    earlier = START - timedelta(hours=1)

    assert free_at(opened, earlier) == earlier
    tried = probing(opened, earlier)
    assert free_at(tried, earlier) == earlier + timedelta(seconds=PROBE_WITHIN_S)
    assert free_at(failed(tried, "token", earlier), earlier) > earlier
