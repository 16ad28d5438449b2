"""What a simulation showed: counts by step and by day, what was held and why, who left and over what, a few talks in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.simulate.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTold:
    """One step: how many people came to it, were told something there (of these unprompted), wrote back, answered; whether it was
    put again or nudged; how many the flow ended at, how many stand at it still, how many opted out or complained after its words.

    `by_wording` tells the last two of each wording that was said there.
    """

    step: str
    kind: str
    reached: int
    said: int
    unprompted: int
    replied: int
    answered: int
    again: int
    nudged: int
    ended: int
    standing: int
    opted_out: int
    complained: int
    by_wording: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTold:
    """One day: who entered, the flow's messages (unprompted, in reply), of other flows, holds, what people wrote, opt-outs."""

    day: int
    entered: int = 0
    unprompted: int = 0
    in_reply: int = 0
    other_flows: int = 0
    held: int = 0
    written: int = 0
    opted_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTold:
    """Something kept a step back: why, how often, how many people, at which steps."""

    reason: str
    times: int
    people: int
    steps: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long people waited for a person, in seconds; `never` got none while they waited."""

    asked: int
    came: int
    never: int
    median_s: float | None
    p90_s: float | None
    longest_s: float | None
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedTold:
    """A flow paused itself: which, when (None: it was paused before), and why in words."""

    flow: str
    at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStopped:
    """An arm of an experiment that nobody new gets: of which flow and step, since when (None: from before), and why in words."""

    flow: str
    experiment: str
    arm: str
    at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One talk in full: (when, who, words). Who is `person`, `bot`, `flow step`, `agent` or a note in brackets."""

    person: str
    character: str
    zone: str
    ended: str
    language: str
    lines: tuple[tuple[datetime, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The result. `ends` counts how enrolments ended (`done: goal`), `live` those still inside."""

    flow: str
    version: int
    setup: Setup
    entered: int
    people_written_to: int
    replied: int
    messages_written: int
    opted_out: int
    complained: int
    undelivered: int
    live: int
    ends: Mapping[str, int]
    steps: tuple[StepTold, ...]
    days: tuple[DayTold, ...]
    held: tuple[HeldTold, ...]
    waits: Waits
    paused: tuple[PausedTold, ...]
    stopped_arms: tuple[ArmStopped, ...]
    characters: Mapping[str, Mapping[str, int]]
    invented: tuple[str, ...]
    transcripts: tuple[Transcript, ...]
