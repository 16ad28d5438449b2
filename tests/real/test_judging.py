"""The torture's own judgement: it must see each kind of fault, or its clean result means nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.judging import Fault, Line, Talk, judge, judge_delivery
from bench.talk import QUESTIONS

PRICE, HOW = QUESTIONS[0], QUESTIONS[1]
WHOLE = Talk(
    person="p",
    asked=(PRICE, HOW),
    greetings=1,
    heard=("utter_greet", None, "utter_price", "utter_price_included", "utter_how_it_works"),
    excused=0,
    sent_ids=frozenset({"m1", "m2", "m3"}),
    stored_ids=("m1", "m2", "m3"),
    unheard=0,
)


def faults(talk: Talk) -> list[Fault]:
    return [finding.fault for finding in judge(talk)]


def test_a_whole_talk_has_no_findings():
    assert faults(WHOLE) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"heard": WHOLE.heard[:-1]}, Fault.LOST),
        ({"stored_ids": ("m1", "m2")}, Fault.LOST),
        ({"unheard": 1}, Fault.LOST),
        ({"stored_ids": ("m1", "m2", "m3", "m3")}, Fault.DOUBLED),
        ({"heard": (*WHOLE.heard, "utter_how_it_works")}, Fault.DOUBLED),
        ({"heard": ("utter_greet", *WHOLE.heard)}, Fault.DOUBLED),
        ({"heard": ("utter_price", "utter_price_for_business", "utter_price_included", "utter_how_it_works")}, Fault.DOUBLED),
        ({"heard": ("utter_how_it_works", "utter_price", "utter_price_included")}, Fault.REORDERED),
        ({"heard": ("utter_price_included", "utter_price", "utter_how_it_works")}, Fault.REORDERED),
    ],
)
def test_each_fault_is_seen(change, fault):
    assert faults(replace(WHOLE, **change)) == [fault]


def test_an_honest_line_excuses_one_answer_and_no_more():
    without = replace(WHOLE, heard=("phrase.brain_away",))
    assert faults(replace(without, excused=2)) == []
    assert faults(replace(without, excused=1)) == [Fault.LOST]


@pytest.mark.parametrize(
    ("statuses", "arrived", "expected"),
    [
        (("sent", "sent"), ["k1", "k2"], []),
        (("sent", "sent"), ["k2", "k1"], [Fault.REORDERED]),
        (("sent", "sent"), ["k1"], [Fault.LOST]),
        (("sent", "queued"), ["k1"], [Fault.LOST]),
        (("sent", "sent"), ["k1", "k2", "k2"], [Fault.DOUBLED]),
    ],
)
def test_the_store_is_held_against_what_arrived(statuses, arrived, expected):
    lines = [Line(message_id=n, person="p", status=status, key=f"k{n}") for n, status in enumerate(statuses, start=1)]
    assert [finding.fault for finding in judge_delivery(lines, {"p": arrived})] == expected
