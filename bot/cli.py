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

from bot import contactbook, eventbook, hookkeeping, logs, marketing, sealing
from bot import settings as settings_module
from bot.copy_cli import copy
from bot.core.model import WarmlineError
from bot.experiment_cli import app as experiments
from bot.flow_cli import flows
from bot.reporting import app as reports
from bot.settings import Settings
from bot.team_cli import app as agents
from handoff.cli import app as sla

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
simulate = typer.Typer(no_args_is_help=True, help="Whole conversations in virtual time.")
app.add_typer(agents, name="agents")
# The name it had before.
app.add_typer(agents, name="agent", hidden=True)
app.add_typer(experiments, name="experiments")
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

    chosen = settings_module.load()
    known = training.model_path(chosen).exists() and not force
    path = training.train(chosen, console=console, force=force)
    out.print(f"{path} ({'up to date' if known else 'trained'})")


@app.command()
def swap() -> None:
    """Train if needed, then give the running brain the new model; no turn is dropped."""
    from bot import training
    from bot.run import swap_model

    chosen = settings_module.load()
    path = training.train(chosen, console=console)
    model = asyncio.run(swap_model(chosen, path))
    out.print(f"The brain now answers with {model}.")


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    from bot.run import migrate_only

    asyncio.run(migrate_only(settings_module.load()))
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

    found = asyncio.run(audit_now(settings_module.load()))
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

    chosen = settings_module.load()
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
