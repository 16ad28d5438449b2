"""The question after a talk: once, at a good moment, answered by a tap or a word, and never a nag."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import AgentGaveBack, AgentTook, AgentWrote, BrainAsk, ClockFired, Decision, Inbound
from bot.core.model import AgentRef, ClockKind, Heard, Profile, State
from handoff.rating import number_of
from tests.core.conversing import NOW, POLICY, SAM, answer, answered, follows, heard, waiting_state

ANNA = AgentRef(agent_id="a_sam", name="Sam")
TITLES = POLICY.rating.titles


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def settled(decision: Decision) -> State:
    """The state once everything said has left."""
    return replace(decision.state, unsent=())


def talked(outcome: str = "answered", **known: Any) -> State:
    """Somebody asked for a person, had one, and is back with the bot."""
    message = heard("can i talk to a person")
    state = waiting_state(message, profile=Profile(zone="Europe/Berlin"), **known)
    asked = follows(state, Inbound(messages=(message,)), desk=SAM)
    opened = answered(asked, answer("ask_human", directives=({"do": "handoff", "reason": "asked"},)), desk=SAM)
    took = follows(settled(opened), AgentTook(agent=ANNA), desk=SAM)
    wrote = follows(settled(took), AgentWrote(agent=ANNA, text="Hi", client_key="k1"), desk=SAM)
    back = follows(settled(wrote), AgentGaveBack(agent=ANNA, summary="All good", outcome=outcome, value=120.5))
    assert back.state.episode is not None
    assert back.state.episode.outcome_value == 120.5
    return replace(settled(back), last_inbound_at=NOW)


def fired(state: State, at: datetime) -> Decision:
    clock = next(clock for clock in state.clocks if clock.kind is ClockKind.RATING)
    return follows(state, ClockFired(clock=clock), now=at)


def asked_state(**known: Any) -> State:
    decision = fired(talked(**known), later(20))
    assert [say.wording.split("#")[0] for say in decision.say if say.wording] == ["ladder/rating_ask"]
    return settled(decision)


def says(state: State, text: str, payload: str | None = None, *, at: float = 40) -> Decision:
    message = Heard(message_id=9, external_id="m9", at=later(at), text=text, payload=payload)
    return follows(replace(state, unheard=(message,)), Inbound(messages=(message,)), now=later(at))


def phrases(decision: Decision) -> list[str]:
    return [say.wording.split("/")[1].split("#")[0] for say in decision.say if say.wording]


def test_the_question_comes_a_moment_after_the_talk_with_five_taps() -> None:
    decision = fired(talked(), later(20))
    [say] = decision.say
    assert [reply.title for reply in say.quick_replies] == list(TITLES)
    assert all(len(reply.title) <= 20 for reply in say.quick_replies)
    assert "Sam" in say.text
    assert decision.state.asking == "rating"


@pytest.mark.parametrize(("place", "number", "thanks"), [(0, 5, "rating_thanks"), (4, 1, "rating_thanks_low")])
def test_a_tap_is_kept_and_thanked_for(place: int, number: int, thanks: str) -> None:
    state = asked_state()
    assert state.episode is not None
    done = says(state, TITLES[place], f"/warmline.rate.{number}.{state.episode.episode_id}")
    assert done.state.episode is not None
    assert (done.state.episode.rating, phrases(done), done.ask_brain) == (number, [thanks], None)
    assert done.state.asking is None
    assert done.state.promise is None
    again = says(settled(done), TITLES[0], f"/warmline.rate.5.{state.episode.episode_id}", at=60)
    assert again.state.episode is not None
    assert (again.state.episode.rating, again.say) == (number, ())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("4/5", 4),
        ("three stars", 3),
        ("Great!", 5),
        ("\u2b50\u2b50", 2),
        ("it was a 4", 4),
        ("bad", 1),
        ("2 out of 5", 2),
    ],
)
def test_a_rating_may_be_typed(text: str, number: int) -> None:
    done = says(asked_state(), text)
    assert done.state.episode is not None
    assert done.state.episode.rating == number


def test_whoever_goes_on_with_something_else_is_answered_and_not_asked_again() -> None:
    done = says(asked_state(), "how much is it?")
    assert isinstance(done.ask_brain, BrainAsk)
    assert done.state.asking is None
    assert says(settled(done), "5", at=60).state.episode.rating is None  # type: ignore[union-attr]


def test_a_late_answer_is_let_go_without_a_word() -> None:
    state = asked_state()
    assert state.episode is not None
    tapped = says(state, "Great", f"/warmline.rate.5.{state.episode.episode_id}", at=4000)
    assert (tapped.state.episode and tapped.state.episode.rating, tapped.say, tapped.ask_brain) == (None, (), None)
    assert says(state, "5", at=4000).ask_brain is not None


def test_nobody_is_asked_who_opted_out_or_sleeps_or_waits_for_an_answer() -> None:
    state = talked()
    assert fired(replace(state, opted_out_at=NOW), later(20)).say == ()
    assert fired(replace(state, profile=Profile(zone="Asia/Tokyo")), later(20)).say == (), "eleven at night there"
    busy = fired(replace(state, last_inbound_at=later(19)), later(20))
    assert busy.say == ()
    [put_off] = [clock for clock in busy.state.clocks if clock.kind is ClockKind.RATING]
    assert put_off.due_at == later(50)
    twice = fired(replace(settled(busy), last_inbound_at=later(49)), later(50))
    third = fired(replace(settled(twice), last_inbound_at=later(79)), later(80))
    assert [clock for clock in third.state.clocks if clock.kind is ClockKind.RATING] == []


def test_a_complaint_that_ended_in_an_opt_out_is_not_asked_about() -> None:
    assert talked(opted_out_at=None).clocks
    stopped = says(talked(), "stop", at=10)
    assert fired(settled(stopped), later(20)).say == ()


def test_it_is_asked_once() -> None:
    state = asked_state()
    assert [clock for clock in state.clocks if clock.kind is ClockKind.RATING] == []


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_number_or_nothing(text: str) -> None:
    assert number_of(text, TITLES) in (None, 1, 2, 3, 4, 5)
