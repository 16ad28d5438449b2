"""What is other in one text of the promises than in another, field by field, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 40
LONGEST = 60
"""Characters of a value that are told."""


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What changed between two documents: `targets.first_words_s: 60 → 90`. A list counts by its places; `MOST` lines at most, and
    how many more there are."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    lines = []
    for field in dict.fromkeys((*old, *new)):
        if field not in new:
            lines.append(f"{field}: {_short(old[field])} is gone")
        elif field not in old:
            lines.append(f"{field}: {_short(new[field])} is new")
        elif old[field] != new[field]:
            lines.append(f"{field}: {_short(old[field])} → {_short(new[field])}")
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"and {more} more"]


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and (value or not at):
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}" if at else str(name))
    elif isinstance(value, (list, tuple)) and value:
        for place, inner in enumerate(value):
            # A policy is known by its name, wherever in the list it stands.
            name = inner.get("name") if isinstance(inner, Mapping) else None
            yield from _leaves(inner, f"{at}[{name if isinstance(name, str) else place}]")
    else:
        yield at, value


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
