"""Not understood: ask once, then bring a person."""

from actions import clarify
from tests.actions.talking import Talk

MISS = "nlu_fallback"
TO_A_PERSON = [{"do": "handoff", "reason": "not_understood"}]


def test_first_miss_offers_the_two_best_guesses_in_plain_words_and_a_person() -> None:
    turn = Talk().hear(MISS, "blorp", ranking=(MISS, "ask_time", "tell_goal", "ask_price", "ask_location"))
    assert turn.said == ["utter_clarify"]
    assert turn.directives == []
    assert turn.buttons == [
        {"title": "How long it takes", "payload": "/ask_time"},
        {"title": "What it costs", "payload": "/ask_price"},
        {"title": "Talk to a person", "payload": "/want_human"},
    ]


def test_first_miss_without_a_usable_ranking_offers_the_usual_questions() -> None:
    turn = Talk().hear(MISS, "blorp", ranking=("affirm", "greet"))
    assert [button["payload"] for button in turn.buttons] == ["/ask_how_it_works", "/ask_price", "/want_human"]


def test_second_miss_in_a_row_brings_a_person_without_another_question() -> None:
    talk = Talk()
    talk.hear(MISS, "blorp")
    turn = talk.hear(MISS, "blorp blorp")
    assert turn.said == []
    assert turn.directives == TO_A_PERSON


def test_understood_message_between_two_misses_starts_the_count_again() -> None:
    talk = Talk()
    talk.hear(MISS, "blorp")
    talk.hear("ask_price", "how much")
    assert talk.hear(MISS, "blorp").said == ["utter_clarify"]


def test_miss_that_a_flow_took_as_an_answer_does_not_count() -> None:
    talk = Talk()
    talk.hear("greet", "hi")
    talk.flow_says("What do you sell?")
    talk.hear(MISS, "blorpware")
    talk.flow_says("What would you like more of?")
    turn = talk.hear(MISS, "zing")
    assert turn.directives == []
    assert talk.hear(MISS, "zang").directives == TO_A_PERSON


def test_miss_before_a_new_session_does_not_count() -> None:
    talk = Talk()
    talk.hear(MISS, "blorp")
    talk.events.append({"event": "session_started"})
    assert talk.hear(MISS, "blorp").said == ["utter_clarify"]


def test_no_to_all_guesses_brings_a_person() -> None:
    talk = Talk()
    talk.hear(MISS, "blorp")
    assert talk.hear("deny", "none of those").directives == TO_A_PERSON


def test_yes_to_guesses_asks_which_one_with_the_same_quick_replies() -> None:
    talk = Talk()
    offered = talk.hear(MISS, "blorp", ranking=("ask_time", "ask_location")).buttons
    turn = talk.hear("affirm", "yes")
    assert turn.said == ["utter_which_one"]
    assert turn.buttons == offered


def test_delicate_guess_is_offered_only_when_the_classifier_leans_that_way() -> None:
    unlikely = [{"name": "stop", "confidence": 0.1}, {"name": "ask_time", "confidence": 0.1}]
    likely = [{"name": "stop", "confidence": 0.4}, {"name": "ask_time", "confidence": 0.1}]
    assert "/stop" not in [guess["payload"] for guess in clarify.guesses(unlikely)]
    assert clarify.guesses(likely)[0]["payload"] == "/stop"


def test_titles_are_short_distinct_and_never_intent_names() -> None:
    titles = [*clarify.TITLES.values(), clarify.PERSON["title"]]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 20 and "_" not in title for title in titles)
