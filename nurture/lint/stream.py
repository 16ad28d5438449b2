"""Rows of any text to rows of CSV, one by one: `copy score`."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO

from nurture.lint.score import score

CHUNK_BYTES = 65_536
MAX_LINE_CHARS = 1_000_000
"""A longer row is cut here, so that a file without line ends does not fill the memory; its beginning is what is judged."""

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def rows(source: IO[bytes]) -> Iterator[str]:
    """The rows of a stream as text. UTF-8, UTF-16 with a mark, and else Windows-1252 by the row; nothing is refused."""
    first = source.peek(4)[:4] if isinstance(source, io.BufferedReader) else b""
    encoding = next((name for mark, name in MARKS if first.startswith(mark)), None)
    if encoding == "utf-16":
        yield from (row.rstrip("\r\n") for row in io.TextIOWrapper(source, encoding=encoding, errors="replace", newline="\n"))
        return
    while raw := source.readline(MAX_LINE_CHARS):
        if not raw.endswith(b"\n"):
            _skip_rest(source, raw)
        yield _decoded(raw.removeprefix(codecs.BOM_UTF8)).rstrip("\r\n")


def _skip_rest(source: IO[bytes], raw: bytes) -> None:
    while len(raw) == MAX_LINE_CHARS and not raw.endswith(b"\n"):
        raw = source.readline(MAX_LINE_CHARS)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def scored(source: IO[bytes]) -> Iterator[str]:
    """CSV, header first: the number of the row, its score, and why. An empty row scores 50: there is nothing to read."""
    yield _csv("line", "score", "why")
    for number, text in enumerate(rows(source), 1):
        found = score(text)
        yield _csv(str(number), f"{found.value:.1f}", str(found) if text.strip() else "nothing to read")


def _csv(*fields: str) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow(fields)
    return row.getvalue()
