"""A row of a CSV file as an event, or what is wrong with it, cell by cell. Pure, but for reading the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.contacts.columns import IGNORED, BadColumns, folded
from studio.contacts.reading import BadFile, Cells, rows
from studio.happenings import HappeningBody

PROPERTY = "properties."
CONVERSATION, CHANNEL, PERSON = "prospect.conversation_id", "prospect.channel", "prospect.external_id"
TARGETS = (CONVERSATION, CHANNEL, PERSON, "name", "external_id", "at")
"""What a column can be, besides `properties.NAME`, and `-` for what is left out."""

KNOWN_AS = {
    "conversation_id": CONVERSATION,
    "channel": CHANNEL,
    "contact_id": PERSON,
    "person_id": PERSON,
    "psid": PERSON,
    "user_id": PERSON,
    "event": "name",
    "event_name": "name",
    "event_id": "external_id",
    "id": "external_id",
    "time": "at",
    "timestamp": "at",
    "happened_at": "at",
}
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?")
"""Numbers that are written the one way; `007` and `1e5` are words."""
TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How columns map, and the channel of rows without one."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a cell; `column` is as the header names it, empty for the row as a whole."""

    column: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A row of the file with the event in it, or all that is wrong."""

    cells: Cells
    found: HappeningBody | tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """A file's header, what each column is, and its rows, read as they are asked for."""

    header: tuple[str, ...]
    targets: tuple[str | None, ...]
    rows: Iterator[EventRow]

    @property
    def named(self) -> dict[str, str]:
        """What the header calls each target; a prospect by whichever column says who it was."""
        named = {target: column for target, column in zip(self.targets, self.header, strict=True) if target}
        return {**named, "prospect": named.get(CONVERSATION) or named[PERSON]}


def opened(path: Path, asked: Asked) -> EventFile:
    """The file, read up to its header. Raises `BadFile`, `BadColumns`; `BadFile` while its rows are read, too."""
    lines = rows(path)
    head = next(lines, None)
    if head is None:
        raise BadFile(f"{path.name} is empty")
    header = tuple(cell.strip() for cell in head.cells)
    targets = detected(header, asked)
    found = (EventRow(cells=cells, found=read(cells.cells, header, targets, asked.channel)) for cells in lines)
    return EventFile(header=header, targets=targets, rows=found)


def detected(header: Sequence[str], asked: Asked) -> tuple[str | None, ...]:
    """The target of each column: as mapped, else by its name; None is left out. Raises `BadColumns`."""
    mapped = {column.strip().casefold(): _target(target) for column, target in asked.mapping.items()}
    unknown = set(mapped) - {column.casefold() for column in header}
    if unknown:
        raise BadColumns(f'there is no column "{min(unknown)}"; there are {", ".join(header)}')
    targets: list[str | None] = []
    for column in header:
        target = mapped.get(column.casefold()) or _by_name(column)
        target = None if target == IGNORED else target
        if target is not None and target in targets:
            raise BadColumns(f'"{header[targets.index(target)]}" and "{column}" are both {target}; leave one out: "{column}=-"')
        targets.append(target)
    for needed in ("name", "external_id"):
        if needed not in targets:
            raise BadColumns(f'no column is {needed}; say which: "Column={needed}"')
    if CONVERSATION not in targets and (PERSON not in targets or (CHANNEL not in targets and asked.channel is None)):
        raise BadColumns(f"no column says who it was: {CONVERSATION}, or {PERSON} with {CHANNEL} or one channel for all rows")
    return tuple(targets)


def _target(target: str) -> str:
    if target in (*TARGETS, IGNORED) or (target.startswith(PROPERTY) and len(target) > len(PROPERTY)):
        return target
    near = difflib.get_close_matches(target, TARGETS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(TARGETS)}, {PROPERTY}NAME and -"
    raise BadColumns(f'"{target}" is nothing that a column can be{hint}')


def _by_name(column: str) -> str | None:
    if column.strip().startswith(PROPERTY):
        return column.strip()
    name = folded(column)
    return name if name in TARGETS else KNOWN_AS.get(name)


def read(
    cells: Sequence[str], header: Sequence[str], targets: Sequence[str | None], channel: str | None
) -> HappeningBody | tuple[Wrong, ...]:
    """The event in a row, or all that is wrong with it. Empty cells are left out."""
    if len(cells) != len(header):
        return (Wrong(column="", why=f"{len(cells)} cells, but the header has {len(header)}"),)
    named = {target: column for target, column in zip(targets, header, strict=True) if target}
    given = {target: cell.strip() for target, cell in zip(targets, cells, strict=True) if target and cell.strip()}
    unfit = tuple(Wrong(column=named[target], why="not UTF-8") for target, cell in given.items() if not _is_text(cell))
    if unfit:
        return unfit
    try:
        return HappeningBody.model_validate(_data(given, channel))
    except ValidationError as error:
        return tuple(_wrong(one, named) for one in error.errors(include_url=False))


def _is_text(cell: str) -> bool:
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in cell)


def _data(given: Mapping[str, str], channel: str | None) -> dict[str, Any]:
    prospect = {target.removeprefix("prospect."): cell for target, cell in given.items() if target.startswith("prospect.")}
    if "conversation_id" not in prospect and channel is not None:
        prospect.setdefault("channel", channel)
    told = {target: cell for target, cell in given.items() if target in ("name", "external_id", "at")}
    properties = {target.removeprefix(PROPERTY): _value(cell) for target, cell in given.items() if target.startswith(PROPERTY)}
    return {**told, "prospect": prospect, "properties": properties}


def _value(cell: str) -> str | int | float | bool:
    if NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    return TRUTH.get(cell, cell)


def _wrong(error: Any, named: Mapping[str, str]) -> Wrong:
    place = ".".join(str(part) for part in error["loc"][:2])
    missing = "is empty" if error["type"] == "missing" else str(error["msg"]).removeprefix("Value error, ")
    return Wrong(column=named.get(place, place), why=missing)
