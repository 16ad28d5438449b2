"""A table as JSON data, as CSV, and the events behind a number. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from nurture.reports.rows import PERCENTILES, Behind, Row, Table

FORMULA_STARTS = "=+-@\t\r"


def as_data(table: Table) -> dict[str, Any]:
    """As JSON data, without the events. Values are decimal text by currency; rates are from 0 to 1."""
    about = {name: stamp(value) if isinstance(value, datetime) else value for name, value in table.about.items()}
    return {**about, "rows": [_row(table, row) for row in table.rows], "total": _row(table, table.total)}


def _row(table: Table, row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"key": row.key, **{measure: row.count(measure) for measure in table.measures}}
    for name, (measure, of) in table.rates.items():
        rate = row.rate(measure, of)
        told[name] = None if rate is None else round(rate, 6)
    if table.waits:
        told["reply"] = row.waits()
    told["value"] = {currency: f"{value}" for currency, value in row.value().items()}
    return told


def columns(table: Table) -> list[str]:
    """The columns of the CSV; a column for each currency that there is."""
    waits = [f"reply_{name}" for name in PERCENTILES] if table.waits else []
    return ["key", *table.measures, *table.rates, *waits, *(f"value_{c or 'none'}" for c in table.total.value())]


def as_csv(table: Table) -> str:
    """As CSV: a header, a line a row, and the total last."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns(table))
    for row in (*table.rows, table.total):
        writer.writerow(list(_cells(table, row)))
    return text.getvalue()


def _cells(table: Table, row: Row) -> Iterator[object]:
    yield harmless(row.key)
    yield from (row.count(measure) for measure in table.measures)
    yield from (row.rate(*pair) for pair in table.rates.values())
    if table.waits:
        yield from row.waits().values()
    sums = row.value()
    yield from (sums.get(currency, "") for currency in table.total.value())


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if text[:1] and text[:1] in FORMULA_STARTS and len(text) > 1 else text


def behind(row: Row, measure: str) -> list[dict[str, Any]]:
    """The events behind a number, oldest first."""
    return [_told(event) for event in sorted(row.events.get(measure, ()), key=lambda one: (one.at, one.conversation_id))]


def _told(event: Behind) -> dict[str, Any]:
    told = {
        "conversation_id": event.conversation_id,
        "at": stamp(event.at),
        "enrolment_id": event.enrolment_id,
        "journal_id": None if event.journal_id is None else str(event.journal_id),
        "message_id": None if event.message_id is None else str(event.message_id),
        "waited_s": event.waited_s,
        "currency": event.currency,
        "value": None if event.value is None else str(event.value),
    }
    return {name: value for name, value in told.items() if value is not None}


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
