"""A report as JSON data, as rows of a table, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from handoff.accounts import Cause
from handoff.numbers import Guess, Miss, Report, Row, Segment, Spread, Wait, Worth

ACCURACY = ("told", "judged", "inside", "p50_error_s", "p90_error_s")
OUTCOMES = ("won", "lost", "later", "no_fit", "answered", "returned")
"""How agents end a talk, each a column of the CSV."""

SPREAD = ("count", "unfinished", "p50_s", "p90_s", "p95_s", "worst_s")
COLUMNS = (
    "key",
    "episodes",
    *(f"{segment}_{name}" for segment in Segment for name in (*SPREAD, "missed")),
    *(f"cause_{cause}" for cause in Cause),
    *(f"forecast_{name}" for name in ACCURACY),
    *(f"rating_{name}" for name in ("asked", "given", "mean")),
    *(f"{outcome}_{name}" for outcome in OUTCOMES for name in ("count", "value")),
)
"""Columns of the CSV. Seconds end in `_s`."""


def told(report: Report) -> dict[str, Any]:
    """As JSON data, without the waits and misses behind it."""
    return {
        "from": _stamp(report.since),
        "to": _stamp(report.until),
        "now": _stamp(report.now),
        "by": report.by.value,
        "zone": report.zone,
        "rows": [_told_row(row) for row in report.rows],
        "total": _told_row(report.total),
    }


def behind(row: Row) -> dict[str, Any]:
    """What the numbers of a row are made of: waits, longest first, misses, and waiting times that were told."""
    longest_first = sorted(row.waits, key=lambda wait: -wait.waited_s)
    return {
        "key": row.key,
        "waits": [_told_wait(wait) for wait in longest_first],
        "misses": [_told_miss(miss) for miss in row.misses],
        "forecasts": [_told_guess(guess) for guess in row.guesses],
        "ends": [asdict(end) for end in row.ends],
    }


def as_csv(report: Report) -> str:
    """As CSV: a header, a line a row, and the total last."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in (*report.rows, report.total))
    return text.getvalue()


def _cells(row: Row) -> list[object]:
    parts: list[object] = [_harmless(row.key), row.episodes]
    for segment in Segment:
        parts += [*_numbers(row.spread(segment)).values(), row.missed(segment)]
    return [*parts, *(row.caused(cause) for cause in Cause), *_accuracy(row).values(), *_rating(row).values(), *_worths(row)]


def _worths(row: Row) -> Iterator[object]:
    found = row.outcomes()
    for outcome in OUTCOMES:
        worth = found.get(outcome, Worth(count=0, value=0.0))
        yield from (worth.count, worth.value)


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and len(text) > 1 else text


def _numbers(spread: Spread) -> dict[str, float | int | None]:
    return {name: getattr(spread, name) for name in SPREAD}


def _told_row(row: Row) -> dict[str, Any]:
    segments = {segment.value: {**_numbers(row.spread(segment)), "missed": row.missed(segment)} for segment in Segment}
    causes = {cause.value: count for cause in Cause if (count := row.caused(cause))}
    return {
        "key": row.key,
        "episodes": row.episodes,
        "segments": segments,
        "causes": causes,
        "forecast": _accuracy(row),
        **_ends(row),
    }


def _ends(row: Row) -> dict[str, Any]:
    outcomes = {name: {"count": worth.count, "value": worth.value} for name, worth in row.outcomes().items()}
    return {"rating": _rating(row), "outcomes": outcomes}


def _rating(row: Row) -> dict[str, float | int | None]:
    given = row.ratings
    mean = round(sum(given) / len(given), 3) if given else None
    return {"asked": sum(one.asked for one in row.ends), "given": len(given), "mean": mean}


def _accuracy(row: Row) -> dict[str, float | int | None]:
    found = row.accuracy
    return {name: getattr(found, name) for name in ACCURACY}


def _told_guess(guess: Guess) -> dict[str, Any]:
    return {**asdict(guess), "told_at": _stamp(guess.told_at)}


def _told_wait(wait: Wait) -> dict[str, Any]:
    return {
        "segment": wait.segment.value,
        "conversation_id": wait.conversation_id,
        "episode_id": wait.episode_id,
        "since": _stamp(wait.since),
        "waited_s": wait.waited_s,
        "ending": wait.ending.value,
        "journal_id": None if wait.journal_id is None else str(wait.journal_id),
    }


def _told_miss(miss: Miss) -> dict[str, Any]:
    return {
        "segment": miss.segment.value,
        "conversation_id": miss.conversation_id,
        "episode_id": miss.episode_id,
        "cause": miss.cause.value,
        "late_s": miss.late_s,
        "judged": miss.judged,
        "journal_id": None if miss.journal_id is None else str(miss.journal_id),
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
