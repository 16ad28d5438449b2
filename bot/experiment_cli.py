"""`warmline experiments`: what they have shown, and an arm that was stopped."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from bot import settings as settings_module

app = typer.Typer(no_args_is_help=True, help="Experiments in flows.")
console = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


class Measure(StrEnum):
    """What the arms of an experiment are compared by."""

    GOAL = "goal"
    REPLY = "reply"


@app.callback()
def _experiments() -> None:
    """Experiments in flows."""


@app.command("report")
def report_experiments(
    flow: Annotated[str | None, typer.Argument(help="A flow's id; all flows if left out.")] = None,
    measure: Annotated[Measure, typer.Option(help="What arms are compared by: goal or reply.")] = Measure.GOAL,
    within: Annotated[str, typer.Option(help="How long after being shown an arm something counts, such as 12h or 7d.")] = "7d",
    alpha: Annotated[float, typer.Option(help="The chance of ever calling equal arms different, however often you look.")] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what each experiment has shown so far. Look as often as you like; exit code 1 if an arm does harm."""
    from bot.run import experiments_now
    from bot.yamlfile import parse_duration
    from nurture.experiments.report import as_data, as_text
    from nurture.experiments.tally import Outcome

    try:
        length = parse_duration(within)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--within") from error
    if not 0 < alpha < 1:
        raise typer.BadParameter(f"{alpha} is not between 0 and 1", param_hint="--alpha")
    found = asyncio.run(
        experiments_now(settings_module.load(), within=length, measure=Outcome(measure.value), alpha=alpha, flow_id=flow)
    )
    if as_json:
        sys.stdout.write(json.dumps([as_data(report) for report in found], indent=2) + "\n")
    else:
        rows = [row for report in found for row in as_text(report)] or ["There are no experiments in these flows."]
        sys.stdout.writelines(f"{row}\n" for row in rows)
    raise typer.Exit(1 if any(report.harmful for report in found) else 0)


@app.command("resume")
def resume_arm(
    flow: Annotated[str, typer.Argument(help="The flow's id.")],
    experiment: Annotated[str, typer.Argument(help="The experiment's step.")],
    arm: Annotated[str, typer.Argument(help="The arm that was stopped.")],
    reason: Annotated[str, typer.Option(help="Why, for the log of the flow.")],
) -> None:
    """Put people into an arm again that was stopped since it did harm, and count the harms of all arms anew."""
    from bot.run import let_arm_now

    if not asyncio.run(let_arm_now(settings_module.load(), flow, experiment, arm, reason=reason)):
        console.print(f"The arm {arm} of {experiment} in {flow} is not stopped.", markup=False)
        raise typer.Exit(1)
    out.print(f"People get the arm {arm} again.", markup=False)
