"""Choices in words, and times that are booked, kept, moved, missed and called off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.model import ClockKind, Owner, Profile
from handoff.choosing import typed_choice
from handoff.desk import Desk
from handoff.policy import Choice
from tests.handoff.worlds import MIA, OFFICE_HOURS, POLICY, SAM, World, berlin, desk, promises, seat

OFFICE = promises(OFFICE_HOURS)
NOW = berlin("2026-11-26T10:00")
TITLES = {one: getattr(POLICY.choices, one.name.lower()) for one in Choice}
FULL = Desk((seat(SAM, load=3),))


def asked(who: Desk = FULL, now: datetime = NOW, **known: object) -> World:
    world = World(who, OFFICE, now=now, profile=Profile(zone="Europe/Berlin"), **known)
    world.open()
    return world


def offered(world: World) -> list[str]:
    return [reply.title for reply in world.says[-1].quick_replies]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("I'll wait", Choice.WAIT),
        ("ok i\u2019ll wait a bit", Choice.WAIT),
        ("Call me back", Choice.CALLBACK),
        ("can you call me back later please", Choice.CALLBACK),
        ("Book a time!", Choice.BOOK),
        ("I'd like to book a call", Choice.BOOK),
        ("I'd rather make an appointment", Choice.BOOK),
        ("carry on with you", Choice.BOT),
        ("let's continue with the bot", Choice.BOT),
        ("never mind", Choice.CANCEL),
        ("Cancel my booking", Choice.CANCEL),
        ("i don't need a person anymore", Choice.CANCEL),
    ],
)
def test_the_choices_are_understood_in_words(text: str, choice: Choice) -> None:
    assert typed_choice(text, TITLES) is choice


@pytest.mark.parametrize(
    "text",
    [
        "what does it cost to book a room",
        "I waited for an hour",
        "can I cancel the subscription later?",
        "go on",
        "why is nobody here",
        "",
    ],
)
def test_other_words_are_not_taken_for_a_choice(text: str) -> None:
    assert typed_choice(text, TITLES) is None


@pytest.mark.parametrize("how", ["tapped", "typed"])
def test_free_times_are_offered_and_one_is_booked(how: str) -> None:
    world = asked()
    world.prospect_writes("Book a time", payload="/warmline.book" if how == "tapped" else None)
    assert world.said(NOW)[-1] == "times_ask"
    assert offered(world) == ["Today 10:30 am", "Today 11 am", "Tomorrow 9 am"]
    assert "today 10:30 am, today 11 am or tomorrow 9 am" in world.says[-1].text
    reply = world.says[-1].quick_replies[2]
    world.prospect_writes(reply.title, payload=reply.payload if how == "tapped" else None)
    assert world.said(NOW)[-1] == "booked_firm"
    assert "tomorrow at 9 am" in world.says[-1].text
    at = berlin("2026-11-27T09:00")
    assert (world.episode.callback_at, world.episode.callback_seat, world.episode.first_words_due_at) == (at, 0, at)
    assert world.state.asking is None
    assert world.state.slots["callback_time"] == "Fri 27 Nov 9 am (Berlin time)"
    assert "booking" in world.state.tags
    words = world.clock(ClockKind.FIRST_WORDS)
    assert words is not None
    assert words.due_at == at


def test_without_a_known_zone_the_time_says_whose_it_is() -> None:
    world = asked()
    world.state = replace(world.state, profile=Profile())
    world.prospect_writes(payload="/warmline.book")
    assert "(Berlin time)" in world.says[-1].text
    world.prospect_writes("the first one")
    assert "today at 10:30 am (Berlin time)" in world.says[-1].text


def test_nobody_is_asked_until_the_time_is_near_and_then_the_ladder_climbs_to_it() -> None:
    world = asked(desk(SAM))
    assert world.offers() == ["sam"]
    world.prospect_writes(payload="/warmline.book")
    world.prospect_writes("tomorrow at 9")
    assert world.clock(ClockKind.ACCEPT) is None
    world.agents_change(desk(SAM, MIA))
    world.wait(3600)
    assert world.offers() == ["sam"]
    assert world.episode.phase == "booked"
    world.wait((berlin("2026-11-27T08:46") - world.now).total_seconds())
    assert world.offers()[1:]
    world.take(MIA)
    world.wait(14 * 60 - 1)
    world.write(MIA)
    assert "first_words" not in world.episode.breached


def test_nobody_came_to_the_booked_time_and_it_is_said() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    world.prospect_writes("tomorrow at 9")
    world.wait((berlin("2026-11-27T09:00") - world.now).total_seconds() + 1)
    assert world.breaches() == ["first_words"] or world.breaches() == ["offer", "first_words"]
    assert world.said(berlin("2026-11-27T08:00")) == ["callback_late"]
    assert {str(cause) for cause in world.episode.causes.values()} == {"no_agents"}


def test_a_time_that_is_taken_meanwhile_is_not_booked_twice() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    reply = world.says[-1].quick_replies[0]
    world.desk = replace(FULL, booked=frozenset({(berlin("2026-11-26T10:30"), 0)}))
    world.prospect_writes(reply.title, payload=reply.payload)
    assert world.said(NOW)[-1] == "times_other"
    assert offered(world)[0] == "Today 11 am"
    assert world.episode.callback_at is None


def test_a_vague_time_is_answered_with_the_times_that_fit_it() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    world.prospect_writes("tomorrow afternoon")
    assert world.said(NOW)[-1] == "times_fit"
    assert offered(world) == ["Tomorrow 1 pm", "Tomorrow 1:30 pm", "Tomorrow 2 pm"]
    world.prospect_writes("sunday evening")
    assert world.said(NOW)[-1] == "times_other"


def test_a_question_in_between_is_for_the_bot_and_the_times_stay_open() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    assert world.prospect_writes("how much is it?") is False
    assert world.state.asking == "callback_time"
    assert world.prospect_writes("the first one")
    assert world.episode.callback_at == berlin("2026-11-26T10:30")


def test_without_agents_a_wish_is_noted_for_a_person_to_confirm() -> None:
    world = asked(desk())
    world.prospect_writes(payload="/warmline.book")
    assert world.said(NOW)[-1] == "booked_ask"
    world.prospect_writes("tomorrow after 5")
    assert world.said(NOW)[-1] == "booked_done"
    assert world.episode.callback_at is None


def test_a_booked_time_can_be_moved_and_called_off() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    world.prospect_writes("tomorrow at 9")
    world.open()
    assert world.said(NOW)[-1] == "booked_still"
    world.prospect_writes("reschedule")
    world.prospect_writes("tomorrow at 11")
    assert world.episode.callback_at == berlin("2026-11-27T11:00")
    world.prospect_writes("cancel")
    assert world.said(NOW)[-1] == "cancelled"
    assert (world.episode.status, world.episode.outcome) == ("closed", "prospect_cancelled")
    assert world.state.owner is Owner.BOT
    assert [clock for clock in world.state.clocks if clock.key == world.episode.episode_id] == []


def test_whoever_would_rather_wait_after_all_is_in_the_line_again() -> None:
    world = asked()
    world.prospect_writes(payload="/warmline.book")
    world.prospect_writes("tomorrow at 9")
    world.prospect_writes("I'll wait")
    assert (world.episode.callback_at, world.episode.choice) == (None, "wait")
    assert world.episode.first_words_due_at == NOW + timedelta(seconds=POLICY.targets.first_words_s)
    world.agents_change(desk(SAM))
    assert world.offers() == ["sam"]


def test_a_number_in_a_sentence_is_a_call_back() -> None:
    world = asked()
    world.prospect_writes("could someone call me on +49 170 1234567?")
    assert world.said(NOW)[-1] == "callback_done"
    assert world.state.slots["callback_number"] == "+491701234567"
    assert asked().prospect_writes("my order is 12345678901") is False
