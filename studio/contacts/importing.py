"""An import of contacts, from a file into the store: previewed, batch by batch, resumed where it stood, never done twice.

An import is named after its file's bytes and what was asked of it. The same again goes on where it stood, or finds itself done.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TextIO

from bot.core.decide import Rules as BotRules
from bot.core.decide import decide
from bot.core.events import Decision
from bot.core.model import State
from bot.store.contract import Store, VersionConflict
from bot.store.importing import ImportRun
from handoff.desk import Desk
from nurture.reports.telling import harmless
from studio.contacts import reading
from studio.contacts.columns import detected
from studio.contacts.rows import Rejection, Row, Rules, read_row

BATCH = 500
TRIES = 8
FIRST_ROWS, MOST_SHOWN = 5, 50
NOBODY = Desk(seats=())
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: how columns map, the channel of rows without one, and the flow that people enter, so many an hour."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    channel: str | None = None
    flow: str | None = None
    per_hour: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is: the run, and which share of the file is read, 0 to 1."""

    run: ImportRun
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would take: columns with their targets, the first rows as understood, counts, and the first rejections."""

    columns: Sequence[tuple[str, str | None]]
    first: Sequence[Row]
    rows: int
    rejected: int
    rejections: Sequence[Rejection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an import needs beside the store: flows and promises, channels, the clock, chance and ids."""

    rules: BotRules
    channels: frozenset[str]
    now: Callable[[], datetime]
    rng: Random
    new_id: Callable[[str], str]


def import_id(path: Path, asked: Asked) -> str:
    """The import's name. Raises `BadFile`."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise reading.BadFile(f"{path} cannot be read: {error.strerror}") from error
    wanted = {"mapping": dict(asked.mapping), "channel": asked.channel, "flow": asked.flow}
    digest.update(json.dumps(wanted, sort_keys=True).encode())
    return f"imp_{digest.hexdigest()[:24]}"


def preview(path: Path, asked: Asked, around: Surroundings) -> Preview:
    """Read the whole file and change nothing. Raises `BadFile`, `BadColumns`."""
    lines = reading.rows(path)
    rules = _rules(lines, path, asked, around, named="preview", began=around.now())
    first: list[Row] = []
    rejections: list[Rejection] = []
    taken = rejected = 0
    for cells in lines:
        found = read_row(cells.line, cells.cells, rules)
        if isinstance(found, Row):
            taken += 1
            first += [found] if len(first) < FIRST_ROWS else []
        else:
            rejected += 1
            rejections += found[: max(0, MOST_SHOWN - len(rejections))]
    columns = list(zip(rules.header, rules.targets, strict=True))
    return Preview(columns=columns, first=first, rows=taken, rejected=rejected, rejections=rejections)


async def import_file(
    store: Store,
    path: Path,
    asked: Asked,
    around: Surroundings,
    *,
    rejected: Path,
    name: str = "",
    progress: Callable[[Progress], None] = lambda _progress: None,
) -> ImportRun:
    """Take every contact over that can be; the rows that can't are in the file `rejected`, each with why. Gives the import as it
    ended. Raises `BadFile`, `BadColumns`, `StoreUnavailable`; the same call goes on where it stood."""
    lines = reading.rows(path)
    named = import_id(path, asked)
    run = await store.begin_import(ImportRun(import_id=named, name=name or path.name, started_at=around.now()))
    rules = _rules(lines, path, asked, around, named=named, began=run.started_at)
    if run.finished_at is not None:
        return run
    size = max(1, path.stat().st_size)
    done_bytes = 0
    with rejects(rejected, rules.header, up_to=run.line) as writer:
        for batch in _batches(lines):
            done_bytes += sum(len(cell) + 1 for cells in batch for cell in cells.cells)
            if batch[-1].end <= run.line:
                continue
            await _take(store, [cells for cells in batch if cells.end > run.line], rules, around, writer)
            found = await store.import_run(named)
            assert found is not None
            run = found
            progress(Progress(run=run, share=min(1.0, done_bytes / size)))
    return await store.end_import(named, now=around.now())


async def _take(store: Store, batch: Sequence[reading.Cells], rules: Rules, around: Surroundings, writer: Rejects) -> None:
    taken: list[Row] = []
    rejected = 0
    for cells in batch:
        found = read_row(cells.line, cells.cells, rules)
        if isinstance(found, Row):
            taken.append(found)
        else:
            rejected += 1
            writer.write(cells, found)
    # Written down before the store is told: what is there twice after a crash is cut off when the import goes on.
    writer.flush()
    now = around.now()

    def decided(state: State, place: int) -> Decision:
        return decide(
            state, taken[place].event, now=now, rng=around.rng, new_id=around.new_id, rules=around.rules, desk=NOBODY
        )  # fmt: skip

    identities = [row.identity for row in taken]
    for left in reversed(range(TRIES)):
        try:
            await store.import_batch(
                rules.import_id, identities, decided, line=batch[-1].end, rejected=rejected, now=now
            )  # fmt: skip
        except VersionConflict:
            if left == 0:
                raise
            continue
        return


def _batches(lines: Iterator[reading.Cells]) -> Iterator[list[reading.Cells]]:
    batch: list[reading.Cells] = []
    for cells in lines:
        batch.append(cells)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rules(lines: Iterator[reading.Cells], path: Path, asked: Asked, around: Surroundings, *, named: str, began: datetime) -> Rules:
    """Read the header off `lines`. Raises `BadColumns`, and `BadFile` if there is none."""
    head = next(lines, None)
    if head is None:
        raise reading.BadFile(f"{path.name} is empty")
    header = tuple(cell.strip() for cell in head.cells)
    targets = detected(header, asked.mapping, with_channel=asked.channel is not None)
    gap = timedelta(hours=1) / max(1, asked.per_hour)
    return Rules(
        import_id=named, header=header, targets=targets, channels=around.channels, channel=asked.channel, now=around.now(),
        flow=asked.flow, start_at=lambda line: began + gap * line,
    )  # fmt: skip


class Rejects:
    """Rejected rows, as they were, with line, column and why behind."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._writer = csv.writer(file, lineterminator="\r\n")

    def head(self, header: Sequence[str]) -> None:
        self._writer.writerow([*header, "line", "column", "why"])

    def write(self, cells: reading.Cells, found: Sequence[Rejection]) -> None:
        self.write_wrong(cells, found[0].column, "; ".join(f"{one.column} {one.why}".strip() for one in found))

    def write_wrong(self, cells: reading.Cells, column: str, whys: str) -> None:
        shown = [harmless(_shown(cell)) for cell in cells.cells]
        self._writer.writerow([*shown, cells.line, harmless(column), harmless(_shown(whys))])

    def row(self, cells: Sequence[str]) -> None:
        self._writer.writerow(cells)

    def flush(self) -> None:
        self._file.flush()


def _shown(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@contextmanager
def rejects(path: Path, header: Sequence[str], *, up_to: int) -> Iterator[Rejects]:
    """The file of rejected rows; of an earlier try only those up to the line it had come to are kept."""
    kept = path.with_name(path.name + ".part")
    with kept.open("w", encoding="utf-8", newline="") as file:
        writer = Rejects(file)
        writer.head(header)
        if up_to and path.exists():
            with path.open(encoding="utf-8", newline="") as earlier:
                rows = csv.reader(earlier)
                next(rows, None)
                for row in rows:
                    if len(row) >= 3 and row[-3].isdigit() and int(row[-3]) <= up_to:
                        writer.row(row)
    kept.replace(path)
    with path.open("a", encoding="utf-8", newline="") as file:
        yield Rejects(file)


def told(run: ImportRun) -> dict[str, Any]:
    """An import as data."""
    counts = {name: count for name, count in sorted(run.counts.items()) if not name.startswith("held:")}
    held = {name.removeprefix("held:"): count for name, count in sorted(run.counts.items()) if name.startswith("held:")}
    return {
        "id": run.import_id,
        "name": run.name,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "line": run.line,
        **{name: counts.get(name, 0) for name in ("new", "merged", "unchanged", "rejected")},
        "flow_held": held,
    }


def told_preview(found: Preview) -> dict[str, Any]:
    """A preview as data."""
    return {
        "columns": [{"column": column, "is": target} for column, target in found.columns],
        "first": [told_row(row) for row in found.first],
        "rows": found.rows,
        "rejected": found.rejected,
        "rejections": [{"line": one.line, "column": one.column, "why": one.why} for one in found.rejections],
    }


def told_row(row: Row) -> dict[str, Any]:
    """A row as understood."""
    event = row.event
    profile = {name: value for name in ("first_name", "last_name", "locale", "zone") if (value := getattr(event.profile, name))}
    return {
        "line": row.line,
        "channel": row.identity.channel,
        "external_id": row.identity.external_id,
        **profile,
        "tags": list(event.tags),
        "slots": dict(event.slots),
        "consent_source": event.consent_source,
        "consent_at": event.consent_at.isoformat(),
        "opted_out": event.opted_out,
    }
