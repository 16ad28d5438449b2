"""Whoever said stop is not offered round for ever, a person they ask for afterwards still comes, and alarms wear nobody out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.model import Clock, ClockKind, CommandRefused, Owner, Reason
from bot.core.never import of_decision, of_state
from bot.core.turn import opt_out
from handoff import episodes
from handoff.steps import EPISODE_CLOCKS
from tests.core.conversing import RULES
from tests.handoff.worlds import MIA, POLICY, SAM, World, desk

TARGETS = POLICY.targets
HOUR_S, DAY_S = 3600.0, 86_400.0


def stops(world: World) -> None:
    """The prospect writes that they want to be left alone."""
    before = world.state = replace(world.state, last_inbound_at=world.now)
    decision = world.do(lambda draft: opt_out(draft, RULES))
    assert not [*of_decision(before, decision), *of_state(decision.state)]


def clocks(world: World) -> list[Clock]:
    return [clock for clock in world.state.clocks if clock.kind in EPISODE_CLOCKS]


def asked_or_alarmed(world: World) -> int:
    return sum(notice.kind in ("offer", "alarm", "breach", "push", "page") for notice in world.notices)


def over(world: World) -> bool:
    """The episode ended because of the stop, nobody is held to have been late, and nothing is planned or asked any more."""
    episode, before = world.state.episode, asked_or_alarmed(world)
    assert episode is not None
    assert not list(of_state(world.state))
    world.wait(DAY_S)
    ended = (episode.status, episode.outcome, episode.breached) == ("closed", "opted_out", ())
    return ended and world.state.owner is Owner.BOT and not clocks(world) and asked_or_alarmed(world) == before


def test_a_stop_ends_what_only_waits_and_takes_its_offer_back() -> None:
    world = World(desk(SAM))
    world.open()
    assert world.offers() == ["sam"]
    stops(world)
    assert world.notices[-1].kind == "lost"
    assert over(world)


def talk_that_stops() -> World:
    """Sam has written to the prospect, who then says stop: Sam keeps the talk."""
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    world.write(SAM)
    stops(world)
    assert world.state.owner is Owner.AGENT, "whoever talks already is told, not cut off"
    return world


def test_a_holder_of_whom_nothing_is_owed_after_a_stop_is_not_replaced() -> None:
    world = talk_that_stops()
    world.gone(SAM)
    world.wait(DAY_S)
    assert (world.state.owner, world.breaches(), clocks(world)) == (Owner.AGENT, [], [])


def test_whoever_steps_in_after_a_stop_and_may_not_write_is_not_replaced() -> None:
    world = World(desk(SAM, MIA))
    stops(world)
    world.wait(60)
    world.take(SAM)
    world.wait(TARGETS.first_words_s + TARGETS.next_words_s + TARGETS.accept_s)
    assert over(world)


def test_what_nobody_may_answer_is_not_passed_on() -> None:
    world = talk_that_stops()
    with pytest.raises(CommandRefused, match="Give it back"):
        world.do(lambda draft: episodes.transfer(draft, POLICY, world.desk, SAM, to=MIA))
    world.give_back(SAM)
    assert world.state.episode is not None
    assert world.state.episode.breached == ()


def test_what_was_late_before_the_stop_stays_late() -> None:
    world = World(desk())
    world.open()
    world.wait(TARGETS.first_words_s * 2)
    stops(world)
    assert world.state.episode is not None
    assert set(world.state.episode.breached) == {"offer", "first_words"}


def test_a_person_asked_for_after_a_stop_is_not_forgotten() -> None:
    world = World(desk())
    stops(world)
    world.wait(600)
    world.prospect_writes("sorry, can a person call me?")
    world.open(Reason.ASKED)
    world.wait(HOUR_S)
    assert (world.state.owner, world.state.episode and world.state.episode.status) == (Owner.WAITING, "waiting")
    world.agents_change(desk(SAM))
    assert world.offers() == ["sam"]
    world.take(SAM)
    world.write(SAM)
    assert world.says[-1].text == "Hi, how can I help?"


def test_writing_again_after_a_stop_makes_the_holders_words_owed_again() -> None:
    world = talk_that_stops()
    world.wait(10)
    world.prospect_writes("one thing though")
    world.wait(TARGETS.next_words_s)
    assert world.breaches() == ["next_words"]
    assert world.state.owner is not Owner.BOT


def test_a_wait_that_nobody_comes_for_costs_little_and_less_and_is_offered_at_once_when_somebody_does() -> None:
    world = World(desk())
    world.open()
    world.wait(HOUR_S)
    fired, told = len(world.fired), asked_or_alarmed(world)
    assert (fired, told) < (25, 25)
    world.wait(DAY_S)
    # Four alarms an hour, and the few honest words: with a thousand who wait, one decision in about a second.
    assert len(world.fired) - fired <= 24 * 4 + 20
    assert asked_or_alarmed(world) - told <= 24 * 4 + 20
    world.agents_change(desk(SAM))
    assert world.offers() == ["sam"]
    assert world.state.clock(ClockKind.ACCEPT, world.state.episode.episode_id if world.state.episode else "") is not None
