"""Where the time of an episode goes, and why a target was missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import Episode, Promise, Reason, Segment
from handoff.accounts import (
    TO_ACCEPT,
    TO_FIRST_WORDS,
    TO_OFFER,
    Cause,
    Phase,
    booked_until,
    cause_of,
    segment,
)
from handoff.calendar import ALWAYS
from handoff.desk import Desk
from tests.handoff.worlds import OFFICE_HOURS, SAM, START, World, berlin, desk, promises, seat

TARGETS = World().policy.targets
OFFICE = promises(OFFICE_HOURS)


def spent(world: World) -> dict[str, float]:
    """Seconds of each segment until now."""
    return {one.kind: one.wall_s for one in booked_until(world.episode, world.now, world.policy.hours)}


def causes(world: World) -> list[tuple[str, str]]:
    return [(e.data["clock"], e.data["cause"]) for e in world.noted("episode.breached")]


def test_the_way_to_the_first_words_is_split_where_it_was_spent() -> None:
    world = World(desk())
    world.open()
    world.wait(3)
    world.agents_change(desk(SAM))
    world.wait(10)
    world.take(SAM)
    world.wait(15)
    world.write(SAM)
    world.wait(100)
    world.prospect_writes("how much?")
    world.wait(30)
    world.write(SAM)
    world.wait(5)
    world.prospect_writes("ok")
    world.wait(1)
    world.give_back(SAM)
    one = world.episode
    assert [segment(one, *way).wall_s for way in (TO_OFFER, TO_ACCEPT, TO_FIRST_WORDS)] == [3, 10, 15]
    assert segment(one, Phase.HELD, again=True) == Segment(kind="next_held", wall_s=31, working_s=31, count=2)
    assert segment(one, Phase.TALKING) == Segment(kind="talking", wall_s=105, working_s=105, count=2)
    assert sum(part.wall_s for part in one.segments) == 164
    assert (one.phase, one.phase_since) == ("", None)
    assert [e.data["waited_ms"] for e in world.noted("episode.next_words")] == [30_000]


def test_working_time_is_added_up_beside_the_wall_clock() -> None:
    world = World(desk(), OFFICE, now=berlin("2026-11-25T17:59:00"))
    world.open()
    world.wait(15 * 3600 + 60)
    world.agents_change(desk(SAM))
    assert segment(world.episode, *TO_OFFER) == Segment(kind="unstaffed", wall_s=15 * 3600 + 60, working_s=60, count=1)


def test_nobody_there_is_no_agents() -> None:
    world = World(desk())
    world.open()
    world.wait(TARGETS.first_words_s)
    assert causes(world) == [("offer", "no_agents"), ("first_words", "no_agents")]
    assert world.episode.causes == {"offer": "no_agents", "first_words": "no_agents"}


def test_everybody_full_is_no_agents() -> None:
    world = World(Desk((seat(SAM, load=3),)))
    world.open()
    world.wait(TARGETS.first_words_s)
    assert set(causes(world)) == {("offer", "no_agents"), ("first_words", "no_agents")}


def test_somebody_free_and_not_asked_is_routing() -> None:
    world = World(desk())
    world.open()
    world.desk = desk(SAM)  # nobody told the episode
    world.wait(TARGETS.offer_s)
    assert causes(world) == [("offer", "routing")]


def test_asked_and_not_answered_is_not_accepted() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(TARGETS.first_words_s)
    assert causes(world) == [("accept", "not_accepted"), ("first_words", "not_accepted")]


def test_asked_when_they_had_gone_is_a_notification_lost() -> None:
    world = World(desk(SAM))
    world.open()
    world.desk = desk()  # the console is gone, and presence has not noticed yet
    world.wait(TARGETS.accept_s)
    assert causes(world) == [("accept", "notification_lost")]
    world = World(desk(SAM))
    world.open()
    world.wait(TARGETS.accept_s - 1)
    world.gone(SAM)
    world.wait(TARGETS.first_words_s)
    assert segment(world.episode, Phase.LOST).wall_s == TARGETS.accept_s - 1
    assert ("first_words", "no_agents") in causes(world)


def test_accepted_and_silent_is_slow() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(5)
    world.take(SAM)
    world.sleep(TARGETS.first_words_s)
    world.write(SAM)
    assert causes(world) == [("first_words", "slow")]


def test_whatever_took_most_of_the_time_until_the_deadline_is_the_cause() -> None:
    world = World(desk())
    world.open()
    world.wait(40)
    world.agents_change(desk(SAM))
    world.wait(5)
    world.take(SAM)
    world.sleep(3600)  # by now the holder has had it for longest, but not when the time ran out
    world.write(SAM)
    assert causes(world)[-1] == ("first_words", "no_agents")


def test_closed_hours_do_not_count_towards_the_cause() -> None:
    world = World(desk(), OFFICE, now=berlin("2026-11-25T20:00:00"))
    world.open()
    world.wait(13 * 3600 + 5)
    world.agents_change(desk(SAM))
    world.take(SAM)
    world.wait(70)
    assert causes(world)[-1] == ("first_words", "slow")


def test_a_holder_who_does_not_answer_is_slow_and_a_bot_that_did_not_before_them_was_late() -> None:
    for waited, cause in ((1.0, "slow"), (TARGETS.reply_s, "bot_late")):
        world = World(desk(SAM))
        world.open()
        world.take(SAM)
        world.write(SAM)
        world.give_back(SAM)
        world.open()
        promise = Promise(opened_at=world.now, due_at=world.now + timedelta(seconds=TARGETS.reply_s), message_id=9)
        world.state = replace(world.state, promise=promise)
        world.sleep(waited)
        world.take(SAM)
        world.write(SAM)  # first words; what was asked is answered
        assert world.noted("episode.next_words") == []
        world.prospect_writes("and?")
        held = world.state.promise
        assert held is not None
        owed_since = promise.opened_at if cause == "bot_late" else held.opened_at
        world.state = replace(world.state, promise=replace(held, opened_at=owed_since))
        world.wait(TARGETS.next_words_s)
        assert causes(world)[-1] == ("next_words", cause)


@pytest.mark.parametrize(
    ("phase", "name", "cause"),
    [
        ("unstaffed", "offer", Cause.NO_AGENTS),
        ("unoffered", "offer", Cause.ROUTING),
        ("offered", "accept", Cause.NOT_ACCEPTED),
        ("lost", "accept", Cause.NOTIFICATION_LOST),
        ("next_unstaffed", "next_words", Cause.NO_AGENTS),
        ("next_offered", "next_words", Cause.NOT_ACCEPTED),
        ("next_held", "next_words", Cause.SLOW),
        ("held", "first_words", Cause.SLOW),
        ("", "offer", Cause.NO_AGENTS),
        ("", "first_words", Cause.NO_AGENTS),
    ],
)
def test_a_cause_for_every_phase(phase: str, name: str, cause: Cause) -> None:
    """Also for an episode that was opened before phases were kept."""
    episode = Episode(
        episode_id="e",
        reason=Reason.ASKED,
        requested_at=START,
        first_words_due_at=START,
        phase=phase,
        phase_since=START if phase else None,
    )
    assert cause_of(episode, name, until=START, hours=ALWAYS) is cause
