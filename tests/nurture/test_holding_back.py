"""When a flow keeps still: caps, windows, and words that come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.model import Heard, Owner, Say, Speaker, Unsent, Window
from nurture import gate
from tests.nurture.nurture_talk import DAILY, DAY, HELLO, HOUR, MINUTE, NOON, Make


def test_unanswered_messages_end_a_flow_rather_than_nag(make: Make) -> None:
    talk = make(a=("", DAILY))
    talk.write("hi", "greet")
    talk.start("a")
    talk.later(20 * DAY)

    assert talk.lines == ["> hi", "bot", "a/s1", "a/s2"]
    assert talk.ends == [("a", "exited", "unanswered")]


def test_the_caps_hold_over_all_flows(make: Make) -> None:
    talk = make(a=("unanswered: 9", HELLO), b=("unanswered: 9", HELLO))
    talk.start("a")
    talk.start("b")
    talk.later(MINUTE)
    assert talk.lines == ["a/hello"]
    talk.later(DAY)

    assert talk.lines == ["a/hello", "b/hello"]
    first, second = talk.state.flow_sent_at
    assert second - first >= timedelta(hours=20)


def test_a_weekly_cap_holds(make: Make) -> None:
    talk = make(a=("unanswered: 9", DAILY))
    talk.start("a")
    talk.later(6 * DAY)

    assert talk.lines == ["a/s1", "a/s2", "a/s3"]


def test_a_closed_window_ends_the_flow_with_the_reason(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 3d}\n" + HELLO), window=DAY)
    talk.write("hi", "greet")
    talk.start("a")
    talk.later(5 * DAY)

    assert talk.lines == ["> hi", "bot"]
    assert talk.ends == [("a", "exited", "window_closed")]


def test_a_wait_is_brought_forward_to_reach_the_open_window(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1d}\n" + HELLO), window=DAY)
    talk.write("hi", "greet")
    talk.start("a")
    talk.later(2 * DAY)

    assert talk.lines[-1] == "a/hello"
    assert talk.state.flow_sent_at == (NOON + DAY - timedelta(minutes=30),)


def test_a_message_not_yet_heard_is_answered_before_the_flow_speaks(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.later(HOUR - MINUTE)
    talk.state = replace(talk.state, unheard=(Heard(message_id=1, external_id="m", at=talk.now),))
    talk.later(10 * MINUTE)
    assert talk.lines == []
    talk.state = replace(talk.state, unheard=())
    talk.later(2 * MINUTE)

    assert talk.lines == ["a/hello"]
    assert {note["reason"] for note in talk.noted("flow.held")} == {"unheard"}


def test_nothing_is_piled_on_words_that_have_not_left(make: Make) -> None:
    talk = make(a=("", HELLO))
    talk.state = replace(talk.state, unsent=(Unsent(message_id=1, say=Say(speaker=Speaker.BOT, text="Hi")),))
    talk.start("a")
    talk.later(MINUTE)

    assert talk.lines == []
    assert talk.noted("flow.held")[0]["reason"] == "unsent"


def test_while_the_person_is_talking_a_flow_keeps_still(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.later(HOUR - MINUTE)
    talk.write("how much?", "ask_price")
    talk.later(MINUTE)
    assert talk.lines[-1] == "bot"
    talk.later(5 * MINUTE)

    assert talk.lines[-1] == "a/hello"


def test_two_flows_never_ask_at_once(make: Make) -> None:
    ask = "  - {id: q, ask: Hm?, slot: s, expects: {intents: affirm}, silence: {after: 2h}}"
    talk = make(a=("trigger: {intent: go}", ask), b=("trigger: {intent: go}", ask))
    talk.write("go", "go")

    assert talk.lines == ["> go", "bot", "a/q"]
    talk.write("yes", "affirm")

    assert talk.lines[-1] == "b/q"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"opted_out_at": NOON}, "opted_out"),
        ({"owner": Owner.AGENT}, "owner"),
        ({"owner": Owner.WAITING}, "owner"),
        ({"owner": Owner.CLOSED}, None),
        ({"unheard": (Heard(message_id=1, external_id="m", at=NOON),)}, "unheard"),
        ({"unsent": (Unsent(message_id=1, say=Say(speaker=Speaker.BOT)),)}, "unsent"),
        ({"last_inbound_at": NOON - MINUTE}, "talking"),
        ({"last_inbound_at": NOON - 4 * MINUTE}, None),
        ({"flow_sent_at": (NOON - 19 * HOUR,)}, "cap"),
        ({"flow_sent_at": (NOON - 21 * HOUR,)}, None),
        ({"flow_sent_at": (NOON - 2 * DAY, NOON - 3 * DAY)}, "unanswered"),
        ({"flow_sent_at": (NOON - 2 * DAY, NOON - 3 * DAY), "last_inbound_at": NOON - DAY}, None),
        ({"window": Window(opened_at=NOON - DAY, closes_at=NOON)}, "window_closed"),
        ({"window": Window(opened_at=NOON - DAY, closes_at=NOON + MINUTE)}, None),
        ({"window": Window(opened_at=NOON - DAY, closes_at=NOON + HOUR), "flow_sent_at": (NOON - HOUR,)}, "window_closed"),
    ],
)
def test_the_gate_says_why_not_now(make: Make, changes: dict[str, object], reason: str | None) -> None:
    talk = make(a=("", HELLO))
    state = replace(talk.state, **changes)  # type: ignore[arg-type]

    held = gate.hold(state, talk.nurture.flows["a"], ZoneInfo("UTC"), NOON)

    assert (held.reason if held else None) == reason
    assert held is None or held.until is None or held.until > NOON
