"""`warmline events`: events of another system, many at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot import settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from studio.telling import Tally

app = typer.Typer(no_args_is_help=True, help="Events that other systems tell of.")
screen = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def events() -> None:
    """Events that other systems tell of."""


@app.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(help="One JSON object a line, as POST /api/studio/events takes them.")],
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Tell of every event in a file; those that are known change nothing. Exit code 1 if lines were rejected."""
    tally = asyncio.run(_import(settings.load(), file))
    if as_json:
        sys.stdout.write(json.dumps(tally.told()) + "\n")
    else:
        for one in tally.rejections:
            screen.print(f"{file}:{one.line}: {one.field} {one.why}".replace("  ", " "), markup=False)
        sys.stdout.write(f"{tally.new} new, {tally.known} known, {tally.rejected} rejected.\n")
    raise typer.Exit(1 if tally.rejected else 0)


async def _import(chosen: Settings, file: Path) -> Tally:
    from bot.app import build
    from bot.run import migrate_only
    from studio.contacts.reading import BadFile
    from studio.telling import Tally, tell_lines

    await migrate_only(chosen)
    service = build(chosen)
    try:
        await service.published.refresh()
        tally, lines = Tally(), _lines(file)
        async for tally in tell_lines(service.store, lines, service.conversations.handle, now=service.time.now):
            screen.print(f"Line {tally.line}", end="\r")
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}") from error
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
