"""Which earlier questions are like this one: by the words they share, rare ones counting for more (TF-IDF, cosine). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log, sqrt

from bot.store.contract import Similar
from bot.store.words import all_words

ANSWERED_WITHIN = 4
"""An answer comes at most so many messages after its question: later ones answer something else."""
MOST = 12
SHORTEST = 3
ALIKE = 0.3
"""Below this likeness nothing is suggested: a poor suggestion costs more time than none."""


def telling(text: str) -> tuple[str, ...]:
    """The words of a question that tell what it is about: the longest, for short ones stand in every sentence."""
    words = dict.fromkeys(word for word in all_words(text) if len(word) >= SHORTEST)
    return tuple(sorted(words, key=lambda word: (-len(word), word))[:MOST])


def most_alike(text: str, found: Sequence[Similar], *, limit: int) -> list[Similar]:
    """Those whose question is most like the text, the earlier in `found` first of equals, each answer once."""
    counted = [Counter(all_words(one.asked)) for one in found]
    among = Counter(word for words in counted for word in words)
    wanted = Counter(all_words(text))

    def weights(words: Mapping[str, int]) -> dict[str, float]:
        return {word: times * log(1 + (1 + len(found)) / (1 + among[word])) for word, times in words.items()}

    ours = weights(wanted)
    likeness = [_cosine(ours, weights(words)) for words in counted]
    chosen: dict[str, Similar] = {}
    for place in sorted(range(len(found)), key=lambda n: -likeness[n]):
        if likeness[place] >= ALIKE and len(chosen) < limit:
            chosen.setdefault(found[place].text, found[place])
    return list(chosen.values())


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    length = sqrt(sum(w * w for w in one.values())) * sqrt(sum(w * w for w in other.values()))
    return sum(weight * other.get(word, 0.0) for word, weight in one.items()) / length if length else 0.0
