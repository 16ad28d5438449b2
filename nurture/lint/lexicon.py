"""Word lists by family, read once, found in a text by stem: each phrase is found in its usual inflections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nurture.lint.english import Reading, Token, read

FAMILIES = (
    *("hype", "offer", "urgency", "call", "jargon", "form", "robot", "menu", "legal", "notice", "post"),
    *("talk", "doing"),
)

LINKS = frozenset({"and", "or", "now", "then", "please", "to", "just", "simply"})
POSSESSED = frozenset({"your", "the", "more", "our", "now", "to", "from", "up"})
SHORT = 3
"""Words up to this length are found as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A phrase of a family in a text: token range, words as written, and the plain words to use instead, if any."""

    family: str
    phrase: str
    start: int
    end: int
    words: str
    instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    family: str
    phrase: str
    stems: tuple[str, ...]
    roots: tuple[str, ...]
    instead: str | None
    anywhere: bool


def entries(family: str) -> list[tuple[str, str | None]]:
    """The phrases of a family with what to say instead."""
    text = files("nurture.lint").joinpath("lexicon", f"{family}.txt").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]
    found: dict[str, str | None] = {}
    for line in lines:
        phrase, equals, instead = line.partition(" = ")
        found[phrase.removesuffix(" =").strip()] = instead.strip() or None if equals else None
    return list(found.items())


@cache
def kinds() -> Mapping[str, frozenset[str]]:
    """Small words by kind: who speaks, who is spoken to, what links and what asks."""
    rows = files("nurture.lint").joinpath("lexicon", "kinds.txt").read_text(encoding="utf-8").splitlines()
    pairs = (row.partition(": ") for row in rows if row and not row.startswith("# "))
    return {kind: frozenset(words.split()) for kind, _, words in pairs}


@cache
def _by_first_stem() -> Mapping[str, Sequence[_Entry]]:
    table: dict[str, list[_Entry]] = {}
    for family in FAMILIES:
        for phrase, instead in entries(family):
            tokens = read(phrase).tokens
            entry = _Entry(
                family=family,
                phrase=phrase,
                stems=tuple(token.stem for token in tokens),
                roots=tuple(token.lower.rstrip("ey") if len(token.lower) > SHORT else token.lower for token in tokens),
                instead=instead,
                anywhere=family != "call" or not (len(tokens) == 1 or tokens[-1].lower in POSSESSED),
            )
            table.setdefault(entry.stems[0], []).append(entry)
    for found in table.values():
        found.sort(key=lambda entry: -len(entry.stems))
    return table


def _inflected(tokens: Sequence[Token], entry: _Entry) -> bool:
    """Whether these are forms of the phrase and not of a shorter word: `limited` is not found in `limit`."""
    return all(token.lower.startswith(root) for token, root in zip(tokens, entry.roots, strict=True))


def _openings(reading: Reading) -> frozenset[int]:
    """Tokens where an imperative may begin: at the start of a sentence, after a sign, or after a linking word."""
    starts = {start for start, _ in reading.sentences}
    after = {index + 1 for index, token in enumerate(reading.tokens) if not token.is_word or token.lower in LINKS}
    return frozenset(starts | after)


def hits(reading: Reading) -> list[Hit]:
    """Every phrase found, in order; within a family the longest wins and phrases do not overlap."""
    table = _by_first_stem()
    tokens = reading.tokens
    stems = [token.stem for token in tokens]
    openings = _openings(reading)
    covered: dict[str, int] = {}
    found: list[Hit] = []
    for start, first in enumerate(stems):
        for entry in table.get(first, ()):
            end = start + len(entry.stems)
            if covered.get(entry.family, 0) > start or tuple(stems[start:end]) != entry.stems:
                continue
            if _inflected(tokens[start:end], entry) and (entry.anywhere or start in openings):
                covered[entry.family] = end
                last = tokens[end - 1]
                words = reading.text[tokens[start].start : last.start + len(last.text)]
                found.append(
                    Hit(family=entry.family, phrase=entry.phrase, start=start, end=end, words=words, instead=entry.instead)
                )
    return found
