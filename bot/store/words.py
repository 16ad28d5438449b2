"""Words to search by: how text is folded, what a query asks for, and what of a text is shown for it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

from bot.core.model import Json, Profile
from bot.store.contract import Hit

HITS = 3
"""Hits that are given of one conversation."""

MOST_WORDS = 8
EXCERPT = 160
BEFORE = 40
"""Characters of an excerpt, and how many of them stand before what was found."""

_WORD = re.compile(r"[^\W_]+")


@cache
def fold_char(char: str) -> str:
    """One character without case and, if it is a Latin letter, without its accent; always one character."""
    low = char.lower()
    if len(low) != 1:
        return char
    base = unicodedata.normalize("NFD", low)[0]
    return base if base.isascii() and base.isalpha() else low


def folded(text: str) -> str:
    """The text as it is compared: `É` is `e`. As long as it was."""
    return "".join(map(fold_char, text))


def all_words(text: str) -> list[str]:
    """Every word of a text, folded."""
    return _WORD.findall(folded(text))


def wanted(query: str) -> tuple[str, ...]:
    """The words of a query, folded, each once. All must be there; each may be the beginning of a longer word."""
    return tuple(dict.fromkeys(_WORD.findall(folded(query))))[:MOST_WORDS]


def holds(text: str, words: tuple[str, ...]) -> bool:
    """Whether every word begins a word of the text."""
    there = _WORD.findall(folded(text))
    return bool(words) and all(any(one.startswith(word) for one in there) for word in words)


def excerpt(text: str, words: tuple[str, ...]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a text around the first word found, on one line, and where in that part words begin and end."""
    line = re.sub(r"\s", " ", text)
    found = [
        (hit.start(), hit.start() + max(len(word) for word in words if hit[0].startswith(word)))
        for hit in _WORD.finditer(folded(line))
        if any(hit[0].startswith(word) for word in words)
    ]
    start = max(0, found[0][0] - BEFORE) if found else 0
    if start:
        start = line.find(" ", start, found[0][0]) + 1 or start
    part = line[start : start + EXCERPT]
    lead = "…" if start else ""
    tail = "…" if start + EXCERPT < len(line) else ""
    shift = start - len(lead)
    marks = tuple((a - shift, b - shift) for a, b in found if b <= start + EXCERPT)
    return f"{lead}{part}{tail}", marks


def name_of(profile: Profile, slots: Json) -> str:
    """Everything a prospect is called."""
    parts = (profile.first_name, profile.last_name, slots.get("first_name"))
    return " ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))


_NEVER = datetime.min.replace(tzinfo=UTC)


def newest_first(found: Mapping[str, Iterable[Hit]]) -> list[tuple[str, tuple[Hit, ...]]]:
    """Conversations with a name that was meant first, then those with the newest text; and so within each."""

    def place(hit: Hit) -> tuple[bool, datetime]:
        return hit.kind == "name", hit.at or _NEVER

    ordered = [(key, tuple(sorted(hits, key=place, reverse=True))) for key, hits in sorted(found.items())]
    return sorted(ordered, key=lambda one: place(one[1][0]), reverse=True)
