"""Whether a channel is worth trying: a pure state machine, with the time passed in.

A channel that keeps failing is left alone; what waits for it stays queued. After a while one message is sent as a probe. If that
works, everything goes on; if not, the wait grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FAILURES = 5
"""Failures in a row that open a circuit."""
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0
AT_ONCE_S: Final = {"token": 60.0, "rate": 20.0}
"""Errors that concern the whole channel and open its circuit at once, with the first wait in seconds."""
LONGEST_AT_ONCE_S = 300.0
PROBE_WITHIN_S = 60.0
"""A probe that has told nothing by then is given up."""


class Phase(StrEnum):
    """Where a circuit stands."""

    CLOSED = "closed"
    """Everything is sent."""
    OPEN = "open"
    """Nothing is sent before `retry_at`; then one message may try."""
    PROBING = "probing"
    """One message is trying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A channel's circuit. `failures` counts those in a row, `tries` the failed probes since it opened; `error` is the class
    of the latest failure, `opened_at` since when nothing goes, `retry_at` when one message may try."""

    phase: Phase = Phase.CLOSED
    failures: int = 0
    tries: int = 0
    error: str = ""
    opened_at: datetime | None = None
    retry_at: datetime | None = None


CLOSED = Circuit()


def free_at(circuit: Circuit, now: datetime) -> datetime:
    """When a message may be sent: `now` while it is closed, else when the next probe may start. A circuit that opened later than
    now is of a clock that has been set back since: nobody waits for it."""
    if circuit.retry_at is None or (circuit.opened_at is not None and now < circuit.opened_at):
        return now
    return max(now, circuit.retry_at)


def probing(circuit: Circuit, now: datetime) -> Circuit:
    """A message of this channel is taken in hand at `now`, which `free_at` allowed. On an open circuit it is the probe."""
    if circuit.phase is Phase.CLOSED:
        return circuit
    opened_at = min(circuit.opened_at or now, now)
    return replace(circuit, phase=Phase.PROBING, opened_at=opened_at, retry_at=now + timedelta(seconds=PROBE_WITHIN_S))


def given_up(circuit: Circuit, now: datetime) -> Circuit:
    """The probe ended without having tried the channel: another one may start at once."""
    return replace(circuit, phase=Phase.OPEN, retry_at=now) if circuit.phase is Phase.PROBING else circuit


def succeeded(circuit: Circuit) -> Circuit:
    """The channel answered: whatever was before is over. On an open circuit that is an answer to what was under way when it
    opened, which tells nothing of what comes after."""
    return circuit if circuit.phase is Phase.OPEN else CLOSED


def failed(circuit: Circuit, error: str, now: datetime, *, after_s: float | None = None, jitter: float = 0.0) -> Circuit:
    """The channel did not take a message. `after_s` is how long the channel itself asks to wait; `jitter`, from 0 to 1,
    stretches the wait by up to a quarter, so that several services do not try in step."""
    failures = circuit.failures + 1
    if circuit.phase is Phase.CLOSED and error not in AT_ONCE_S and failures < FAILURES:
        return replace(circuit, failures=failures, error=error)
    if circuit.phase is Phase.OPEN and circuit.error == error:
        # One that was under way when the circuit opened: no news, and no reason to wait longer.
        return replace(circuit, failures=failures)
    tries = circuit.tries + 1 if circuit.phase is Phase.PROBING else circuit.tries
    wait = timedelta(seconds=_wait_s(error, tries, after_s) * (1 + jitter / 4))
    return Circuit(
        phase=Phase.OPEN,
        failures=failures,
        tries=tries,
        error=error,
        opened_at=min(circuit.opened_at or now, now),
        retry_at=now + wait,
    )


def _wait_s(error: str, tries: int, after_s: float | None) -> float:
    if error in AT_ONCE_S:
        return max(after_s or 0.0, min(LONGEST_AT_ONCE_S, AT_ONCE_S[error] * 2.0 ** min(tries, 16)))
    return max(after_s or 0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries, 16)))
