"""A score from 0 to 100 for any English text: how much it reads like one person writing to another, and not like a broadcast.

The score is the calibrated probability of a small logistic regression over the features of `nurture.lint.features`. Its weights
are in `weights.json`, made by `scripts/copy_score/calibrate.py`; `docs/copy-score.md` says from what and how well it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import exp

from nurture.lint.english import read
from nurture.lint.features import Feature, features

NEUTRAL = 50.0
"""The score of a text with nothing to read."""

POINTS_PER_LOG_ODDS = 25.0
"""At the middle of the scale one unit of log odds moves the score by 25 points."""

MAX_REASONS = 4
MIN_POINTS = 2
MAX_WORDS_SHOWN = 3

SAYS: Mapping[str, str] = {
    "hype_words": "praise and hype",
    "offer_words": "bargain words",
    "urgency_words": "hurries the reader",
    "call_words": "tells the reader what to press",
    "jargon_words": "corporate words",
    "form_words": "form letter",
    "robot_words": "machine talk",
    "menu_words": "reads out a menu",
    "legal_words": "contract words",
    "notice_words": "announcement words",
    "post_words": "words of a post",
    "talk_words": "words of talk",
    "doing_words": "everyday verbs",
    "self": "speaks as I",
    "you": "speaks to you",
    "your": "your",
    "we": "speaks as we",
    "people": "about people",
    "pointing": "points at things",
    "asking": "question words",
    "helpers": "helping verbs",
    "negation": "says no or not",
    "hedges": "hedges like a person",
    "fill": "small linking words",
    "everyday": "everyday words",
    "when": "names a time",
    "contraction": "contractions",
    "nominal": "nouns made of verbs",
    "ruling": "shall, may, must",
    "prepositions": "strings of prepositions",
    "article": "articles",
    "money": "prices",
    "percent": "percentages",
    "links": "links",
    "tags": "hashtags and signs",
    "listing": "a list",
    "exclamation": "exclamation marks",
    "smileys": "smileys",
    "long_words": "long words",
    "passive": "passive",
    "i_first": "begins with I",
    "capitals": "capitals",
    "names": "Capitalised Words",
    "word_length": "length of words",
    "asks": "asks something",
    "nobody": "nobody speaks or is spoken to",
    "small_start": "starts small",
    "open_end": "no full stop",
    "heading": "reads like a heading",
    "verbless": "no helping verb",
    "sentence_length": "long sentences",
}
"""Each feature in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What moved a score: the feature, by how many points (up is more human), and the words that show it."""

    feature: str
    points: int
    shown: tuple[str, ...]

    def __str__(self) -> str:
        words = f" ({', '.join(self.shown[:MAX_WORDS_SHOWN])})" if self.shown else ""
        return f"{self.points:+d} {SAYS[self.feature]}{words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How human a text reads, 0 to 100, and why: the strongest reasons first."""

    value: float
    why: tuple[Reason, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.why)) or "nothing stands out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The model: log odds = intercept + sum of weight x (value - typical), `typical` being the average of the training lines."""

    intercept: float
    weight: Mapping[str, float]
    typical: Mapping[str, float]


@cache
def weights() -> Weights:
    """The shipped model."""
    stored = json.loads(files("nurture.lint").joinpath("weights.json").read_text(encoding="utf-8"))
    return Weights(
        intercept=stored["intercept"],
        weight={name: feature["weight"] for name, feature in stored["features"].items()},
        typical={name: feature["typical"] for name, feature in stored["features"].items()},
    )


@lru_cache(maxsize=4096)
def score(text: str) -> Score:
    """How much a text reads like a person writing to a person. Any string will do; nothing to read scores 50."""
    reading = read(text)
    if not reading.tokens:
        return Score(value=NEUTRAL)
    model = weights()
    found = features(reading)
    parts = [(feature, model.weight[feature.name] * (feature.value - model.typical[feature.name])) for feature in found]
    return Score(value=_percent(model.intercept + sum(part for _, part in parts)), why=_reasons(parts))


def _percent(log_odds: float) -> float:
    return round(100 / (1 + exp(-max(-30.0, min(30.0, log_odds)))), 1)


def _reasons(parts: Iterable[tuple[Feature, float]]) -> tuple[Reason, ...]:
    """What is there counts; what is merely absent is told only if nothing else is."""
    least = MIN_POINTS / POINTS_PER_LOG_ODDS
    telling = [(feature, part) for feature, part in parts if abs(part) >= least]
    chosen = [pair for pair in telling if pair[0].value] or [pair for pair in telling if pair[1] < 0]
    chosen.sort(key=lambda pair: -abs(pair[1]))
    return tuple(
        Reason(feature=feature.name, points=round(part * POINTS_PER_LOG_ODDS), shown=feature.shown)
        for feature, part in chosen[:MAX_REASONS]
    )
