from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from nurture.copy import asks, bubbles_of, choose, problem_with, render
from nurture.flow import Copy

HELLO = Copy(wordings=(("a",), ("b",), ("c",)))


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("How's {{ product | default('your shop') }}?", {"product": "candles"}, "How's candles?"),
        ("How's {{ product | default('your shop') }}?", {}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": None}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "  "}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "x" * 41}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "a b c d e f g"}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "see https://bad.example"}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "me@example.com"}, "How's your shop?"),
        ("How's {{ product | default('your shop') }}?", {"product": "a\nb"}, "How's your shop?"),
        ("For {{ product | default(kind) | default('you') }}.", {"kind": "a bakery"}, None),
        ("Hi {{ first_name | default('there') | title }}", {"first_name": "sara"}, "Hi Sara"),
        ("For {{ product | default('your shop') | yours }}", {"product": "small bakery"}, "For your small bakery"),
        ("For {{ product | default('your shop') | yours }}", {"product": "an online shop"}, "For your online shop"),
        ("For {{ product | default('your shop') | yours }}", {"product": "My candles"}, "For your candles"),
        ("For {{ product | default('your shop') | yours }}", {"product": "your store"}, "For your store"),
        ("For {{ product | default('your shop') | yours }}", {"product": "candles"}, "For candles"),
        ("For {{ product | default('your shop') | yours }}", {}, "For your shop"),
        ("I'm {{ bot_name }}", {"bot_name": "Juno"}, "I'm Juno"),
    ],
)
def test_a_value_is_said_back_only_where_it_reads_well(text: str, known: dict[str, object], expected: str | None) -> None:
    if expected is None:
        assert problem_with(text) == 'a fallback is one text in quotes, such as default("your shop")'
    else:
        assert problem_with(text) is None
        assert render(text, known) == expected


def test_what_a_person_wrote_is_never_read_as_a_template() -> None:
    assert render("Nice, {{ product | default('that') }}.", {"product": "{{ 7 * 7 }}"}) == "Nice, that."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hi {{ first_name }}", 'first_name may be unknown; give a fallback: {{ first_name | default("...") }}'),
        ("Hi {{ first_name | upper }}", 'first_name may be unknown; give a fallback: {{ first_name | default("...") }}'),
        ("Hi {{ first_name", "cannot be read as copy: unexpected end of template, expected 'end of print statement'."),
        ("{% for x in y %}{% endfor %}", "only {{ names }} can stand in copy, no {% commands %}; use a branch step instead"),
        ("{{ ''.__class__ }}", "only names with a fallback can stand between {{ and }}"),
        ("{{ 1 + 1 }}", "only names with a fallback can stand between {{ and }}"),
        ("{{ (a.b) | default('x') }}", "a fallback stands right after a name"),
        ("{{ a | default }}", 'a fallback is one text in quotes, such as default("your shop")'),
        ("{{ a | tojson | default('x') }}", "cannot be read as copy: No filter named 'tojson'."),
    ],
)
def test_copy_that_could_go_wrong_is_refused(text: str, problem: str) -> None:
    assert problem_with(text) == problem


@given(st.text(max_size=80))
def test_copy_that_is_accepted_renders_whatever_is_unknown(text: str) -> None:
    if problem_with(text) is None:
        render(text, {"bot_name": "Juno", "business_name": "Sundial"})


def test_an_unknown_name_without_a_fallback_never_reaches_a_person() -> None:
    with pytest.raises(UndefinedError):
        render("Hi {{ first_name }}", {})


def test_paragraphs_are_bubbles() -> None:
    assert bubbles_of("One\nstill one.\n\n  Two.\n") == ("One\nstill one.", "Two.")
    assert render("One\nstill one.", {}) == "One still one."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What do you sell?", True),
        ('Add one question, like "is it a gift?".', False),
        ("Add one question, like 'is it a gift?'.", False),
        ("Don't they say? It's fine, isn't it.", True),
        ("Here you go.", False),
    ],
)
def test_a_quoted_question_asks_nothing(text: str, expected: bool) -> None:
    assert asks(text) is expected


@given(st.integers(0, 1000))
def test_a_wording_used_lately_is_avoided(seed: int) -> None:
    wording, bubbles = choose(HELLO, "f/hello", channel="widget", used=("f/hello#1", "f/hello#3"), rng=Random(seed))

    assert (wording, bubbles) == ("f/hello#2", ("b",))


@given(st.integers(0, 1000))
def test_no_wording_comes_twice_in_a_row_when_all_were_used(seed: int) -> None:
    used = ("f/hello#2", "f/hello#1", "f/hello#3")

    wording, _ = choose(HELLO, "f/hello", channel="widget", used=used, rng=Random(seed))

    assert wording == "f/hello#2"


def test_a_single_wording_is_said_again() -> None:
    copy = Copy(wordings=(("a",),))

    assert choose(copy, "f/x", channel="widget", used=("f/x#1",), rng=Random(0)) == ("f/x#1", ("a",))


def test_a_channel_has_its_own_wordings() -> None:
    copy = Copy(wordings=(("long",),), per_channel={"facebook": (("short",),)})

    assert choose(copy, "f/x", channel="facebook", used=(), rng=Random(0)) == ("f/x@facebook#1", ("short",))
    assert choose(copy, "f/x", channel="widget", used=(), rng=Random(0)) == ("f/x#1", ("long",))
