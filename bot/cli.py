"""`warmline`: start it, train it, look after its people and files."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bot import logs
from bot import settings as settings_module
from bot.core.model import WarmlineError
from bot.settings import Settings
from handoff.cli import app as sla

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
agents = typer.Typer(no_args_is_help=True, help="The people who answer.")
flows = typer.Typer(no_args_is_help=True, help="Nurture flows.")
simulate = typer.Typer(no_args_is_help=True, help="Whole conversations in virtual time.")
app.add_typer(agents, name="agent")
app.add_typer(flows, name="flows")
app.add_typer(sla, name="sla")
app.add_typer(simulate, name="simulate")
console = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


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


@agents.command("add")
def add_agent(
    email: str,
    name: Annotated[str, typer.Option(help="The name prospects see.")],
    role: Annotated[str, typer.Option(help="agent or admin.")] = "agent",
) -> None:
    """Add somebody who answers, and print their first password once."""
    from bot.run import add_agent_now

    password = asyncio.run(add_agent_now(_settings(), email=email, name=name, role=role))
    out.print(f"{email} can sign in with the password {password}")


@agents.command("list")
def list_agents() -> None:
    """Who answers."""
    from bot.run import all_agents

    for agent in asyncio.run(all_agents(_settings())):
        out.print(
            json.dumps({"email": agent.email, "name": agent.name, "role": agent.role, "disabled": agent.disabled_at is not None})
        )


@flows.command("lint")
def lint_flows(folder: Annotated[Path | None, typer.Argument(help="Folder of flows.")] = None) -> None:
    """Read every flow and say what a prospect would mind, with file and line."""
    from nurture.lint import lint
    from nurture.load import load_flows

    findings = [f for flow in load_flows(folder or _settings().flows).values() for f in lint(flow)]
    for finding in findings:
        out.print(f"{finding.file}:{finding.line}: {finding.rule}: {finding.message} {finding.suggestion}")
    out.print(f"{len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


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
    try:
        app()
    except WarmlineError as error:
        console.print(f"warmline: {error}", style="red", markup=False)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
