"""Stretches of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from bot.yamlfile.sentences import shown

MAX_AMOUNT = 1_000_000
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
DURATION = re.compile(r"\d+[dhms](?:\s*\d+[dhms])*", re.ASCII)


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `2h`, `1d` or a sum such as `1d 2h`; each unit at most once.

    Raises ValueError for anything else.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and DURATION.fullmatch(value.strip()):
        parts = re.findall(r"(\d+)([dhms])", value)
        amounts = {UNITS[unit]: int(amount) for amount, unit in parts}
        if len(amounts) == len(parts) and all(amount <= MAX_AMOUNT for amount in amounts.values()):
            return timedelta(**amounts)
    raise ValueError(f"{shown(value)} is not a duration; write for example 2h, 30m or 1d")


Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
"""A stretch of time written `90s`, `30m`, `2h`, `1d` or a sum such as `1d 2h`."""
