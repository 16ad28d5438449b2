"""Experiments: what is counted, and what may be said about it however often somebody looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.events import JournalEntry
from bot.core.evidence import Count, difference, log_evidence, log_mismatch, p_value
from nurture.experiments.report import Report, as_data, as_text, reports
from nurture.experiments.tally import Outcome, Tally
from nurture.flow import Arm, ExperimentStep, Flow

T0 = datetime(2026, 11, 2, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
ALPHA = 0.05
COUNTS = st.integers(0, 300).flatmap(lambda n: st.integers(0, n).map(lambda hits: Count(people=n, hits=hits)))


def flow_of(*shares: int) -> Flow:
    arms = tuple(Arm(name=f"a{n}", share=share, then="end") for n, share in enumerate(shares))
    step = ExperimentStep(id="opener", line=1, arms=arms)
    return Flow(flow_id="f", name="F", version=1, goal="g", triggers=(), steps={step.id: step})


def told(tally: Tally, person: str, kind: str, after: timedelta = timedelta(), **data: Any) -> None:
    tally.add(person, JournalEntry(kind=kind, at=T0 + after, data=data))


def shown(tally: Tally, person: str, arm: str, after: timedelta = timedelta()) -> None:
    told(tally, person, "flow.assigned", after, flow="f", enrolment="e", step="opener", arm=arm)


def filled(**arms: tuple[int, int, int]) -> Tally:
    """Arms with (people, goals, opt-outs)."""
    tally = Tally(within=WEEK)
    for arm, (people, goals, gone) in arms.items():
        for n in range(people):
            shown(tally, f"{arm}{n}", arm)
            if n < goals:
                told(tally, f"{arm}{n}", "flow.ended", flow="f", enrolment="e", status="done", reason="goal")
            if n >= people - gone:
                told(tally, f"{arm}{n}", "prospect.opted_out")
    return tally


def report_of(flow: Flow, tally: Tally) -> Report:
    (report,) = reports(flow, tally, measure=Outcome.GOAL, alpha=ALPHA, now=T0 + 2 * WEEK)
    return report


@pytest.mark.parametrize("rate", [0.03, 0.5])
def test_equal_arms_looked_at_after_every_pair_are_seldom_called_different(rate: float) -> None:
    rng, wrong, runs = Random(7), 0, 2000
    for _ in range(runs):
        a = b = 0
        for people in range(1, 101):
            a, b = a + (rng.random() < rate), b + (rng.random() < rate)
            if log_evidence(Count(people=people, hits=a), Count(people=people, hits=b)) >= log(1 / ALPHA):
                wrong += 1
                break

    assert wrong / runs < ALPHA


def test_a_fair_split_looked_at_after_every_person_is_seldom_called_uneven() -> None:
    rng, wrong, runs = Random(7), 0, 1000
    for _ in range(runs):
        counts = [0, 0]
        for _ in range(100):
            counts[rng.choices((0, 1), (1, 2))[0]] += 1
            if log_mismatch(counts, (1, 2)) >= log(1 / ALPHA):
                wrong += 1
                break

    assert wrong / runs < ALPHA


def test_a_split_of_400_400_200_is_not_one_in_three() -> None:
    assert p_value(log_mismatch((400, 400, 200), (1, 1, 1))) < 1e-6
    assert p_value(log_mismatch((340, 325, 335), (1, 1, 1))) == 1.0


@settings(max_examples=40)
@given(a=COUNTS, b=COUNTS)
def test_the_bounds_hold_what_was_seen_and_turn_round_with_the_arms(a: Count, b: Count) -> None:
    low, high = difference(a, b, alpha=ALPHA)

    assert -1 <= low <= high <= 1
    if a.people and b.people:
        assert low <= b.rate - a.rate <= high
    assert difference(b, a, alpha=ALPHA) == pytest.approx((-high, -low), abs=1e-6)
    assert (low > 0 or high < 0) == (log_evidence(a, b) > log(1 / ALPHA))


def test_nobody_settled_says_nothing() -> None:
    nobody = Count(people=0, hits=0)

    assert difference(nobody, nobody, alpha=ALPHA) == (-1.0, 1.0)
    assert p_value(log_evidence(nobody, nobody)) == 1.0


def test_more_hits_than_people_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2 people"):
        Count(people=2, hits=3)


def test_people_count_once_from_their_first_arm_and_only_when_their_time_is_over() -> None:
    tally = Tally(within=WEEK)
    told(tally, "ann", "turn.heard")
    shown(tally, "ann", "a0")
    shown(tally, "ann", "a1", timedelta(days=3))
    told(tally, "ann", "turn.heard", timedelta(days=8))
    shown(tally, "bob", "a0", timedelta(days=1))
    told(tally, "bob", "turn.heard", timedelta(days=2))
    told(tally, "bob", "flow.ended", timedelta(days=2), flow="another", status="done", reason="goal")
    told(tally, "bob", "episode.opened", timedelta(days=2), reason="complaint")

    early = tally.counts("f", "opener", now=T0 + WEEK)
    later = tally.counts("f", "opener", now=T0 + 2 * WEEK)

    assert list(later) == ["a0"]
    assert early["a0"].shown == 2
    assert early["a0"].outcomes[Outcome.REPLY] == Count(people=1, hits=0)
    assert {outcome: count.hits for outcome, count in later["a0"].outcomes.items()} == {
        Outcome.GOAL: 0,
        Outcome.REPLY: 1,
        Outcome.OPT_OUT: 0,
        Outcome.COMPLAINT: 1,
    }
    assert later["a0"].outcomes[Outcome.REPLY].people == 2


@pytest.mark.parametrize(
    ("tally", "begins", "harmful"),
    [
        (filled(a0=(20, 4, 0), a1=(20, 6, 0)), "Nothing can be told yet.", ()),
        (filled(a0=(400, 40, 2), a1=(400, 120, 2)), "a1 does better than a0, by ", ()),
        (filled(a0=(400, 120, 2), a1=(400, 40, 2)), "a1 does worse than a0, by ", ()),
        (filled(a0=(400, 40, 2), a1=(400, 120, 60)), "Stop a1:", ("a1",)),
        (filled(a0=(400, 40, 60), a1=(400, 120, 2)), "Stop a0:", ("a0",)),
        (filled(a0=(400, 40, 2), a1=(200, 80, 2)), "People were not split as the shares say", ()),
    ],
)
def test_the_verdict_is_in_plain_words(tally: Tally, begins: str, harmful: tuple[str, ...]) -> None:
    report = report_of(flow_of(1, 1), tally)

    assert report.verdict.startswith(begins)
    assert report.harmful == harmful
    assert begins in next(iter(as_text(report)))
    assert as_data(report)["arms"][0]["settled"] == report.arms["a0"].shown


def test_an_arm_that_nobody_was_shown_is_told() -> None:
    assert report_of(flow_of(1, 1), Tally(within=WEEK)).arms["a1"].shown == 0
    assert report_of(flow_of(1, 1), filled(a0=(60, 6, 0))).verdict.startswith("People were not split")


def test_opt_outs_are_no_measure() -> None:
    with pytest.raises(ValueError, match="measure goal or reply"):
        list(reports(flow_of(1, 1), Tally(within=WEEK), measure=Outcome.OPT_OUT, alpha=ALPHA, now=T0))
