"""What is wrong, in words for the person who writes the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

MAX_SHOWN = 40
"""Characters of a wrong value repeated in a complaint."""

TEXT = "text"
KINDS = {
    "string_type": TEXT,
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "time_": "a time of day; write for example 08:30",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "fields with values",
    "mapping_type": "fields with values",
    "model_type": "fields with values",
    "model_attributes_type": "fields with values",
}


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The known name that is nearly this one, else all of them, as the end of a sentence."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known here: {', '.join(known)}" if known else ""


def sentence(details: ErrorDetails) -> str:
    """What is wrong, in words for the person who writes the file."""
    kind, given, context = details["type"], shown(details["input"]), details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        close = difflib.get_close_matches(str(details["input"]), allowed, n=1)
        return f"{given} is not one of {', '.join(allowed)}" + (f'; did you mean "{close[0]}"?' if close else "")
    for start, wanted in KINDS.items():
        if kind.startswith(start):
            is_text = wanted == TEXT and not isinstance(details["input"], Mapping | list)
            return f"{given} is not {wanted}" + ("; put it in quotes" if is_text else "")
    message = details["msg"]
    return message[:1].lower() + message[1:]


def shown(value: object) -> str:
    """A value as the writer knows it, short enough for one line."""
    if isinstance(value, str):
        return f'"{value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 3] + "..."}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a set of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)
