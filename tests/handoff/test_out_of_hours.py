"""Out of hours and nobody at all: what the prospect is told, what stands still, and what goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.model import ClockKind, Owner, Profile, Window
from tests.handoff.worlds import MIA, OFFICE_HOURS, SAM, World, berlin, desk, promises

OFFICE = promises(OFFICE_HOURS)
TARGETS = OFFICE.targets
EVENING = berlin("2026-11-25T20:00:00")
MORNING = berlin("2026-11-26T09:00:00")


def closed(*agents: object, **known: object) -> World:
    """A world in which a person has just been asked for, in the evening."""
    known = {"profile": Profile(zone="Europe/Berlin"), **known}
    world = World(desk(*agents), OFFICE, now=EVENING, **known)  # type: ignore[arg-type]
    world.open()
    return world


def seconds_after(moment: object, then: object) -> float:
    return (then - moment).total_seconds()  # type: ignore[operator,no-any-return]


def test_asked_for_in_the_evening_the_clocks_start_when_the_desk_opens() -> None:
    world = closed()
    assert world.episode.first_words_due_at == MORNING + timedelta(seconds=TARGETS.first_words_s)
    assert world.episode.offer_due_at == MORNING + timedelta(seconds=TARGETS.offer_s)
    world.wait(seconds_after(EVENING, MORNING))
    assert (world.breaches(), world.noted("rung.climbed")) == ([], [])
    world.wait(TARGETS.offer_s)
    assert world.breaches() == ["offer"]
    world.wait(TARGETS.first_words_s)
    assert world.breaches() == ["offer", "first_words"]
    assert [(e.at - MORNING).total_seconds() for e in world.noted("rung.climbed")] == [30, 45, 54, 60]


def test_the_prospect_is_told_when_somebody_is_there_and_given_the_choice() -> None:
    world = closed()
    assert world.said() == ["closed_now"]
    assert "tomorrow at 9 am" in world.says[-1].text
    assert "Berlin time" not in world.says[-1].text
    assert [reply.payload for reply in world.says[-1].quick_replies] == [
        "/warmline.wait",
        "/warmline.callback",
        "/warmline.book",
        "/warmline.bot",
        "/warmline.cancel",
    ]
    assert world.state.owner is Owner.WAITING


@pytest.mark.parametrize(
    ("zone", "words"),
    [("America/New_York", "tomorrow at 3 am"), ("Asia/Tokyo", "today at 5 pm"), (None, "tomorrow at 9 am (Berlin time)")],
)
def test_the_time_is_said_in_the_prospects_own_zone_or_named(zone: str | None, words: str) -> None:
    assert words in closed(profile=Profile(zone=zone)).says[-1].text


def test_a_number_left_at_night_is_due_in_the_morning_and_no_promise_is_broken_meanwhile() -> None:
    world = closed()
    world.prospect_writes("Call me back", payload="/warmline.callback")
    world.prospect_writes("+49 170 1234567")
    assert world.said()[-1] == "callback_done"
    assert world.episode.first_words_due_at == MORNING + timedelta(seconds=TARGETS.callback_s)
    world.wait(seconds_after(EVENING, MORNING) + TARGETS.callback_s - 1)
    assert "first_words" not in world.breaches()
    world.take(SAM)
    world.write(SAM)
    assert "first_words" not in world.breaches()


def test_asking_again_at_night_is_answered_with_the_same_honest_time() -> None:
    world = closed()
    world.bot_said("Anything else?")
    world.open()
    assert world.said() == ["closed_now", "closed_now"]


def test_somebody_who_is_there_at_night_is_asked_and_asked_again() -> None:
    world = closed(SAM, MIA)
    world.wait(TARGETS.accept_s * 3)
    assert len(world.offers()) == 4
    assert set(world.offers()) == {"sam", "mia"}


def test_whoever_takes_it_at_night_and_is_silent_loses_it_before_the_morning() -> None:
    world = closed(SAM)
    world.take(SAM)
    world.wait(TARGETS.next_words_s)
    assert world.state.owner is Owner.WAITING
    assert "nobody_came" in world.said()
    assert "first_words" not in world.breaches()
    words = world.clock(ClockKind.FIRST_WORDS)
    assert words is not None
    assert words.due_at == world.episode.first_words_due_at
    world.desk = desk()
    world.wait(seconds_after(world.now, MORNING) + TARGETS.first_words_s)
    assert world.breaches().count("first_words") == 1


@pytest.mark.parametrize("leaves", [False, True])
def test_who_took_it_at_night_and_left_it_changes_nothing_about_what_was_promised(leaves: bool) -> None:
    world = World(desk(SAM), OFFICE, now=berlin("2026-11-25T17:59:30"))
    world.open()
    due_at = world.episode.first_words_due_at
    assert due_at == MORNING + timedelta(seconds=TARGETS.first_words_s - 30)
    world.wait(3600)
    world.take(SAM)
    if leaves:
        world.gone(SAM)
    world.desk = desk()
    world.wait(seconds_after(world.now, due_at) - 1)
    assert world.state.owner is Owner.WAITING
    assert "first_words" not in world.breaches()
    world.wait(1)
    assert world.breaches().count("first_words") == 1
    assert world.noted("episode.breached")[-1].data["late_ms"] == 0


def test_a_request_shortly_before_closing_is_told_that_it_may_be_tomorrow() -> None:
    world = World(desk(SAM), OFFICE, now=berlin("2026-11-25T17:59:30"), profile=Profile(zone="Europe/Berlin"))
    world.open()
    assert world.said() == ["closing_soon"]
    assert "tomorrow at 9:01 am" in world.says[-1].text
    assert world.episode.first_words_due_at == MORNING + timedelta(seconds=TARGETS.first_words_s - 30)
    assert world.offers() == ["sam"]


def test_over_lunch_the_clock_stands_still() -> None:
    world = World(desk(), OFFICE, now=berlin("2026-11-25T12:29:45"), profile=Profile(zone="Europe/Berlin"))
    world.open()
    assert world.episode.first_words_due_at == berlin("2026-11-25T13:30:45")
    world.wait(3600)
    assert [e.data["at"] for e in world.noted("rung.climbed")] == []
    world.wait(60)
    assert [e.data["at"] for e in world.noted("rung.climbed")] == [50, 75, 90, 100]


def test_next_words_asked_for_at_closing_time_are_due_in_the_morning() -> None:
    world = World(desk(SAM), OFFICE, now=berlin("2026-11-25T17:00:00"))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.wait(3570)
    world.prospect_writes("one more thing")
    promise = world.state.promise
    assert promise is not None
    assert promise.due_at == MORNING + timedelta(seconds=TARGETS.next_words_s - 30)
    world.wait(12 * 3600)
    assert world.breaches() == []
    world.write(SAM, "sure")
    [waited] = world.noted("episode.next_words")
    assert (waited.data["waited_ms"], waited.data["working_ms"]) == (12 * 3_600_000, 30_000)


def test_when_the_team_goes_home_whoever_still_waits_is_told_once_and_left_in_peace_until_the_morning() -> None:
    world = World(desk(), OFFICE, now=berlin("2026-11-25T17:50:20"), profile=Profile(zone="Europe/Berlin"))
    world.open()
    world.wait(9 * 60)
    assert world.said()[:2] == ["getting_someone_offline", "nobody_came"]
    said, notices = len(world.says), len(world.notices)
    world.wait(15 * 3600)
    assert world.said()[said:] == ["closed_now"]
    assert len(world.notices) - notices <= 1
    assert len(world.noted("ladder.paused")) == 1
    assert world.clock(ClockKind.RUNG) is not None
    world.wait(120)
    assert world.noted("ladder.alarmed_again")[-1].at >= MORNING


def test_before_the_channels_window_closes_the_prospect_hears_once_more() -> None:
    friday = berlin("2026-11-27T16:00:00")
    window = Window(opened_at=friday, closes_at=friday + timedelta(hours=24))
    world = World(desk(), OFFICE, now=friday, channel="facebook", window=window)
    world.open()
    assert world.said() == ["closed_now"]
    assert window.closes_at is not None
    assert world.episode.first_words_due_at == window.closes_at - timedelta(minutes=5)
    world.wait(24 * 3600 - 1)
    assert world.said() == ["closed_now", "closed_now"]
    assert "Monday at 9 am" in world.says[-1].text
    assert world.said_at[-1] < window.closes_at
    assert world.breaches() == ["first_words"]
    assert world.episode.causes == {"first_words": "no_agents"}


def test_a_window_that_opens_again_moves_the_capped_deadline_along() -> None:
    friday = berlin("2026-11-27T16:00:00")
    closes_at = friday + timedelta(hours=24)
    world = World(desk(), OFFICE, now=friday, channel="facebook", window=Window(opened_at=friday, closes_at=closes_at))
    world.open()
    world.wait(3600)
    world.window_opens(closes_at + timedelta(days=3))
    world.prospect_writes("are you there?")
    world.bot_said("Anything else?")
    world.open()
    monday = berlin("2026-11-30T09:00:00")
    assert world.episode.first_words_due_at == monday + timedelta(seconds=TARGETS.first_words_s)
    world.wait((monday - world.now).total_seconds())
    assert world.breaches() == []


def test_a_window_that_has_closed_caps_nothing() -> None:
    past = Window(opened_at=EVENING - timedelta(days=2), closes_at=EVENING - timedelta(days=1))
    assert closed(channel="facebook", window=past).episode.first_words_due_at == MORNING + timedelta(seconds=60)


def test_no_cap_is_wanted() -> None:
    policy = promises(OFFICE_HOURS + "cap_at_window: false\n")
    window = Window(opened_at=EVENING, closes_at=EVENING + timedelta(hours=1))
    world = World(desk(), policy, now=EVENING, channel="facebook", window=window)
    world.open()
    assert world.episode.first_words_due_at == MORNING + timedelta(seconds=60)


def test_hours_that_never_come_again_still_bring_honest_words() -> None:
    shut = promises("calendar: shut\ncalendars:\n  shut: {zone: UTC, week: {mon: []}}\n")
    world = World(desk(), shut)
    world.open()
    assert world.said() == ["getting_someone_offline"]
    world.wait(shut.targets.first_words_s)
    assert world.said()[-1] == "nobody_came"
    world.wait(3 * 86_400)
    assert world.clock(ClockKind.RUNG) is not None
    assert world.said().count("still_waiting") >= 5
