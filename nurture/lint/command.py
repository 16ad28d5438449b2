"""What the commands check: folders and files of flows, a Rasa domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bot.yamlfile import YamlFileError, load_document
from nurture.lint.calls import REPLY
from nurture.lint.check import lint, lint_responses
from nurture.lint.report import below, unreadable
from nurture.lint.rule import Finding
from nurture.lint.totals import FlowScore, flow_score
from nurture.load import load_flows, read_flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in some flows, and how they score."""

    findings: tuple[Finding, ...]
    scores: tuple[FlowScore, ...]


def check_flows(paths: Sequence[Path], min_score: float = 0.0, *, reply: timedelta = REPLY) -> Checked:
    """Lint every flow of these folders and files. A file that cannot be read is a finding, and the others are still checked.

    `reply` is the promise within which the bot answers.

    Raises YamlFileError for a path that does not exist.
    """
    findings: list[Finding] = []
    scores: list[FlowScore] = []
    for path in _files(paths):
        try:
            document, flow = read_flow(path)
        except YamlFileError as error:
            findings.extend(unreadable(error))
            continue
        findings.extend(lint(flow, document, reply=reply))
        scored = flow_score(flow)
        scores.append(scored)
        if short := below(scored, min_score):
            findings.append(replace(short, file=str(path)))
    if not any(finding.rule == "invalid" for finding in findings):
        findings.extend(_between(paths))
    return Checked(findings=tuple(findings), scores=tuple(scores))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.yml"))
        elif path.exists():
            yield path
        else:
            raise YamlFileError(path, 1, 1, "", "does not exist")


def _between(paths: Sequence[Path]) -> Iterator[Finding]:
    """What only shows when a folder is read as a whole: flows that name each other."""
    for path in paths:
        if path.is_dir():
            try:
                load_flows(path)
            except YamlFileError as error:
                yield from unreadable(error)


def check_domain(path: Path) -> tuple[Finding, ...]:
    """Lint the responses of a Rasa domain. Raises YamlFileError for a file that cannot be read."""
    return lint_responses(load_document(path))
