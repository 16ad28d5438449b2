"""How long somebody will wait for a person's first words, told from how long others lately did. Pure.

What ended without an answer counts as a wait of at least that long, by the product-limit estimate (Kaplan and Meier, Nonparametric
Estimation from Incomplete Observations, 1958), so a desk where people give up does not look fast. Where too little is known
there is no figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from handoff.calendar import Calendar, open_at, working_between

WEEK_H = 168
NEIGHBOURS = (0, 1, 2)
"""How many hours to either side are looked at, one after the other, before every hour counts."""

LOW, LIKELY, HIGH = 0.2, 0.5, 0.9
"""Shares of waits that are shorter than what is told: the range should hold for seven in ten."""


class Basis(StrEnum):
    """Which waits a figure is made of."""

    HOUR = "hour"
    """Those of the same hour of the week."""
    NEAR = "near"
    """Those up to two hours to either side."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One wait for first words: when it was asked for, until when it lasted, and whether words or something else ended it."""

    requested_at: datetime
    until: datetime
    answered: bool = True
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A waiting time, in seconds of working time from now: `low_s` to `high_s`, rounded outward to what people say. `likely_s`
    is the middle, `count` the waits it is made of."""

    low_s: float
    likely_s: float
    high_s: float
    count: int
    basis: Basis


def forecast(
    samples: Iterable[Sample],
    at: datetime,
    *,
    hours: Calendar,
    team: str | None = None,
    waited_s: float = 0.0,
    least: int = 10,
) -> Range | None:
    """The waiting time of somebody who asks at `at` (aware), or who has waited `waited_s` seconds of working time by then.

    Waits of the same team, asked for in working hours; those of the same hour of the week by the zone of `hours` if there are
    `least` of them, else of neighbouring hours too, else of all. Only waits that were longer than `waited_s` say what is to
    come. None if there are too few, or so many ended unanswered that the upper end is not known.
    """
    here = _hour_of_week(at, hours.zone)
    known = [
        (_apart(_hour_of_week(one.requested_at, hours.zone), here), one)
        for one in samples
        if one.team == team and open_at(one.requested_at, hours)
    ]
    for reach in (*NEIGHBOURS, WEEK_H):
        near = [one for apart, one in known if apart <= reach]
        if len(near) < least:
            continue
        waits = [(working_between(one.requested_at, one.until, hours) - waited_s, one.answered) for one in near]
        left = [(wait_s, answered) for wait_s, answered in waits if wait_s > 0 or (waited_s == 0 and answered)]
        if len(left) >= least:
            return _range(left, Basis.HOUR if reach == 0 else Basis.ALL if reach == WEEK_H else Basis.NEAR)
    return None


def _range(waits: Sequence[tuple[float, bool]], basis: Basis) -> Range | None:
    low, likely, high = (quantile(waits, share) for share in (LOW, LIKELY, HIGH))
    if low is None or likely is None or high is None:
        return None
    return Range(low_s=_down(low), likely_s=likely, high_s=max(_up(high), _down(low)), count=len(waits), basis=basis)


def quantile(waits: Sequence[tuple[float, bool]], share: float) -> float | None:
    """The time by which this share of waits is answered; `waits` are (seconds, answered), the unanswered lasting at least so
    long. None if the unanswered leave it open."""
    still, left = 1.0, len(waits)
    for wait_s, answered in sorted(waits, key=lambda wait: (wait[0], not wait[1])):
        if answered:
            still *= 1 - 1 / left
            if 1 - still >= share - 1e-9:
                return max(0.0, wait_s)
        left -= 1
    return None


def error_s(likely_s: float, waited_s: float) -> float:
    """How far off the middle was: above 0 if it took longer."""
    return round(waited_s - likely_s, 3)


# ---- as people say it -----------------------------------------------------------------------------------------------


def _step(seconds: float) -> float:
    if seconds < 60:
        return 10
    if seconds < 600:
        return 60
    return 300 if seconds < 3600 else 1800


def _down(seconds: float) -> float:
    step = _step(seconds)
    return math.floor(seconds / step + 1e-9) * step


def _up(seconds: float) -> float:
    step = _step(seconds)
    return max(10.0, math.ceil(seconds / step - 1e-9) * step)


def spoken_range(low_s: float, high_s: float) -> str:
    """A range as people say it: `up to 30 seconds`, `20 to 40 seconds`, `2 to 5 minutes`, `50 seconds to 3 minutes`."""
    if low_s <= 0:
        return f"up to {_said(high_s)}"
    if low_s == high_s:
        return f"about {_said(high_s)}"
    low, high = _said(low_s), _said(high_s)
    (number, unit), other = low.rsplit(" ", 1), high.rsplit(" ", 1)[1]
    return f"{number} to {high}" if unit.rstrip("s") == other.rstrip("s") else f"{low} to {high}"


def _said(seconds: float) -> str:
    if seconds < 60:
        number, unit = f"{round(seconds)}", "second"
    elif seconds < 3600:
        number, unit = f"{round(seconds / 60)}", "minute"
    else:
        number, unit = f"{round(seconds / 1800) / 2:g}", "hour"
    return f"{number} {unit}{'' if number == '1' else 's'}"


def _hour_of_week(at: datetime, zone: str) -> int:
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def _apart(one: int, other: int) -> int:
    away = abs(one - other)
    return min(away, WEEK_H - away)
