"""The copy rules: short, one question, at least three wordings, calm punctuation, honest about being a bot."""

import json
import re
from itertools import product
from typing import Any

import pytest

from tests.actions.talking import Talk, domain, rules

MAX_BUBBLE_CHARS = 160
MAX_BUBBLES = 2
MAX_TITLE_CHARS = 20
MIN_WORDINGS = 3
LONGEST_VALUES = {"business": "b" * 40, "platform": "p" * 40, "first_name": "f" * 30}

RESPONSES: dict[str, list[dict[str, Any]]] = domain()["responses"]
VARIANTS = [(name, variant) for name, variants in RESPONSES.items() for variant in variants]
NAMES = sorted(RESPONSES)
INTENTS = sorted(rules())

EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
SERIOUS = re.compile(r"complaint|price|privacy|cant_answer|delete_data|is_bot|clarify|which_one|objection")
STIFF = re.compile(
    r"\b(?:dear|kindly|valued|do not|does not|cannot|i am sorry|(?:we are|it is|you are)(?= \w)|will not|assist|inquiry"
    r"|utilize|solution|leverage|hesitate|regarding|please note|purchase)\b",
    re.IGNORECASE,
)
SHOUTING = re.compile(r"\b[A-Z]{4,}\b")

KNOWN: dict[str, dict[str, Any]] = {
    "stranger": {},
    "known": {
        "business_kind": "handmade candles",
        "product": "handmade candles",
        "platform": "Shopify",
        "goal": "more repeat orders",
        "obstacle": "no time",
        "first_name": "Sara",
    },
    "half known": {"business_kind": "a yoga studio", "platform": "Etsy"},
}


@pytest.mark.parametrize("name", NAMES)
def test_response_has_at_least_three_different_wordings(name: str) -> None:
    texts = [variant["text"] for variant in RESPONSES[name]]
    assert len(texts) >= MIN_WORDINGS
    openings = {" ".join(re.findall(r"[\w']+|\{\w+\}", text.lower())[:3]) for text in texts}
    assert len(openings) == len(texts), "two wordings open alike"


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_bubble_is_short_and_calm(name: str, variant: dict[str, Any]) -> None:
    text = variant["text"].format(**LONGEST_VALUES)
    assert len(text) <= MAX_BUBBLE_CHARS
    assert text.count("?") <= 1
    assert text.count("!") <= 1
    assert "\n" not in text
    assert not SHOUTING.search(text)
    assert not STIFF.search(text)


@pytest.mark.parametrize("name", NAMES)
def test_emoji_are_rare_and_never_in_serious_moments(name: str) -> None:
    counts = [len(EMOJI.findall(variant["text"])) for variant in RESPONSES[name]]
    assert max(counts) <= 1
    assert sum(counts) * 2 <= len(counts)
    if SERIOUS.search(name):
        assert sum(counts) == 0


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_quick_replies_fit_and_lead_somewhere(name: str, variant: dict[str, Any]) -> None:
    for button in variant.get("buttons") or []:
        assert 0 < len(button["title"]) <= MAX_TITLE_CHARS
        payload = re.fullmatch(r"/(\w+)(\{.*\})?", button["payload"].format())
        assert payload is not None
        assert payload[1] in rules()
        assert set(json.loads(payload[2] or "{}")) <= set(domain()["entities"])
    assert len(variant.get("buttons") or []) <= 3


@pytest.mark.parametrize("name", NAMES)
def test_all_wordings_of_a_response_carry_the_same_quick_replies_and_variables(name: str) -> None:
    shapes = {
        (
            tuple((b["title"], b["payload"]) for b in variant.get("buttons") or []),
            frozenset(re.findall(r"\{(\w+)\}", variant["text"])),
        )
        for variant in RESPONSES[name]
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("known", sorted(KNOWN))
@pytest.mark.parametrize("intent", INTENTS)
def test_turn_has_at_most_two_bubbles_one_question_and_one_exclamation_mark(intent: str, known: str) -> None:
    turn = Talk(slots=dict(KNOWN[known])).hear(intent, "i sell candles")
    assert len(turn.bubbles) <= MAX_BUBBLES
    assert turn.bubbles or turn.directives, "the prospect would hear nothing"
    for wordings in product(*turn.wordings):
        together = " ".join(wordings)
        assert together.count("?") <= 1
        assert together.count("!") <= 1
        assert len(EMOJI.findall(together)) <= 1
        assert "None" not in together
        assert "{" not in together


def test_every_intent_of_the_domain_has_a_rule_and_every_rule_an_action_that_exists() -> None:
    assert set(rules()) - {"nlu_fallback"} == set(domain()["intents"])
    exists = set(domain()["actions"]) | set(RESPONSES)
    assert {action for actions in rules().values() for action in actions} <= exists


@pytest.mark.parametrize("before", INTENTS)
def test_are_you_a_bot_is_answered_truthfully_from_any_step(before: str) -> None:
    talk = Talk()
    talk.hear(before, "something")
    turn = talk.hear("ask_is_bot", "are you a real person?")
    assert turn.said == ["utter_is_bot"]
    for wording in turn.wordings[0]:
        assert re.search(r"\bI('m| am) a bot\b", wording)


def test_price_answer_names_the_price_whatever_is_known() -> None:
    for slots in KNOWN.values():
        price, included = Talk(slots=dict(slots)).hear("ask_price", "how much").wordings
        assert all("$89" in wording and "$240" in wording for wording in price)
        assert all("two weeks" in wording and "setup" in wording.lower() for wording in included)
