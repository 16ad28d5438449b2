"""Word pieces and word pairs: what training and reading count in a message.

Training counts with the same functions as reading, so the two cannot drift apart.
"""

from __future__ import annotations

import itertools

SHORTEST_PIECE = 2
LONGEST_PIECE = 5


def char_pieces(word: str) -> list[str]:
    """Return the pieces of 2 to 5 characters of one word, its borders marked by a space."""
    padded = f" {word} "
    length = len(padded)
    return [padded[start : start + size] for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1) for start in range(length - size + 1)]


def word_pieces(words: list[str]) -> list[str]:
    """Return the words of a message and its pairs of neighbours."""
    return words + [f"{first} {second}" for first, second in itertools.pairwise(words)]
