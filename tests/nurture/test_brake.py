"""The brake: how often it is pulled by mistake, how soon when it should be, what it names, and what counts as harm."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.brake import DAYS, FEWEST_HARMED, Counted, Harm, in_words, log_evidence, pull
from bot.core.model import Heard, Reading
from nurture.harm import harm_in

TODAY = date(2026, 5, 12)
LIMIT = 0.02


def day(said: int, harmed: int, *, ago: int = 0, wording: str = "welcome/hello#1") -> Counted:
    return Counted(day=TODAY - timedelta(days=ago), wording=wording, said=said, opted_out=harmed)


def stopped_at(rng: Random, rate: float, *, messages: int, alpha: float, per_day: int = 50) -> int | None:
    """Messages until the brake is pulled, looked at after every harm, as in the service; None: never."""
    counts: list[Counted] = []
    said = harmed = 0
    for number in range(1, messages + 1):
        said += 1
        if rng.random() < rate:
            harmed += 1
            if pull([*counts, day(said, harmed, ago=-(number // per_day))], limit=LIMIT, alpha=alpha):
                return number
        if number % per_day == per_day - 1:
            counts = [*counts, day(said, harmed, ago=-(number // per_day))][-DAYS:]
            said = harmed = 0
    return None


@pytest.mark.parametrize("rate", [0.005, LIMIT])
def test_a_flow_at_the_limit_is_stopped_by_mistake_no_more_often_than_said(rate: float) -> None:
    alpha, days, runs = 0.01, 8, 300
    rng = Random(11)
    mistakes = sum(stopped_at(rng, rate, messages=days * 50, alpha=alpha) is not None for _ in range(runs))

    # One beginning a day, each with a chance of alpha at most; 3 standard errors of room.
    most = alpha * days
    assert mistakes / runs <= most + 3 * (most * (1 - most) / runs) ** 0.5
    assert sum(stopped_at(rng, 0.15, messages=400, alpha=alpha) is not None for _ in range(40)) == 40


def test_a_flow_that_harms_one_in_five_is_stopped_within_a_few_dozen_messages() -> None:
    rng = Random(5)
    took = sorted(stopped_at(rng, 0.2, messages=2000, alpha=1e-4) or 9999 for _ in range(60))

    assert took[30] < 60
    assert took[-1] < 250


def test_a_long_good_past_does_not_hide_a_bad_day() -> None:
    past = [day(5000, 20, ago=ago) for ago in range(1, 30)]

    assert pull(past, limit=LIMIT) is None
    pulled = pull([*past, day(60, 15)], limit=LIMIT)
    assert pulled is not None
    assert (pulled.since, pulled.said, pulled.harmed) == (TODAY, 60, 15)


def test_a_handful_of_people_is_no_evidence() -> None:
    assert pull([day(FEWEST_HARMED - 1, FEWEST_HARMED - 1)], limit=LIMIT) is None
    assert pull([day(30, FEWEST_HARMED - 1)], limit=0.001) is None
    assert pull([], limit=LIMIT) is None


def test_with_a_limit_of_nothing_the_brake_is_off() -> None:
    assert pull([day(100, 100)], limit=0) is None


def test_the_words_that_did_it_are_named_worst_first() -> None:
    counts = [
        day(200, 1, wording="welcome/hello#1"),
        day(60, 2, wording="welcome/what.nudge#1"),
        day(60, 20, wording="welcome/what.nudge#2"),
    ]

    pulled = pull(counts, limit=LIMIT)

    assert pulled is not None
    assert [culprit.wording for culprit in pulled.culprits] == ["welcome/what.nudge#2", "welcome/what.nudge#1"]
    told = in_words(pulled)
    assert "Of 320 messages since 12 May, 23 did harm (23 opted out); 2 of 100 may." in told
    assert "step what.nudge, wording 2: 20 of 60 (20 opted out)" in told


@given(said=st.integers(0, 3000), more=st.integers(0, 3000), limit=st.floats(0.001, 0.4))
def test_more_harm_is_more_evidence_and_none_is_never_any(said: int, more: int, limit: float) -> None:
    harmed = min(said, more)

    assert log_evidence(said, 0, limit) <= 1e-9
    if harmed < said:
        assert log_evidence(said, harmed + 1, limit) > log_evidence(said, harmed, limit)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12), st.floats(0.005, 0.3))
def test_the_order_of_the_counts_does_not_matter(rows: list[tuple[int, int]], limit: float) -> None:
    counts = [day(said, min(said, harmed), ago=ago, wording=f"w/s#{ago % 3}") for ago, (said, harmed) in enumerate(rows)]

    assert pull(counts, limit=limit) == pull(counts[::-1], limit=limit)


@pytest.mark.parametrize(
    ("text", "intent", "harm"),
    [
        ("stop bugging me", "nlu_fallback", Harm.ANGRY),
        ("this is really annoying", "praise", Harm.ANGRY),
        ("that's just SPAM", "nlu_fallback", Harm.ANGRY),
        ("wtf", "nlu_fallback", Harm.ANGRY),
        ("this is terrible", "complaint", Harm.COMPLAINED),
        ("my mails land in the spam folder", "tell_obstacle", None),
        ("i don't want to spam people", "tell_obstacle", None),
        ("people go quiet", "tell_obstacle", None),
        ("not right now", "objection_later", None),
        ("thanks", "thanks", None),
    ],
)
def test_what_counts_as_harm(text: str, intent: str, harm: Harm | None) -> None:
    heard = (Heard(message_id=1, external_id="m", at=datetime(2026, 5, 12, tzinfo=UTC), text=text),)

    assert harm_in(heard, Reading(text=text, intent=intent)) is harm
