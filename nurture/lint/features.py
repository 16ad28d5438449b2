"""What a text shows of talk and of broadcast: a few dozen counts that a person can check by hand.

Each count is divided by the square root of the length, so that long texts weigh more than short ones but not by their
length alone, and length itself is no feature.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from nurture.lint.english import EMOJI, URL, Reading, Token, emoji, syllables
from nurture.lint.lexicon import FAMILIES, Hit, hits, kinds

NOMINAL = re.compile(r"(?:tion|tions|ment|ments|ity|ities|ance|ances|ence|ences|ship|ships|ness|ism|isation|ization|ability)$")
NOT_NOMINAL = frozenset(
    {"question", "questions", "moment", "station", "apartment", "business", "once", "chance", "since", "city", "option"}
)
PARTICIPLE = re.compile(r"(?:[a-z]{2,}ed|given|made|taken|shown|known|sent|held|built|found|led|set|written|driven|chosen|done)$")
BE = frozenset({"is", "are", "was", "were", "be", "been", "being"})
MONEY = re.compile(r"[$€£]\s?\d|\d\s?[$€£]|\b\d+[.,]\d\d\b")
PERCENT = re.compile(r"\d+\s?%|\bpercent\b", re.IGNORECASE)
TAGGED = re.compile(r"(?<!\w)[#@]\w+|[™®©]|\|")
LONGEST_WORD = 14
"""Longer ones (links, joined words, typing on a desk) count as this long."""

HEADING = re.compile(r"^[A-Z][\w ]{0,30}:\s")
LISTED = re.compile(r"(?:^|\s)(?:\d{1,2}[.)]|[a-d]\)|[•*-])\s")
SMILEY = re.compile(r"(?<!\w)[:;]-?[)(DPp/](?!\w)|<3")
ENDED = re.compile(r"[.!?…)\"'*]$")


class Feature(NamedTuple):
    """One thing that counts: its value for a text and the words that show it."""

    name: str
    value: float
    shown: tuple[str, ...] = ()


def features(reading: Reading) -> list[Feature]:
    """Everything that counts in a text, zeros included, always in the same order."""
    words = reading.words
    scale = sqrt(len(words) + 2)
    found = hits(reading)
    return [
        *(_counted(f"{family}_words", _of(found, family), scale) for family in FAMILIES),
        *(_counted(kind, [w.lower for w in words if w.lower in small], scale) for kind, small in kinds().items()),
        _counted("contraction", [w.lower for w in words if _is_contracted(w.lower)], scale),
        _counted("nominal", [w.lower for w in words if _is_nominal(w.lower)], scale),
        *(_counted(name, shown, scale) for name, shown in _signs(reading, words)),
        *_shapes(reading, words),
    ]


def _is_contracted(word: str) -> bool:
    return (word[:1] == "'" and len(word) > 1) or word == "n't"


def _is_nominal(word: str) -> bool:
    return len(word) > 5 and word not in NOT_NOMINAL and bool(NOMINAL.search(word))


def _of(found: Sequence[Hit], family: str) -> list[str]:
    return [hit.words.lower() for hit in found if hit.family == family for _ in range(1 + (hit.end - hit.start > 1))]


def _counted(name: str, shown: Sequence[str], scale: float) -> Feature:
    return Feature(name, len(shown) / scale, tuple(dict.fromkeys(shown))) if shown else Feature(name, 0.0)


def _signs(reading: Reading, words: Sequence[Token]) -> Iterable[tuple[str, list[str]]]:
    text = reading.text
    yield "money", MONEY.findall(text)[:2]
    yield "percent", PERCENT.findall(text)[:2]
    yield "links", URL.findall(text)
    yield "tags", TAGGED.findall(text)
    yield "listing", [found.strip() for found in LISTED.findall(text)]
    yield "exclamation", ["!"] * min(text.count("!"), 3)
    yield "smileys", SMILEY.findall(text) + (["emoji"] if EMOJI.search(text) and emoji(text) else [])
    yield "long_words", [w.lower for w in words if len(w.lower) > 6 and w.start not in reading.names and syllables(w.lower) > 2]
    yield "passive", list(_passives(words))
    yield "i_first", [_first_word(reading, s) for s in reading.sentences if _first_word(reading, s) in kinds()["self"]]
    yield "capitals", [w.text for w in words if len(w.text) > 3 and w.text.isupper() and not text.isupper()]
    yield "names", list(_capitalised(reading))


def _passives(words: Sequence[Token]) -> Iterable[str]:
    for first, second in pairwise(words):
        if first.lower in BE and PARTICIPLE.search(second.lower):
            yield f"{first.lower} {second.lower}"


def _first_word(reading: Reading, sentence: tuple[int, int]) -> str:
    return next((reading.tokens[i].lower for i in range(*sentence) if reading.tokens[i].is_word), "")


def _capitalised(reading: Reading) -> Iterable[str]:
    """Capitalised words inside a sentence: names, and Headlines Written Like This."""
    for start, end in reading.sentences:
        for token in reading.tokens[start + 1 : end]:
            if token.is_word and token.text[0].isupper() and not token.text.isupper() and token.lower not in kinds()["when"]:
                yield token.text


def _shapes(reading: Reading, words: Sequence[Token]) -> Iterable[Feature]:
    """Properties of the text as a whole: 0 or 1, or an average."""
    count = len(words)
    text = reading.text
    plain = [w for w in words if w.start not in reading.names]
    letters = sum(min(len(w.text), LONGEST_WORD) for w in plain)
    small = kinds()
    asks = "?" in text or bool(words and (words[0].lower in small["asking"] or words[0].lower in small["helpers"]))
    personal = any(w.lower in small[kind] for w in words for kind in ("self", "you", "people"))
    spread = min(1.0, count / 6)
    yield Feature(name="word_length", value=(letters / len(plain) - 4.2) * spread if plain else 0.0)
    yield Feature(name="asks", value=float(asks))
    yield Feature(name="nobody", value=float(not personal) * spread)
    yield Feature(name="small_start", value=float(text[:1].islower()))
    yield Feature(name="open_end", value=float(bool(text) and not ENDED.search(text)))
    yield Feature(name="heading", value=float(bool(HEADING.search(text))))
    yield Feature(
        name="verbless", value=float(count > 1 and not any(w.lower in small["helpers"] or w.lower[:1] == "'" for w in words))
    )
    yield Feature(name="sentence_length", value=max(0.0, count / max(1, len(reading.sentences)) - 12) / 10)
