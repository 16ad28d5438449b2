"""Where copy stands in its file, to the column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.yamlfile import Document, Loc

FIELDS = {"nudge": ("silence", "nudge")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line and a column, counted from 1."""

    line: int
    column: int


def wording_place(document: Document, base: Loc, field: str, channel: str, number: int, snippet: str = "") -> Place:
    """Where a wording of the fields at `base` stands, or the words `snippet` inside it if they stand there as written."""
    path: Loc = ("per_channel", channel) if channel else FIELDS.get(field, (field,))
    loc = (*base, *path)
    if isinstance(_at(document.data, loc), list):
        loc = (*loc, number - 1)
    return find(document, loc, snippet)


def find(document: Document, loc: Loc, snippet: str = "") -> Place:
    """The place of a value, or of some words in it."""
    line, column = document.place(loc)
    start = Place(line=line, column=column)
    words = snippet.strip()
    if not words:
        return start
    rows = document.home(loc)[0].source.split("\n")
    text = _at(document.data, loc)
    height = (text.count("\n") if isinstance(text, str) else 0) + 3
    for number in range(line, min(len(rows), line + height) + 1):
        row = rows[number - 1]
        index = row.find(words, column - 1 if number == line else 0)
        if index >= 0:
            return Place(line=number, column=index + 1)
    return start


def _at(node: Any, loc: Loc) -> Any:
    for part in loc:
        try:
            node = node[part]
        except (LookupError, TypeError):
            return None
    return node
