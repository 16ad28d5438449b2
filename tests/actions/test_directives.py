"""Directives: which effects are asked for, when, and what is said beside them."""

import pytest

from actions import directives
from tests.actions.talking import Talk


def test_want_human_asks_for_a_person_and_says_nothing_itself() -> None:
    turn = Talk().hear("want_human", "human please")
    assert turn.directives == [{"do": "handoff", "reason": "asked"}]
    assert turn.said == []


def test_complaint_says_sorry_before_it_asks_for_a_person() -> None:
    turn = Talk().hear("complaint", "nobody got back to me")
    assert turn.said == ["utter_complaint"]
    assert all("sorry" in wording.lower() for wording in turn.wordings[0])
    assert turn.directives == [{"do": "handoff", "reason": "complaint"}]


def test_stop_asks_for_the_opt_out_and_says_nothing_itself() -> None:
    turn = Talk().hear("stop", "leave me alone")
    assert turn.directives == [{"do": "opt_out"}]
    assert turn.said == []


def test_book_call_is_a_hot_lead() -> None:
    turn = Talk().hear("book_call", "can we book a call")
    assert turn.said == ["utter_book_call"]
    assert turn.directives == [{"do": "handoff", "reason": "hot_lead"}]


@pytest.mark.parametrize("intent", ["ask_account", "ask_special", "delete_data"])
def test_what_only_a_person_can_do_goes_to_a_person(intent: str) -> None:
    turn = Talk().hear(intent, "can you do that")
    assert len(turn.said) == 1
    assert turn.directives == [{"do": "handoff", "reason": "unanswerable"}]


def test_contact_left_unasked_brings_a_person() -> None:
    turn = Talk().hear("tell_contact", "my number is 202 555 0175")
    assert turn.said == ["utter_contact_noted"]
    assert turn.directives == [{"do": "handoff", "reason": "hot_lead"}]


def test_contact_announced_but_not_given_is_not_claimed_to_be_noted() -> None:
    turn = Talk().hear("tell_contact", "can i leave my number")
    assert turn.said == ["utter_contact_welcome"]
    assert turn.directives == []


def test_contact_that_a_flow_asked_for_brings_nobody() -> None:
    talk = Talk()
    talk.hear("greet", "hi")
    talk.flow_says("What's the best number for you?")
    turn = talk.hear("tell_contact", "202 555 0175")
    assert turn.directives == []
    assert talk.slots["phone"] == "202 555 0175"


def test_handoff_with_an_unknown_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown handoff reason 'bored'"):
        directives.handoff("bored")
