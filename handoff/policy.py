"""Promised times, the ladder and Warmline's own words, read from `promises.yml`.

Working calendars and window ends belong behind `due`: every deadline of a handoff is made there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from random import Random
from string import Formatter
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.core.model import QuickReply
from bot.yamlfile import load_validated
from handoff.card import Guide

DEFAULT_FILE = Path(__file__).resolve().parent.parent / "promises.yml"

MAX_PHRASE = 160
"""Characters of one bubble; longer reads as a leaflet on a phone."""

MAX_TITLE = 20
"""Characters of a quick reply's title that Messenger shows (Messenger Platform, Quick Replies, 2026)."""

MIN_VARIANTS = 3
MIN_RUNGS = 3

PHRASES: dict[str, frozenset[str]] = {
    "getting_someone_online": frozenset({"wait"}),
    "getting_someone_offline": frozenset({"wait"}),
    "still_waiting": frozenset(),
    "nobody_came": frozenset(),
    "waiting_ok": frozenset(),
    "callback_ask": frozenset(),
    "callback_unclear": frozenset(),
    "callback_done": frozenset({"number"}),
    "callback_late": frozenset(),
    "booked_ask": frozenset(),
    "booked_done": frozenset({"time"}),
    "back_to_bot": frozenset(),
    "agent_joined": frozenset({"agent"}),
    "agent_silent": frozenset({"agent"}),
    "agent_left": frozenset({"agent"}),
    "given_back": frozenset({"agent"}),
    "brain_away": frozenset(),
    "opted_out": frozenset(),
    "opted_in": frozenset(),
    "complaint": frozenset(),
}
"""What Warmline says, and the values each phrase may use."""

SAMPLE = {"wait": "about 15 minutes", "number": "+49 170 1234567", "time": "tomorrow after 5 pm", "agent": "Alexandra"}
"""Long but ordinary values, to measure a phrase with."""

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]


class Action(StrEnum):
    """What a rung does."""

    OFFER_NEXT = "offer_next"
    """Offer the episode to the next person."""
    WIDEN = "widen"
    """Offer it to the whole team, with a sound."""
    SUPERVISOR = "supervisor"
    """Alarm, marked for a supervisor."""
    TELL_PROSPECT = "tell_prospect"
    """Say honestly that nobody came, with a choice."""


class Choice(StrEnum):
    """What a prospect may choose when nobody came; the value is the quick reply's payload."""

    WAIT = "/warmline.wait"
    CALLBACK = "/warmline.callback"
    BOOK = "/warmline.book"
    BOT = "/warmline.bot"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Targets(_Part):
    """Promised times in seconds: the bot's reply; an episode offered, accepted, first and next human words; a call-back."""

    reply_s: Seconds
    offer_s: Seconds
    accept_s: Seconds
    first_words_s: Seconds
    next_words_s: Seconds
    callback_s: Seconds


class Rung(_Part):
    """One step of the ladder, at `at` percent of the first-words target."""

    at: Annotated[float, Field(gt=0, le=1000)]
    actions: tuple[Action, ...]

    @field_validator("actions")
    @classmethod
    def _some(cls, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        if not actions:
            raise ValueError("a rung without an action is no rung")
        return actions


class AfterLadder(_Part):
    """What goes on once the last rung is climbed: alarms every so often, honest words at growing gaps (in seconds)."""

    alarm_every_s: Annotated[float, Field(ge=5, le=86_400)]
    tell_again_s: Annotated[tuple[Seconds, ...], Field(min_length=1)]

    @field_validator("tell_again_s")
    @classmethod
    def _growing(cls, gaps: tuple[float, ...]) -> tuple[float, ...]:
        if list(gaps) != sorted(gaps):
            raise ValueError("the gaps must grow, so that nobody is pestered")
        return gaps


class Titles(_Part):
    """The titles of the four choices."""

    wait: str
    callback: str
    book: str
    bot: str

    @field_validator("*")
    @classmethod
    def _short(cls, title: str) -> str:
        if not 1 <= len(title) <= MAX_TITLE:
            raise ValueError(f"a quick reply's title has 1 to {MAX_TITLE} characters, this one has {len(title)}")
        return title


class Policy(_Part):
    """What is promised, what happens when it is not kept, and in which words."""

    targets: Targets
    ladder: tuple[Rung, ...]
    after_ladder: AfterLadder
    choices: Titles
    phrases: dict[str, tuple[str, ...]]
    card: Guide = Guide()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a promises file. Raises `YamlFileError` with file, line and field."""
        return load_validated(path, cls)

    @classmethod
    def default(cls, path: Path = DEFAULT_FILE) -> Self:
        """The promises file that comes with Warmline."""
        return cls.load(path)

    @field_validator("ladder")
    @classmethod
    def _climbs(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        if len(ladder) < MIN_RUNGS:
            raise ValueError(f"at least {MIN_RUNGS} rungs, so that more than one thing is tried before the prospect is told")
        heights = [rung.at for rung in ladder]
        if any(higher <= lower for lower, higher in pairwise(heights)):
            raise ValueError("each rung must be higher than the one before")
        if Action.TELL_PROSPECT not in ladder[-1].actions:
            raise ValueError("the last rung must tell the prospect (tell_prospect)")
        if any(Action.TELL_PROSPECT in rung.actions and rung.at < 100 for rung in ladder):
            raise ValueError("a rung below 100 cannot tell the prospect that nobody came: there is still time")
        return ladder

    @field_validator("phrases")
    @classmethod
    def _sayable(cls, phrases: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if missing := sorted(PHRASES.keys() - phrases.keys()):
            raise ValueError(f"nothing to say for {', '.join(missing)}")
        if unknown := sorted(phrases.keys() - PHRASES.keys()):
            raise ValueError(f"unknown phrases: {', '.join(unknown)}")
        for name, variants in phrases.items():
            _check_variants(name, variants)
        return phrases

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.targets.offer_s < self.targets.first_words_s:
            raise ValueError("offer_s must be shorter than first_words_s")
        if not self.targets.accept_s < self.targets.first_words_s:
            raise ValueError("accept_s must be shorter than first_words_s")
        return self

    def phrase(self, name: str, rng: Random, avoid: Sequence[str], **values: str) -> tuple[str, str]:
        """One variant of a phrase and its wording (`ladder/<name>#<variant>`).

        Variants whose wording is in `avoid` (oldest first) are left out; if all are, the one said longest ago comes.
        Raises KeyError for a phrase or value that does not exist.
        """
        wordings = [f"ladder/{name}#{number}" for number in range(len(self.phrases[name]))]
        latest = {wording: place for place, wording in enumerate(avoid)}
        fresh = [number for number, wording in enumerate(wordings) if wording not in latest]
        number = rng.choice(fresh) if fresh else min(range(len(wordings)), key=lambda n: latest[wordings[n]])
        return self.phrases[name][number].format(**values), wordings[number]

    def choice_replies(self) -> tuple[QuickReply, ...]:
        """The four choices as quick replies."""
        return tuple(QuickReply(title=getattr(self.choices, c.name.lower()), payload=c.value) for c in Choice)


def load(path: Path) -> Policy:
    """Read a promises file. Raises `YamlFileError` with file, line and field."""
    return Policy.load(path)


def due(policy: Policy, start: datetime, target_s: float) -> datetime:
    """When a target that starts at `start` (aware UTC) has run out. From this moment on it counts as missed."""
    return start + timedelta(seconds=target_s)


def spoken(target_s: float) -> str:
    """A stretch of time as people say it: `30 seconds`, `about a minute`, `about 15 minutes`, `about an hour`."""
    if target_s < 50:
        return f"{round(target_s)} seconds"
    if target_s < 90:
        return "about a minute"
    if target_s < 3000:
        return f"about {round(target_s / 60)} minutes"
    return "about an hour" if target_s < 5400 else f"about {round(target_s / 3600)} hours"


def _check_variants(name: str, variants: tuple[str, ...]) -> None:
    if len({" ".join(v.lower().split()) for v in variants}) < MIN_VARIANTS:
        raise ValueError(f"{name}: at least {MIN_VARIANTS} different variants, so that it does not sound like a machine")
    for variant in variants:
        try:
            used = {field for _, field, _, _ in Formatter().parse(variant) if field is not None}
        except ValueError as error:
            raise ValueError(f"{name}: {error} in {variant!r}") from error
        if wrong := sorted(used - PHRASES[name]):
            raise ValueError(f"{name}: unknown value {{{wrong[0]}}} in {variant!r}")
        length = len(variant.format(**SAMPLE))
        if not variant.strip() or length > MAX_PHRASE:
            raise ValueError(f"{name}: a variant has 1 to {MAX_PHRASE} characters, this one has {length}: {variant!r}")
