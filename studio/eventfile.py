"""Events in a CSV file: previewed, told, those that are not taken kept as rows of a file. The same file again changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.store.contract import Store
from studio.contacts.importing import FIRST_ROWS, MOST_SHOWN, rejects
from studio.eventrows import Asked, EventRow, opened
from studio.happenings import HappeningBody
from studio.telling import Found, Tally, Tell, Unfit, tell_all


def import_id(path: Path, asked: Asked) -> str:
    """What telling this file, asked for like this, is known by: the same again has the same name."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps({"mapping": dict(asked.mapping), "channel": asked.channel}, sort_keys=True).encode())
    return f"evt_{digest.hexdigest()[:24]}"


def preview(path: Path, asked: Asked) -> dict[str, Any]:
    """What would be told, as data: columns, the first events, counts and what is wrong. Reads the whole file, changes nothing.

    Whether there is such a prospect is only seen when it is told. Raises `BadFile`, `BadColumns`.
    """
    file = opened(path, asked)
    first: list[dict[str, Any]] = []
    wrong: list[dict[str, Any]] = []
    count = rejected = 0
    for row in file.rows:
        if isinstance(row.found, HappeningBody):
            count += 1
            if len(first) < FIRST_ROWS:
                first.append({"line": row.cells.line, **row.found.model_dump(mode="json", exclude_none=True)})
        else:
            rejected += 1
            room = max(0, MOST_SHOWN - len(wrong))
            wrong += [{"line": row.cells.line, "column": one.column, "why": one.why} for one in row.found[:room]]
    columns = [{"column": column, "is": target} for column, target in zip(file.header, file.targets, strict=True)]
    return {"columns": columns, "first": first, "rows": count, "rejected": rejected, "rejections": wrong}


async def tell_file(
    store: Store,
    path: Path,
    asked: Asked,
    tell: Tell,
    *,
    now: Callable[[], datetime],
    rejected: Path | None = None,
    after_line: int = 0,
) -> AsyncIterator[Tally]:
    """Tell every event of a file, those of rows up to `after_line` left out; gives the tally after each thousand rows and at the
    end. Rows that are not taken are in the file `rejected`, each with line, column and why. Raises `BadFile`, `BadColumns`."""
    file = await asyncio.to_thread(opened, path, asked)
    held: dict[int, EventRow] = {}

    async def found() -> AsyncIterator[Found]:
        for row in file.rows:
            if row.cells.end > after_line:
                held[row.cells.line] = row
                yield Found(line=row.cells.line, end=row.cells.end, body=_body(row))

    def reject(one: Unfit) -> None:
        if writer is not None:
            writer.write_wrong(held[one.line].cells, one.field, one.why)

    with rejects(rejected, file.header, up_to=after_line) if rejected else nullcontext() as writer:
        async for tally in tell_all(store, found(), tell, now=now, reject=reject, named=file.named):
            held.clear()
            if writer is not None:
                writer.flush()
            yield tally


def _body(row: EventRow) -> HappeningBody | tuple[Unfit, ...]:
    if isinstance(row.found, HappeningBody):
        return row.found
    return tuple(Unfit(line=row.cells.line, field=one.column, why=one.why) for one in row.found)
