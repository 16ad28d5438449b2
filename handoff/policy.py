"""Promised times, the ladder and Warmline's own words, read from `promises.yml`.

One file holds the promises that hold for everybody, and `policies` that differ for some. `Policy` is both: the file, and what
governs one handoff (`of`, `for_facts`). Every deadline of a handoff is made by `due` and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from bot.core.model import QuickReply, State
from bot.yamlfile import Document, Loc, YamlFileError, load_document
from handoff.calendar import ALWAYS, Calendar, NeverOpens, add_working
from handoff.card import Guide
from handoff.hours import ALWAYS_NAME, CalendarSpec, built, nearest
from handoff.match import Facts, Match, facts_of
from handoff.offered import MAX_TITLE, AfterLadder, Booking, Choice, Rating, Titles, Waiting
from handoff.phrases import MAX_PHRASE, MIN_VARIANTS, OWN_WORDS, PHRASES, SAMPLE, complete, pick, spoken
from handoff.routing import OtherRouting, Routing
from handoff.rungs import MIN_RUNGS, Action, Rung, Until, check_ladder
from handoff.targets import OtherTargets, Part, Pause, Target, Targets, check_targets

__all__ = [
    "DEFAULT_FILE",
    "DEFAULT_NAME",
    "MAX_PHRASE",
    "MAX_TITLE",
    "MIN_RUNGS",
    "MIN_VARIANTS",
    "OWN_WORDS",
    "PHRASES",
    "SAMPLE",
    "Action",
    "AfterLadder",
    "Booking",
    "Choice",
    "Policy",
    "Rating",
    "Rung",
    "Target",
    "Targets",
    "Titles",
    "Until",
    "Waiting",
    "due",
    "load",
    "spoken",
]
DEFAULT_FILE = Path(__file__).resolve().parent.parent / "promises.yml"
DEFAULT_NAME = "default"


class Team(Part):
    """A team's own hours."""

    calendar: str | None = None


class OtherPolicy(Part):
    """A named policy: for whom it holds, and what differs from the top of the file. The first that fits governs."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    match: Match = Match()
    calendar: str | None = None
    pause: Pause | None = None
    cap_at_window: bool | None = None
    targets: OtherTargets = OtherTargets()
    ladder: tuple[Rung, ...] | None = None
    after_ladder: AfterLadder | None = None
    routing: OtherRouting = OtherRouting()

    @field_validator("ladder")
    @classmethod
    def _climbs(cls, ladder: tuple[Rung, ...] | None) -> tuple[Rung, ...] | None:
        if ladder is not None:
            check_ladder(ladder)
        return ladder


class Policy(Part):
    """What is promised, what happens when it is not kept, and in which words."""

    targets: Targets
    calendar: str = ALWAYS_NAME
    calendars: dict[str, CalendarSpec] = Field(default_factory=dict)
    pause: Pause = Pause()
    cap_at_window: bool = True
    ladder: tuple[Rung, ...]
    after_ladder: AfterLadder
    waiting: Waiting = Waiting()
    booking: Booking = Booking()
    rating: Rating = Rating()
    routing: Routing = Routing()
    supervisors: tuple[str, ...] = ()
    teams: dict[str, Team] = Field(default_factory=dict)
    policies: tuple[OtherPolicy, ...] = ()
    choices: Titles
    phrases: dict[str, tuple[str, ...]]
    card: Guide = Guide()

    _name: str = PrivateAttr(default=DEFAULT_NAME)
    _version: str = PrivateAttr(default="")
    _file: Policy | None = PrivateAttr(default=None)
    _hours: Calendar | None = PrivateAttr(default=None)
    _known: dict[tuple[str, str | None], Policy] = PrivateAttr(default_factory=dict)

    # ---- reading

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a promises file. Raises `YamlFileError` with file, line, column and field, and the nearest word."""
        return cls.of_document(load_document(path))

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """The policy of a file that was read. Raises `YamlFileError` like `load`."""
        policy = document.validate(cls)
        problems = [document.error(loc, message) for loc, message in policy._wrong_references()]
        if problems:
            raise YamlFileError.gather(problems)
        policy._version = version_of(document.whole)
        return policy

    @classmethod
    def default(cls, path: Path = DEFAULT_FILE) -> Self:
        """The promises file that comes with Warmline."""
        return cls.load(path)

    @field_validator("ladder")
    @classmethod
    def _climbs(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        check_ladder(ladder)
        return ladder

    @field_validator("phrases")
    @classmethod
    def _sayable(cls, phrases: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return complete(phrases)

    @field_validator("calendars")
    @classmethod
    def _not_always(cls, calendars: dict[str, CalendarSpec]) -> dict[str, CalendarSpec]:
        if ALWAYS_NAME in calendars:
            raise ValueError(f'"{ALWAYS_NAME}" is the calendar that never closes, and cannot be given others hours')
        return calendars

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_targets(self.targets)
        check_ladder(self.ladder, self.targets.first_words_s)
        return self

    def _wrong_references(self) -> Iterator[tuple[Loc, str]]:
        """What only the whole file shows: names of calendars, names given twice, and policies that do not fit together."""
        yield from self._unknown_calendar(("calendar",), self.calendar)
        for team, own in self.teams.items():
            yield from self._unknown_calendar(("teams", team, "calendar"), own.calendar)
        seen = {DEFAULT_NAME}
        for place, other in enumerate(self.policies):
            if other.name in seen:
                yield ("policies", place, "name"), f'"{other.name}" is taken; each policy has a name of its own'
            seen.add(other.name)
            yield from self._unknown_calendar(("policies", place, "calendar"), other.calendar)
            for nth, name in enumerate(other.match.team if self.teams else ()):
                if name not in self.teams:
                    yield ("policies", place, "match", "team", nth), f'there is no team "{name}"{nearest(name, self.teams)}'
            try:
                check_targets(targets := self._targets_of(other))
                check_ladder(other.ladder or self.ladder, targets.first_words_s)
            except ValueError as wrong:
                yield ("policies", place, "ladder" if "rung" in str(wrong) else "targets"), str(wrong)

    def _unknown_calendar(self, loc: Loc, name: str | None) -> Iterator[tuple[Loc, str]]:
        if name is not None and name != ALWAYS_NAME and name not in self.calendars:
            yield loc, f'there is no calendar "{name}"{nearest(name, (ALWAYS_NAME, *self.calendars))}'

    def _targets_of(self, other: OtherPolicy) -> Targets:
        return self.targets.model_copy(update=other.targets.model_dump(exclude_none=True))

    # ---- which one governs

    @property
    def name(self) -> str:
        """The policy's name; `default` for the top of the file."""
        return self._name

    @property
    def version(self) -> str:
        """Which version of the file it is of; empty if it is of none."""
        return self._version

    @property
    def hours(self) -> Calendar:
        """The calendar its clocks go by."""
        if self._hours is None:
            self._hours = built(self.calendars, self.calendar)
        return self._hours

    def of(self, state: State) -> Policy:
        """What governs the open (or last) episode of a conversation; without one, the top of the file."""
        episode = state.episode
        return self.named(DEFAULT_NAME) if episode is None else self.named(episode.policy, episode.team)

    def for_facts(self, facts: Facts) -> Policy:
        """The first policy that fits, with the hours of the policy, else of the team, else of the file."""
        whole = self._file or self
        name = next((p.name for p in whole.policies if not p.match.misses(facts)), DEFAULT_NAME)
        return whole.named(name, facts.team)

    def for_state(self, state: State, reason: Any) -> Policy:
        """What governs an episode that is opened now."""
        return self.for_facts(facts_of(state, reason))

    def named(self, name: str, team: str | None = None) -> Policy:
        """A policy by name, for a team. A name the file no longer has stands for the top of the file."""
        whole = self._file or self
        key = (name, team if team in whole.teams else None)
        known = whole._known.get(key)
        if known is None:
            known = whole._derived(*key)
            if known is not whole:
                whole._known[key] = known
        return known

    def _derived(self, name: str, team: str | None) -> Policy:
        other = next((p for p in self.policies if p.name == name), None)
        own_hours = None if team is None else self.teams[team].calendar
        if other is None and own_hours in (None, self.calendar):
            return self
        changes: dict[str, Any] = {"calendar": (other and other.calendar) or own_hours or self.calendar}
        if other is not None:
            changes["targets"] = self._targets_of(other)
            changes["routing"] = self.routing.model_copy(update=other.routing.model_dump(exclude_none=True))
            for field in ("pause", "cap_at_window", "ladder", "after_ladder"):
                if (value := getattr(other, field)) is not None:
                    changes[field] = value
        derived = self.model_copy(update=changes)
        derived._file = self
        derived._name = DEFAULT_NAME if other is None else name
        return derived

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """A copy with other values, which works out anew what follows from them."""
        copy = super().model_copy(update=update, deep=deep)
        copy._hours, copy._file, copy._known = None, None, {}
        return copy

    # ---- words

    def phrase(self, name: str, rng: Random, avoid: Sequence[str], **values: str) -> tuple[str, str]:
        """One variant of a phrase and its wording (`ladder/<name>#<variant>`).

        Variants whose wording is in `avoid` (oldest first) are left out; if all are, the one said longest ago comes.
        Raises KeyError for a phrase or value that does not exist.
        """
        return pick(name, self.phrases[name], rng, avoid, values)

    def choice_replies(self) -> tuple[QuickReply, ...]:
        """The choices as quick replies."""
        return tuple(QuickReply(title=getattr(self.choices, c.name.lower()), payload=c.value) for c in Choice)


def version_of(text: str) -> str:
    """Names a text: the same text has the same version."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path) -> Policy:
    """Read a promises file. Raises `YamlFileError` with file, line and field."""
    return Policy.load(path)


def clock_hours(policy: Policy, of: Target) -> Calendar:
    """The calendar a clock goes by: the policy's, or none at all where it goes by the wall clock."""
    return policy.hours if of in policy.pause.out_of_hours else ALWAYS


def due(policy: Policy, start: datetime, target_s: float, of: Target) -> datetime:
    """When a target that starts at `start` (aware UTC) has run out. From this moment on it counts as missed.

    `of` is the clock it belongs to, which decides whether it stands still out of hours. Where the calendar never opens again,
    the wall clock counts, so that a clock always runs.
    """
    try:
        return add_working(start, target_s, clock_hours(policy, of))
    except NeverOpens:
        return start + timedelta(seconds=target_s)
