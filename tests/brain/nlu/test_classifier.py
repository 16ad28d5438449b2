"""The intent component as Rasa uses it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from brain.nlu.classifier import FastIntentClassifier, as_ranking
from brain.nlu.model import IntentReading

from .conftest import Home


@pytest.fixture
def trained(home: Home, training_data: TrainingData) -> FastIntentClassifier:
    component = FastIntentClassifier.create({}, *home)
    component.train(training_data)
    return component


def parse(component: FastIntentClassifier, text: str) -> dict:
    message = Message.build(text=text)
    component.process([message])
    return message.as_dict(only_output_properties=True)


def test_message_gets_intent_and_ranking(trained: FastIntentClassifier) -> None:
    parsed = parse(trained, "what does it cost??")

    assert parsed["intent"]["name"] == "price"
    assert parsed["intent"] == parsed["intent_ranking"][0]
    assert len(parsed["intent_ranking"]) == 6


def test_retrieval_intent_is_one_flat_label(trained: FastIntentClassifier) -> None:
    assert parse(trained, "i want my money back")["intent"]["name"] == "faq/refund"


def test_unknown_matter_becomes_fallback_with_the_ranking_behind(trained: FastIntentClassifier) -> None:
    parsed = parse(trained, "elephants never forget birthdays")

    assert parsed["intent"]["name"] == "nlu_fallback"
    assert [entry["name"] for entry in parsed["intent_ranking"]].count("nlu_fallback") == 1
    assert len(parsed["intent_ranking"]) == 7
    confidences = [entry["confidence"] for entry in parsed["intent_ranking"]]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("message", [Message.build(text=""), Message({})], ids=["empty text", "no text"])
def test_message_without_words_becomes_fallback(trained: FastIntentClassifier, message: Message) -> None:
    trained.process([message])

    assert message.get("intent")["name"] == "nlu_fallback"


@given(text=st.text(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_loaded_component_answers_as_the_trained_one(pair: tuple[FastIntentClassifier, FastIntentClassifier], text: str) -> None:
    trained, loaded = pair

    assert parse(loaded, text) == parse(trained, text)


@pytest.fixture
def pair(home: Home, trained: FastIntentClassifier) -> tuple[FastIntentClassifier, FastIntentClassifier]:
    return trained, FastIntentClassifier.load({}, *home)


def test_ranking_is_cut_to_the_wanted_length(home: Home, training_data: TrainingData) -> None:
    component = FastIntentClassifier.create({"ranking_length": 2}, *home)
    component.train(training_data)

    assert len(parse(component, "hello")["intent_ranking"]) == 2


@pytest.fixture
def patient(home: Home, training_data: TrainingData) -> FastIntentClassifier:
    component = FastIntentClassifier.create({"openers": ["greet"]}, *home)
    component.train(training_data)
    return component


@pytest.mark.parametrize(
    ("burst", "matter"),
    [
        ("hello\nhi there\nwhat does it cost??", "what does it cost??"),
        ("what does it cost??\nhello", "what does it cost??"),
        ("hello\n\n i want my money back \n", " i want my money back "),
        ("hello\nhi there", "hello\nhi there"),
        ("hello\nelephants never forget birthdays", "elephants never forget birthdays"),
    ],
)
def test_lines_that_only_open_a_talk_do_not_hide_the_one_that_asks(patient: FastIntentClassifier, burst: str, matter: str) -> None:
    parsed, alone = parse(patient, burst), parse(patient, matter)

    assert (parsed["intent"], parsed["intent_ranking"]) == (alone["intent"], alone["intent_ranking"])


def test_fallback_carries_the_threshold() -> None:
    reading = IntentReading(ranking=[("greet", 0.2), ("stop", 0.1)], score=0.0, understood=False)

    assert as_ranking(reading, 0.4, 1) == [{"name": "nlu_fallback", "confidence": 0.4}, {"name": "greet", "confidence": 0.2}]


@pytest.mark.parametrize(
    "config",
    [
        {"keep": 0},
        {"keep": 1.2},
        {"keep": "most"},
        {"keep": True},
        {"ranking_length": -1},
        {"ranking_length": 2.5},
        {"openers": "greet"},
        {"openers": [1]},
    ],
)
def test_settings_out_of_range_are_refused_by_name(home: Home, config: dict) -> None:
    with pytest.raises(InvalidConfigException, match=next(iter(config))):
        FastIntentClassifier.create(config, *home)


def test_component_without_model_says_so(home: Home) -> None:
    with pytest.raises(RasaException, match="no intent model is loaded"):
        parse(FastIntentClassifier.create({}, *home), "hi")
