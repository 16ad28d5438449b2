"""What an experiment says, in plain words and as plain data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from types import MappingProxyType
from typing import Any

from bot.core.evidence import Count, difference, log_evidence, log_mismatch, p_value
from nurture.experiments.tally import ArmCounts, Outcome, Tally
from nurture.flow import Arm, ExperimentStep, Flow

MISMATCH_ALPHA = 0.001
"""How often a fair split may ever be called uneven. Low, since it throws the whole experiment in doubt."""
NONE: Mapping[tuple[str, str, str], str] = MappingProxyType({})
GUARDS = (Outcome.OPT_OUT, Outcome.COMPLAINT)
NAMES = {Outcome.GOAL: "goal reached", Outcome.REPLY: "replied", Outcome.OPT_OUT: "opted out", Outcome.COMPLAINT: "complained"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An arm beside the first one. `low` and `high` bound the difference of rates, arm less first, at every look at once."""

    arm: str
    outcome: Outcome
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One experiment: counts by arm in the flow's order, comparisons with the first arm, and the verdict."""

    flow_id: str
    experiment: str
    measure: Outcome
    alpha: float
    arms: Mapping[str, ArmCounts]
    comparisons: Sequence[Comparison]
    mismatch_p: float
    verdict: str
    harmful: tuple[str, ...] = ()


def reports(
    flow: Flow, tally: Tally, *, measure: Outcome, alpha: float, now: datetime, stopped: Mapping[tuple[str, str, str], str] = NONE
) -> Iterator[Report]:
    """A report for each experiment of a flow.

    `alpha` is the chance that any arm is ever wrongly called different on the measure; the guards together have as much again.
    `stopped` are arms by (flow, experiment, arm) that nobody new gets, with the reason: these say nothing about the split any more.
    Raises `ValueError` if it isn't between 0 and 1, or the measure is not goal or reply.
    """
    if measure in GUARDS:
        raise ValueError(f"{measure} is guarded against, not measured; measure goal or reply")
    for step in flow.steps.values():
        if isinstance(step, ExperimentStep):
            yield _report(flow.flow_id, step, tally.counts(flow.flow_id, step.id, now=now), measure, alpha, stopped)


def _report(
    flow_id: str,
    step: ExperimentStep,
    counted: Mapping[str, ArmCounts],
    measure: Outcome,
    alpha: float,
    stopped: Mapping[tuple[str, str, str], str],
) -> Report:
    nobody = ArmCounts(shown=0, outcomes={outcome: Count(people=0, hits=0) for outcome in Outcome})
    arms = {arm.name: counted.get(arm.name, nobody) for arm in step.arms}
    others = max(1, len(arms) - 1)
    compared = [
        *_compare(arms, measure, alpha / others),
        *(one for guard in GUARDS for one in _compare(arms, guard, alpha / others / len(GUARDS))),
    ]
    over = {arm.name: stopped[place] for arm in step.arms if (place := (flow_id, step.id, arm.name)) in stopped}
    going = [arm for arm in step.arms if arm.name not in over] or step.arms
    mismatch = log_mismatch([arms[arm.name].shown for arm in going], [arm.share for arm in going])
    harmful = tuple(name for name in _harmful(step.arms, compared) if name not in over)
    verdict = _verdict(step.arms[0].name, measure, compared, uneven=mismatch >= log(1 / MISMATCH_ALPHA), harmful=harmful)
    ended = [f"{name} was stopped: {reason}" for name, reason in over.items()]
    return Report(
        flow_id=flow_id,
        experiment=step.id,
        measure=measure,
        alpha=alpha,
        arms=arms,
        comparisons=compared,
        mismatch_p=p_value(mismatch),
        verdict=" ".join((*ended, verdict)),
        harmful=harmful,
    )


def _compare(arms: Mapping[str, ArmCounts], outcome: Outcome, alpha: float) -> Iterator[Comparison]:
    first, *rest = arms
    a = arms[first].outcomes[outcome]
    for name in rest:
        b = arms[name].outcomes[outcome]
        low, high = difference(a, b, alpha=alpha)
        yield Comparison(arm=name, outcome=outcome, low=low, high=high, p=p_value(log_evidence(a, b)))


def _harmful(arms: Sequence[Arm], compared: Sequence[Comparison]) -> tuple[str, ...]:
    """Arms with more opt-outs or complaints; the first one where another has fewer."""
    guarded = [one for one in compared if one.outcome in GUARDS]
    worse = {one.arm for one in guarded if one.low > 0} | ({arms[0].name} if any(one.high < 0 for one in guarded) else set())
    return tuple(arm.name for arm in arms if arm.name in worse)


def _verdict(first: str, measure: Outcome, compared: Sequence[Comparison], *, uneven: bool, harmful: Sequence[str]) -> str:
    if uneven:
        return "People were not split as the shares say, so believe none of these numbers. Were shares changed, or people left out?"
    if harmful:
        return f"Stop {' and '.join(harmful)}: more people there opt out or complain."
    better = [one for one in compared if one.outcome is measure and one.low > 0]
    worse = [one for one in compared if one.outcome is measure and one.high < 0]
    if not better and not worse:
        return "Nothing can be told yet. Keep it running, and look as often as you like."
    told = [
        *(f"{one.arm} does better than {first}, by {_points(one.low)} to {_points(one.high)} points." for one in better),
        *(f"{one.arm} does worse than {first}, by {_points(-one.high)} to {_points(-one.low)} points." for one in worse),
    ]
    return " ".join(told)


def _points(rate: float) -> str:
    return f"{100 * rate:.1f}"


def as_text(report: Report) -> Iterator[str]:
    """Rows for a terminal."""
    yield f"{report.flow_id}, {report.experiment}: {report.verdict}"
    for name, arm in report.arms.items():
        settled = arm.outcomes[report.measure].people
        happened = ", ".join(
            f"{arm.outcomes[outcome].hits} {NAMES[outcome]} ({100 * arm.outcomes[outcome].rate:.1f} %)"
            for outcome in (report.measure, *GUARDS)
        )
        yield f"  {name}: {arm.shown} shown, {settled} settled: {happened}"
    for one in report.comparisons:
        first = next(iter(report.arms))
        bounds = f"{100 * one.low:+.1f} to {100 * one.high:+.1f} points"
        yield f"  {one.arm} against {first}, {NAMES[one.outcome]}: {bounds} (p {one.p:.3g} at any look)"


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data for JSON; rates and differences from 0 to 1."""
    return {
        "flow": report.flow_id,
        "experiment": report.experiment,
        "measure": report.measure.value,
        "alpha": report.alpha,
        "verdict": report.verdict,
        "harmful": list(report.harmful),
        "mismatch_p": report.mismatch_p,
        "arms": [
            {
                "arm": name,
                "shown": arm.shown,
                "settled": arm.outcomes[report.measure].people,
                **{outcome.value: count.hits for outcome, count in arm.outcomes.items()},
            }
            for name, arm in report.arms.items()
        ],
        "comparisons": [
            {"arm": one.arm, "outcome": one.outcome.value, "low": one.low, "high": one.high, "p": one.p}
            for one in report.comparisons
        ],
    }
