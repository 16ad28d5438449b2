"""`warmline`: start it, train it, look after its people and files."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bot import contactbook, eventbook, hookkeeping, logs, marketing, sealing
from bot import settings as settings_module
from bot.core.model import WarmlineError
from bot.publishing import add_commands as add_flow_commands
from bot.reporting import app as reports
from bot.settings import Settings
from bot.team_cli import app as agents
from handoff.cli import app as sla

if TYPE_CHECKING:
    from bot.core.model import Standing
    from nurture.lint import Finding, FlowScore

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
flows = typer.Typer(no_args_is_help=True, help="Nurture flows.")
copy = typer.Typer(no_args_is_help=True, help="The words of the bot, and any other words.")
simulate = typer.Typer(no_args_is_help=True, help="Whole conversations in virtual time.")
experiments = typer.Typer(no_args_is_help=True, help="Experiments in flows.")
app.add_typer(agents, name="agents")
# The name it had before.
app.add_typer(agents, name="agent", hidden=True)
app.add_typer(experiments, name="experiments")
add_flow_commands(flows)
app.add_typer(flows, name="flows")
app.add_typer(sla, name="sla")
marketing.add_reports(reports)
app.add_typer(reports, name="reports")
app.add_typer(marketing.keys, name="keys")
app.add_typer(hookkeeping.app, name="hooks")
app.add_typer(contactbook.app, name="contacts")
app.add_typer(eventbook.app, name="events")
app.add_typer(sealing.app, name="journal")
app.add_typer(copy, name="copy")
app.add_typer(simulate, name="simulate")
console = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


class Measure(StrEnum):
    """What the arms of an experiment are compared by."""

    GOAL = "goal"
    REPLY = "reply"


class Reads(StrEnum):
    """Who reads what people write in a simulation."""

    RECORDED = "recorded"
    REAL = "real"


class FileUnreadable(WarmlineError):
    """A file named on the command line cannot be read."""


def _settings(**overrides: object) -> Settings:
    loaded = settings_module.load()
    given = {k: v for k, v in overrides.items() if v is not None}
    return Settings(**{**loaded.model_dump(), **given})


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
) -> None:
    """Train if needed, migrate, start the service with its brain, and print where everything is."""
    from bot.run import run_up

    chosen = _settings(port=port, host=host)
    logs.configure(chosen)
    raise typer.Exit(uvloop.run(run_up(chosen, console)))


@app.command()
def train(force: Annotated[bool, typer.Option(help="Train even if nothing changed.")] = False) -> None:
    """Train the bot if config.yml, domain.yml or data/ changed."""
    from bot import training

    chosen = _settings()
    known = training.model_path(chosen).exists() and not force
    path = training.train(chosen, console=console, force=force)
    out.print(f"{path} ({'up to date' if known else 'trained'})")


@app.command()
def swap() -> None:
    """Train if needed, then give the running brain the new model; no turn is dropped."""
    from bot import training
    from bot.run import swap_model

    chosen = _settings()
    path = training.train(chosen, console=console)
    model = asyncio.run(swap_model(chosen, path))
    out.print(f"The brain now answers with {model}.")


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    from bot.run import migrate_only

    asyncio.run(migrate_only(_settings()))
    out.print("The database is up to date.")


@app.command()
def settings(markdown: Annotated[bool, typer.Option(help="As docs/settings.md.")] = False) -> None:
    """Every setting with its default and meaning."""
    rows = settings_module.table()
    if markdown:
        sys.stdout.write(settings_module.as_markdown())
        return
    table = Table("Variable", "Default", "Meaning", box=None)
    for row in rows:
        table.add_row(*row)
    out.print(table)


@app.command()
def audit(as_json: Annotated[bool, typer.Option("--json", help="One finding a line, as JSON.")] = False) -> None:
    """Look in the whole database for what may never happen. Changes nothing; exit code 1 if anything is found."""
    from bot.core.audit import CHECKS
    from bot.run import audit_now

    found = asyncio.run(audit_now(_settings()))
    if as_json:
        for one in found:
            line = {
                "row": one.row,
                "code": one.code,
                "at": one.at.isoformat(),
                "conversation_id": one.conversation_id,
                "key": one.key,
            }
            out.print(json.dumps(line))
    elif found:
        table = Table("Row", "Found", "When", "Conversation", "About", box=None)
        for one in found:
            table.add_row(one.row, CHECKS[one.code].sentence, f"{one.at:%Y-%m-%d %H:%M:%S}Z", one.conversation_id, one.key)
        out.print(table)
    else:
        out.print("Nothing is wrong.")
    raise typer.Exit(1 if found else 0)


@flows.command("lint")
def lint_flows(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders of flows, or flow files.")] = None,
    form: Annotated[Format, typer.Option("--format", help="text, github (annotations) or json.")] = Format.TEXT,
    min_score: Annotated[float, typer.Option(min=0, max=100, help="Fail for a flow that scores less.")] = 0.0,
) -> None:
    """Read every flow and say what a prospect would mind, with file, line and column. Errors give exit code 1."""
    from nurture.lint.command import check_flows

    checked = check_flows(paths or [_settings().flows], min_score)
    _tell(checked.findings, form, checked.scores)


@flows.command("schema")
def flow_schema() -> None:
    """The JSON Schema of a flow file, for editors."""
    from nurture.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")


@flows.command("simulate")
def simulate_flow(
    flow: Annotated[str, typer.Argument(help="The flow's id.")],
    people: Annotated[int, typer.Option(help="How many people come into it.")] = 1000,
    days: Annotated[int, typer.Option(help="For how many days it is played.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed and settings give the same result.")] = 1,
    start: Annotated[str, typer.Option(help="The first day, such as 2026-03-02.")] = "2026-03-02",
    mix: Annotated[
        str, typer.Option(help="Who they are, such as eager=2,busy=3,angry=1; docs/simulate.md says who they are.")
    ] = "",
    channel: Annotated[str | None, typer.Option(help="The channel; the flow's own, else facebook.")] = None,
    zone: Annotated[list[str] | None, typer.Option(help="A time zone in which people live; may be given again.")] = None,
    entering: Annotated[int | None, typer.Option(help="Over how many days they come.")] = None,
    last_wrote: Annotated[str, typer.Option(help="When people last wrote, where the flow is begun for them.")] = "2h",
    agents: Annotated[int, typer.Option(help="How many people answer while promises.yml says that somebody is there.")] = 3,
    transcripts: Annotated[int, typer.Option(help="How many talks are told in full.")] = 4,
    brain: Annotated[Reads, typer.Option(help="recorded readings, or the real brain that runs now.")] = Reads.RECORDED,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one number a row.")] = False,
) -> None:
    """Play a flow to people who do not exist: who gets how far, what is sent when, what is held and why, who leaves over what."""
    from bot.simulate.characters import MIX, parse_mix
    from bot.simulate.command import played, setup_of, shown, tell

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    try:
        characters = parse_mix(mix) if mix else dict(MIX)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--mix") from error
    chosen = _settings()
    asked = {
        "people": people,
        "days": days,
        "seed": seed,
        "start": start,
        "mix": characters,
        "channel": channel,
        "agents": agents,
        "last_wrote": last_wrote,
        "transcripts": transcripts,
        "entering": entering,
        "capacity": chosen.agent_capacity,
    }
    setup = setup_of({**asked, **({"zones": zone} if zone else {})})
    with shown(console) as progress:
        result = played(chosen, flow, setup, brain=brain.value, progress=progress)
    sys.stdout.write(tell(result, "json" if as_json else "csv" if as_csv else "text"))


@flows.command("held")
def held_flows(
    flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One enrolment a line, as JSON.")] = False,
) -> None:
    """Who is held back in a flow: at which step, why, and until when."""
    asyncio.run(_tell_standings(flow, as_json, lambda standing: standing.held_reason))


@flows.command("stalled")
def stalled_flows(
    flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One enrolment a line, as JSON.")] = False,
) -> None:
    """Who will not get on by themselves, and why. Exit code 1 if there is anybody."""
    from bot.run import published_now
    from bot.time import SystemTime
    from nurture.standing import stalled

    known, now = asyncio.run(published_now(_settings())), SystemTime().now()
    found = asyncio.run(_tell_standings(flow, as_json, lambda standing: stalled(standing, known.flow_of(standing.enrolment), now)))
    raise typer.Exit(1 if found else 0)


async def _tell_standings(flow: str | None, as_json: bool, why: Callable[[Standing], str | None]) -> int:
    """Print the enrolments that there is a reason for, and give their number."""
    from bot.run import standings_now

    table = Table("Flow", "Step", "Reason", "Next look", "Conversation", box=None)
    found = 0
    async for standing in standings_now(_settings(), flow):
        if (reason := why(standing)) is None:
            continue
        found += 1
        enrolment, due_at = standing.enrolment, standing.due_at
        if as_json:
            line = {
                "flow": enrolment.flow_id,
                "step": enrolment.step_id,
                "reason": reason,
                "due_at": due_at.isoformat() if due_at else None,
                "conversation_id": standing.conversation_id,
                "enrolment_id": enrolment.enrolment_id,
            }
            out.print(json.dumps(line))
        else:
            shown = f"{due_at:%Y-%m-%d %H:%M}Z" if due_at else "never"
            table.add_row(enrolment.flow_id, enrolment.step_id, reason, shown, standing.conversation_id)
    if not as_json:
        out.print(table if found else "Nobody.")
    return found


@experiments.callback()
def _experiments() -> None:
    """Experiments in flows."""


@experiments.command("report")
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
    found = asyncio.run(experiments_now(_settings(), within=length, measure=Outcome(measure.value), alpha=alpha, flow_id=flow))
    if as_json:
        sys.stdout.write(json.dumps([as_data(report) for report in found], indent=2) + "\n")
    else:
        rows = [row for report in found for row in as_text(report)] or ["There are no experiments in these flows."]
        sys.stdout.writelines(f"{row}\n" for row in rows)
    raise typer.Exit(1 if any(report.harmful for report in found) else 0)


@experiments.command("resume")
def resume_arm(
    flow: Annotated[str, typer.Argument(help="The flow's id.")],
    experiment: Annotated[str, typer.Argument(help="The experiment's step.")],
    arm: Annotated[str, typer.Argument(help="The arm that was stopped.")],
    reason: Annotated[str, typer.Option(help="Why, for the log of the flow.")],
) -> None:
    """Put people into an arm again that was stopped since it did harm, and count the harms of all arms anew."""
    from bot.run import let_arm_now

    if not asyncio.run(let_arm_now(_settings(), flow, experiment, arm, reason=reason)):
        console.print(f"The arm {arm} of {experiment} in {flow} is not stopped.", markup=False)
        raise typer.Exit(1)
    out.print(f"People get the arm {arm} again.", markup=False)


@copy.command("lint")
def lint_domain(
    domain: Annotated[Path, typer.Argument(help="A Rasa domain.")] = Path("domain.yml"),
    form: Annotated[Format, typer.Option("--format", help="text, github (annotations) or json.")] = Format.TEXT,
) -> None:
    """Say what a prospect would mind about the bot's responses. Errors give exit code 1."""
    from nurture.lint.command import check_domain

    _tell(check_domain(domain), form)


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


def _tell(findings: Sequence[Finding], form: Format, scores: Sequence[FlowScore] = ()) -> None:
    """Print findings; exit code 1 if one of them is an error."""
    from nurture.lint import report

    if form is Format.JSON:
        sys.stdout.write(report.as_json(findings, scores) + "\n")
    else:
        told = report.as_github(findings) if form is Format.GITHUB else report.as_text(findings)
        sys.stdout.writelines(f"{row}\n" for row in told)
        for flow in scores:
            console.print(f"{flow.flow_id} scores {flow.value:.0f}", markup=False)
        console.print(f"{len(findings)} findings", markup=False)
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)


@simulate.callback()
def _simulate() -> None:
    """Whole conversations in virtual time."""


@simulate.command("torture")
def torture_seeds(
    seed: Annotated[int, typer.Option(help="The first seed. The same seed, hours and people give the same history.")] = 1,
    hours: Annotated[float, typer.Option(min=0.1, help="How long people write, in simulated hours.")] = 48.0,
    people: Annotated[int, typer.Option(min=1, help="How many people write.")] = 50,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds in a row.")] = 1,
    history: Annotated[Path | None, typer.Option(help="Write every line of what happened to this file.")] = None,
) -> None:
    """People, agents, faults and kills in virtual time against the real service; says what broke, and its shortest history."""
    from bot.sim.report import torture_and_tell

    chosen = _settings()
    whole = torture_and_tell(range(seed, seed + seeds), hours=hours, people=people, settings=chosen, out=out, told=history)
    raise typer.Exit(0 if whole else 1)


def main() -> None:
    """Entry point: what a person can mend is said in one line, with exit code 2."""
    # Standard output is for what was asked for. `up` says more, as it is set.
    logs.configure(Settings.model_validate({"log_level": "warning"}))
    try:
        app()
    except WarmlineError as error:
        console.print(f"warmline: {error}", style="red", markup=False)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
