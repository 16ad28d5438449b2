"""The person writes while we are still typing: what is thought over, what falls away, what is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import BrainAnswered, BrainFailed, Decision, Inbound
from bot.core.interrupt import HELD_BACK, Anew, must_be_said, still_owed
from bot.core.model import Attachment, ClockKind, Owner, Say, Speaker, State, Unsent
from bot.core.pacing import Pacing
from nurture.copy import asks
from tests.core.conversing import NOW, RULES, answer, answered, follows, heard, waiting_state

TEXTS = (
    "It's 490 a month.",
    "Shipping is free over 50.",
    "What do you sell?",
    "I'm Juno, a bot.",
    "I'll send you the list tomorrow.",
    "We're getting someone for you.",
    "Sure.",
)
INTENTS = st.sampled_from([None, "ask_price", "opening"])
SAYS = st.builds(
    lambda text, wording, speaker, intent: Say(speaker=speaker, text=text, wording=wording, answers=intent),
    st.sampled_from(TEXTS),
    st.sampled_from([None, "utter_price#0", "utter_price#1", "utter_hello"]),
    st.sampled_from([Speaker.BOT, Speaker.BOT, Speaker.FLOW]),
    INTENTS,
)
WROTE = st.sampled_from(["how long does it take?", "never mind", "ok got it", "hm", ""])
ANEW = st.builds(Anew, says=st.lists(SAYS, max_size=3), wrote=WROTE, intent=INTENTS, called=st.booleans())


@given(held=st.lists(SAYS, max_size=6), answered_=ANEW)
def test_a_promise_or_disclosure_is_never_lost(held: list[Say], answered_: Anew) -> None:
    kept = still_owed(held, answered_)
    heard_now = {say.text for say in (*answered_.says, *kept)}
    responses = {(say.wording or "").partition("#")[0] for say in answered_.says} - {""}

    for say in held:
        if say.speaker is Speaker.BOT and must_be_said(say):
            assert say.text in heard_now or (say.wording or "").partition("#")[0] in responses


@given(held=st.lists(SAYS, max_size=6), answered_=ANEW)
def test_nothing_is_made_up_said_twice_or_out_of_order_and_one_question_is_left(held: list[Say], answered_: Anew) -> None:
    kept = still_owed(held, answered_)
    places = [next(n for n, say in enumerate(held) if say is one) for one in kept]
    texts = [say.text for say in (*answered_.says, *kept)]

    assert places == sorted(set(places))
    assert all(texts.count(say.text) == 1 for say in kept)
    questions = [say for say in kept if asks(say.text) and say.answers is None]
    assert len(questions) <= (0 if any(asks(say.text) for say in answered_.says) else 1)
    assert still_owed(kept, answered_) == kept


@given(held=st.lists(SAYS, max_size=6), answered_=ANEW)
def test_what_is_not_wanted_any_more_falls_away(held: list[Say], answered_: Anew) -> None:
    for unwanted in (replace(answered_, called=True), replace(answered_, wrote="never mind, thanks")):
        assert all(must_be_said(say) for say in still_owed(held, unwanted))
    kept = still_owed(held, replace(answered_, intent="ask_price"))
    assert all(must_be_said(say) or say.answers != "ask_price" for say in kept)


def interrupted(*unsent: str, wrote: str, answering: str | None = None, **more: object) -> tuple[State, Decision]:
    """Bubbles of the bot on their way, and the person writes."""
    message = heard(wrote, message_id=9)
    says = [Say(speaker=Speaker.BOT, text=text, answers=answering) for text in unsent]
    bubbles = tuple(Unsent(message_id=n, say=say) for n, say in enumerate(says, 20))
    state = waiting_state(message, unsent=bubbles, last_outbound_at=NOW - timedelta(seconds=1), turns=2, **more)
    return state, follows(state, Inbound(messages=(message,)))


def texts(decision: Decision) -> list[str]:
    return [say.text for say in decision.say]


def test_what_was_just_written_is_answered_before_the_rest_is_said() -> None:
    _, first = interrupted("Shipping is free over 50.", wrote="how long does it take?")
    second = answered(first, answer("ask_delivery", "Two days."))

    assert first.withdraw == (20,)
    assert texts(second) == ["Two days.", "Shipping is free over 50."]
    assert [note.data for note in second.journal if note.kind == "turn.reconsidered"] == [{"said": 1, "dropped": 0}]


def test_the_same_question_again_is_answered_once() -> None:
    _, first = interrupted("It's 490 a month.", "Shipping is extra.", wrote="the price??", answering="ask_price")
    second = answered(first, answer("ask_price", "It's 490 a month."))

    assert texts(second) == ["It's 490 a month."]


def test_lines_that_open_and_come_late_take_no_answer_away() -> None:
    """Two of them in a row are the same as before, and yet ask nothing of what is owed."""
    _, first = interrupted("Five working days.", wrote="one more thing", answering="ask_time")
    second = answered(first, answer("opening", "Ask away."))
    bubbles = tuple(Unsent(message_id=n, say=say) for n, say in enumerate(second.say, 30))
    again = heard("quick question", message_id=10)
    state = replace(waiting_state(again), unsent=bubbles, turns=3, last_reading=second.state.last_reading)
    third = answered(follows(state, Inbound(messages=(again,))), answer("opening", "Sure."))

    assert texts(second) == ["Ask away.", "Five working days."]
    assert texts(third) == ["Sure.", "Five working days."]


def test_an_answer_that_ends_in_a_question_does_not_fall_away_beside_another() -> None:
    _, first = interrupted("We answer in seconds. Shall I show you?", wrote="one more thing", answering="ask_how_it_works")
    second = answered(first, answer("opening", "Of course. What would you like to know?"))

    assert texts(second) == ["Of course. What would you like to know?", "We answer in seconds. Shall I show you?"]


def test_the_old_question_falls_away_beside_a_new_one() -> None:
    _, first = interrupted("What do you sell?", wrote="are you there?")
    second = answered(first, answer("check", "I'm here. What's up?"))

    assert texts(second) == ["I'm here. What's up?"]


def test_who_was_told_nothing_yet_hears_first_that_a_bot_writes() -> None:
    message = heard("how much is it", message_id=9)
    hello = Unsent(message_id=20, say=Say(speaker=Speaker.BOT, text="Hi, I'm Juno, a bot."))
    first = follows(waiting_state(message, unsent=(hello,), turns=1), Inbound(messages=(message,)))
    second = answered(first, answer("ask_price", "It's 490 a month."))

    assert texts(second) == ["Hi, I'm Juno, a bot.", "It's 490 a month."]


def test_a_promise_is_said_even_if_the_brain_fails_and_a_person_is_called() -> None:
    _, first = interrupted("I'll send you the list tomorrow.", "Sure.", wrote="thanks")
    assert first.ask_brain is not None
    second = follows(first.state, BrainFailed(ask=first.ask_brain, error="timeout"))

    assert texts(second)[0] == "I'll send you the list tomorrow."
    assert "Sure." not in texts(second)


def test_a_promise_outlives_the_change_of_hands_that_would_make_it_stale() -> None:
    photo = heard("", message_id=9, attachments=(Attachment(kind="image", url="https://example.com/a.jpg"),))
    promise = Unsent(message_id=20, say=Say(speaker=Speaker.BOT, text="I'll send you the list tomorrow."))
    small_talk = Unsent(message_id=21, say=Say(speaker=Speaker.BOT, text="Sure."))
    state = waiting_state(photo, unsent=(promise, small_talk), turns=1)
    decision = follows(state, Inbound(messages=(photo,)))

    assert decision.state.owner is Owner.WAITING
    assert decision.withdraw == (20,)
    assert texts(decision)[0] == "I'll send you the list tomorrow."


def test_a_stop_takes_everything_back_and_nothing_of_it_is_said() -> None:
    _, decision = interrupted("I'll send you the list tomorrow.", wrote="stop")

    assert decision.withdraw == (20,)
    assert [say.speaker for say in decision.say] == [Speaker.LADDER]


@pytest.mark.parametrize("speaker", [Speaker.LADDER, Speaker.AGENT])
def test_words_of_the_ladder_and_of_agents_are_nobodys_to_take(speaker: Speaker) -> None:
    message = heard("hello?", message_id=9)
    theirs = Unsent(message_id=20, say=Say(speaker=speaker, text="Getting someone."))
    decision = follows(waiting_state(message, unsent=(theirs,)), Inbound(messages=(message,)))

    assert speaker not in HELD_BACK
    assert decision.withdraw == ()


@given(
    unsent=st.lists(st.sampled_from(TEXTS), max_size=4, unique=True),
    wrote=st.lists(st.sampled_from(["how much?", "never mind", "hm", "and delivery?"]), min_size=1, max_size=4),
    intents=st.lists(st.sampled_from(["ask_price", "greet", "nlu_fallback"]), min_size=4, max_size=4),
    replies=st.lists(st.sampled_from(TEXTS), min_size=4, max_size=4),
)
def test_however_often_one_is_interrupted_a_promise_comes_and_nothing_comes_twice(
    unsent: list[str], wrote: list[str], intents: list[str], replies: list[str]
) -> None:
    """Nothing leaves between the bursts: the worst that a person who types fast can do to us."""
    rules = replace(RULES, pacing=Pacing())
    state = waiting_state(turns=1, last_outbound_at=NOW - timedelta(seconds=1), promise=None, clocks=())
    queued = [Unsent(message_id=n, say=Say(speaker=Speaker.BOT, text=text)) for n, text in enumerate(unsent, 1)]
    ids, now = len(queued), NOW
    for words, intent, reply in zip(wrote, intents, replies, strict=False):
        ids, now = ids + 1, now + timedelta(seconds=1)
        message = heard(words, message_id=1000 + ids, at=now)
        before = [one.say.text for one in queued if must_be_said(one.say)]
        kept = {name: getattr(state, name) for name in ("turns", "last_outbound_at", "last_reading")}
        state = replace(waiting_state(message), **kept, unsent=tuple(queued))
        first = follows(state, Inbound(messages=(message,)), now=now, rules=rules)
        assert first.ask_brain is not None
        answered_ = BrainAnswered(ask=first.ask_brain, answer=answer(intent, reply))
        second = follows(first.state, answered_, now=now, rules=rules)
        queued = [one for one in queued if one.message_id not in first.withdraw + second.withdraw]
        for say in second.say:
            ids += 1
            queued.append(Unsent(message_id=ids, say=say))
        said = [one.say.text for one in queued]
        assert set(before) <= set(said)
        assert len(set(said)) == len(said)
        dues = [one.say.due_at for one in queued if one.say.due_at]
        assert dues == sorted(dues)
        state = second.state
        assert state.clock(ClockKind.TURN) is None
