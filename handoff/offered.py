"""What prospects are told and offered: while nobody comes, of the waiting time, times to book, and a question at the end."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from handoff.calendar import Period
from handoff.hours import parse_hours
from handoff.rungs import Seconds
from handoff.targets import Part

MAX_TITLE = 20
"""Characters of a quick reply's title that Messenger shows (Messenger Platform, Quick Replies, 2026)."""


class Choice(StrEnum):
    """What a prospect may choose when nobody came; the value is the quick reply's payload."""

    WAIT = "/warmline.wait"
    CALLBACK = "/warmline.callback"
    BOOK = "/warmline.book"
    BOT = "/warmline.bot"
    CANCEL = "/warmline.cancel"


def _quiet(value: object) -> object:
    if value is None or isinstance(value, Period):
        return value
    return None if value == "none" else parse_hours(str(value))


QuietHours = Annotated[Any, BeforeValidator(_quiet, json_schema_input_type=str)]
"""Hours of the prospect's own day, such as `21:00-08:30`, or `none`."""


class AfterLadder(Part):
    """What goes on once the last rung is climbed: alarms every so often, honest words at growing gaps (in seconds)."""

    alarm_every_s: Annotated[float, Field(ge=5, le=86_400)]
    tell_again_s: Annotated[tuple[Seconds, ...], Field(min_length=1)]

    @field_validator("tell_again_s")
    @classmethod
    def _growing(cls, gaps: tuple[float, ...]) -> tuple[float, ...]:
        if list(gaps) != sorted(gaps):
            raise ValueError("the gaps must grow, so that nobody is pestered")
        return gaps


class Waiting(Part):
    """What prospects are told of the waiting time: from how many waits at least, how often at most, and not in quiet hours."""

    least: Annotated[int, Field(ge=5, le=1000)] = 10
    gap_s: Annotated[float, Field(ge=30, le=86_400)] = 120
    quiet_hours: QuietHours = parse_hours("21:00-08:30")


class Booking(Part):
    """The times that can be booked: how long a talk is, how soon the first may be, and how many days ahead the last."""

    slot_s: Annotated[int, Field(ge=300, le=14_400)] = 1800
    lead_s: Annotated[float, Field(ge=0, le=604_800)] = 900
    days: Annotated[int, Field(ge=1, le=60)] = 6


class Rating(Part):
    """The question after a talk with a person: whether and how soon it is asked, how long an answer counts, and the titles of the
    quick replies, best first."""

    ask: bool = True
    after_s: Annotated[float, Field(ge=5, le=86_400)] = 20
    open_s: Annotated[float, Field(ge=60, le=604_800)] = 3600
    titles: Annotated[tuple[str, ...], Field(min_length=5, max_length=5)] = ("Great", "Good", "Okay", "Poor", "Bad")

    @field_validator("titles")
    @classmethod
    def _short(cls, titles: tuple[str, ...]) -> tuple[str, ...]:
        if any(not 1 <= len(title) <= MAX_TITLE for title in titles) or len({title.lower() for title in titles}) < len(titles):
            raise ValueError(f"five different titles of 1 to {MAX_TITLE} characters each")
        return titles


class Titles(Part):
    """The titles of the five choices."""

    wait: str
    callback: str
    book: str
    bot: str
    cancel: str = "Never mind"

    @field_validator("*")
    @classmethod
    def _short(cls, title: str) -> str:
        if not 1 <= len(title) <= MAX_TITLE:
            raise ValueError(f"a quick reply's title has 1 to {MAX_TITLE} characters, this one has {len(title)}")
        return title
