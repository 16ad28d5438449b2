"""What is told is kept, cleaned, and used in later answers, which read well without it too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions import phrases
from tests.actions.talking import Talk


def test_business_is_kept_and_used_in_later_answers() -> None:
    talk = Talk()
    turn = talk.hear("tell_business", "hey, i sell handmade candles online")
    assert turn.said[0] == "utter_business_noted_named"
    assert talk.slots["product"] == "handmade candles"
    price = talk.hear("ask_price", "how much")
    assert price.said == ["utter_price_for_business", "utter_price_included"]
    assert all("handmade candles" in wording for wording in price.wordings[0])


def test_business_kept_by_a_flow_as_a_whole_sentence_is_said_back_as_a_phrase() -> None:
    price = Talk(slots={"business_kind": "we're a small bakery in leeds"}).hear("ask_price", "how much")
    assert all("a small bakery" in wording and "leeds" not in wording for wording in price.wordings[0])


def test_answers_without_a_known_business_name_none() -> None:
    talk = Talk()
    assert talk.hear("ask_price", "how much").said == ["utter_price", "utter_price_included"]
    assert talk.hear("ask_examples", "examples?").said == ["utter_examples"]
    assert talk.hear("ask_how_it_works", "how").said == ["utter_how_it_works"]


def test_platform_named_in_passing_is_remembered() -> None:
    talk = Talk()
    assert talk.hear("ask_integrations", "do you work with shopify").said == ["utter_integrations_yes"]
    assert talk.slots["platform"] == "Shopify"
    time = talk.hear("ask_time", "how long")
    assert time.said == ["utter_time_on_platform"]
    assert all("Shopify" in wording for wording in time.wordings[0])


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("is etsy ok", "utter_integrations_not_yet"),
        ("what do you connect to", "utter_integrations"),
        ("what about prestashop", "utter_integrations_unsure"),
    ],
)
def test_integrations_say_the_truth_about_a_platform(text: str, response: str) -> None:
    assert Talk().hear("ask_integrations", text).said == [response]


def test_platform_we_know_nothing_about_is_not_guessed_at() -> None:
    turn = Talk().hear("ask_integrations", "what about foobarcart", platform="foobarcart")
    assert turn.said == ["utter_integrations_unsure"]


def test_yes_to_a_person_for_the_unsure_platform_brings_one() -> None:
    talk = Talk()
    talk.hear("ask_integrations", "what about foobarcart", platform="foobarcart")
    assert talk.hear("affirm", "yes please").directives == [{"do": "handoff", "reason": "asked"}]


def test_getting_to_know_each_other_asks_each_thing_once_and_ends_with_a_tip() -> None:
    talk = Talk()
    assert talk.hear("tell_business", "i run a yoga studio").said[1:] == ["utter_ask_goal"]
    assert talk.hear("tell_goal", "more bookings").said == ["utter_goal_noted_for_business", "utter_ask_obstacle"]
    assert talk.hear("tell_obstacle", "people go quiet").said == ["utter_obstacle_noted", "utter_tip_going_quiet"]
    assert talk.slots["goal"] == "more bookings"
    assert talk.slots["obstacle"] == "people go quiet"
    assert talk.hear("tell_business", "its a gym").said == ["utter_business_noted_named"]


def test_question_that_was_left_unanswered_is_not_put_again() -> None:
    talk = Talk()
    talk.hear("tell_business", "i sell candles")
    assert talk.hear("tell_business", "and soap too").said == ["utter_business_noted_named"]


def test_tapped_goal_is_kept_by_its_value_not_its_payload() -> None:
    talk = Talk()
    talk.hear("tell_goal", goal="new customers")
    assert talk.slots["goal"] == "new customers"


def test_no_own_question_while_a_flow_leads() -> None:
    talk = Talk()
    talk.hear("greet", "hi")
    talk.flow_says("What do you sell?")
    assert talk.hear("tell_business", "candles").said == ["utter_business_noted_named"]


def test_stray_phrase_read_as_a_business_does_not_replace_what_is_known() -> None:
    talk = Talk()
    talk.hear("tell_business", "i sell candles")
    talk.hear("tell_business", "and shopify?")
    assert talk.slots["business_kind"] == "candles"
    assert talk.slots["platform"] == "Shopify"
    talk.hear("tell_business", "i run a gym in town")
    assert talk.slots["business_kind"] == "a gym"


@pytest.mark.parametrize(
    ("business", "story"),
    [
        ("a small bakery", "utter_examples_food"),
        ("a yoga studio", "utter_examples_service"),
        ("handmade candles", "utter_examples"),
    ],
)
def test_example_is_the_one_closest_to_the_business(business: str, story: str) -> None:
    assert Talk(slots={"business_kind": business}).hear("ask_examples", "examples?").said == [story]


def test_example_asked_for_again_is_another_one() -> None:
    talk = Talk(slots={"business_kind": "handmade candles"})
    told = [talk.hear("ask_examples", "another example?").said[0] for _ in range(3)]
    assert told == ["utter_examples", "utter_examples_food", "utter_examples_service"]


def test_tips_asked_for_again_take_turns_between_what_was_told() -> None:
    talk = Talk(slots={"obstacle": "abandoned carts", "goal": "new customers"})
    given = [talk.hear("ask_tip", "any tips").said[0] for _ in range(4)]
    assert given == ["utter_tip_carts", "utter_tip_visitors", "utter_tip_general", "utter_tip_carts"]


def test_tip_fits_the_obstacle_told_earlier() -> None:
    talk = Talk(slots={"obstacle": "abandoned carts"})
    assert talk.hear("ask_tip", "any tips").said == ["utter_tip_carts"]


def test_name_is_kept_and_used_in_the_next_hello() -> None:
    talk = Talk()
    assert talk.hear("tell_name", "hi im sara").said == ["utter_name_noted"]
    hello = talk.hear("greet", "hey again")
    assert hello.said == ["utter_greet_named"]
    assert all("Sara" in wording for wording in hello.wordings[0])


def test_contact_is_kept() -> None:
    talk = Talk()
    talk.hear("tell_contact", "call +1 202 555 0175 or write to tom.b@example.com.")
    assert talk.slots["phone"] == "+1 202 555 0175"
    assert talk.slots["email"] == "tom.b@example.com"


def test_greeting_has_no_question() -> None:
    for talk in (Talk(), Talk(slots={"first_name": "Sara"})):
        assert not any("?" in wording for wording in talk.hear("greet", "hi").wordings[0])


@pytest.mark.parametrize(
    ("text", "phrase", "sells"),
    [
        ("i sell candles online", "candles", True),
        ("hey! we make handmade soap, mostly for gifts", "handmade soap", True),
        ("i run a yoga studio", "a yoga studio", False),
        ("we're a small bakery in leeds", "a small bakery", False),
        ("We have a small bakery", "a small bakery", False),
        ("my etsy shop", "your etsy shop", False),
        ("dog grooming", "dog grooming", False),
        ("its a sneaker shop", "a sneaker shop", False),
        ("skincare brand", "a skincare brand", False),
        ("i've got a tattoo studio", "a tattoo studio", False),
        ("oh i do a bit of everything you can think of really", None, False),
        ("my wife and i sell ceramics", "ceramics", True),
        ("my mum and i run a flower shop", "a flower shop", False),
        ("my shop sells prints and posters", "prints and posters", True),
        ("online store for baby stuff", "an online store", False),
        ("selling phone cases", "phone cases", True),
        ("print on demand t shirts", "print on demand t shirts", False),
        ("🌸🌸", None, False),
    ],
)
def test_business_in_finds_the_phrase_that_can_be_said_back(text: str, phrase: str, sells: bool) -> None:
    assert phrases.business_in(text)[:2] == (phrase, sells)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is sara", "Sara"),
        ("im tom", "Tom"),
        ("i’m zoë", "Zoë"),
        ("Lucy here", "Lucy"),
        ("hey its nina", "Nina"),
        ("i'm Priya", "Priya"),
        ("sam, nice to meet you", "Sam"),
        ("i'm not telling", None),
        ("im really busy", None),
    ],
)
def test_first_name_in(text: str, name: str) -> None:
    assert phrases.first_name_in(text) == name


@given(st.text(max_size=2000))
def test_stored_values_are_short_and_tidy_whatever_is_said(text: str) -> None:
    value = phrases.cleaned(text)
    assert value is None or (0 < len(value) <= phrases.MAX_SLOT_CHARS and value == value.strip() and "\n" not in value)


@given(st.text(max_size=500))
def test_phrases_said_back_are_short_and_hold_no_markup(text: str) -> None:
    phrase = phrases.business_in(text).phrase
    assert phrase is None or (0 < len(phrase) <= phrases.MAX_SPOKEN_CHARS and not set(phrase) & set("{}<>\n?!"))


def test_very_long_message_is_cut_to_the_slot_limit() -> None:
    talk = Talk()
    talk.hear("tell_obstacle", "too many dms " * 200)
    assert len(talk.slots["obstacle"]) <= phrases.MAX_SLOT_CHARS


@pytest.mark.parametrize(
    ("matter", "tip"),
    [
        ("nobody answers my dms in time", "utter_tip_slow_replies"),
        ("people ask the price and then disappear", "utter_tip_going_quiet"),
        ("they buy once and never come back", "utter_tip_repeat_orders"),
        ("abandoned carts", "utter_tip_carts"),
        ("i forget to follow up", "utter_tip_follow_up"),
        ("people book and dont show up", "utter_tip_no_shows"),
        ("im doing everything alone", "utter_tip_no_time"),
        ("no traffic", "utter_tip_visitors"),
        ("i'm bad at tech", "utter_tip_general"),
        ("sales are slow days mostly", "utter_tip_general"),
    ],
)
def test_tip_fits_the_trouble(matter: str, tip: str) -> None:
    assert Talk().hear("tell_obstacle", matter).said == ["utter_obstacle_noted", tip]


def test_name_or_platform_too_long_to_be_one_is_not_said_back() -> None:
    talk = Talk(slots={"first_name": "n" * 31, "platform": "p" * 41})
    assert talk.hear("greet", "hi").said == ["utter_greet"]
    assert talk.hear("ask_integrations", "what works").said == ["utter_integrations"]
