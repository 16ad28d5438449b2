"""How fast a channel may be written to: pure rate budgets, with the time passed in.

The rule is GCRA (the generic cell rate algorithm, ITU-T I.371): one moment per budget says until when it is spent. A message
may leave when that moment is no further ahead than the burst allows; then it moves on by one interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

EASE_FROM = 0.75
"""From this share of a platform's quota on we slow down, so that the limit itself is not met."""
SET_BACK = timedelta(minutes=1)
"""A budget that seems spent for so much longer than its burst was spent by a clock that has been set back since."""
EASED_TO = 0.02
"""The share of the rate that is left when the quota is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`per_s` messages a second in the long run, at most `burst` at once after a rest."""

    per_s: float
    burst: int

    @property
    def interval(self) -> timedelta:
        """The time that one message uses up, rounded up."""
        return timedelta(microseconds=math.ceil(1_000_000 / self.per_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """A channel's budgets: of the page as a whole, of its media, and of each thread."""

    page: Rate
    media: Rate
    thread: Rate


def within(per_second: float) -> Rate:
    """A rate that in no second whatever exceeds `per_second`: burst and long-run rate share it."""
    burst = max(1, int(per_second / 6))
    return Rate(per_s=max(per_second - burst, per_second / 2), burst=burst)


MESSENGER = Budgets(page=within(300), media=within(10), thread=Rate(per_s=1, burst=10))
"""Meta, Messenger Platform rate limits (March 23, 2026): per page 300 texts, links, reactions and stickers a second, 10 audio
and video messages; pictures are not named, so they count with the smaller budget. The page says that a thread with too many
messages may be limited, without a figure: one a second after the first ten is ours."""
BY_CHANNEL: Mapping[str, Budgets] = {"facebook": MESSENGER}


def scaled(budgets: Budgets, *, page_per_s: float, thread_per_s: float) -> Budgets:
    """The same budgets for a page that may send `page_per_s` messages a second, `thread_per_s` of them to one person."""
    share = page_per_s / 300
    thread = replace(budgets.thread, per_s=thread_per_s, burst=max(budgets.thread.burst, int(thread_per_s)))
    return Budgets(page=within(page_per_s), media=within(10 * share), thread=thread)


def shared(budgets: Budgets, services: int) -> Budgets:
    """One service's share of a page's budgets, where `services` write to it and none knows what the others send: together they
    stay within the whole. A share of less than two messages a second allows half of that in the long run and one at once.

    A thread's budget is not shared: one service at a time holds a conversation.
    """
    if services <= 1:
        return budgets
    page, media = (within((rate.per_s + rate.burst) / services) for rate in (budgets.page, budgets.media))
    return replace(budgets, page=page, media=media)


def free_at(spent_until: datetime | None, rate: Rate, now: datetime) -> datetime:
    """When the next message may leave: `now`, or later if the budget is spent. `spent_until` is None before the first."""
    return max(now, _believed(spent_until, rate, now) - rate.interval * (rate.burst - 1))


def spend(spent_until: datetime | None, rate: Rate, now: datetime) -> datetime:
    """The budget's moment after a message that leaves `now`."""
    return max(_believed(spent_until, rate, now), now) + rate.interval


def _believed(spent_until: datetime | None, rate: Rate, now: datetime) -> datetime:
    """The budget's moment; one that no burst explains was spent by a clock that has been set back since, and counts as now."""
    if spent_until is None or spent_until > now + rate.interval * rate.burst + SET_BACK:
        return now
    return spent_until


def eased(rate: Rate, used: float) -> Rate:
    """The rate when `used` (0 to 1) of the platform's own quota is gone: whole up to `EASE_FROM`, then less and less."""
    if used <= EASE_FROM:
        return rate
    left = max(EASED_TO, (1 - min(1.0, used)) / (1 - EASE_FROM))
    return Rate(per_s=rate.per_s * left, burst=max(1, int(rate.burst * left)))
