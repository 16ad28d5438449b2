"""`warmline contacts`: people come in from a CSV file, and go out with what brought them."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot import settings
from bot.marketing import holding, opened_store
from bot.time import SystemTime

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.importing import ImportRun
    from studio.contacts import importing

app = typer.Typer(no_args_is_help=True, help="People from elsewhere, and people for elsewhere.")
screen = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


class ExportForm(StrEnum):
    """How contacts are written."""

    CSV = "csv"
    JSON = "json"


@app.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8 with a header.")],
    only_preview: Annotated[bool, typer.Option("--preview", help="Say what would be taken, and change nothing.")] = False,
    mapping: Annotated[list[str] | None, typer.Option(help="Column=target, such as 'Chat id=external_id'; - leaves out.")] = None,
    channel: Annotated[str | None, typer.Option(help="The channel of rows that name none.")] = None,
    flow: Annotated[str | None, typer.Option(help="The flow that these people enter.")] = None,
    per_hour: Annotated[int, typer.Option(min=1, help="With --flow: how many enter it an hour.")] = 600,
    rejected: Annotated[Path | None, typer.Option(help="Where rejected rows go; FILE.rejected.csv if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Take contacts over, each with the consent that it came with. Exit code 1 if rows were rejected.

    The same file once more goes on where it stood, or changes nothing.
    """
    from studio.contacts import importing
    from studio.contacts.columns import parse_mapping

    chosen = settings.load()
    asked = importing.Asked(mapping=parse_mapping(mapping or []), channel=channel, flow=flow, per_hour=per_hour)
    around = asyncio.run(_surroundings(chosen, flow))
    if only_preview:
        found = importing.preview(file, asked, around)
        _tell_preview(found, as_json=as_json)
        raise typer.Exit(1 if found.rejected else 0)
    where = rejected or file.with_name(file.name + ".rejected.csv")
    run = asyncio.run(_import(chosen, file, asked, around, where))
    _tell_run(run, where, as_json=as_json)
    raise typer.Exit(1 if run.counts.get("rejected") else 0)


async def _surroundings(chosen: Settings, flow: str | None) -> importing.Surroundings:
    """What an import needs, from settings and store. Raises `UnknownFlow`."""
    from bot import credentials
    from bot.parts import channel_names, load_rules, mint
    from bot.run import UnknownFlow
    from studio.contacts.importing import Surroundings

    rules = load_rules(chosen)
    async with opened_store(chosen) as store:
        rules = replace(rules, nurture=await holding(store, rules.nurture))
    flows = rules.nurture.flows
    if flow is not None and flow not in flows:
        raise UnknownFlow(f"there is no flow {flow}; there are {', '.join(sorted(flows))}")
    known = channel_names(credentials.load(chosen.credentials))
    return Surroundings(rules=rules, channels=known, now=SystemTime().now, rng=Random(), new_id=mint)


async def _import(
    chosen: Settings, file: Path, asked: importing.Asked, around: importing.Surroundings, rejected: Path
) -> ImportRun:
    from studio.contacts import importing

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    async with opened_store(chosen) as store:
        with Progress(*columns, console=screen, transient=True) as shown:
            task = shown.add_task("Importing", total=1.0)

            def tell(at: importing.Progress) -> None:
                shown.update(task, completed=at.share, description=f"Line {at.run.line}")

            return await importing.import_file(store, file, asked, around, rejected=rejected, progress=tell)


def _tell_run(run: ImportRun, rejected: Path, *, as_json: bool) -> None:
    from studio.contacts.importing import told

    data = told(run)
    if as_json:
        sys.stdout.write(json.dumps(data) + "\n")
        return
    out.print(f"{data['new']} new, {data['merged']} merged, {data['unchanged']} unchanged, {data['rejected']} rejected.")
    for reason, count in data["flow_held"].items():
        out.print(f"{count} did not enter the flow: {reason.replace('_', ' ')}.", markup=False)
    if data["rejected"]:
        out.print(f"Rejected rows, each with why: {rejected}", markup=False)


def _tell_preview(found: importing.Preview, *, as_json: bool) -> None:
    from studio.contacts.importing import told_preview, told_row

    if as_json:
        sys.stdout.write(json.dumps(told_preview(found), indent=2) + "\n")
        return
    columns = Table("Column", "Is", box=None)
    for column, target in found.columns:
        columns.add_row(column, target or "left out")
    out.print(columns)
    for row in found.first:
        told = {name: value for name, value in told_row(row).items() if value not in ([], {}, False)}
        out.print(json.dumps(told, ensure_ascii=False), markup=False)
    for one in found.rejections:
        out.print(f"line {one.line}: {one.column} {one.why}".replace("  ", " "), markup=False)
    out.print(f"{found.rows} rows would be taken, {found.rejected} rejected. Nothing was changed.")


@app.command("export")
def export_contacts(
    form: Annotated[ExportForm, typer.Option("--format", help="csv, or json: one contact a line.")] = ExportForm.CSV,
) -> None:
    """Every contact with first and last touch."""
    from studio.contacts.exporting import export_csv, export_json

    async def write() -> None:
        async with opened_store(settings.load()) as store:
            lines = export_csv(store) if form is ExportForm.CSV else export_json(store)
            async for line in lines:
                sys.stdout.write(line)

    asyncio.run(write())
