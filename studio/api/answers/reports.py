"""What reports tell: funnels, sources, and the events behind their numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypedDict

type Rate = float | None
"""From 0 to 1; null of nobody."""


class Waits(TypedDict):
    """How long people took to reply, in seconds: exact percentiles."""

    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    worst_s: float | None


class Counts(TypedDict):
    """What became of people: how many of them, and as shares."""

    reached: int
    sent: int
    delivered: int
    read: int
    replied: int
    goal: int
    opted_out: int
    conversions: int
    reply_rate: Rate
    opt_out_rate: Rate
    goal_rate: Rate


class StepFigures(Counts):
    """A row of a funnel: a step, a wording of one, or all of them."""

    key: str
    reply: Waits
    value: dict[str, str]


class Counted(TypedDict):
    """What a funnel has beside its range."""

    flow: str
    by: Literal["step", "variant"]
    enrolments: int
    rows: list[StepFigures]
    total: StepFigures


Range = TypedDict("Range", {"from": datetime, "to": datetime})


class Funnel(Counted, Range):
    """GET reports/flows/{flow}."""


class SourceFigures(TypedDict):
    """A row of the sources."""

    key: str
    people: int
    wrote_back: int
    enrolled: int
    goal: int
    opted_out: int
    won: int
    lost: int
    later: int
    no_fit: int
    conversions: int
    conversion_rate: Rate
    opt_out_rate: Rate
    value: dict[str, str]


class SourcesCounted(TypedDict):
    """What the sources have beside their range."""

    by: str
    touch: Literal["first", "last"]
    rows: list[SourceFigures]
    total: SourceFigures


class Sources(SourcesCounted, Range):
    """GET reports/sources."""


class BehindOne(TypedDict):
    """An event behind a number."""

    conversation_id: str
    at: datetime
    enrolment_id: NotRequired[str]
    journal_id: NotRequired[str]
    message_id: NotRequired[str]
    waited_s: NotRequired[float]
    currency: NotRequired[str]
    value: NotRequired[str]


class Behind(TypedDict):
    """The events behind one number of a report."""

    key: str
    measure: str
    events: list[BehindOne]
