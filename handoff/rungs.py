"""The rungs of a ladder: when each is climbed, what it does, and which sign from a person makes it needless."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handoff.phrases import check_variants

MIN_RUNGS = 3

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]


class Action(StrEnum):
    """What a rung does."""

    OFFER_NEXT = "offer_next"
    """Offer the episode to the next person."""
    WIDEN = "widen"
    """Offer it to the whole team, with a sound."""
    SOUND = "sound"
    """Sound again at whoever is asked, or at everybody."""
    PUSH = "push"
    """Call whoever is asked, or else everybody, outside the console."""
    SUPERVISOR = "supervisor"
    """Alarm, marked for a supervisor, in the console."""
    PAGE = "page"
    """Call the supervisors outside the console, also in their quiet hours if they allow it."""
    RAISE_VALUE = "raise_value"
    """Make the lead weigh more by `raise_by`, so that it comes up in the queue."""
    SAY = "say"
    """Say one of the rung's own lines to the prospect."""
    TELL_PROSPECT = "tell_prospect"
    """Say honestly that nobody came, with a choice."""
    ASK_NUMBER = "ask_number"
    """Ask the prospect for a number to call back."""
    ASK_TIME = "ask_time"
    """Ask the prospect for a time that suits them."""
    RETURN_TO_BOT = "return_to_bot"
    """End the request, say so, and let the bot go on."""


SPEAKING = frozenset({Action.SAY, Action.TELL_PROSPECT, Action.ASK_NUMBER, Action.ASK_TIME, Action.RETURN_TO_BOT})
OFFERING = frozenset({Action.OFFER_NEXT, Action.WIDEN})
ENDINGS = frozenset({Action.TELL_PROSPECT, Action.RETURN_TO_BOT})
"""What the last rung must do one of: both tell the prospect that nobody came."""


class Until(StrEnum):
    """The sign from a person that makes a rung needless."""

    SEEN = "seen"
    ACCEPTED = "accepted"
    FIRST_WORDS = "first_words"


class Rung(BaseModel):
    """One step of a ladder, `at` percent of the first-words target or `after_s` seconds from the request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Annotated[float, Field(gt=0, le=1000)] | None = None
    after_s: Seconds | None = None
    actions: tuple[Action, ...]
    until: Until = Until.ACCEPTED
    say: tuple[str, ...] = ()
    raise_by: Annotated[float, Field(gt=0, le=1_000_000)] | None = None

    @field_validator("actions")
    @classmethod
    def _some(cls, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        if not actions:
            raise ValueError("a rung without an action is no rung")
        return actions

    @field_validator("say")
    @classmethod
    def _sayable(cls, variants: tuple[str, ...]) -> tuple[str, ...]:
        if variants:
            check_variants("say", variants, frozenset())
        return variants

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.at is None) == (self.after_s is None):
            raise ValueError("a rung is at a percentage (at) or after seconds (after_s), one of the two")
        if bool(self.say) != (Action.SAY in self.actions):
            raise ValueError("the action say needs the lines to say, and lines need the action (say)")
        if (self.raise_by is not None) != (Action.RAISE_VALUE in self.actions):
            raise ValueError("the action raise_value needs raise_by, and raise_by needs the action")
        return self

    def offset_s(self, target_s: float) -> float:
        """Seconds from the start of a wait of `target_s` to this rung."""
        return self.after_s if self.after_s is not None else target_s * (self.at or 0.0) / 100

    def percent(self, target_s: float) -> float:
        """Where the rung stands on a wait of `target_s`."""
        return self.at if self.at is not None else (self.after_s or 0.0) / target_s * 100

    @property
    def place(self) -> str:
        """Where it stands, as the file says it."""
        return f"{self.at:g} %" if self.at is not None else f"{self.after_s:g} s"


def check_ladder(ladder: tuple[Rung, ...], first_words_s: float | None = None) -> None:
    """Raises ValueError where a ladder does not climb to honest words.

    Without the target it is judged as far as its rungs are all percentages or all seconds.
    """
    if len(ladder) < MIN_RUNGS:
        raise ValueError(f"at least {MIN_RUNGS} rungs, so that more than one thing is tried before the prospect is told")
    if not ENDINGS & set(ladder[-1].actions):
        raise ValueError("the last rung must tell the prospect (tell_prospect)")
    if first_words_s is None and any(rung.at is None for rung in ladder):
        return
    heights = [rung.percent(first_words_s or 1.0) for rung in ladder]
    if any(higher <= lower for lower, higher in pairwise(heights)):
        raise ValueError("each rung must be higher than the one before")
    if any(ENDINGS & set(rung.actions) and height < 100 for rung, height in zip(ladder, heights, strict=True)):
        raise ValueError("a rung below 100 cannot tell the prospect that nobody came: there is still time")
