"""`warmline sla`: what is promised, told before it happens."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bot.core.model import Reason, WarmlineError

if TYPE_CHECKING:
    from handoff.explain import Explanation

app = typer.Typer(no_args_is_help=True, help="Promised times: policies, calendars and ladders.")
out = Console(highlight=False, soft_wrap=True)
WIDTH = 132
"""Columns of the tables at least; a narrower screen folds their lines."""

File = Annotated[Path | None, typer.Option("--file", help="The promises file; else the one of the settings.")]


class BadOption(WarmlineError):
    """An option does not say what it should."""


@app.command()
def explain(
    at: Annotated[str, typer.Option(help="When a person is asked for, by the clock of --zone: 2026-12-24T17:50.")],
    zone: Annotated[str, typer.Option(help="The prospect's time zone.")] = "UTC",
    channel: Annotated[str, typer.Option(help="Where the prospect writes: facebook, widget, rest.")] = "widget",
    reason: Annotated[Reason, typer.Option(help="Why a person is needed.")] = Reason.ASKED,
    team: Annotated[str | None, typer.Option(help="The team it is for.")] = None,
    value: Annotated[float | None, typer.Option(help="What the lead is worth.")] = None,
    language: Annotated[str | None, typer.Option(help="The prospect's language, such as de.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the conversation; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    file: File = None,
) -> None:
    """Which policy governs, when each clock runs out, and what each rung does when, if nobody does anything."""
    from handoff.explain import explain as explained
    from handoff.match import Facts
    from handoff.policy import load

    facts = Facts(channel=channel, reason=reason, value=value, language=language, team=team, tags=tuple(tag or ()))
    told = explained(load(_path(file)), facts, _moment(at, zone), zone)
    if as_json:
        sys.stdout.write(json.dumps(told.as_json(), indent=2) + "\n")
    else:
        _show(told)


@app.command()
def lint(file: File = None) -> None:
    """Say what is contradictory in the promises file, with its lines. Exit code 1 if anything is."""
    from handoff.lint import lint as findings_of

    findings = findings_of(_path(file), now=datetime.now(UTC))
    for finding in findings:
        out.print(f"{finding.file}:{finding.line}: {finding.rule}: {finding.field}: {finding.message}", markup=False)
    out.print(f"{len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


@app.command()
def schema() -> None:
    """The JSON Schema of the promises file, for editors."""
    from handoff.editing import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")


def _path(file: Path | None) -> Path:
    from bot import settings

    return file or settings.load().promises


def _moment(text: str, zone: str) -> datetime:
    """A wall time in a zone as UTC. One that happens twice is the first; one that is skipped is refused."""
    from handoff.hours import nearest, zones

    if zone not in zones():
        raise BadOption(f'--zone: "{zone}" is not a time zone{nearest(zone, zones())}')
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise BadOption(f'--at: "{text}" is not a moment; write for example 2026-12-24T17:50') from None
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    at = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        raise BadOption(f"--at: the clocks of {zone} skip {text}")
    return at


def _show(told: Explanation) -> None:
    out.print(f"Asked for in {told.at:%Y}, at {_said(told, told.at)}", markup=False)
    out.print(f"Policy: {told.policy}", markup=False)
    for name, why in told.others:
        out.print(f"  not {name}: {why}", markup=False)
    out.print(f"Calendar: {told.calendar}, {_open_or_not(told)}", markup=False)
    window = "never closes" if told.window_closes_at is None else f"closes {_said(told, told.window_closes_at)}"
    out.print(f"Channel: {told.facts.channel}, its window {window}", markup=False)
    out.print(f"The prospect hears: {told.hears}\n", markup=False)
    one_zone = told.desk_zone == told.prospect_zone
    zones = (f"Time ({told.desk_zone})",) if one_zone else (f"Desk ({told.desk_zone})", f"Prospect ({told.prospect_zone})")

    def both(at: datetime) -> tuple[str, ...]:
        desk, prospect = _wall(at, told.desk_zone), _wall(at, told.prospect_zone)
        return (desk,) if one_zone else (desk, prospect)

    wide = Console(highlight=False, width=max(WIDTH, out.width))
    clocks = Table("Clock", "Target", *zones, "Counts", box=None, pad_edge=False)
    for column in clocks.columns[2 : 2 + len(zones)]:
        column.no_wrap = True
    for clock in told.clocks:
        counts = f"{clock.time} time, {clock.counts}" + ("; capped by the window" if clock.capped else "")
        clocks.add_row(clock.clock, f"{clock.target_s:g} s", *both(clock.due_at), counts)
    wide.print(clocks)
    out.print()
    rungs = Table("Rung", *zones, "Does", "Unless", "Note", box=None, pad_edge=False)
    for column in rungs.columns[: 1 + len(zones)]:
        column.no_wrap = True
    for rung in told.rungs:
        rungs.add_row(rung.place, *both(rung.at), "; ".join(rung.does), rung.until, "; ".join(rung.notes))
    wide.print(rungs)
    out.print(f"\nThen: {told.then}.", markup=False)


def _said(told: Explanation, at: datetime) -> str:
    desk = f"{_wall(at, told.desk_zone)} {told.desk_zone}"
    same = told.desk_zone == told.prospect_zone
    return desk if same else f"{desk} = {_wall(at, told.prospect_zone)} {told.prospect_zone}"


def _wall(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M:%S}"


def _open_or_not(told: Explanation) -> str:
    day = f" ({told.holiday})" if told.holiday else ""
    if told.is_open:
        return f"open{day}" + ("" if told.closes_at is None else f" until {_said(told, told.closes_at)}")
    return f"closed{day}, and it never opens" if told.opens_at is None else f"closed{day} until {_said(told, told.opens_at)}"
