"""The reference flows as people meet them, as transcripts: `> ` is the prospect, `bot` the brain, the rest flow steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.engine import Nurture
from tests.nurture.nurture_talk import DAY, HOUR, Talk, met


def test_from_hello_to_a_person(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("yeah", "affirm")
    talk.write("yes please", "affirm")

    assert talk.lines == [
        "> hi",
        "welcome/hello",
        "welcome/what",
        "> i sell candles",
        "welcome/obstacle",
        "> people go quiet",
        "welcome/tip_quiet",
        "welcome/useful",
        "> yeah",
        "welcome/look",
        "> yes please",
    ]
    assert talk.asks_for_person() == "Wants the free 15-minute look at their chats."


@pytest.mark.parametrize("seed", range(12))
def test_the_first_words_say_that_a_bot_is_writing(nurture: Nurture, seed: int) -> None:
    talk = Talk(nurture, seed=seed)
    talk.write("hi", "greet")

    assert "Juno" in talk.texts[0]
    assert "Sundial" in talk.texts[0]
    assert "bot" in talk.texts[0]


@pytest.mark.parametrize("seed", range(12))
def test_what_was_told_is_remembered_and_said_back(nurture: Nurture, seed: int) -> None:
    talk = met(nurture, seed=seed)

    assert talk.state.slots["product"] == "candles"
    assert talk.state.slots["business_kind"] == "candles"
    assert talk.state.slots["obstacle"] == "people go quiet"
    assert {"event": "slot", "name": "product", "value": "candles"} in talk.tracked
    assert any("candles" in text for text in talk.texts)
    assert max(len(text) for text in talk.texts) <= 160


def test_what_the_brain_understood_is_kept_over_the_raw_words(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("well so i sell like candles", "tell_business", slots={"business_kind": "candles", "product": "candles"})

    assert talk.state.slots["business_kind"] == "candles"
    assert not any(event["name"] == "business_kind" for event in talk.tracked)


@pytest.mark.parametrize(
    ("obstacle", "tip"),
    [
        ("my replies are way too slow", "tip_slow"),
        ("they disappear after i tell the price", "tip_quiet"),
        ("i'm alone and busy with parcels", "tip_time"),
        ("i need more customers", "tip_buyers"),
        ("honestly everything", "tip_general"),
    ],
)
def test_the_tip_fits_what_gets_in_the_way(nurture: Nurture, obstacle: str, tip: str) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("i sell candles", "tell_business")
    talk.write(obstacle, "tell_obstacle")

    assert talk.lines[-2:] == [f"welcome/{tip}", "welcome/useful"]


def test_a_tapped_answer_counts_even_where_the_brain_does_not_understand_it(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("candles", "tell_business")
    talk.write("No time", "nlu_fallback", payload="No time")

    assert talk.state.slots["obstacle"] == "no time"
    assert talk.lines[-2:] == ["welcome/tip_time", "welcome/useful"]


@pytest.mark.parametrize("text", ["idk", "Don’t know...", "no idea", "not sure", "hmm", "..."])
def test_no_answer_is_not_kept_as_one(nurture: Nurture, text: str) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write(text, "nlu_fallback", brain=("No worries.",))

    assert talk.lines[-3:] == [f"> {text}", "bot", "welcome/what.again"]
    assert "business_kind" not in talk.state.slots


def test_a_tapped_answer_that_the_channel_sends_as_a_payload_counts(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("candles", "tell_business")
    talk.write("", "tell_obstacle", payload='/tell_obstacle{"obstacle": "people go quiet"}')

    assert talk.state.slots["obstacle"] == "people go quiet"
    assert talk.lines[-2] == "welcome/tip_quiet"


def test_a_question_is_answered_first_and_then_the_flow_asks_again(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("how much is it", "ask_price", brain=("From 49 a month.",))
    talk.write("candles", "tell_business")

    assert talk.lines == [
        "> hi",
        "welcome/hello",
        "welcome/what",
        "> how much is it",
        "bot",
        "welcome/what.again",
        "> candles",
        "welcome/obstacle",
    ]


def test_a_first_question_is_greeted_answered_and_followed_by_one_question(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("how much is it?", "ask_price", brain=("From 49 a month.",))

    assert talk.lines == ["> how much is it?", "welcome/hello", "bot", "welcome/what"]


def test_an_answer_that_asks_back_is_never_met_with_a_second_question(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("how much is it?", "ask_price", brain=("It depends. How many chats do you get?",))

    assert talk.lines[-2:] == ["> how much is it?", "bot"]
    talk.later(timedelta(minutes=11))
    assert talk.lines[-1] == "welcome/what.again"


def test_the_question_is_put_again_at_most_twice(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    for _ in range(5):
        talk.write("and where are you?", "ask_location", brain=("Lisbon.",))

    assert talk.lines.count("welcome/what.again") == 2


def test_a_first_message_that_already_answers_is_not_asked_again(nurture: Nurture) -> None:
    talk = Talk(nurture)
    absorbed = talk.write("hi, i sell candles", "tell_business", entities={"product": "candles"})

    assert absorbed
    assert talk.lines == ["> hi, i sell candles", "welcome/hello", "welcome/obstacle"]


def test_a_first_message_that_tells_and_asks_gets_its_answer_in_the_middle(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("how much for a candle shop?", "ask_price", entities={"product": "candles"}, brain=("From 49 a month.",))

    assert talk.lines == ["> how much for a candle shop?", "welcome/hello", "bot", "welcome/obstacle"]


def test_words_that_make_no_sense_are_not_taken_for_an_answer_to_nothing(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("asdf", "nlu_fallback")

    assert talk.lines == ["> asdf", "welcome/hello", "welcome/what"]
    assert "business_kind" not in talk.state.slots


def test_a_question_that_is_not_understood_goes_to_the_brain(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("do you do tarot?", "nlu_fallback", brain=("Sorry, I didn't get that.",))

    assert talk.lines[-3:] == ["> do you do tarot?", "bot", "welcome/what.again"]


def test_silence_is_nudged_once_and_then_let_be(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.later(10 * DAY)

    assert talk.lines == ["> hi", "welcome/hello", "welcome/what", "welcome/what.nudge"]
    assert talk.ends == [("welcome", "stopped", "silent")]


def test_a_late_answer_to_the_nudge_still_counts(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.later(timedelta(minutes=40))
    talk.write("oh sorry, candles", "nlu_fallback")

    assert talk.lines[-3:] == ["welcome/what.nudge", "> oh sorry, candles", "welcome/obstacle"]


def test_at_night_the_nudge_waits_for_the_persons_morning(nurture: Nurture) -> None:
    evening = datetime(2026, 5, 12, 13, 30, tzinfo=UTC)  # 21:30 in Manila
    talk = Talk(nurture, now=evening, zone="Asia/Manila")
    talk.write("hi", "greet")
    talk.later(9 * HOUR)
    assert talk.lines[-1] == "welcome/what"
    held = talk.noted("flow.held")
    talk.later(3 * HOUR)

    assert [(note["reason"], note["step"]) for note in held] == [("quiet_hours", "what")]
    assert talk.lines[-1] == "welcome/what.nudge"


def test_a_person_who_writes_at_night_is_answered_at_night(nurture: Nurture) -> None:
    talk = Talk(nurture, now=datetime(2026, 5, 12, 2, 0, tzinfo=UTC))
    talk.write("hi", "greet")
    talk.write("candles", "tell_business")

    assert talk.lines[-1] == "welcome/obstacle"


def test_an_opt_out_ends_everything_for_good(nurture: Nurture) -> None:
    talk = met(nurture)
    said = len(talk.lines)
    talk.opt_out()
    talk.later(30 * DAY)
    talk.write("hi again", "greet", brain=())

    assert talk.lines[said:] == ["> stop", "> hi again"]
    assert talk.ends == [("welcome", "exited", "opted_out")]
    assert talk.state.clocks == ()


def test_a_person_takes_over_and_the_flow_goes_on_after_a_pause(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.write("candles", "tell_business")
    talk.person_takes_over()
    talk.later(5 * HOUR)
    assert talk.lines[-1] == "-- a person"
    talk.person_gives_back("returned")
    talk.later(timedelta(minutes=9))
    assert talk.lines[-1] == "-- back, returned"
    talk.write("so yeah, too little time", "tell_obstacle")

    assert talk.lines[-3:] == ["> so yeah, too little time", "welcome/tip_time", "welcome/useful"]


def test_silence_after_a_person_gave_back_is_nudged_as_usual(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.person_takes_over()
    talk.later(HOUR)
    talk.person_gives_back("returned")
    talk.later(HOUR)

    assert talk.lines[-2:] == ["-- back, returned", "welcome/what.nudge"]


def test_whoever_is_no_fit_hears_from_no_flow_again(nurture: Nurture) -> None:
    talk = Talk(nurture)
    talk.write("hi", "greet")
    talk.person_takes_over()
    talk.person_gives_back("no_fit")
    talk.later(timedelta(days=5))

    assert talk.lines[-1] == "-- back, no_fit"
    assert talk.ends == [("welcome", "exited", "no_fit"), ("follow_up", "stopped", "no fit")]
    assert talk.state.tags == ("no_fit",)
    assert talk.start("win_back") is False


def test_after_the_look_with_a_person_the_flow_is_done(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("yeah", "affirm")
    talk.write("yes please", "affirm")
    talk.person_takes_over()
    talk.person_gives_back("returned")
    talk.later(HOUR)

    assert talk.ends == [("welcome", "done", "goal")]
    assert talk.state.finished_flows == ("welcome",)


def test_no_to_the_tip_is_not_met_with_an_offer(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("nah", "deny")

    assert talk.lines[-1] == "welcome/fair_enough"
    assert talk.ends == [("welcome", "done", "goal")]


def test_no_to_the_offer_is_fine(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("sure", "affirm")
    talk.write("maybe later", "objection_later")

    assert talk.lines[-1] == "welcome/no_rush"
    assert talk.asks_for_person() is None


def test_thanks_after_the_offer_is_answered_by_the_brain_and_the_offer_is_not_pushed(nurture: Nurture) -> None:
    talk = met(nurture)
    talk.write("sure", "affirm")
    talk.write("thanks", "thanks", brain=("Any time.",))

    assert talk.lines[-3:] == ["welcome/look", "> thanks", "bot"]
