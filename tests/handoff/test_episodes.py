"""The ladder, choices, call-backs, giving back and the page's own inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import Clock, ClockKind, CommandRefused, Heard, Owner, Promise, Reason
from handoff.prospect import phone_number
from tests.handoff.worlds import MIA, SAM, World, desk

TARGETS = World().policy.targets


def waited_out() -> World:
    """A world whose prospect has just been told that nobody came."""
    world = World(desk())
    world.open()
    world.wait(TARGETS.first_words_s)
    assert world.said()[-1] == "nobody_came"
    return world


def test_rungs_climb_at_their_stored_times_and_each_is_journalled() -> None:
    world = World(desk())
    opened_at = world.now
    world.open()
    world.wait(TARGETS.first_words_s)
    one_percent = timedelta(seconds=TARGETS.first_words_s / 100)
    climbed = [((e.at - opened_at) / one_percent, e.data["at"]) for e in world.noted("rung.climbed")]
    assert climbed == [(at, at) for at in (50, 75, 90, 100)]
    assert world.episode.widened


def test_the_ladder_stops_as_soon_as_a_person_takes_it() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(TARGETS.first_words_s * 0.6)
    world.take(SAM)
    world.write(SAM)
    world.wait(7200)
    assert [e.data["at"] for e in world.noted("rung.climbed")] == [50]
    assert world.said()[-2:] == ["agent_joined", "Hi, how can I help?"]


def test_the_four_timestamps_split_the_wait() -> None:
    world = World(desk())
    start = world.now
    world.open()
    world.wait(3)
    world.agents_change(desk(SAM))
    world.wait(10)
    world.take(SAM)
    world.wait(15)
    world.write(SAM)
    e = world.episode
    seconds = [(t - start).total_seconds() for t in (e.requested_at, e.offered_at, e.accepted_at, e.first_words_at) if t]
    assert seconds == [0, 3, 13, 28]
    assert e.breached == ()


def test_accepting_late_is_a_miss_judged_from_the_offer() -> None:
    world = World(desk(SAM))
    world.open()
    world.sleep(TARGETS.accept_s + 1)
    world.take(SAM)
    assert world.breaches() == ["accept"]


def test_a_silent_holder_is_nudged_then_the_talk_goes_round_again() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.prospect_writes("how much is it?")
    world.wait(TARGETS.next_words_s)
    assert world.breaches() == ["next_words"]
    assert world.notices[-1].kind == "alarm"
    assert world.episode.agent == SAM
    world.wait(TARGETS.next_words_s)
    assert world.state.owner is Owner.WAITING
    assert world.said()[-1] == "agent_left"
    assert world.offers()[-1] == "mia"
    world.take(MIA)
    world.write(MIA, "It's 39 a month.")
    assert world.breaches() == ["next_words"]
    assert world.state.promise is None


def test_a_second_round_that_nobody_takes_is_told_to_the_prospect_and_journalled_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.prospect_writes("how much is it?")
    world.desk = desk()
    world.wait(TARGETS.next_words_s * 2 + TARGETS.first_words_s)
    assert world.said()[-2:] == ["agent_left", "nobody_came"]
    assert world.breaches() == ["next_words"]


def test_stepping_in_without_a_request_opens_an_episode_of_its_own() -> None:
    world = World(desk(SAM))
    world.take(SAM)
    assert (world.episode.reason, world.episode.status) == (Reason.AGENT_STEPPED_IN, "accepted")
    assert world.state.owner is Owner.AGENT
    assert world.clock(ClockKind.FIRST_WORDS) is not None


def test_taking_over_an_unanswered_message_makes_it_the_agents_to_answer() -> None:
    world = World(desk(SAM))
    world.open()
    asked_at = world.now
    world.state = replace(world.state, promise=Promise(opened_at=asked_at, due_at=asked_at, message_id=1))
    world.wait(10)
    world.take(SAM)
    promise, clock = world.state.promise, world.clock(ClockKind.PROMISE)
    due_at = world.now + timedelta(seconds=TARGETS.next_words_s)
    assert promise == Promise(opened_at=asked_at, due_at=due_at, message_id=1)
    assert clock is not None
    assert (clock.due_at, clock.data["owes"]) == (due_at, "agent")


def test_a_talk_taken_after_the_time_was_up_is_still_timed() -> None:
    world = waited_out()
    world.desk = desk(SAM, MIA)
    world.take(SAM)
    world.wait(TARGETS.next_words_s)
    assert world.state.owner is Owner.WAITING
    assert world.offers()[-1] == "mia"


def test_the_holder_is_told_that_the_prospect_wrote() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    world.prospect_writes("hello?")
    assert (world.notices[-1].kind, world.notices[-1].to) == ("message", ("sam",))


def test_giving_back_tells_the_tracker_and_says_that_it_is_the_bot_again() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.give_back(SAM, "later")
    slots = {e["name"]: e["value"] for e in world.tracker if isinstance(e, dict)}
    told = {"handoff_summary": "They want a quote.", "handoff_promised": [], "handoff_outcome": "later"}
    assert slots == {"goal": "more sales", **told}
    assert world.state.slots == slots
    assert "bot" in world.says[-1].text.lower()
    assert (world.episode.status, world.episode.outcome, world.episode.summary) == (
        "closed",
        "later",
        "They want a quote.",
    )
    assert world.state.clock(ClockKind.TURN) is None


def test_what_is_left_unanswered_at_giving_back_is_put_to_the_bot() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.prospect_writes("and what about shipping?")
    world.prospect_writes("to Spain")
    decision = world.give_back(SAM)
    assert decision.ask_brain is not None
    assert decision.ask_brain.text == "and what about shipping? to Spain"
    assert [m.text for m in decision.ask_brain.messages] == ["and what about shipping?", "to Spain"]
    clock = world.state.clock(ClockKind.PROMISE)
    assert clock is not None
    assert (clock.due_at, clock.data) == (world.now + timedelta(seconds=TARGETS.reply_s), {})


def test_what_an_agent_answered_is_not_put_to_the_bot_again() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.prospect_writes("and what about shipping?")
    world.write(SAM, "It's free.")
    decision = world.give_back(SAM)
    assert decision.ask_brain is None
    assert world.state.promise is None


def test_a_burst_that_still_grows_at_giving_back_gets_its_turn_at_once() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    heard = Heard(message_id=99, external_id="m", at=world.now, text="and shipping?")
    promise = Promise(opened_at=world.now, due_at=world.now + timedelta(seconds=20), message_id=99)
    later = Clock(kind=ClockKind.TURN, due_at=world.now + timedelta(seconds=2))
    owed = Clock(kind=ClockKind.PROMISE, due_at=promise.due_at)
    clocks = (*world.state.clocks, later, owed)
    world.state = replace(world.state, unheard=(heard,), promise=promise, clocks=clocks)
    decision = world.give_back(SAM)
    assert decision.ask_brain is None
    turn = world.state.clock(ClockKind.TURN)
    assert turn is not None
    assert turn.due_at == world.now


def test_the_bot_answers_what_a_silent_agent_left_open() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.prospect_writes("how much is it?")
    world.wait(TARGETS.next_words_s * 2 - 1)
    asked = world.asked
    world.wait(1)
    assert world.state.owner is Owner.WAITING
    assert asked == []
    assert world.asked == ["how much is it?"]


def test_only_the_latest_unanswered_messages_are_kept() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    for number in range(15):
        world.prospect_writes(f"line {number} " + "x" * 900)
    clock = world.clock(ClockKind.PROMISE)
    assert clock is not None
    kept = [asked["text"] for asked in clock.data["unanswered"]]
    assert [text.split(" x")[0] for text in kept] == [f"line {number}" for number in range(5, 15)]
    assert max(len(text) for text in kept) == 500


def test_waiting_on_stays_in_the_queue() -> None:
    world = waited_out()
    assert world.prospect_writes("I'll wait", payload="/warmline.wait")
    assert (world.state.owner, world.episode.choice, world.said()[-1]) == (Owner.WAITING, "wait", "waiting_ok")
    world.wait(TARGETS.first_words_s * 3)
    assert "still_waiting" in world.said()


def test_going_on_with_the_bot_closes_the_request() -> None:
    world = waited_out()
    assert world.prospect_writes("bot", payload="/warmline.bot")
    assert (world.state.owner, world.episode.outcome, world.said()[-1]) == (
        Owner.BOT,
        "prospect_chose_bot",
        "back_to_bot",
    )


def test_a_number_is_asked_for_checked_kept_and_still_timed() -> None:
    world = waited_out()
    assert world.prospect_writes("Call me back", payload="/warmline.callback")
    assert (world.said()[-1], world.state.asking) == ("callback_ask", "callback_number")
    assert world.prospect_writes("12 34 5")
    assert (world.said()[-1], world.state.asking) == ("callback_unclear", "callback_number")
    assert not world.prospect_writes("what is it for?")
    assert world.prospect_writes("it's +49 (170) 123-4567, thanks")
    assert world.said()[-1] == "callback_done"
    assert "+491701234567" in world.says[-1].text
    assert (world.state.slots["callback_number"], world.state.tags, world.state.asking) == (
        "+491701234567",
        ("callback",),
        None,
    )
    assert world.state.owner is Owner.WAITING
    world.wait(TARGETS.callback_s - 1)
    assert world.said()[-1] == "callback_done"
    world.wait(1)
    assert world.said()[-1] == "callback_late"


def test_a_time_in_any_words_is_kept_and_a_question_is_answered_instead() -> None:
    world = waited_out()
    world.prospect_writes("Book a time", payload="/warmline.book")
    assert not world.prospect_writes("do you speak German?")
    assert world.prospect_writes("could we do tomorrow after 5?")
    assert world.state.slots["callback_time"] == "could we do tomorrow after 5?"
    assert (world.state.tags, world.said()[-1]) == (("booking",), "booked_done")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0170 1234567", "01701234567"),
        ("call +1 (415) 555-0134 pls", "+14155550134"),
        ("my number is 030/1234567.", "0301234567"),
        ("12345", None),
        ("1234567890123456", None),
        ("I have 3 shops and 12 staff", None),
        ("", None),
    ],
)
def test_phone_like(text: str, number: str | None) -> None:
    assert phone_number(text) == number


def test_an_old_choice_tapped_later_asks_for_a_person_anew() -> None:
    world = World(desk(SAM))
    assert world.prospect_writes("Call me back", payload="/warmline.callback")
    assert (world.state.owner, world.state.asking) == (Owner.WAITING, "callback_number")


def test_a_tap_while_an_agent_talks_is_the_agents_to_answer() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.prospect_writes("bot", payload="/warmline.bot")
    assert (world.state.owner, world.episode.agent) == (Owner.AGENT, SAM)


def test_an_answer_from_the_page_inbox_counts_as_a_persons() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(TARGETS.first_words_s - 1)
    world.echo()
    assert world.state.owner is Owner.AGENT
    assert world.episode.agent is not None
    assert world.episode.agent.agent_id == "native"
    world.wait(3600)
    assert "first_words" not in world.breaches()
    world.take(SAM)
    assert world.episode.agent == SAM


def test_a_page_inbox_that_falls_silent_gives_the_prospect_back_to_the_team() -> None:
    world = World(desk(SAM))
    world.echo()
    assert (world.state.owner, world.episode.reason) == (Owner.AGENT, Reason.NATIVE_INBOX)
    world.prospect_writes("how much is it?")
    world.wait(TARGETS.next_words_s * 2)
    assert world.state.owner is Owner.WAITING
    assert world.offers() == ["sam"]


def test_a_page_inbox_that_takes_the_thread_without_a_word_still_owes_the_first_words() -> None:
    world = World(desk(SAM))
    world.open()
    world.echo(did="took")
    assert (world.state.owner, world.episode.first_words_at) == (Owner.AGENT, None)
    world.wait(TARGETS.first_words_s + TARGETS.next_words_s + 1)
    assert "first_words" in world.breaches()
    assert world.state.owner is Owner.WAITING


def test_a_thread_given_back_by_the_page_inbox_returns_to_the_bot_once_and_a_person_can_be_asked_for_again() -> None:
    world = World(desk(SAM))
    world.echo()
    first = world.episode.episode_id
    world.prospect_writes("how much is it?")
    world.wait(1)
    for _ in range(2):
        world.gave_back()
    assert (world.state.owner, world.episode.status, world.asked) == (Owner.BOT, "closed", ["how much is it?"])
    assert [s.wording.split("#")[0] for s in world.says if s.wording] == ["ladder/back_to_bot"]
    world.open()
    assert (world.state.owner, world.episode.episode_id != first) == (Owner.WAITING, True)


def test_an_old_word_of_the_page_inbox_giving_back_ends_nothing_it_took_since() -> None:
    world = World(desk(SAM))
    before = world.now
    world.wait(1)
    world.echo()
    world.gave_back(before)
    assert (world.state.owner, world.episode.status) == (Owner.AGENT, "accepted")


def test_a_page_inbox_cannot_give_back_what_an_agent_holds() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.gave_back()
    assert (world.state.owner, world.episode.agent) == (Owner.AGENT, SAM)


def test_an_agent_who_leaves_while_owing_words_is_replaced() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    world.wait(10)
    world.gone(SAM)
    assert (world.state.owner, world.offers()[-1], world.said()[-1]) == (Owner.WAITING, "mia", "agent_left")


def test_an_agent_who_leaves_owing_nothing_keeps_the_talk() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.gone(SAM)
    assert world.state.owner is Owner.AGENT


def test_nothing_is_said_to_someone_who_opted_out() -> None:
    world = World(desk())
    world.open()
    said = len(world.says)
    world.state = replace(world.state, opted_out_at=world.now)
    world.wait(7200)
    assert len(world.says) == said
    world.take(SAM)
    with pytest.raises(CommandRefused) as refused:
        world.write(SAM)
    assert refused.value.code == "opted_out"


def test_capacity_is_kept_when_offering() -> None:
    busy = replace(desk(SAM).seats[0], load=3)
    world = World(replace(desk(), seats=(busy, desk(MIA).seats[0])))
    world.open()
    world.wait(TARGETS.accept_s * 5)
    assert set(world.offers()) == {"mia"}
