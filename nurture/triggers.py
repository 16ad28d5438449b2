"""The shape of what starts a flow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from nurture.shapes import DAYS, ClockTime, File, Length, Name, NameList, Names

MORE = frozenset({"where", "remember"})
"""What belongs to an event: which properties it must have, and which are kept in which slot."""


def _values(value: object) -> object:
    """One value or several, as the words that properties are compared by."""
    given = value if isinstance(value, list) else [value]
    return [property_text(one) if isinstance(one, str | int | float | bool) else one for one in given]


def property_text(value: Any) -> str:
    """A property as words: `true`, `9.5`, `pro`, without regard to capitals."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().casefold()


Values = Annotated[list[str], BeforeValidator(_values, json_schema_input_type=str | int | float | bool | list[str])]


class SegmentFile(File):
    """A segment of people, by what is known of them; every part that is set must hold."""

    slot: Name | None = None
    is_: Names = Field([], alias="is")
    mentions: Names = []
    tag: str | None = None
    warmth_at_least: int | None = Field(None, ge=1, le=100)
    silence: Length | None = None

    @model_validator(mode="after")
    def _sense(self) -> SegmentFile:
        if not self.model_fields_set:
            raise ValueError("say who is in the segment: slot, tag, warmth_at_least or silence")
        if (self.is_ or self.mentions) and self.slot is None:
            raise ValueError("is and mentions need the slot they look at")
        return self


MONTH = "month"
EVERY = (*DAYS, MONTH)


def _every(value: object) -> object:
    """`day` is every weekday, `mon` a list of one."""
    if value == "day":
        return list(DAYS)
    return [value] if isinstance(value, str) else value


Every = Annotated[
    list[Literal[EVERY]],  # type: ignore[valid-type]
    Field(min_length=1),
    BeforeValidator(_every, json_schema_input_type=Literal[("day", *EVERY)] | list[Literal[DAYS]]),  # type: ignore[valid-type]
]


class ScheduleFile(File):
    """When a flow begins by itself, by the person's clock: on weekdays, on a day of each month, or on one date."""

    every: Every | None = None
    day: int | None = Field(None, ge=1, le=31)
    on: date | None = None
    at: ClockTime
    spread: Length = timedelta(minutes=15)
    grace: Length = timedelta(hours=3)

    @model_validator(mode="after")
    def _sense(self) -> ScheduleFile:
        if (self.every is None) == (self.on is None):
            raise ValueError("a schedule has either every (day, month, or weekdays such as [mon, thu]) or on (a date), one of them")
        monthly = self.every is not None and MONTH in self.every
        if monthly != (self.day is not None) or (monthly and self.every != [MONTH]):
            raise ValueError("every: month stands alone and needs the day of the month (day: 1), and only it does")
        if self.spread > timedelta(hours=12) or self.grace > timedelta(days=2):
            raise ValueError("spread is 12h at most, grace 2d")
        return self


def _comment(value: object) -> object:
    return {} if value == "any" else value


class CommentFile(File):
    """A comment on a post of the page: on which posts (all if none is named), with which words (any if none is)."""

    words: Names = []
    posts: Names = []


class NamedTrigger(File):
    tag: NameList = []
    intent: Names = []
    outcome: Names = []
    after_flow: Names = []
    ref: Names = []
    ad: Names = []
    utm: Names = []
    event: NameList = []
    segment: SegmentFile | None = None
    schedule: ScheduleFile | None = None
    comment: Annotated[CommentFile, BeforeValidator(_comment, json_schema_input_type=Literal["any"] | CommentFile)] | None = None
    where: dict[str, Values] = {}
    remember: dict[str, Name] = {}

    @property
    def kind(self) -> str:
        """Which of them it is."""
        (kind,) = self.model_fields_set - MORE
        return kind

    @model_validator(mode="after")
    def _one(self) -> NamedTrigger:
        if len(self.model_fields_set - MORE) != 1:
            raise ValueError(
                "a trigger is one of first_message, manual, tag, intent, outcome, after_flow, ref, ad, utm, event, segment, "
                "schedule or comment"
            )
        if self.model_fields_set & MORE and not self.event:
            raise ValueError("where and remember belong to an event")
        return self


def as_triggers(value: object) -> object:
    """One trigger is a list of one."""
    return value if isinstance(value, list) else [value]


Trigger = Annotated[
    Annotated[Literal["first_message", "manual"], Tag("plain")] | Annotated[NamedTrigger, Tag("named")],
    Discriminator(lambda value: "named" if isinstance(value, dict) else "plain"),
]
