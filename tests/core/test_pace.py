"""How long a bubble takes: what it grows with, what shortens it, and the bounds that always hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import BrainAnswered, Inbound
from bot.core.model import Say, Speaker
from bot.core.pacing import (
    ANYBODY,
    FASTEST,
    LONGEST_GAP_S,
    SLOWEST,
    Pacing,
    Partner,
    gap_known,
    length,
    reading_s,
    schedule,
    times,
    typing_s,
)
from tests.core.conversing import RULES, answer, follows, heard, waiting_state

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
PACING = Pacing()
PARTNERS = st.builds(
    Partner,
    channel=st.sampled_from(["facebook", "widget", ""]),
    wrote=st.text(max_size=2000),
    wrote_at=st.none() | st.just(NOW) | st.just(NOW - timedelta(minutes=3)),
    reply_gap_s=st.none() | st.floats(0, 1e6),
    turns=st.integers(0, 10_000),
)


def whole_s(text: str, partner: Partner = ANYBODY) -> float:
    return sum(times(text, PACING, partner, Random(1)))


@given(text=st.text(max_size=2000), partner=PARTNERS, seed=st.integers(0, 99), to_read_s=st.floats(0, 600))
def test_no_bubble_takes_longer_than_the_bound(text: str, partner: Partner, seed: int, to_read_s: float) -> None:
    think, typing = times(text, PACING, partner, Random(seed), to_read_s=to_read_s)

    assert think >= 0
    assert typing >= 0
    assert think + typing <= PACING.longest_s + 1e-9
    assert FASTEST <= partner.pace <= SLOWEST


@given(text=st.text(min_size=1, max_size=150), more=st.text(min_size=1, max_size=20), partner=PARTNERS)
def test_more_words_never_take_less_time(text: str, more: str, partner: Partner) -> None:
    assert whole_s(text + more, partner) >= whole_s(text, partner)


def test_the_speeds_are_those_of_the_sources() -> None:
    assert reading_s("x" * 238 * 6) == pytest.approx(60)
    assert typing_s("x" * 516 * 6, "widget") == pytest.approx(600)
    assert typing_s("x" * 362 * 6, "facebook") == pytest.approx(600)


def test_phones_are_slower_than_keyboards_and_wide_scripts_than_letters() -> None:
    text = "Sure, give me a second."

    assert whole_s(text, Partner(channel="facebook")) > whole_s(text, Partner(channel="widget"))
    assert length("日本語") == 7.5 > length("abc")


def test_who_replies_fast_or_knows_us_waits_less() -> None:
    text = "Got it. What gets in the way most with your shop?"

    assert whole_s(text, Partner(reply_gap_s=3)) < whole_s(text, Partner(reply_gap_s=20)) <= whole_s(text, Partner())
    assert whole_s(text, Partner(turns=10)) < whole_s(text, Partner(turns=0))


def test_a_long_message_is_read_first_and_what_has_passed_counts() -> None:
    def begins(wrote: str, ago_s: float) -> float:
        partner = Partner(wrote=wrote, wrote_at=NOW - timedelta(seconds=ago_s))
        said = [Say(speaker=Speaker.BOT, text="Okay."), Say(speaker=Speaker.BOT, text="And you?")]
        (first, _) = schedule(said, now=NOW, after=None, pacing=PACING, rng=Random(1), partner=partner)
        assert first.typing_at is not None
        return (first.typing_at - NOW).total_seconds()

    assert begins("word " * 60, 0) > begins("hi", 0)
    assert begins("word " * 60, 60) == begins("", 60)


def test_a_persons_pace_is_learnt_from_their_replies_alone() -> None:
    known = gap_known(None, said_at=NOW, replied_at=NOW + timedelta(seconds=8))
    assert known == 8
    faster = gap_known(known, said_at=NOW, replied_at=NOW + timedelta(seconds=2))
    assert faster is not None
    assert 2 < faster < 8
    assert gap_known(known, said_at=NOW, replied_at=NOW + timedelta(seconds=LONGEST_GAP_S + 1)) == known
    assert gap_known(known, said_at=None, replied_at=NOW) == known
    assert gap_known(known, said_at=NOW, replied_at=NOW - timedelta(seconds=1)) == known


def test_a_decision_paces_by_what_was_written_and_by_whom() -> None:
    rules = replace(RULES, pacing=PACING)

    def takes(text: str, **more: object) -> float:
        state = waiting_state(heard(text), last_outbound_at=NOW - timedelta(seconds=4), **more)
        asked = follows(state, Inbound(messages=state.unheard), rules=rules)
        assert asked.ask_brain is not None
        said = BrainAnswered(ask=asked.ask_brain, answer=answer("greet", "Hey, good to see you."))
        decision = follows(asked.state, said, rules=rules)
        assert decision.state.reply_gap_s is not None
        assert decision.say[0].due_at is not None
        return (decision.say[0].due_at - NOW).total_seconds()

    assert takes("i have a long story to tell " * 12) > takes("hi")
    assert takes("hi", turns=9) < takes("hi")
