"""Turns taken in this process: the same as stock Rasa's, from whole and cut conversations."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from served import turn_request

from brain.engine import Brain, dump
from brain.in_process import InProcessActions
from brain.request import parse_turn

CONVERSATIONS = {
    "greeting and price": ("hi", "how much is it", "my shop is called Bluebird", "hi again", "what do you charge"),
    "handed off, then a warm price": ("get me a human", "how much is it", "show me what you see"),
    "an action that fails": ("hello", "break everything", "how much is it"),
    "nothing understood": ("xyzzy", "how much is it", "/price", '/my_name{"shop": "Oak"}', "show the tracker"),
    "a form, interrupted": ("I would like to order", "how much is it", "a large one", "hi", "order one for me", "small"),
    "restart and back": ("hi", "/restart", "hi", "how much is it", "/back", "get me a human"),
    "long": tuple(["hi", "how much is it", "get me a human", "cost per month"] * 5),
}


@pytest.fixture(scope="module")
def stock(models: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What Rasa's own agent does in each conversation. Runs before `brain` changes anything in Rasa."""
    from rasa.core.agent import Agent  # noqa: PLC0415
    from rasa.core.channels.channel import UserMessage  # noqa: PLC0415

    agent = Agent.load(str(models / "one.tar.gz"), action_endpoint=InProcessActions.from_package("shop_actions"))

    async def talk(name: str, lines: tuple[str, ...]) -> list[tuple[Any, ...]]:
        for number, line in enumerate(lines):
            await agent.handle_message(
                UserMessage(line, sender_id=name, input_channel="widget", message_id=str(number), metadata={})
            )
        tracker = await agent.tracker_store.retrieve_full_tracker(name)
        return [essence(json.loads(dump(event.as_dict()))) for event in tracker.events]

    return {name: asyncio.run(talk(name, lines)) for name, lines in CONVERSATIONS.items()}


@pytest.fixture(scope="module")
def brain(models: Path, stock: dict[str, Any]) -> Brain:
    return Brain.load(models / "one.tar.gz", "shop_actions")


def essence(event: dict[str, Any]) -> tuple[Any, ...]:
    """What must agree of an event; which variation was said is ours to choose."""
    kind = event["event"]
    if kind == "bot":
        action = event.get("metadata", {}).get("utter_action")
        return (kind, action, None if action == "utter_greet" else event["text"], event["data"])
    if kind == "user":
        return (kind, event["text"], event["parse_data"])
    return (kind, *(event.get(name) for name in ("name", "value", "policy", "confidence", "hide_rule_turn")))


def take(brain: Brain, text: str, events: tuple[dict[str, Any], ...] = (), **changes: Any) -> dict[str, Any]:
    answer = asyncio.run(brain.turn(parse_turn(dump(turn_request(text, events, **changes)), now=1.0)))
    sent: dict[str, Any] = json.loads(dump(answer))
    sent.pop("elapsed_ms")
    return sent


def talk(brain: Brain, name: str, lines: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    events: tuple[dict[str, Any], ...] = ()
    for number, line in enumerate(lines):
        message = {"text": line, "message_id": str(number), "metadata": {}}
        events += tuple(take(brain, line, events, conversation_id=name, message=message)["events"])
    return events


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation_goes_as_with_stock_rasa(brain: Brain, stock: dict[str, list[Any]], name: str) -> None:
    ours = [essence(event) for event in talk(brain, name, CONVERSATIONS[name])]
    # Rasa's in-memory store drops what came before the last session, which a restart begins.
    assert ours[-len(stock[name]) :] == stock[name]
    assert len(ours) == len(stock[name]) or "/restart" in CONVERSATIONS[name]


def test_same_request_twice_gives_the_same_answer(brain: Brain) -> None:
    events = talk(brain, "c-1", ("hi", "get me a human"))
    assert take(brain, "hello you", events) == take(brain, "hello you", events)


def test_events_of_a_turn_are_stamped_with_its_clock_in_order(brain: Brain) -> None:
    stamps = [event["timestamp"] for event in take(brain, "hi", now=1_700_000_000.0)["events"]]
    assert stamps[0] == 1_700_000_000.0
    assert stamps == sorted(set(stamps))


def test_directive_is_lifted_out_of_the_messages(brain: Brain) -> None:
    answer = take(brain, "get me a human")
    assert answer["directives"] == [{"do": "handoff", "reason": "asked"}]
    assert answer["messages"] == [{"text": "Getting someone for you now."}, {"custom": {"card": "about-us"}}]


def test_failed_action_is_told_and_the_turn_goes_on(brain: Brain) -> None:
    answer = take(brain, "break everything")
    assert answer["failed_actions"] == [{"action": "action_break", "error": "RuntimeError"}]
    assert answer["messages"] == []
    assert answer["events"][-1]["name"] == "action_listen"


def test_action_sees_channel_metadata_slots_and_events(brain: Brain) -> None:
    slot = {"event": "slot", "name": "shop", "value": "Oak"}
    message = {"text": "show the tracker", "message_id": "m", "metadata": {"ref": "ad-7"}}
    seen = take(brain, "", (slot,), message=message)["messages"][0]["custom"]["seen"]
    assert seen["slots"]["shop"] == "Oak"
    assert seen["channel"] == "widget"
    assert seen["metadata"] == {"ref": "ad-7"}
    assert seen["events"][-2:] == ["user", "user_featurization"]


def test_action_cannot_edit_the_conversation(brain: Brain) -> None:
    answer = take(brain, "spin round and round")
    assert answer["events"][-1]["name"] == "action_listen"
    said = next(event for event in answer["events"] if event["event"] == "user")
    assert said["text"] == "spin round and round"
    assert said["parse_data"]["intent"]["name"] == "loop"


def test_tail_cut_at_any_event_still_gets_the_right_answer(brain: Brain) -> None:
    events = talk(brain, "c-1", ("hi", "get me a human", "hello you"))
    slots = ({"event": "slot", "name": "warm", "value": True}, {"event": "slot", "name": "shop", "value": "Oak"})
    for start in range(len(events) + 1):
        tail = slots + events[start:]
        assert take(brain, "get me a human", tail)["directives"] == [{"do": "handoff", "reason": "asked"}], start
        said = take(brain, "show the tracker", tail)["messages"]
        assert said[0]["custom"]["seen"]["slots"]["shop"] == "Oak", start


def test_slots_set_before_the_first_word_are_kept_and_a_session_is_started(brain: Brain) -> None:
    slot = {"event": "slot", "name": "warm", "value": True, "timestamp": 1.0}
    hello = {"event": "bot", "text": "Hey, I'm the shop's bot.", "data": {}, "timestamp": 2.0}
    answer = take(brain, "how much is it", (slot, hello))
    assert answer["messages"][0]["image"] == "https://example.invalid/price.png"
    assert [event["event"] for event in answer["events"]].count("session_started") == 1


def test_session_expires_by_the_clock_of_the_request(brain: Brain) -> None:
    events = tuple(take(brain, "hi", now=1_700_000_000.0)["events"])
    soon = take(brain, "hi", events, now=1_700_000_000.0 + 59 * 60)
    late = take(brain, "hi", events, now=1_700_000_000.0 + 61 * 60)
    assert "session_started" not in [event["event"] for event in soon["events"]]
    assert "session_started" in [event["event"] for event in late["events"]]


def test_words_said_to_an_agent_do_not_disturb_the_bot(brain: Brain) -> None:
    to_agent = {"event": "user", "text": "thanks Ann", "timestamp": 3.0}
    from_agent = {"event": "bot", "text": "My pleasure!", "data": {}, "metadata": {"by": "agent"}, "timestamp": 4.0}
    events = (*talk(brain, "c-1", ("hi",)), to_agent, from_agent, {"event": "action", "name": "action_listen"})
    assert take(brain, "get me a human", events)["directives"] == [{"do": "handoff", "reason": "asked"}]


def test_empty_text_is_a_turn(brain: Brain) -> None:
    assert take(brain, "")["events"][-1]["name"] == "action_listen"


def test_greeting_is_not_repeated_from_turn_to_turn(brain: Brain) -> None:
    events = talk(brain, "c-7", ("hi",) * 8)
    said = [event["text"] for event in events if event["event"] == "bot"]
    assert len(set(said)) == 4
    assert all(first != second for first, second in itertools.pairwise(said))


def test_different_conversations_are_greeted_differently(brain: Brain) -> None:
    said = {take(brain, "hi", conversation_id=f"c-{number}")["messages"][0]["text"] for number in range(30)}
    assert len(said) == 4


def test_domain_action_without_code_is_told_at_loading(models: Path, brain: Brain) -> None:
    assert brain.without_code == []
    assert Brain.load(models / "one.tar.gz", None).without_code == [
        "action_break", "action_handoff", "action_hang", "action_probe", "action_scribble",
    ]  # fmt: skip
