"""What is found in messages, and what is left alone."""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brain.nlu.patterns import dump_patterns, parse_patterns, read_patterns
from brain.nlu.spans import SpanFinder

from .conftest import PATTERNS

EntitiesOf = Callable[[str], dict[str, str]]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("i sell handmade candles on etsy", {"product": "handmade candles", "platform": "etsy"}),
        ("we run a small bakery in leeds", {"product": "small bakery"}),
        ("i have a yoga studio", {"product": "yoga studio"}),
        ("my shop does vintage clothes", {"product": "vintage clothes"}),
        ("my shop sells prints and posters", {"product": "prints and posters"}),
        ("we make craft beer and ship it all over europe", {"product": "craft beer"}),
        ("I make my own candles", {"product": "candles"}),
        ("we’re selling furniture mostly", {"product": "furniture"}),
        ("i sell all kinds of dog toys since 2019", {"product": "dog toys"}),
        ("i do nails from home", {"product": "nails"}),
        ("i sell clothes for kids", {"product": "clothes for kids"}),
        ("i sell t-shirts & mugs lol", {"product": "t-shirts & mugs"}),
        ("its a sneaker shop", {"product": "sneaker shop"}),
        ("we're a family restaurant", {"product": "family restaurant"}),
        ("my family has a vineyard", {"product": "vineyard"}),
        ("i draw portraits", {"product": "portraits"}),
        ("selling handmade bags", {"product": "handmade bags"}),
        ("I'm Priya, I run Priya's Bakery", {"first_name": "Priya", "product": "Priya's Bakery"}),
        ("Hi I'm Anna and I sell candles, on Etsy", {"first_name": "Anna", "product": "candles", "platform": "etsy"}),
    ],
)
def test_what_somebody_sells(entities_of: EntitiesOf, text: str, entities: dict[str, str]) -> None:
    assert entities_of(text) == entities


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("i'm Anna", "Anna"),
        ("I’m anna", "Anna"),
        ("im tom", "Tom"),
        ("my name is Joe", "Joe"),
        ("my names dave btw", "Dave"),
        ("my name's ivan", "Ivan"),
        ("hello my name is josé", "José"),
        ("you can call me di", "Di"),
        ("this is jen from the flower shop", "Jen"),
        ("hey its nina", "Nina"),
        ("Lucy here", "Lucy"),
        ("hi, Pablo here", "Pablo"),
        ("sam, nice to meet you", "Sam"),
        ("I'm Wojtek Kowalski", "Wojtek"),
        ("I'm Jean-Luc", "Jean-Luc"),
        ("don't call me bill, call me bob", "Bob"),
        ("I'm Will", "Will"),
    ],
)
def test_introductions(entities_of: EntitiesOf, text: str, name: str) -> None:
    assert entities_of(text) == {"first_name": name}


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("mail me at tom.baker@example.org.", {"email": "tom.baker@example.org"}),
        ("my number is 555 0142", {"phone": "555 0142"}),
        ("(415) 555-0132 works", {"phone": "(415) 555-0132"}),
        ("+44 7700 900 982 thats my mobile", {"phone": "+44 7700 900 982"}),
        ("07700900456", {"phone": "07700900456"}),
        ("budget is $1,200", {"money": "$1,200"}),
        ("about 50k euros", {"money": "50k euros"}),
        ("500eur max", {"money": "500eur"}),
        ("does it work with woo commerce", {"platform": "woocommerce"}),
        ("found you on insta", {"platform": "instagram"}),
        ("do you do Facebook Messenger", {"platform": "messenger"}),
    ],
)
def test_contacts_money_and_platforms(entities_of: EntitiesOf, text: str, entities: dict[str, str]) -> None:
    assert entities_of(text) == entities


@pytest.mark.parametrize(
    "text",
    [
        "i'm good",
        "i'm looking for help",
        "im sold",
        "I'm German",
        "I Am Looking For Help",
        "im frank with you",
        "this is terrible",
        "It's Monday",
        "still here",
        "is anyone here",
        "call me tomorrow",
        "can u call me tmrw",
        "call me back please",
        "someone call me pls",
        "your new name is joe",
        "call me mrs lopez",
        "i have a question",
        "i have no idea",
        "i make 500 a month",
        "i make sure it works",
        "i make mistakes",
        "i do not know",
        "i do want to know more",
        "i do appreciate this",
        "we do get lots of no shows",
        "i run out of stock",
        "i run a tight ship",
        "do you sell my info",
        "how do i make people come back",
        "what can i sell",
        "can i sell online with this",
        "if i sell more do i pay more",
        "why can't i make payments",
        "i want to sell more in december",
        "i sell more in december",
        "i have a shop",
        "we run a small online store",
        "i hate selling",
        "order 12345678 where is it",
        "we have 1000000 followers",
        "see you on 2026-11-22",
        "see you at 10.30",
        "24/7",
        "it takes 2 or 3 weeks",
        "how much is it",
        "when are you open",
        "are you a bot",
        "thanks, you are great",
        "will that be in may or june",
        "leave me alone",
        "",
        "   ",
        "😡😡😡",
    ],
)
def test_ordinary_messages_mention_nothing(entities_of: EntitiesOf, text: str) -> None:
    assert entities_of(text) == {}


def test_length_of_a_product_is_bounded(entities_of: EntitiesOf) -> None:
    product = entities_of("i sell " + "handmade " * 6 + "extraordinarily complicated candles")["product"]

    assert 0 < len(product) <= 60


any_text = st.one_of(
    st.text(max_size=700),
    st.lists(
        st.sampled_from(
            ["i", "sell", "'m", "Anna", "my", "name", "is", "+1", "555", "-", "0142", "$", "and", "for", "a@b.co", "\u200b", "🕯"]
        ),
        max_size=40,
    ).map(" ".join),
)


@given(text=any_text)
@example(text="a" * 10_000)
@example(text="1 " * 5_000)
@example(text="i sell " * 1_500)
@example(text="\ud800")
@settings(max_examples=300)
def test_any_text_gives_spans_inside_it(finder: SpanFinder, text: str) -> None:
    spans = finder.find(text)

    assert spans == finder.find(text)
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert span.value.strip()
    for first in spans:
        for second in spans:
            if first is not second and first.entity == second.entity:
                assert first.end <= second.start or second.end <= first.start


@given(text=any_text)
@settings(max_examples=100)
def test_stored_patterns_find_the_same(finder: SpanFinder, stored: SpanFinder, text: str) -> None:
    assert stored.find(text) == finder.find(text)


@pytest.fixture(scope="module")
def stored() -> SpanFinder:
    return SpanFinder(parse_patterns(dump_patterns(read_patterns(PATTERNS)), PATTERNS))


@pytest.mark.parametrize("text", ["1 " * 5_000, "i sell " * 1_500, "a" * 100_000, "call me " * 2_000, "🕯" * 5_000, "(" * 5_000])
def test_hostile_repetition_is_cheap(finder: SpanFinder, text: str) -> None:
    started = time.process_time()
    finder.find(text)

    assert time.process_time() - started < 0.1


def test_words_of_strangers_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.nlu.spans.MAX_NEW_STRINGS", 50)
    finder = SpanFinder(read_patterns(PATTERNS))
    first = finder._nlp
    for number in range(100):
        assert finder.find(f"zzq{number} i sell candles")[0].value == "candles"

    assert finder._nlp is not first
    assert len(finder._nlp.vocab.strings) - finder._strings_at_start <= 60
