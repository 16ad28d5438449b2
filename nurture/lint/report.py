"""Findings as people and programs read them: text, GitHub annotations, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from bot.yamlfile import YamlFileError
from nurture.lint.rule import Finding, Severity
from nurture.lint.totals import FlowScore, LineScore

INVALID = "invalid"
"""The rule named where a file cannot be read as a flow at all."""


def unreadable(error: YamlFileError) -> tuple[Finding, ...]:
    """What keeps a file from being read, as findings."""
    return tuple(
        Finding(
            file=str(problem.file),
            line=problem.line,
            column=problem.column,
            step="",
            rule=INVALID,
            severity=Severity.ERROR,
            message=f"{problem.field}: {problem.message}" if problem.field else problem.message,
            suggestion="",
        )
        for problem in (error, *error.others)
    )


def below(scores: FlowScore, minimum: float) -> Finding | None:
    """A finding for a flow whose score is under the one asked for, placed at the file's first line."""
    if scores.value >= minimum:
        return None
    lowest = scores.lowest
    worst = f' Start with "{lowest.line.whole}" ({lowest.line.step}, {lowest.value:.0f}).' if lowest else ""
    return Finding(
        file="",
        line=1,
        column=1,
        step="",
        rule="low_score",
        severity=Severity.ERROR,
        message=f"the flow scores {scores.value:.0f} of 100; {minimum:.0f} are asked for.",
        suggestion=worst.strip(),
    )


def as_text(findings: Sequence[Finding], *, explain: bool = False) -> Iterator[str]:
    """One line each, and the mended line under it; explained, why its rule is there and by what source."""
    for finding in findings:
        where = f"{_shown(finding.file)}:{finding.line}:{finding.column}"
        told = f"{finding.severity}: {finding.rule}: {finding.message} {finding.suggestion}".rstrip()
        yield f"{where}: {told}"
        if finding.rewrite:
            yield f"    for example: {' / '.join(part.strip() for part in finding.rewrite.splitlines() if part.strip())}"
        if explain and finding.reason:
            yield f"    why: {finding.reason} ({finding.source})"


def as_github(findings: Sequence[Finding], *, explain: bool = False) -> Iterator[str]:
    """Workflow commands that GitHub shows beside the line (GitHub Docs, Workflow commands)."""
    for finding in findings:
        place = f"file={_property(_shown(finding.file))},line={finding.line},col={finding.column},title={_property(finding.rule)}"
        told = f"{finding.message} {finding.suggestion}".rstrip()
        if finding.rewrite:
            told += f"\nFor example: {finding.rewrite}"
        if explain and finding.reason:
            told += f"\nWhy: {finding.reason} ({finding.source})"
        yield f"::{finding.severity} {place}::{_data(told)}"


def as_json(findings: Sequence[Finding], scores: Sequence[FlowScore]) -> str:
    """Everything, for programs: findings and the scores of flows, steps and lines with their reasons."""
    told = {
        "findings": [
            {**asdict(finding), "file": _shown(finding.file), "reason": finding.reason, "source": finding.source}
            for finding in findings
        ],
        "flows": [
            {
                "flow": flow.flow_id,
                "score": flow.value,
                "steps": [
                    {"step": step.step, "score": step.value, "lines": [_line(line) for line in step.lines]} for step in flow.steps
                ],
            }
            for flow in scores
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _line(scored: LineScore) -> dict[str, object]:
    line = scored.line
    return {
        "field": line.field,
        "channel": line.channel or None,
        "wording": line.number,
        "text": line.whole,
        "score": scored.value,
        "why": [{"feature": why.feature, "points": why.points, "shown": list(why.shown)} for why in scored.why],
    }


def _shown(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return str(path.resolve().relative_to(here)) if path.resolve().is_relative_to(here) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
