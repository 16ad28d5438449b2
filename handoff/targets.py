"""The promised times of a handoff, and which of them stand still out of hours."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from handoff.rungs import Seconds


class Target(StrEnum):
    """The clocks of a handoff, as `pause` names them."""

    OFFER = "offer"
    ACCEPT = "accept"
    FIRST_WORDS = "first_words"
    NEXT_WORDS = "next_words"
    CALLBACK = "callback"


class Part(BaseModel):
    """A part of the promises file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Targets(Part):
    """Promised times in seconds: the bot's reply; an episode offered, accepted, first and next human words; a call-back."""

    reply_s: Seconds
    offer_s: Seconds
    accept_s: Seconds
    first_words_s: Seconds
    next_words_s: Seconds
    callback_s: Seconds


class OtherTargets(Part):
    """Targets that differ from those at the top of the file; what is left out stays."""

    offer_s: Seconds | None = None
    accept_s: Seconds | None = None
    first_words_s: Seconds | None = None
    next_words_s: Seconds | None = None
    callback_s: Seconds | None = None


class Pause(Part):
    """Which clocks stand still while the calendar is closed. Whoever is asked is there, so accepting goes by the wall clock."""

    out_of_hours: tuple[Target, ...] = (Target.OFFER, Target.FIRST_WORDS, Target.NEXT_WORDS, Target.CALLBACK)


def check_targets(targets: Targets) -> None:
    if not targets.offer_s < targets.first_words_s:
        raise ValueError("offer_s must be shorter than first_words_s")
    if not targets.accept_s < targets.first_words_s:
        raise ValueError("accept_s must be shorter than first_words_s")
