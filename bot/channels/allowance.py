"""How fast one browser may write. Each person has an allowance of their own: nobody pays for the others behind the same address.

What is over it is not lost: the browser keeps the words and is told when to send them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.budget import Rate, free_at, spend
from bot.core.model import Identity

BURST = 20
"""Messages at once after a rest: what a person with a broken line has written meanwhile."""
MOST_KNOWN = 10_000
HELD_FOR = timedelta(seconds=10)
"""How long the message that was turned away first goes before later ones: whoever deletes it is not kept waiting for ever."""


@dataclass(frozen=True, slots=True)
class _Spent:
    until: datetime
    first_key: str | None = None
    first_until: datetime | None = None


class Allowance:
    """`per_minute` messages in the long run and `BURST` at once for each person; 0 is no limit. In memory, per service."""

    def __init__(self, per_minute: float) -> None:
        self._rate = Rate(per_s=per_minute / 60, burst=BURST) if per_minute else None
        self._spent: dict[Identity, _Spent] = {}

    def wait_s(self, who: Identity, key: str, now: datetime) -> float:
        """How long the message with this key is to wait; 0: it may come in now. What was turned away first comes in first."""
        if self._rate is None or (spent := self._spent.get(who)) is None:
            return 0.0
        free = free_at(spent.until, self._rate, now)
        overtakes = spent.first_until is not None and now < spent.first_until and key != spent.first_key
        if free <= now and not overtakes:
            return 0.0
        if not overtakes:
            self._spent[who] = replace(spent, first_key=key, first_until=free + HELD_FOR)
        return max((free - now).total_seconds(), self._rate.interval.total_seconds())

    def took(self, who: Identity, now: datetime) -> None:
        """A message that was new came in."""
        if self._rate is None:
            return
        if len(self._spent) >= MOST_KNOWN:
            self._spent = {known: spent for known, spent in self._spent.items() if spent.until > now}
        before = self._spent.get(who)
        self._spent[who] = _Spent(spend(before.until if before else None, self._rate, now))
