"""The light normaliser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.nlu.features import char_pieces, word_pieces
from brain.nlu.text import MAX_MESSAGE_CHARS, MAX_WORD_CHARS, words_of


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Hello, there!", ["hello", "there"]),
        ("heyyyyyy sooo coool", ["heyy", "soo", "cool"]),
        ("I don't, you don’t, we dont", ["i", "dont", "you", "dont", "we", "dont"]),
        ("how much??", ["how", "much", "?", "?"]),
        ("café", ["cafe"]),
        ("he\u200bllo", ["hello"]),
        ("ｈｉ", ["hi"]),
        ("👍🏽 thanks", ["👍", "thanks"]),
        ("100000", ["100000"]),
        ("привет", ["привет"]),
        ("", []),
        (" \u200b\n…", []),
    ],
)
def test_writing_habits_are_evened_out(written: str, words: list[str]) -> None:
    assert words_of(written) == words


@given(st.text(max_size=3000))
def test_bounds_hold_for_any_text(text: str) -> None:
    words = words_of(text)

    assert sum(map(len, words)) <= MAX_MESSAGE_CHARS
    assert all(0 < len(word) <= MAX_WORD_CHARS for word in words)


def test_one_letter_word_has_its_borders_as_pieces() -> None:
    assert char_pieces("u") == [" u", "u ", " u "]


def test_words_and_neighbours_are_pieces() -> None:
    assert word_pieces(["how", "much", "?"]) == ["how", "much", "?", "how much", "much ?"]
