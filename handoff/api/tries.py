"""How often somebody may guess a password."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

PER_ACCOUNT = 10
PER_ADDRESS = 100
WITHIN = timedelta(minutes=15)
MOST_KEYS = 10_000


class Tries:
    """Counts failures per (account, address) and per address. One office behind one address is not locked out by one
    colleague's typos. The counts live in memory: a restart forgives."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failures: dict[str, deque[datetime]] = {}

    def wait_s(self, account: str, address: str) -> int:
        """Seconds until the next try is allowed; 0 means now."""
        waits = [self._wait(f"{account} {address}", PER_ACCOUNT), self._wait(address, PER_ADDRESS)]
        return max(waits)

    def failed(self, account: str, address: str) -> None:
        """A wrong password."""
        if len(self._failures) >= MOST_KEYS:
            self._forget_old()
        for key in (f"{account} {address}", address):
            self._failures.setdefault(key, deque(maxlen=PER_ADDRESS)).append(self._now())

    def succeeded(self, account: str, address: str) -> None:
        """The right password: earlier typos are forgiven."""
        self._failures.pop(f"{account} {address}", None)

    def _wait(self, key: str, most: int) -> int:
        recent = [at for at in self._failures.get(key, ()) if at > self._now() - WITHIN]
        if len(recent) < most:
            return 0
        return max(1, int((recent[-most] + WITHIN - self._now()).total_seconds()))

    def _forget_old(self) -> None:
        limit = self._now() - WITHIN
        self._failures = {key: times for key, times in self._failures.items() if times[-1] > limit}
        if len(self._failures) >= MOST_KEYS:
            oldest = sorted(self._failures, key=lambda key: self._failures[key][-1])
            for key in oldest[: MOST_KEYS // 10]:
                del self._failures[key]
