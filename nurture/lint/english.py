"""English, as far as rules carry: spaCy's blank pipeline, made on first use, and small rules of our own on top.

No trained pipeline is needed or downloaded; tags that the lint needs (imperatives, passives, nominalisations, what could be
contracted) come from closed word lists and endings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

MAX_READ_CHARS = 4000
"""Longer texts are judged by their beginning; a chat bubble has 160 characters."""

EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[\U0001f300-\U0001faff☀-➿⬀-⯿‼⁉™ℹ]️?)"
    "(?:\u200d[\U0001f300-\U0001faff☀-➿]️?|[\U0001f3fb-\U0001f3ff])*"
)
NO_EMOJI = frozenset("™ℹ✓✔✗✘★☆✦")
ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200c\u2060\ufeff\ud800-\udfff]")
SPACES = re.compile(r"\s+")
QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"'})
URL = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|io|example|shop|co|de|eu|uk)\b(?:/\S*)?", re.IGNORECASE)
VOWELS = re.compile(r"[aeiouy]+")
SILENT = re.compile(r"(?:[^aeiouylr]e|[^aeiouytd]ed|(?<![cs])[^aeiouycgsxz]es|[^aeiou]ely|[^aeiou]eful|[^aeiou]ement)$")
COMPOUNDS = {"some": 1, "every": 2, "any": 2, "there": 1, "where": 1, "care": 1, "home": 1}
IRREGULAR = {
    "business": 2,
    "businesses": 3,
    "people": 2,
    "every": 2,
    "evening": 2,
    "create": 2,
    "area": 3,
    "idea": 3,
    "being": 2,
    "doing": 2,
    "going": 2,
    "science": 2,
    "quiet": 2,
    "fire": 1,
    "hour": 1,
    "hours": 1,
    "our": 1,
    "different": 2,
    "interest": 2,
    "chocolate": 2,
    "favourite": 2,
    "favorite": 2,
    "vegetable": 3,
    "wednesday": 2,
    "camera": 2,
    "family": 3,
    "breathe": 1,
    "something": 2,
}
SUFFIXES = ("ies", "ing", "ied", "ed", "es", "ly", "s", "e", "y")
MIN_STEM = 3


def clean(text: str) -> str:
    """Text as it is judged: one line, plain quotes, look-alike letters made plain, no control characters."""
    if len(text) > MAX_READ_CHARS:
        text = text[:MAX_READ_CHARS].rsplit(" ", 1)[0]
    text = ODD.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.replace("™", "\x01")).replace("\x01", "™").translate(QUOTES)
    return SPACES.sub(" ", text).strip()


@cache
def english() -> Language:
    """spaCy's blank English with sentence ends by punctuation. Importing spaCy takes seconds, so not before it is needed."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or sign: as written, in small letters, its stem, and whether it is a word."""

    text: str
    lower: str
    stem: str
    is_word: bool
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text as tokens, those of them that are words, and sentences (half-open ranges of tokens).

    `names` says where capitalised words begin inside a sentence, unless most words do: then it's a headline or shouting.
    """

    text: str
    tokens: tuple[Token, ...]
    words: tuple[Token, ...]
    sentences: tuple[tuple[int, int], ...]
    names: frozenset[int]


@lru_cache(maxsize=512)
def read(text: str) -> Reading:
    """A text taken apart. Any string will do; see `clean` for what is left out."""
    text = clean(text)
    doc = english()(text)
    tokens = tuple(_token(token.text, token.idx) for token in doc)
    sentences = tuple((sentence.start, sentence.end) for sentence in doc.sents)
    words = tuple(token for token in tokens if token.is_word)
    return Reading(text=text, tokens=tokens, words=words, sentences=sentences, names=_names(tokens, sentences))


def _names(tokens: Sequence[Token], ranges: Sequence[tuple[int, int]]) -> frozenset[int]:
    inside = [token for start, end in ranges for token in tokens[start + 1 : end] if token.is_word]
    found = [token.start for token in inside if token.text[0].isupper() and len(token.text) > 1]
    return frozenset(found if len(found) * 2 <= len(inside) else ())


def _token(text: str, start: int) -> Token:
    lower = text.lower()
    is_word = (lower[:1].isalpha() and not URL.match(lower)) or (lower[:1] == "'" and lower[1:].isalpha()) or lower == "n't"
    return Token(text=text, lower=lower, stem=stem(lower) if is_word else lower, is_word=is_word, start=start)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its ending, roughly: `saving`, `saves` and `save` meet at `sav`."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= MIN_STEM and not word.endswith("ss"):
            word = word[: -len(suffix)]
            break
    return word[:-1] if len(word) > MIN_STEM + 1 and word[-1] == word[-2] and word[-1] not in "lsz" else word


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """Syllables by spelling; off by one for some words, right on average."""
    lower = re.sub(r"[^a-z]", "", word.lower())
    for start, count in COMPOUNDS.items():
        if lower.startswith(start) and len(lower) > len(start) + 2:
            return count + syllables(lower[len(start) :])
    if lower in IRREGULAR or not lower:
        return IRREGULAR.get(lower, 1)
    count = len(VOWELS.findall(lower))
    if SILENT.search(lower) and count > 1:
        count -= 1
    count += len(re.findall(r"i[ao](?!u)|iu|[aeiouy]ing$|eate|ideo|ua[lt]", lower)) - len(
        re.findall(r"[tcgs]i[ao]|qua|[gs]ua", lower)
    )
    return max(1, count)


def grade(reading: Reading) -> float:
    """Flesch-Kincaid grade level (Kincaid and others, 1975): school years needed to read the text with ease.

    Names count as one syllable: nobody finds a text hard because a town in it has a long name.
    """
    words = [token for token in reading.words if not token.lower.startswith("'") and token.lower != "n't"]
    if not words:
        return 0.0
    sentences = sum(any(reading.tokens[i].is_word for i in range(a, b)) for a, b in reading.sentences) or 1
    count = sum(1 if token.start in reading.names else syllables(token.text) for token in words)
    return 0.39 * len(words) / sentences + 11.8 * count / len(words) - 15.59


def emoji(text: str) -> list[str]:
    """The emoji of a text, joined ones counted once."""
    return [found for found in EMOJI.findall(text) if found[0] not in NO_EMOJI]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text as written."""
    reading = read(text)
    for start, end in reading.sentences:
        first, last = reading.tokens[start], reading.tokens[end - 1]
        yield reading.text[first.start : last.start + len(last.text)]
