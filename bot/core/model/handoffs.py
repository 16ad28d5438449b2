"""One handoff, from request to return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.words import Json, Reason
from bot.core.model.written import AgentRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Time of an episode spent in one way: seconds by the wall clock, seconds of working time, and in how many stretches."""

    kind: str
    wall_s: float = 0.0
    working_s: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A waiting time that the prospect was told: from `told_at` on, `low_s` to `high_s` seconds of working time, most likely
    `likely_s`. `place` is theirs in the line, if that was told."""

    told_at: datetime
    low_s: float
    likely_s: float
    high_s: float
    place: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One handoff, from request to return. The four timestamps split the wait into its segments.

    `breached` names the clocks that were missed (offer, accept, first_words, next_words) and `causes` why. `rung` is the next
    rung to climb. `status` is waiting, accepted or closed. `policy` and `team` say which promises hold, and `promises` of which
    version of the file they were when it was opened; `value` is what the lead is worth, `weight` how much of an agent's capacity it
    takes (`above_capacity`: a supervisor let it be too much).
    `language` and `skills` are asked for until `language_until` and `skills_until`; `last_agent` talked with the person before, and
    `asked_at` is when somebody was asked last, the `times_asked`th time. `segments` add up
    where the time went until `phase_since`, since when it goes to `phase`.

    `forecasts` are the waiting times told, oldest first; once the first words came, `forecast_error_s` is how much longer than the
    most likely time of the first they took, and `forecast_kept` whether that was inside its range. `callback_at` is the time that
    was booked, `callback_seat` which of the agents' places at that time; nobody is asked
    before `not_before`. `times` are those last offered. `rating` is from 1 to 5, `outcome_value` money in the settings' currency.
    """

    episode_id: str
    reason: Reason
    requested_at: datetime
    first_words_due_at: datetime
    status: str = "waiting"
    detail: str = ""
    rung: int = 0
    offered_at: datetime | None = None
    offered_to: tuple[str, ...] = ()
    widened: bool = False
    accepted_at: datetime | None = None
    agent: AgentRef | None = None
    first_words_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    summary: str = ""
    breached: tuple[str, ...] = ()
    choice: str | None = None
    policy: str = "default"
    promises: str = ""
    team: str | None = None
    value: float | None = None
    weight: float = 1.0
    above_capacity: bool = False
    language: str | None = None
    language_until: datetime | None = None
    skills: tuple[str, ...] = ()
    skills_until: datetime | None = None
    last_agent: str | None = None
    asked_at: datetime | None = None
    times_asked: int = 0
    offer_due_at: datetime | None = None
    accept_due_at: datetime | None = None
    seen_at: datetime | None = None
    phase: str = ""
    phase_since: datetime | None = None
    segments: tuple[Segment, ...] = ()
    causes: Json = field(default_factory=dict)
    forecasts: tuple[Forecast, ...] = ()
    forecast_error_s: float | None = None
    forecast_kept: bool | None = None
    callback_at: datetime | None = None
    callback_seat: int | None = None
    rating: int | None = None
    rating_asked_at: datetime | None = None
    outcome_value: float | None = None
    not_before: datetime | None = None
    times: tuple[datetime, ...] = ()
