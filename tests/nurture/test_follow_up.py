"""The day after a person: what the reference flow says, as transcripts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.model import Owner
from nurture.engine import Nurture
from tests.nurture.nurture_talk import DAY, NOON, Talk, met


def test_the_day_after_comes_a_follow_up_in_the_morning(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("nah", "deny")
    talk.later(DAY)

    assert talk.lines[-1] == "follow_up/after_hello"
    (sent,) = talk.state.flow_sent_at
    assert sent.date() == NOON.date() + DAY
    assert datetime(2026, 5, 13, 10, 30, tzinfo=UTC) <= sent < datetime(2026, 5, 13, 10, 45, tzinfo=UTC)


@pytest.mark.parametrize(("outcome", "step"), [("won", "after_yes"), ("lost", "after_no"), ("complaint", "after_trouble")])
def test_each_closing_outcome_has_its_own_follow_up(nurture: Nurture, outcome: str, step: str) -> None:
    talk = met(nurture)
    talk.person_takes_over()
    talk.person_gives_back(outcome)
    talk.later(DAY)

    assert talk.lines[-1] == f"follow_up/{step}"
    assert talk.ends[0] == ("welcome", "exited", outcome)


@pytest.mark.parametrize(("outcome", "step"), [("later", "after_later"), ("answered", "after_answer")])
def test_each_outcome_that_leaves_things_open_has_its_own_follow_up(nurture: Nurture, outcome: str, step: str) -> None:
    talk = with_person(nurture, outcome)
    talk.later(DAY)

    assert talk.lines[-1] == f"follow_up/{step}"
    assert len(talk.state.flow_sent_at) == 1


def with_person(nurture: Nurture, outcome: str) -> Talk:
    """Somebody whose welcome is over talked with a person, who gave back so."""
    talk = met(nurture)
    talk.write("nah", "deny")
    talk.person_takes_over()
    talk.person_gives_back(outcome)
    return talk


def test_who_said_later_is_told_one_useful_thing_and_left_to_write_first(nurture: Nurture) -> None:
    talk = with_person(nurture, "later")
    talk.later(6 * DAY)

    assert talk.lines[-1] == "follow_up/after_later"
    assert "later" in talk.state.tags
    assert talk.ends[-1] == ("follow_up", "done", "goal")
    assert len(talk.state.flow_sent_at) == 1


def test_an_answer_that_did_not_help_gets_a_person_again(nurture: Nurture) -> None:
    talk = with_person(nurture, "answered")
    talk.later(DAY)
    talk.write("no not really", "deny")

    assert talk.lines[-1] == "follow_up/still_open"
    assert talk.asks_for_person() == "Yesterday's answer didn't help them."


def test_an_answer_that_helped_is_not_asked_about_twice(nurture: Nurture) -> None:
    talk = with_person(nurture, "answered")
    talk.later(3 * DAY)

    assert talk.lines[-1] == "follow_up/after_answer"
    assert talk.ends[-1] == ("follow_up", "stopped", "silent")


def test_a_return_without_an_outcome_starts_no_follow_up(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.person_takes_over()
    talk.person_gives_back("returned")

    assert [e.flow_id for e in talk.state.enrolments] == ["welcome"]


def test_the_follow_up_reaches_people_whose_owner_is_closed(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.person_takes_over()
    talk.person_gives_back("won")
    talk.close()
    talk.later(DAY)

    assert talk.state.owner is Owner.CLOSED
    assert talk.lines[-1] == "follow_up/after_yes"


def test_where_the_window_closes_first_the_follow_up_comes_earlier(nurture: Nurture) -> None:
    early = datetime(2026, 5, 12, 9, 15, tzinfo=UTC)
    talk = Talk(nurture, now=early, window=DAY)
    for text, intent in (("hi", "greet"), ("candles", "tell_business"), ("no time", "tell_obstacle"), ("no", "deny")):
        talk.write(text, intent)
    talk.later(2 * DAY)

    assert "follow_up/after_hello" in talk.lines
    assert talk.state.flow_sent_at == (datetime(2026, 5, 13, 8, 45, tzinfo=UTC),)
    assert [note["step"] for note in talk.noted("flow.brought_forward")] == ["next_day"]


def test_a_complaint_that_is_still_open_the_day_after_gets_a_person(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.person_takes_over()
    talk.person_gives_back("complaint")
    talk.later(DAY)
    talk.write("no, still broken", "deny")

    assert talk.lines[-1] == "follow_up/say_sorry"
    assert talk.asks_for_person() == "Yesterday's complaint is still not put right."
