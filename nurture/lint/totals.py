"""Scores of lines, steps and flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from nurture.flow import Flow
from nurture.lint.line import Line, lines_of
from nurture.lint.score import Reason, score


@dataclass(frozen=True, slots=True, kw_only=True)
class LineScore:
    """A wording with its score and the reasons for it."""

    line: Line
    value: float
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScore:
    """A step: the average of its lines."""

    step: str
    value: float
    lines: tuple[LineScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowScore:
    """A flow: the average of its speaking steps, and what those say."""

    flow_id: str
    value: float
    steps: tuple[StepScore, ...]

    @property
    def lowest(self) -> LineScore | None:
        """The line that reads least like a person."""
        return min((line for step in self.steps for line in step.lines), key=lambda line: line.value, default=None)


def line_score(line: Line) -> LineScore:
    """The score of a wording, all its bubbles together, with its fallbacks."""
    found = score(line.whole)
    return LineScore(line=line, value=found.value, why=found.why)


def flow_score(flow: Flow) -> FlowScore:
    """The scores of a flow. One without words scores 100: there is nothing to mind."""
    steps = [_step(step.id, [line_score(line) for line in said]) for step in flow.steps.values() if (said := list(lines_of(step)))]
    value = round(fmean(step.value for step in steps), 1) if steps else 100.0
    return FlowScore(flow_id=flow.flow_id, value=value, steps=tuple(steps))


def _step(step_id: str, lines: Sequence[LineScore]) -> StepScore:
    return StepScore(step=step_id, value=round(fmean(line.value for line in lines), 1), lines=tuple(lines))
