"""`warmline events`: events of another system, many at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.console import Console

from bot import settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from studio.eventrows import Asked
    from studio.telling import Tally

app = typer.Typer(no_args_is_help=True, help="Events that other systems tell of.")
screen = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def events() -> None:
    """Events that other systems tell of."""


@app.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(help="CSV (.csv), or one JSON object a line as POST /api/studio/events takes them.")],
    preview: Annotated[bool, typer.Option("--preview", help="CSV: show what would be told, and change nothing.")] = False,
    mapping: Annotated[list[str] | None, typer.Option(help='CSV: "Column=target", such as "Order no=external_id".')] = None,
    channel: Annotated[str | None, typer.Option(help="CSV: the channel of all rows that name none.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="CSV: where rejected rows go; else FILE.rejected.csv.")] = None,
    after_line: Annotated[int, typer.Option(min=0, help="CSV: go on after this line, where an earlier try stopped.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Tell of every event in a file; those that are known change nothing. Exit code 1 if lines were rejected."""
    from studio.contacts.columns import pairs
    from studio.eventfile import preview as looked
    from studio.eventrows import Asked

    csv = file.suffix.casefold() == ".csv"
    if not csv and (preview or mapping or channel or rejected or after_line):
        raise typer.BadParameter("these options are for files that end in .csv", param_hint="FILE")
    asked = Asked(mapping=pairs(mapping or []), channel=channel)
    if preview:
        _tell_preview(looked(file, asked), file, as_json=as_json)
        return
    into = rejected or file.with_suffix(".rejected.csv")
    tally = asyncio.run(_import(settings.load(), file, _Table(asked, into, after_line) if csv else None))
    if as_json:
        sys.stdout.write(json.dumps(tally.told()) + "\n")
    else:
        for one in tally.rejections:
            screen.print(f"{file}:{one.line}: {one.field} {one.why}".replace("  ", " "), markup=False)
        kept = f" The rejected rows are in {into}." if csv and tally.rejected else ""
        sys.stdout.write(f"{tally.new} new, {tally.known} known, {tally.rejected} rejected.{kept}\n")
    raise typer.Exit(1 if tally.rejected else 0)


def _tell_preview(told: dict[str, Any], file: Path, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    for column in told["columns"]:
        sys.stdout.write(f"{column['column']}: {column['is'] or 'left out'}\n")
    for event in told["first"]:
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    for one in told["rejections"]:
        screen.print(f"{file}:{one['line']}: {one['column']} {one['why']}".replace("  ", " "), markup=False)
    sys.stdout.write(f"{told['rows']} events would be told, {told['rejected']} rows rejected. Nothing was changed.\n")


class _Table(NamedTuple):
    """How a CSV file is read."""

    asked: Asked
    rejected: Path
    after_line: int


async def _import(chosen: Settings, file: Path, table: _Table | None) -> Tally:
    from bot.app import build
    from bot.run import migrate_only
    from studio.contacts.reading import BadFile
    from studio.eventfile import tell_file
    from studio.telling import Tally, tell_lines

    await migrate_only(chosen)
    service = build(chosen)
    tally = Tally()
    try:
        await service.published.refresh()
        store, handle, now = service.store, service.conversations.handle, service.time.now
        tallies = (
            tell_file(store, file, table.asked, handle, now=now, rejected=table.rejected, after_line=table.after_line)
            if table
            else tell_lines(store, _lines(file), handle, now=now)
        )
        async for tally in tallies:
            screen.print(f"Line {tally.line}", end="\r")
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}") from error
    except BaseException:
        if table and tally.line:
            screen.print(f"Told up to line {tally.line}; go on with --after-line {tally.line}", markup=False)
        raise
    finally:
        await service.close()
    return tally


async def _lines(file: Path) -> AsyncIterator[bytes]:
    from studio.telling import LONGEST_LINE, REFUSED

    with file.open("rb") as lines:
        while line := lines.readline(LONGEST_LINE + 1):
            if len(line) <= LONGEST_LINE:
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = lines.readline(LONGEST_LINE)
            yield REFUSED
