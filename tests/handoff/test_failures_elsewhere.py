"""Failures seen in other systems, each as a test that would have caught it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.core.draft import Draft
from bot.core.model import ClockKind, CommandRefused, Owner, Reason, Say, Speaker
from handoff import episodes
from tests.handoff.worlds import MIA, OFFICE_HOURS, SAM, World, berlin, desk, promises

TARGETS = World().policy.targets


def test_a_handoff_after_a_day_of_bot_talk_is_due_from_the_handoff_not_from_the_first_hello() -> None:
    world = World(desk(SAM))
    world.wait(86_400)
    world.open()
    assert world.episode.first_words_due_at == world.now + timedelta(seconds=TARGETS.first_words_s)


def test_an_answer_one_second_late_between_ticks_is_recorded_as_a_miss_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.sleep(TARGETS.first_words_s + 1)
    world.write(SAM)
    world.wait(600)
    assert world.breaches() == ["first_words"]
    assert world.noted("episode.breached")[0].data["late_ms"] == 1000


def test_an_answer_in_time_is_no_miss_even_if_the_clock_fires_long_after() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.sleep(TARGETS.first_words_s - 1)
    world.write(SAM)
    world.wait(600)
    assert world.breaches() == []


def test_a_miss_between_ticks_is_seen_however_the_wait_ends() -> None:
    """Not only an answer stops a clock: giving back, vanishing, going on with the bot and leaving a number do too."""
    ends: list[tuple[str, Callable[[World], object]]] = [
        ("next_words", lambda world: world.give_back(SAM)),
        ("next_words", lambda world: world.gone(SAM)),
        ("first_words", lambda world: world.prospect_writes("bot", payload="/warmline.bot")),
        ("first_words", lambda world: world.gone(SAM)),
    ]
    for clock, end in ends:
        world = World(desk(SAM))
        world.open()
        if clock == "next_words":
            world.take(SAM)
            world.write(SAM)
            world.prospect_writes("how much is it?")
            world.sleep(TARGETS.next_words_s + 1)
        else:
            world.sleep(TARGETS.first_words_s + 1)
        end(world)
        assert world.breaches().count(clock) == 1
        assert world.noted("episode.breached")[-1].data["clock"] in (clock, "first_words")
        assert world.episode.causes[clock] in ("slow", "no_agents", "not_accepted", "notification_lost")
        if clock == "first_words":
            world.wait(600)
            assert world.breaches().count(clock) == 1


def test_a_number_left_late_does_not_hide_that_nobody_came_in_time() -> None:
    world = World(desk())
    world.open()
    world.prospect_writes("call me", payload="/warmline.callback")
    world.sleep(TARGETS.first_words_s + 1)
    world.prospect_writes("+49 170 1234567")
    assert "first_words" in world.breaches()
    assert world.breaches().count("first_words") == 1


def test_next_words_answered_late_between_ticks_are_recorded_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.prospect_writes("how much is it?")
    world.sleep(TARGETS.next_words_s + 1)
    world.write(SAM, "39 a month.")
    world.wait(600)
    assert world.breaches() == ["next_words"]


def test_three_messages_while_overdue_are_one_breach() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    first_at = world.now
    for _ in range(3):
        world.prospect_writes("still there?")
        world.wait(TARGETS.next_words_s / 2 + 10)
    assert world.breaches() == ["next_words"]
    assert world.state.promise is not None
    assert world.state.promise.opened_at == first_at


def test_messages_while_first_words_are_overdue_are_one_breach() -> None:
    world = World(desk())
    world.open()
    for _ in range(5):
        world.wait(TARGETS.first_words_s * 0.7)
        world.prospect_writes("still there?")
    assert world.breaches().count("first_words") == 1


def test_a_talk_that_reopens_gets_a_new_episode_with_a_new_clock() -> None:
    world = World(desk(SAM))
    world.open()
    first = world.episode
    world.take(SAM)
    world.write(SAM)
    world.give_back(SAM)
    world.wait(7200)
    world.open()
    assert world.episode.episode_id != first.episode_id
    assert world.episode.breached == ()
    assert world.episode.first_words_due_at == world.now + timedelta(seconds=TARGETS.first_words_s)


@pytest.mark.parametrize("outcome", ["returned", "won", "no_fit"])
def test_a_talk_that_was_resolved_late_starts_clean_when_it_reopens(outcome: str) -> None:
    world = World(desk())
    world.open()
    world.wait(3600)
    world.take(SAM)
    world.write(SAM)
    world.give_back(SAM, outcome)
    first = world.episode
    assert set(first.breached) == {"offer", "first_words"}
    world.wait(86_400)
    world.agents_change(desk(SAM))
    world.open()
    again = world.episode
    assert (again.breached, again.causes, again.segments, again.rung) == ((), {}, (), 0)
    assert again.requested_at == world.now
    assert again.offer_due_at == world.now + timedelta(seconds=TARGETS.offer_s)


@pytest.mark.parametrize(
    ("asked_at", "due_at"),
    [
        ("2026-11-25T12:29:30", "2026-11-25T13:30:30"),  # lunch
        ("2026-12-24T11:59:30", "2026-12-28T09:00:30"),  # half day, holiday, week-end
        ("2026-12-30T17:59:30", "2027-01-04T09:00:30"),  # the house's own free day, a holiday, a week-end
        ("2026-03-27T14:59:30", "2026-03-30T09:00:30"),  # the clock goes forward
        ("2026-10-23T14:59:30", "2026-10-26T09:00:30"),  # and back
        ("2026-11-25T23:30:00", "2026-11-26T09:01:00"),  # night
        ("2028-02-28T17:59:30", "2028-02-29T09:00:30"),  # leap day
    ],
)
def test_a_deadline_across_lunch_holiday_clock_change_and_night(asked_at: str, due_at: str) -> None:
    world = World(desk(), promises(OFFICE_HOURS), now=berlin(asked_at))
    world.open()
    assert world.episode.first_words_due_at == berlin(due_at)
    world.wait((berlin(due_at) - world.now).total_seconds() - 1)
    assert "first_words" not in world.breaches()
    world.wait(1)
    assert world.breaches().count("first_words") == 1
    assert "nobody_came" in world.said(world.episode.requested_at)


@pytest.mark.parametrize(("zone_night", "hours"), [("2026-03-28T23:30:00", 5.5), ("2026-10-24T23:30:00", 7.5)])
def test_a_night_desk_works_an_hour_less_or_more_when_the_clock_changes(zone_night: str, hours: float) -> None:
    night = promises("calendar: night\ncalendars:\n  night: {zone: Europe/Berlin, week: {mon-sun: ['22:00-06:00']}}\n")
    long = night.model_copy(update={"targets": night.targets.model_copy(update={"first_words_s": hours * 3600})})
    world = World(desk(), long, now=berlin(zone_night))
    world.open()
    assert world.episode.first_words_due_at - world.now == timedelta(hours=hours)
    assert world.episode.first_words_due_at.astimezone(ZoneInfo("Europe/Berlin")).hour == 6


def test_an_agent_who_comes_online_is_offered_the_waiting_talk_at_once() -> None:
    world = World(desk())
    world.open()
    world.wait(30)
    decision = world.agents_change(desk(SAM))
    assert [(n.kind, n.to) for n in decision.notify] == [("offer", ("sam",))]
    assert world.breaches() == ["offer"]


def test_an_agent_who_vanished_is_not_waited_for() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    asked = SAM if world.offers() == ["sam"] else MIA
    other = MIA if asked is SAM else SAM
    world.gone(asked)
    assert world.offers() == [asked.agent_id, other.agent_id]


def test_a_silent_agent_is_asked_again_and_again_not_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(TARGETS.accept_s * 20)
    assert len(world.offers()) > 15
    assert set(world.offers()) == {"sam"}


def test_two_silent_agents_are_asked_round_and_round() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.wait(TARGETS.accept_s * 1.4)
    first, second = world.offers()
    assert {first, second} == {"sam", "mia"}
    world.wait(TARGETS.accept_s * 10)
    assert all(a != b for a, b in pairwise(world.offers()))


def test_an_agent_who_took_it_and_fell_silent_loses_it_and_the_prospect_is_told() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    world.wait(TARGETS.first_words_s)
    assert world.said()[-1] == "agent_silent"
    world.wait(TARGETS.next_words_s - TARGETS.first_words_s)
    assert world.state.owner is Owner.WAITING
    assert world.offers()[-1] == "mia"
    assert "nobody_came" in world.said()
    assert world.breaches()[0] == "first_words"


def test_with_no_agent_at_all_the_prospect_is_told_and_a_clock_still_runs() -> None:
    world = World(desk())
    world.open()
    assert world.said() == ["getting_someone_offline"]
    world.wait(TARGETS.first_words_s)
    assert world.said() == ["getting_someone_offline", "nobody_came"]
    assert [r.payload for r in world.says[-1].quick_replies] == [
        "/warmline.wait",
        "/warmline.callback",
        "/warmline.book",
        "/warmline.bot",
        "/warmline.cancel",
    ]
    assert {"offer", "first_words"} == set(world.breaches())
    world.wait(7 * 86_400)
    assert world.clock(ClockKind.RUNG) is not None
    assert world.state.owner is Owner.WAITING


def test_nobody_is_pestered_while_nobody_comes() -> None:
    world = World(desk())
    world.open()
    told_at = []
    for _ in range(24 * 60):
        before = len(world.says)
        world.wait(60)
        told_at += [world.now] * (len(world.says) - before)
    gaps = [b - a for a, b in pairwise(told_at)]
    assert gaps == sorted(gaps)
    assert len(told_at) <= 8


def test_a_failed_bot_brings_a_person_without_a_second_line() -> None:
    world = World(desk(SAM))
    world.open(Reason.BOT_FAILURE, quiet=True)
    assert world.said() == []
    assert world.offers() == ["sam"]


def test_bot_words_decided_before_an_agent_took_over_are_stale_and_taken_back() -> None:
    world = World(desk(SAM))
    before = world.state.owner_version
    for speaker in (Speaker.BOT, Speaker.FLOW, Speaker.AGENT):
        world.bot_bubble(Say(speaker=speaker, text="late", agent=SAM if speaker is Speaker.AGENT else None))
    ids = [u.message_id for u in world.state.unsent]
    decision = world.take(SAM)
    assert decision.withdraw == tuple(ids[:2])
    assert world.state.owner_version > before


def test_a_handoff_asked_for_twice_is_one_episode() -> None:
    world = World(desk(SAM))
    world.open()
    key = world.episode.episode_id
    version = world.state.owner_version
    for _ in range(3):
        world.open(Reason.COMPLAINT)
    assert world.episode.episode_id == key
    assert world.state.owner_version == version
    assert len(world.noted("episode.opened")) == 1
    assert len(world.offers()) == 1
    assert len(world.says) == 1


def test_a_handoff_asked_for_twice_in_one_decision_or_retried_after_a_crash_is_one_episode() -> None:
    world = World(desk(SAM))

    def twice(draft: Draft) -> None:
        for _ in range(2):
            episodes.open_episode(draft, world.policy, world.desk, Reason.ASKED)

    before = world.state
    first = world.do(twice)
    assert [entry.kind for entry in first.journal].count("episode.opened") == 1
    assert len(first.notify) == 1
    world.state = before  # the commit was lost; the same message is answered again
    again = world.do(twice)
    assert [entry.kind for entry in again.journal].count("episode.opened") == 1
    assert {c.kind for c in again.set_clocks} == {c.kind for c in first.set_clocks}


def test_a_second_handoff_after_the_first_was_given_back_works() -> None:
    world = World(desk(SAM))
    for _ in range(2):
        world.open()
        world.take(SAM)
        world.write(SAM)
        world.give_back(SAM)
        assert world.state.owner is Owner.BOT
    assert len(world.noted("episode.opened")) == 2
    assert world.breaches() == []


def test_two_agents_press_take_together_and_the_second_is_told_who_has_it() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    with pytest.raises(CommandRefused, match="Sam has it already") as refused:
        world.take(MIA)
    assert refused.value.code == "taken"
    assert world.episode.agent == SAM


def test_pressing_take_twice_is_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    version, says = world.state.owner_version, len(world.says)
    world.take(SAM)
    assert (world.state.owner_version, len(world.says)) == (version, says)


def test_only_the_holder_writes_and_gives_back() -> None:
    world = World(desk(SAM, MIA))
    with pytest.raises(CommandRefused):
        world.write(SAM)
    world.open()
    world.take(SAM)
    with pytest.raises(CommandRefused) as wrote:
        world.write(MIA)
    with pytest.raises(CommandRefused) as gave_back:
        world.give_back(MIA)
    assert wrote.value.code == gave_back.value.code == "not_yours"


def test_closing_an_overdue_request_does_not_hide_the_miss() -> None:
    world = World(desk(SAM))
    world.open()
    world.sleep(TARGETS.first_words_s + 5)
    world.prospect_writes("tap", payload="/warmline.bot")
    assert world.episode.status == "closed"
    assert "first_words" in world.episode.breached
