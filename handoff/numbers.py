"""What a report is made of: single waits, misses, guesses and endings, and the numbers that rows of them come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handoff.accounts import Cause


class Segment(StrEnum):
    """A part of the wait that is promised on its own: from the request to the first offer and to the first words, from the offer
    to the acceptance, and from each later message to its answer."""

    OFFER = "offer"
    ACCEPT = "accept"
    FIRST_WORDS = "first_words"
    NEXT_WORDS = "next_words"


class By(StrEnum):
    """What the rows of a report are."""

    HOUR = "hour"
    AGENT = "agent"
    TEAM = "team"
    CHANNEL = "channel"
    REASON = "reason"
    PROMISES = "promises"
    """By the version of the promises that held when it was asked for."""


class Ending(StrEnum):
    """How a wait stands."""

    ANSWERED = "answered"
    SO_FAR = "so_far"
    ABANDONED = "abandoned"
    """The episode ended before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One wait, in seconds by the wall clock; `journal_id` is the line that says so, where there is one."""

    segment: Segment
    conversation_id: str
    episode_id: str
    since: datetime
    waited_s: float
    ending: Ending = Ending.ANSWERED
    journal_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One missed target. `late_s` is how late it was when it was judged; one that nobody has judged yet is late so far."""

    segment: Segment
    conversation_id: str
    episode_id: str
    cause: Cause
    late_s: float | None
    judged: bool = True
    journal_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Waits of one kind, in seconds: nearest-rank percentiles, so each is a wait that somebody had. None if there are none."""

    count: int
    unfinished: int
    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None
    worst_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The first waiting time a prospect was told, in seconds of working time, and what became of it: how much longer than the most
    likely time it took (below 0: shorter), and whether that was inside the range. None as long as nobody knows."""

    conversation_id: str
    episode_id: str
    told_at: datetime
    low_s: float
    likely_s: float
    high_s: float
    error_s: float | None = None
    inside: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How right waiting times were: how many were told, how many of them are judged, the share of those inside their range, and
    how far off their middle was either way. None where nothing is judged."""

    told: int
    judged: int
    inside: float | None = None
    p50_error_s: float | None = None
    p90_error_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an episode ended (None: it has not), what that is worth, whether people were asked how it was, and what they said."""

    conversation_id: str
    episode_id: str
    outcome: str | None = None
    value: float | None = None
    asked: bool = False
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """How many ended so, and what that is worth together."""

    count: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One group of episodes, with the waits and misses behind its numbers."""

    key: str
    episodes: int
    waits: tuple[Wait, ...]
    misses: tuple[Miss, ...]
    guesses: tuple[Guess, ...] = ()
    ends: tuple[End, ...] = ()

    @property
    def ratings(self) -> tuple[int, ...]:
        """What people said of it, from 1 to 5."""
        return tuple(one.rating for one in self.ends if one.rating is not None)

    def outcomes(self) -> dict[str, Worth]:
        """How the episodes that are over ended, the most frequent first."""
        found: dict[str, list[End]] = {}
        for one in self.ends:
            if one.outcome is not None:
                found.setdefault(one.outcome, []).append(one)
        ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        return {name: Worth(count=len(ends), value=round(sum(one.value or 0.0 for one in ends), 2)) for name, ends in ordered}

    @property
    def accuracy(self) -> Accuracy:
        """How right the waiting times were that people were told."""
        judged = [one.inside for one in self.guesses if one.inside is not None]
        errors = [abs(one.error_s) for one in self.guesses if one.error_s is not None]
        return Accuracy(
            told=len(self.guesses),
            judged=len(judged),
            inside=sum(judged) / len(judged) if judged else None,
            p50_error_s=percentile(errors, 0.5) if errors else None,
            p90_error_s=percentile(errors, 0.9) if errors else None,
        )

    def spread(self, segment: Segment) -> Spread:
        """The waits of a segment."""
        found = [wait for wait in self.waits if wait.segment is segment]
        return spread([wait.waited_s for wait in found], unfinished=sum(wait.ending is not Ending.ANSWERED for wait in found))

    def missed(self, segment: Segment) -> int:
        """How often its target was missed."""
        return sum(miss.segment is segment for miss in self.misses)

    def caused(self, cause: Cause) -> int:
        """How many misses have this cause."""
        return sum(miss.cause is cause for miss in self.misses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Episodes requested from `since` on and before `until`, as they stand at `now`. `total` is counted anew, not added up."""

    since: datetime
    until: datetime
    now: datetime
    by: By
    zone: str
    rows: tuple[Row, ...]
    total: Row


def percentile(values: Sequence[float], share: float) -> float:
    """The least of `values` that a share of them (0 < share <= 1) does not exceed: the nearest rank. Raises ValueError if empty."""
    if not values:
        raise ValueError("no values")
    # Rounded first: 0.95 * 20 is a hair above 19 in binary.
    return sorted(values)[max(1, math.ceil(round(share * len(values), 9))) - 1]


def spread(values: Sequence[float], *, unfinished: int = 0) -> Spread:
    """The spread of seconds waited."""
    if not values:
        return Spread(count=0, unfinished=0)
    p50, p90, p95, worst = (percentile(values, share) for share in (0.5, 0.9, 0.95, 1.0))
    return Spread(count=len(values), unfinished=unfinished, p50_s=p50, p90_s=p90, p95_s=p95, worst_s=worst)
