"""A person who writes a flood waits in the browser; nobody else does, nothing is lost, and nothing overtakes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.allowance import BURST, HELD_FOR, Allowance
from bot.core.model import Identity

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN, BEN = (Identity(channel="widget", external_id=name) for name in ("ann", "ben"))


def write(allowance: Allowance, who: Identity, key: str, now: datetime) -> float:
    wait_s = allowance.wait_s(who, key, now)
    if not wait_s:
        allowance.took(who, now)
    return wait_s


def spent() -> Allowance:
    """An allowance of which Ann has used everything."""
    allowance = Allowance(60)
    assert [write(allowance, ANN, f"k{n}", T0) for n in range(BURST)] == [0.0] * BURST
    return allowance


def test_a_flood_waits_and_others_do_not() -> None:
    allowance = spent()
    assert write(allowance, ANN, "more", T0) == 1.0
    assert write(allowance, BEN, "hello", T0) == 0.0
    assert write(allowance, ANN, "more", T0 + timedelta(seconds=1)) == 0.0


def test_a_later_message_does_not_overtake_the_one_that_was_turned_away() -> None:
    allowance = spent()
    assert write(allowance, ANN, "first", T0) > 0
    later = T0 + timedelta(seconds=2)
    assert write(allowance, ANN, "second", later) > 0
    assert write(allowance, ANN, "first", later) == 0.0
    assert write(allowance, ANN, "second", later) == 0.0


def test_a_message_that_never_comes_again_holds_nobody_for_long() -> None:
    allowance = spent()
    assert write(allowance, ANN, "deleted", T0) > 0
    assert write(allowance, ANN, "next", T0 + HELD_FOR) > 0
    assert write(allowance, ANN, "next", T0 + HELD_FOR + timedelta(seconds=2)) == 0.0


def test_no_limit() -> None:
    allowance = Allowance(0)
    assert all(write(allowance, ANN, f"k{n}", T0) == 0 for n in range(1000))


@given(
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=40),
    count=st.integers(1, 60),
    per_minute=st.floats(1, 600),
)
def test_whoever_sends_again_as_told_gets_everything_in_and_in_order(gaps: list[float], count: int, per_minute: float) -> None:
    """A browser that writes `count` messages with any gaps, and sends all that wait, in order, whenever it was told to."""
    allowance, now, waiting, came_in, again_at = Allowance(per_minute), T0, list[str](), list[str](), T0
    for number in range(count):
        now += timedelta(seconds=gaps[number % len(gaps)])
        waiting.append(f"k{number}")
        if now >= again_at:
            again_at = deliver(allowance, now, waiting, came_in)
    for _ in range(count):
        now = max(now, again_at)
        again_at = deliver(allowance, now, waiting, came_in)
    assert came_in == [f"k{number}" for number in range(count)]


def deliver(allowance: Allowance, now: datetime, waiting: list[str], came_in: list[str]) -> datetime:
    """Send everything that waits, in order. Returns when to send the rest."""
    told = [(key, write(allowance, ANN, key, now)) for key in waiting]
    came_in += [key for key, wait_s in told if not wait_s]
    waiting[:] = [key for key, wait_s in told if wait_s]
    return now + timedelta(seconds=max((wait_s for _, wait_s in told), default=0.0))
