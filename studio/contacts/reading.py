"""A CSV file line by line, however large, each row with the line it begins at."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.core.model import WarmlineError

SIGNS = ",;\t"
LONGEST_CELL = 20_000
csv.field_size_limit(LONGEST_CELL)


class BadFile(WarmlineError):
    """The file cannot be read on; the message says at which line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A row: the line it begins at, the one it ends at, and its cells."""

    line: int
    end: int
    cells: list[str]


def rows(path: Path) -> Iterator[Cells]:
    """The header first, then every row that is not empty. Bytes that are no UTF-8 come as lone surrogates.

    The sign between cells is a comma, a semicolon or a tab, whichever the header has most of. Raises `BadFile`.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            first = file.read(4)
            file.seek(0)
            if first.startswith("\ufeff"):
                file.read(1)
            elif first.encode("utf-8", "surrogateescape").startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadFile(f"{path.name}: this is UTF-16; save it as UTF-8")
            start = file.tell()
            header = file.readline(LONGEST_CELL)
            file.seek(start)
            sign = max(SIGNS, key=header.count)
            yield from _rows(csv.reader(file, delimiter=sign, strict=True), path.name)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from error


def _rows(reader: Iterator[list[str]], name: str) -> Iterator[Cells]:
    done = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = "a quote is opened and never closed, perhaps" if "limit" in str(error) or "end" in str(error) else str(error)
            raise BadFile(f"{name}:{done + 1}: the row that begins here cannot be read: {hint}") from error
        if cells is None:
            return
        end: int = reader.line_num  # type: ignore[attr-defined]
        if any(cell.strip() for cell in cells):
            yield Cells(line=done + 1, end=end, cells=cells)
        done = end
