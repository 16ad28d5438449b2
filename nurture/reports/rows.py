"""Rows of a report. Every number is a count or a sum of events, which the row holds, so that it can be opened. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

PERCENTILES = {"p50_s": 0.5, "p90_s": 0.9, "p95_s": 0.95, "worst_s": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """One event behind a number: of whom, when, and the line of the journal or the message that says so."""

    conversation_id: str
    at: datetime
    enrolment_id: str | None = None
    journal_id: int | None = None
    message_id: int | None = None
    waited_s: float | None = None
    currency: str | None = None
    value: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class Row:
    """One group; `events` are those behind each measure."""

    key: str
    events: dict[str, list[Behind]] = field(default_factory=lambda: defaultdict(list))

    def count(self, measure: str) -> int:
        """How many events are behind a measure."""
        return len(self.events.get(measure, ()))

    def rate(self, measure: str, of: str) -> float | None:
        """Of those (enrolments, or people where there are none) behind `of`, the share who are behind `measure`; None of nobody."""
        everybody = self._who(of)
        return len(self._who(measure) & everybody) / len(everybody) if everybody else None

    def _who(self, measure: str) -> set[tuple[str, str | None]]:
        return {(event.conversation_id, event.enrolment_id) for event in self.events.get(measure, ())}

    def value(self, measure: str = "conversions") -> dict[str, Decimal]:
        """Sums by currency."""
        sums: dict[str, Decimal] = {}
        for event in self.events.get(measure, ()):
            if event.value is not None:
                sums[event.currency or ""] = sums.get(event.currency or "", Decimal(0)) + event.value
        return dict(sorted(sums.items()))

    def waits(self, measure: str = "replied") -> dict[str, float | None]:
        """Exact nearest-rank percentiles of the seconds waited: each is a wait that somebody had."""
        waited = sorted(event.waited_s for event in self.events.get(measure, ()) if event.waited_s is not None)
        return {name: nearest_rank(waited, share) for name, share in PERCENTILES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A report: what was asked, rows in order, and the total, which is counted anew and not added up."""

    about: Mapping[str, Any]
    measures: Sequence[str]
    rates: Mapping[str, tuple[str, str]]
    rows: Sequence[Row]
    total: Row
    waits: bool = False

    def row(self, key: str | None) -> Row | None:
        """The row with this key; without one the total."""
        return self.total if key is None else next((row for row in self.rows if row.key == key), None)


def nearest_rank(ordered: Sequence[float], share: float) -> float | None:
    """The least value that a share of them does not exceed; None of none."""
    # Rounded first: 0.95 * 20 is a hair above 19 in binary.
    return ordered[max(1, math.ceil(round(share * len(ordered), 9))) - 1] if ordered else None


def only_first(events: Iterable[Behind]) -> list[Behind]:
    """The first event of each enrolment, or of each person where there is none."""
    seen: dict[tuple[str, str | None], Behind] = {}
    for event in sorted(events, key=lambda one: one.at):
        seen.setdefault((event.conversation_id, event.enrolment_id), event)
    return list(seen.values())
