"""What the values of a flow file may be: names, lengths of time, times of day, zones, wordings."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bot.yamlfile import Duration
from nurture.schedule import DAYS as DAYS
from nurture.timing import known_zone

MAX_CHOICES = 13
MAX_TITLE_CHARS = 20
"""Quick replies on Messenger: 13 at most, 20 characters each (Meta, Quick Replies, May 5, 2026)."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
LANGUAGE = re.compile(r"[a-z]{2,3}([_-][A-Za-z]{2,4})?")
CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class File(BaseModel):
    """Everything in a flow file is frozen once read, and knows no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError(f'"{value}" is not a name; use small letters, digits and _, starting with a letter')
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def clock_time(value: object) -> time:
    """Read a time of day such as `9:30`. Raises ValueError."""
    match = CLOCK_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'"{value}" is not a time of day; write for example "09:30"')
    return time(int(match[1]), int(match[2]))


def _quiet(value: object) -> tuple[time, time] | None:
    if value == "none":
        return None
    parts = value.split("-") if isinstance(value, str) else []
    if len(parts) != 2:
        raise ValueError(f'"{value}" are not quiet hours; write for example "21:00-08:30", or none')
    start, end = clock_time(parts[0]), clock_time(parts[1])
    if start == end:
        raise ValueError("quiet hours that start when they end leave no time to write")
    return start, end


def zone_name(value: str) -> str:
    if known_zone(value).key != value:
        raise ValueError(f'"{value}" is not a time zone; write for example Europe/Lisbon')
    return value


def country(value: str) -> str:
    import holidays  # takes a tenth of a second, and only flows with holidays need it

    if value not in holidays.list_supported_countries():
        raise ValueError(f'no holidays are known for "{value[:20]}"; write a country such as PT or DE')
    return value


def _positive(value: Any) -> Any:
    if not value:
        raise ValueError("must be longer than nothing")
    return value


def _filled(value: list[str]) -> list[str]:
    if not value or not all(text.strip() for text in value):
        raise ValueError("needs at least one wording, and none of them empty")
    return value


ONE_OR_MORE = BeforeValidator(_as_list, json_schema_input_type=str | list[str])

Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[list[str], ONE_OR_MORE]
NameList = Annotated[list[Name], ONE_OR_MORE]
Wordings = Annotated[list[str], ONE_OR_MORE, AfterValidator(_filled)]
Length = Annotated[Duration, AfterValidator(_positive)]
ClockTime = Annotated[time, BeforeValidator(clock_time, json_schema_input_type=str)]
Quiet = Annotated[Any, BeforeValidator(_quiet, json_schema_input_type=str)]
Purpose = Literal["delight", "inform", "help"]
