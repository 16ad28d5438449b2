"""Canned starters: words a team begins an answer with, and the places in them for what is known of the prospect. Pure.

A place is `{first_name|there}`: what fills it, and what is said if that is not known. Nothing is ever sent with a hole in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_VALUE = 200
_PLACE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """`team` is empty for everybody's."""

    name: str
    text: str
    team: str = ""


def mistake(text: str) -> str | None:
    """What is wrong with a starter's words, for whoever wrote them; None if they can be used."""
    for place in _PLACE.finditer(text):
        name, bar, fallback = place[1].partition("|")
        if not _NAME.fullmatch(name.strip()):
            return f"{place[0]}: a place begins with a name such as first_name."
        if not bar or not fallback.strip():
            return f"{place[0]}: say what stands there if it isn't known, as in {{{name.strip()}|there}}."
    rest = _PLACE.sub("", text)
    if "{" in rest or "}" in rest:
        return "A bracket { or } stands alone."
    return None


def filled(text: str, known: Mapping[str, Any]) -> str:
    """The words with every place filled: by what is known, else by its fallback."""

    def fill(place: re.Match[str]) -> str:
        name, _, fallback = place[1].partition("|")
        value = known.get(name.strip())
        said = (
            " ".join(str(value).split())[:MAX_VALUE] if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        )
        return said or fallback.strip()

    return _PLACE.sub(fill, text)
