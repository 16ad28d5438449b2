"""Pacing, windows and plain-word consent, for any input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.core import consent
from bot.core.model import Say, Speaker, Window
from bot.core.pacing import Pacing, schedule
from bot.core.window import BY_CHANNEL, SendAs, later, permit, rule_for

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXTS = st.text(max_size=400)
SPEAKERS = st.sampled_from([Speaker.BOT, Speaker.FLOW, Speaker.LADDER, Speaker.AGENT])
MOMENTS = st.integers(-10 * 86400, 10 * 86400).map(lambda s: NOW + timedelta(seconds=s))


@given(
    says=st.lists(st.builds(lambda t, s: Say(speaker=s, text=t), TEXTS, SPEAKERS), max_size=6),
    seed=st.integers(0, 99),
    lag=st.integers(0, 30),
)
def test_bubbles_keep_their_order_and_none_waits_longer_than_the_cap(says: list[Say], seed: int, lag: int) -> None:
    pacing = Pacing()
    after = NOW + timedelta(seconds=lag)
    timed = schedule(says, now=NOW, after=after, pacing=pacing, rng=Random(seed))
    due = [s.due_at for s in timed]

    assert due == sorted(d for d in due if d)
    assert [s.text for s in timed] == [s.text for s in says]
    at = after
    for say in timed:
        assert say.due_at is not None
        assert at <= say.due_at <= at + timedelta(seconds=pacing.longest_s + 0.001)
        assert say.typing_at is None or at <= say.typing_at <= say.due_at
        at = say.due_at


@given(text=TEXTS)
def test_instant_pacing_and_urgent_words_wait_for_nothing(text: str) -> None:
    instant = schedule([Say(speaker=Speaker.BOT, text=text)], now=NOW, after=None, pacing=Pacing(instant=True), rng=Random(1))
    urgent = schedule([Say(speaker=Speaker.BOT, text=text, urgent=True)], now=NOW, after=None, pacing=Pacing(), rng=Random(1))

    assert [s.due_at for s in (*instant, *urgent)] == [NOW, NOW]
    assert [s.typing_at for s in (*instant, *urgent)] == [None, None]


@given(opened=MOMENTS, now=MOMENTS, speaker=SPEAKERS)
def test_the_human_tag_is_never_on_words_that_no_human_wrote(opened: datetime, now: datetime, speaker: Speaker) -> None:
    window = rule_for("facebook").opened(action="message", at=opened)
    send_as = permit("facebook", speaker=speaker, closes_at=window.closes_at, last_inbound_at=opened, now=now)
    age = now - opened

    if age < timedelta(hours=24):
        assert send_as is (SendAs.UPDATE if speaker is Speaker.FLOW else SendAs.RESPONSE)
    elif speaker is Speaker.AGENT and age < timedelta(days=7):
        assert send_as is SendAs.HUMAN_AGENT
    else:
        assert send_as is None


def test_the_widget_is_always_open() -> None:
    assert "widget" not in BY_CHANNEL
    window = rule_for("widget").opened(action="message", at=NOW)

    assert (
        permit("widget", speaker=Speaker.FLOW, closes_at=window.closes_at, last_inbound_at=NOW, now=NOW + timedelta(days=90))
        is SendAs.UPDATE
    )


@given(first=MOMENTS, second=MOMENTS)
def test_opening_a_window_again_never_shortens_it(first: datetime, second: datetime) -> None:
    rule = rule_for("facebook")
    one, two = rule.opened(action="message", at=first), rule.opened(action="message", at=second)
    kept: Window = later(one, two)

    assert kept.closes_at == max(w.closes_at for w in (one, two) if w.closes_at)


@given(text=TEXTS)
def test_consent_reads_any_text_and_never_both_ways(text: str) -> None:
    assert not (consent.is_stop(text) and consent.is_start(text))
