"""Words to search by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.store.words import EXCERPT, excerpt, folded, holds, wanted

TEXT = st.text(alphabet=st.sampled_from("aB éÉß1_-ıİǅ\n😀."), max_size=400)


@given(TEXT)
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)


@given(TEXT, TEXT)
def test_what_is_marked_begins_with_a_word_that_was_asked_for(text: str, query: str) -> None:
    words = wanted(query)
    part, marks = excerpt(text, words)
    assert len(part) <= EXCERPT + 2
    for start, end in marks:
        assert any(folded(part[start:end]) == word for word in words)
    if holds(text, words):
        assert marks


def test_an_excerpt_is_the_part_around_the_first_word() -> None:
    text = "x " * 100 + "the Café table\nis blue " + "y " * 100
    part, marks = excerpt(text, wanted("cafe blu"))
    assert part.startswith("…x x")
    assert part.endswith("…")
    assert [part[a:b] for a, b in marks] == ["Café", "blu"]


def test_a_query_is_folded_words_each_once() -> None:
    assert wanted("Café, CAFE e-mail_me!") == ("cafe", "e", "mail", "me")
