"""`warmline reports`: how long people waited for a person, what was missed and why."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bot import settings
from bot.core.model import WarmlineError
from bot.time import SystemTime
from handoff.hours import nearest, zones
from handoff.numbers import By, Segment
from handoff.reports import KINDS, report

if TYPE_CHECKING:
    from handoff.numbers import Report, Row

app = typer.Typer(no_args_is_help=True, help="How long people waited, what was missed and why.")
WIDTH = 132
"""Columns of the table at least; a narrower screen folds its lines."""


class Form(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class BadRange(WarmlineError):
    """The options name no range of time."""


@app.callback()
def reports() -> None:
    """How long people waited, what was missed and why."""


@app.command()
def handoff(
    from_: Annotated[str, typer.Option("--from", help="First day or moment, by the clock of --zone: 2026-11-23.")],
    to: Annotated[str, typer.Option(help="The day or moment after the last: 2026-11-30.")],
    by: Annotated[By, typer.Option(help="What the rows are.")] = By.HOUR,
    form: Annotated[Form, typer.Option("--format", help="How it is printed.")] = Form.TABLE,
    zone: Annotated[str, typer.Option(help="The time zone of days and hours.")] = "UTC",
) -> None:
    """Waits for the offer, acceptance, first and next words of every person asked for in the range; misses by cause."""
    from bot.run import handed_now
    from handoff.telling import as_csv, told

    since, until = moment_range(from_, to, zone)
    found = asyncio.run(handed_now(settings.load(), since=since, until=until, kinds=KINDS))
    made = report(found, since=since, until=until, now=SystemTime().now(), by=by, zone=zone)
    match form:
        case Form.CSV:
            sys.stdout.write(as_csv(made))
        case Form.JSON:
            sys.stdout.write(json.dumps(told(made), indent=2) + "\n")
        case Form.TABLE:
            _show(made, settings.load().currency)


@app.command()
def staffing(
    from_: Annotated[str, typer.Option("--from", help="First day or moment, by the clock of --zone: 2026-11-23.")],
    to: Annotated[str, typer.Option(help="The day or moment after the last: 2026-11-30.")],
    share: Annotated[float, typer.Option(min=0.01, max=0.999, help="How many of the first words are to come in time.")] = 0.95,
    within_s: Annotated[float, typer.Option("--within", min=1, help="In time is within so many seconds.")] = 60,
    form: Annotated[Form, typer.Option("--format", help="How it is printed.")] = Form.TABLE,
    zone: Annotated[str, typer.Option(help="The time zone of days and hours.")] = "UTC",
) -> None:
    """How many agents each hour needs: the requests of the range, played through the rules in virtual time; Erlang C beside it."""
    from bot.run import handed_now
    from handoff.policy import Policy
    from handoff.staffing import by_hour, history

    since, until = moment_range(from_, to, zone)
    chosen = settings.load()
    calls = history(asyncio.run(handed_now(chosen, since=since, until=until, kinds=KINDS)))
    if not calls:
        raise BadRange("--from, --to: nobody was helped in that time, so there is nothing to go by")
    days = (until - since).total_seconds() / 86400
    rows = by_hour(Policy.load(chosen.promises), calls, zone=zone, days=days, share=share, within_s=within_s)
    _print_staffing([(r.hour, r.requests, r.per_hour, r.mean_handling_s, r.agents, r.by_formula) for r in rows], form)


STAFFING = ("hour", "requests", "per_hour", "mean_handling_s", "agents", "erlang_c")


def _print_staffing(rows: Sequence[tuple[str, int, float, float, int | None, int]], form: Form) -> None:
    match form:
        case Form.JSON:
            sys.stdout.write(json.dumps([dict(zip(STAFFING, row, strict=True)) for row in rows], indent=2) + "\n")
        case Form.CSV:
            writer = csv.writer(sys.stdout)
            writer.writerow(STAFFING)
            writer.writerows(rows)
        case Form.TABLE:
            table = Table("Hour", "Requests", "A day", "Handling", "Agents", "Erlang C", box=None)
            for name, count, per_hour, mean_s, agents, by_formula in rows:
                told = "no number" if agents is None else str(agents)
                table.add_row(name, str(count), f"{per_hour:g}", f"{mean_s:g} s", told, str(by_formula))
            Console(highlight=False).print(table)


def moment_range(from_: str, to: str, zone: str) -> tuple[datetime, datetime]:
    """The range that two days or moments name, by the clock of `zone`. Raises `BadRange`."""
    if zone not in zones():
        raise BadRange(f'--zone: "{zone}" is not a time zone{nearest(zone, zones())}')
    since, until = _moment("--from", from_, zone), _moment("--to", to, zone)
    if until <= since:
        raise BadRange("--to: the end is not after the start")
    return since, until


def _moment(option: str, text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadRange(f'{option}: "{text}" is not a day or a moment; write for example 2026-11-23') from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _show(made: Report, currency: str) -> None:
    screen = Console(highlight=False)
    wide = Console(highlight=False, width=max(WIDTH, screen.width))
    table = Table(
        made.by.value.title(), "Episodes", "Wait for", "Waits", "Unfinished", "p50", "p90", "p95", "Worst", "Missed", box=None
    )
    for column in table.columns[3:]:
        column.justify = "right"
    for row in (*made.rows, made.total):
        _add(table, row)
    wide.print(table)
    causes: dict[str, int] = {}
    for miss in made.total.misses:
        causes[miss.cause.value] = causes.get(miss.cause.value, 0) + 1
    why = ", ".join(f"{cause} {count}" for cause, count in sorted(causes.items(), key=lambda pair: (-pair[1], pair[0])))
    accuracy = made.total.accuracy
    if accuracy.told:
        right = "none judged yet" if accuracy.inside is None else f"{accuracy.inside:.0%} of {accuracy.judged} inside the range"
        known = accuracy.p50_error_s is not None
        off = f"; off by {_s(accuracy.p50_error_s)} (p50), {_s(accuracy.p90_error_s)} (p90)" if known else ""
        wide.print(f"\nWaiting times told: {accuracy.told}, {right}{off}", markup=False)
    outcomes = made.total.outcomes().items()
    if outcomes:
        ends = (f"{name} {worth.count}{f' ({worth.value:g} {currency})' if worth.value else ''}" for name, worth in outcomes)
        wide.print(f"\nEnded: {', '.join(ends)}", markup=False)
    if given := made.total.ratings:
        asked = sum(one.asked for one in made.total.ends)
        wide.print(f"\nRated: {sum(given) / len(given):.1f} of 5, by {len(given)} of {asked} asked", markup=False)
    wide.print(f"\nMissed because of: {why}" if why else "\nNothing was missed.", markup=False)


def _s(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _add(table: Table, row: Row) -> None:
    for place, segment in enumerate(Segment):
        spread = row.spread(segment)
        waited = (spread.p50_s, spread.p90_s, spread.p95_s, spread.worst_s)
        first = (row.key, str(row.episodes)) if place == 0 else ("", "")
        times = (_s(value) for value in waited)
        name = segment.value.replace("_", " ")
        table.add_row(*first, name, str(spread.count), str(spread.unfinished), *times, str(row.missed(segment)))
