"""An arm that does harm is stopped: how often by mistake, how soon when it should be, and what people then get."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from bot.core.brake import Harm
from bot.core.guard import FEWEST_HARMED, harmful, in_words
from nurture.engine import Nurture
from nurture.experiments.report import reports
from nurture.experiments.tally import Outcome, Tally
from nurture.flow import Arm, ExperimentStep, Flow, GotoStep, Step, Trigger, WaitStep
from nurture.harm import blame
from tests.nurture.nurture_talk import NOON, PERSONA, Talk

ARMS = (Arm(name="short", share=1, then="rest"), Arm(name="long", share=1, then="rest"), Arm(name="odd", share=2, then="rest"))
SHARES = {arm.name: arm.share for arm in ARMS}


def flow() -> Flow:
    steps: dict[str, Step] = {
        "opener": ExperimentStep(id="opener", arms=ARMS),
        "rest": WaitStep(id="rest", duration=timedelta(days=3), then="again"),
        "again": GotoStep(id="again", then="opener"),
    }
    return Flow(flow_id="f", name="F", version=1, goal="g", triggers=(Trigger(kind="manual"),), steps=steps, repeat=True)


def stopped_after(rng: Random, weights: dict[str, float], *, harms: int, alpha: float = 0.01) -> tuple[int, str] | None:
    """After how many harms an arm is stopped, looked at after each; `weights` say how much more each arm harms than its share."""
    harmed: Counter[str] = Counter()
    for number in range(1, harms + 1):
        harmed[rng.choices(list(SHARES), weights=[SHARES[a] * weights.get(a, 1.0) for a in SHARES])[0]] += 1
        if (arm := harmful(harmed, SHARES, alpha=alpha)) is not None:
            return number, arm
    return None


def test_arms_that_are_alike_are_seldom_stopped_however_often_one_looks() -> None:
    alpha, runs, rng = 0.05, 400, Random(3)
    mistakes = sum(stopped_after(rng, {}, harms=300, alpha=alpha) is not None for _ in range(runs))

    assert mistakes / runs <= alpha + 3 * (alpha * (1 - alpha) / runs) ** 0.5


def test_an_arm_that_harms_eight_times_as_much_is_stopped_soon() -> None:
    rng = Random(4)
    found = [stopped_after(rng, {"long": 8}, harms=300) for _ in range(40)]

    assert {one[1] for one in found if one} == {"long"}
    assert sorted(one[0] if one else 999 for one in found)[36] < 80


def test_few_harms_and_a_last_arm_are_left_alone() -> None:
    assert harmful({"short": FEWEST_HARMED - 1}, SHARES) is None
    assert harmful({"short": 500}, {"short": 1}) is None
    assert harmful({"short": 30, "gone": 500}, {"short": 1, "long": 1}) == "short"


def test_it_is_told_in_plain_words() -> None:
    told = in_words("long", {"long": 14, "short": 2, "odd": 2}, SHARES)

    assert told == (
        "14 of 18 people who opted out, complained or got angry were in the arm long, though only 25 of 100 people are put into "
        "it. Nobody new gets it."
    )


def entered(nurture: Nurture, person: str) -> tuple[Talk, str]:
    talk = Talk(nurture)
    talk.state = replace(talk.state, conversation_id=person)
    talk.start("f")
    talk.later(timedelta(minutes=5))
    return talk, str(talk.noted("flow.assigned")[-1]["arm"])


@pytest.fixture
def going() -> Nurture:
    return Nurture(flows={"f": flow()}, persona=PERSONA)


@pytest.fixture
def without_odd(going: Nurture) -> Nurture:
    return replace(going, stopped={("f", "opener", "odd"): "harm"})


def test_nobody_new_gets_a_stopped_arm_and_everybody_else_keeps_theirs(going: Nurture, without_odd: Nurture) -> None:
    before = {f"p{n}": entered(going, f"p{n}")[1] for n in range(200)}
    after = {f"p{n}": entered(without_odd, f"p{n}")[1] for n in range(200)}

    assert set(after.values()) == {"short", "long"}
    assert all(after[person] == arm for person, arm in before.items() if arm != "odd")
    redrawn = Counter(after[person] for person, arm in before.items() if arm == "odd")
    assert abs(redrawn["short"] - redrawn["long"]) < 35


def test_whoever_is_inside_stays_where_they_are_and_leaves_the_arm_when_they_come_by_again(
    going: Nurture, without_odd: Nurture
) -> None:
    talk = next(talk for talk, arm in (entered(going, f"p{n}") for n in range(50)) if arm == "odd")
    talk.nurture = without_odd
    talk.later(timedelta(days=1))
    assert talk.state.live_enrolments[0].step_id == "rest"

    talk.later(timedelta(days=3))
    assert talk.noted("flow.assigned")[0]["arm"] == "odd"
    assert talk.noted("flow.assigned")[-1]["arm"] in ("short", "long")


def test_a_harm_is_laid_to_the_arm_once_and_to_no_arm_that_was_stopped(going: Nurture) -> None:
    talk, arm = entered(going, "p1")

    def harmed(nurture: Nurture) -> object:
        from bot.core.model import Touched

        def rule(draft: object) -> None:
            draft.set(touched=Touched(flow_id="f", wording="f/hi#1", at=talk.now))  # type: ignore[attr-defined]
            blame(draft, nurture, Harm.ANGRY, limit=0.02)  # type: ignore[arg-type]

        talk._decide(rule, prompted=True)
        return talk.noted("flow.harmed")[-1]["arms"]

    assert harmed(going) == {"opener": {"arm": arm, "shares": SHARES}}
    assert harmed(going) == {}
    talk, arm = entered(going, "p2")
    assert harmed(replace(going, stopped={("f", "opener", arm): "harm"})) == {}


def test_the_report_says_that_an_arm_was_stopped_and_does_not_take_that_for_a_bad_split() -> None:
    tally = Tally(within=timedelta(days=1))
    for number in range(300):
        arm = "odd" if number < 20 else ("short", "long")[number % 2]
        tally.add(f"p{number}", entry("flow.assigned", flow="f", step="opener", arm=arm))

    def verdict(stopped: dict[tuple[str, str, str], str]) -> str:
        now = NOON + timedelta(days=2)
        (report,) = reports(flow(), tally, measure=Outcome.REPLY, alpha=0.05, now=now, stopped=stopped)
        return report.verdict

    assert "were not split" in verdict({})
    told = verdict({("f", "opener", "odd"): "It did harm."})
    assert told.startswith("odd was stopped: It did harm.")
    assert "were not split" not in told


def entry(kind: str, **data: object):  # type: ignore[no-untyped-def]
    from bot.core.events import JournalEntry

    return JournalEntry(kind=kind, at=NOON, data=data)
