"""`warmline copy`, and `warmline flows lint`: what a prospect would mind about words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot import settings as settings_module
from bot.core.model import WarmlineError

if TYPE_CHECKING:
    from nurture.lint import Finding, FlowScore

copy = typer.Typer(no_args_is_help=True, help="The words of the bot, and any other words.")
console = Console(stderr=True, highlight=False, soft_wrap=True)


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


Explain = Annotated[bool, typer.Option("--explain", help="Say of each finding why its rule is there, and by what source.")]


class FileUnreadable(WarmlineError):
    """A file named on the command line cannot be read."""


def lint_flows(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders of flows, or flow files.")] = None,
    form: Annotated[Format, typer.Option("--format", help="text, github (annotations) or json.")] = Format.TEXT,
    min_score: Annotated[float, typer.Option(min=0, max=100, help="Fail for a flow that scores less.")] = 0.0,
    explain: Explain = False,
) -> None:
    """Read every flow and say what a prospect would mind, with file, line and column. Errors give exit code 1."""
    from nurture.lint.command import check_flows

    chosen = settings_module.load()
    checked = check_flows(paths or [chosen.flows], min_score, reply=_promised_reply(chosen))
    _tell(checked.findings, form, checked.scores, explain=explain)


def _promised_reply(chosen: settings_module.Settings) -> timedelta:
    """Within which time the bot answers: by the promises file, if there is one here."""
    from handoff.policy import Policy
    from nurture.lint.calls import REPLY

    return timedelta(seconds=Policy.load(chosen.promises).targets.reply_s) if chosen.promises.exists() else REPLY


@copy.command("lint")
def lint_domain(
    domain: Annotated[Path, typer.Argument(help="A Rasa domain.")] = Path("domain.yml"),
    form: Annotated[Format, typer.Option("--format", help="text, github (annotations) or json.")] = Format.TEXT,
    explain: Explain = False,
) -> None:
    """Say what a prospect would mind about the bot's responses. Errors give exit code 1."""
    from nurture.lint.command import check_domain

    _tell(check_domain(domain), form, explain=explain)


@copy.command("score")
def score_copy(
    file: Annotated[Path, typer.Argument(help="A text file, one line of copy per row; - reads standard input.", allow_dash=True)],
) -> None:
    """Print CSV with a score per row: 100 reads like one person writing to another, 0 like a broadcast."""
    from nurture.lint.stream import scored

    try:
        source = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}") from error
    with source:
        for row in scored(source):
            sys.stdout.write(row)
            sys.stdout.flush()


def _tell(findings: Sequence[Finding], form: Format, scores: Sequence[FlowScore] = (), *, explain: bool) -> None:
    """Print findings; exit code 1 if one of them is an error."""
    from nurture.lint import report

    if form is Format.JSON:
        sys.stdout.write(report.as_json(findings, scores) + "\n")
    else:
        told = report.as_github if form is Format.GITHUB else report.as_text
        sys.stdout.writelines(f"{row}\n" for row in told(findings, explain=explain))
        for flow in scores:
            console.print(f"{flow.flow_id} scores {flow.value:.0f}", markup=False)
        console.print("1 finding" if len(findings) == 1 else f"{len(findings)} findings", markup=False)
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)
