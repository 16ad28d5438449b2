"""The brain's pure parts: choosing a variation, reading events into messages, reading a request."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.core.domain import Domain

from brain.answer import reading_of, say
from brain.errors import BadRequest
from brain.request import parse_model_path, parse_read, parse_turn
from brain.responses import choose, variation_id
from brain.tracker import build_tracker

variations = st.lists(st.text(min_size=1), min_size=1, max_size=8, unique=True).map(
    lambda texts: [{"text": text} for text in texts]
)


@given(variations, st.text(), st.data())
def test_variation_said_last_is_never_chosen_while_there_is_another(
    fitting: list[dict[str, Any]], seed: str, data: st.DataObject
) -> None:
    said = data.draw(st.lists(st.sampled_from(fitting), min_size=1).map(lambda each: [variation_id(v) for v in each]))
    chosen = choose(fitting, said, seed=seed)
    assert chosen in fitting
    assert len(fitting) == 1 or variation_id(chosen) != said[0]


@given(variations, st.text())
def test_choice_depends_on_nothing_but_its_seed(fitting: list[dict[str, Any]], seed: str) -> None:
    assert choose(fitting, [], seed=seed) == choose(list(fitting), ["unknown"], seed=seed)


def test_variation_keeps_the_id_its_author_gave() -> None:
    assert variation_id({"id": "v1", "text": "Hey"}) == "v1"
    assert variation_id({"text": "Hey"}) != variation_id({"text": "Hi"})


def bot(text: Any = None, **data: Any) -> dict[str, Any]:
    return {"event": "bot", "text": text, "data": data}


@pytest.mark.parametrize(
    ("event", "messages", "directives"),
    [
        (bot("Hi"), [{"text": "Hi"}], []),
        (bot("Hi\n\nHow are you?"), [{"text": "Hi"}, {"text": "How are you?"}], []),
        (
            bot("One\n\nTwo", buttons=[{"title": "Yes", "payload": "/yes"}, {"title": "No"}]),
            [
                {"text": "One"},
                {
                    "text": "Two",
                    "quick_replies": [{"title": "Yes", "payload": "/yes"}, {"title": "No", "payload": "No"}],
                },
            ],
            [],
        ),
        (bot(image="i.png", attachment="i.png"), [{"image": "i.png"}], []),
        (bot("See", attachment="a.pdf"), [{"text": "See", "attachment": "a.pdf"}], []),
        (bot(custom={"do": "tag", "tag": "lead"}), [], [{"do": "tag", "tag": "lead"}]),
        (bot("Bye", custom={"do": "stop"}), [{"text": "Bye"}], [{"do": "stop"}]),
        (bot(custom={"card": 1}), [{"custom": {"card": 1}}], []),
        ({**bot("Hi"), "metadata": {"utter_action": "utter_hi"}}, [{"text": "Hi", "utter_action": "utter_hi"}], []),
        (bot(""), [], []),
        ({"event": "user", "text": "Hi"}, [], []),
    ],
)
def test_bot_event_becomes_messages_and_directives(event: Any, messages: Any, directives: Any) -> None:
    assert say([event]) == (messages, directives)


@given(st.lists(st.builds(bot, st.none() | st.text(), custom=st.dictionaries(st.sampled_from(["do", "x"]), st.text()))))
def test_no_directive_is_ever_shown_and_none_is_lost(events: list[dict[str, Any]]) -> None:
    messages, directives = say(events)
    assert not any("do" in message.get("custom", {}) for message in messages)
    assert directives == [event["data"]["custom"] for event in events if "do" in event["data"]["custom"]]
    assert all(messages)


def test_reading_of_nothing_understood_is_complete() -> None:
    assert reading_of({"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}) == {
        "text": "",
        "intent": {"name": None, "confidence": 0.0},
        "ranking": [],
        "entities": [],
    }


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["conversation_id", "input_channel", "events", "message", "text", "message_id", "now", "event"]),
    inner,
)))  # fmt: skip
def test_any_json_is_either_a_turn_or_a_bad_request(document: Any) -> None:
    body = json.dumps(document).encode()
    for parse in (lambda: parse_turn(body, now=1.0), lambda: parse_read(body), lambda: parse_model_path(body)):
        assert_refused_or_parsed(parse)


def assert_refused_or_parsed(parse: Callable[[], Any]) -> None:
    refusal = None
    try:
        parse()
    except BadRequest as error:
        refusal = error
    assert refusal is None or (refusal.status == 400 and refusal.field in str(refusal))


@given(st.binary())
def test_any_bytes_are_either_a_reading_or_a_bad_request(body: bytes) -> None:
    assert_refused_or_parsed(lambda: parse_read(body))


def test_slots_that_the_domain_does_not_have_are_passed_over() -> None:
    domain = Domain.from_dict({"slots": {"goal": {"type": "text", "mappings": [{"type": "custom"}]}}})
    events = [
        {"event": "slot", "timestamp": 0.0, "name": "goal", "value": "repeat orders"},
        {"event": "slot", "timestamp": 0.0, "name": "referral", "value": {"ref": "ad"}},
    ]

    tracker = build_tracker("c_1", events, domain)

    assert {name: value for name, value in tracker.current_slot_values().items() if value is not None} == {"goal": "repeat orders"}
