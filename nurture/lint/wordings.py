"""Wordings side by side: different enough, enough of them, and not all beginning alike."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from nurture.lint.english import clean, read
from nurture.lint.line import Line, named
from nurture.lint.rule import Found

ALIKE = 0.85
"""Two wordings whose words agree to this share (difflib ratio) read as the same one."""

REORDERED = 0.9
"""So do two that share this much of their words in another order."""

OPENING_WORDS = 2
OPENING = re.compile(r"[\w']+")
GREETINGS = frozenset({"hi", "hey", "hello", "hiya", "morning", "welcome"})


def same_wording(lines: Sequence[Line]) -> Iterator[tuple[Line, Found]]:
    """Pairs of one field and channel that are not different."""
    for first, second in _pairs(lines):
        if _alike(_words(first), _words(second)):
            yield (
                second,
                Found(
                    rule="same_wording",
                    message=f"{first.field}: {_named(first)} and {_named(second)} are nearly the same.",
                    suggestion=f'Say it in a different way, not with a word swapped: "{_ahead(first)}" is taken.',
                ),
            )


def repeated_opening(lines: Sequence[Line]) -> Iterator[tuple[Line, Found]]:
    """Wordings of one field that begin with the same two words."""
    told: set[tuple[str, str, int]] = set()
    for first, second in _pairs(lines):
        opening = opening_of(first)
        key = (second.field, second.channel, second.number)
        if opening and opening == opening_of(second) and key not in told and not _alike(_words(first), _words(second)):
            told.add(key)
            yield second, opening_found(second, opening, f"{_named(first)} begins the same way")


def opening_found(line: Line, opening: tuple[str, ...], other: str) -> Found:
    """The complaint about an opening that came before."""
    said = " ".join(opening)
    return Found(
        rule="repeated_opening",
        message=f'{line.name} begins with "{said}", and {other}.',
        suggestion=f'Begin it differently, or leave "{said}" out.',
    )


def greets(line: Line) -> bool:
    """Whether a line begins with a greeting."""
    words = _words(line)
    return bool(words) and words[0] in GREETINGS


def opening_of(line: Line) -> tuple[str, ...]:
    """The first words of a line; of very short lines, nothing."""
    words = OPENING.findall(clean(line.whole).lower())
    return tuple(words[:OPENING_WORDS]) if len(words) > OPENING_WORDS else ()


def _pairs(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    return ((a, b) for a, b in combinations(lines, 2) if (a.field, a.channel) == (b.field, b.channel))


def _words(line: Line) -> list[str]:
    return [token.lower for token in read(line.whole).words]


def _alike(words: Sequence[str], others: Sequence[str]) -> bool:
    if difflib.SequenceMatcher(None, words, others, autojunk=False).ratio() >= ALIKE:
        return True
    return difflib.SequenceMatcher(None, sorted(words), sorted(others), autojunk=False).ratio() >= REORDERED and len(words) > 3


def _named(line: Line) -> str:
    return named(line.channel, line.number)


def _ahead(line: Line) -> str:
    words = line.whole.split()
    return " ".join(words[:6]) + (" ..." if len(words) > 6 else "")
