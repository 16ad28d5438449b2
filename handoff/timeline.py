"""What happened with a prospect, as a person reads it: visits, handoffs, flows, notes, conversions, ratings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.events import JournalEntry
from handoff.card import CHANNELS, OUTCOMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`sort` is visit, person, flow, note, conversion, rating, consent or trouble; `text` one sentence, `more` words of somebody's
    own."""

    sort: str
    text: str
    more: str = ""


def _said(value: Any) -> str:
    return str(value or "").replace("_", " ").strip()


def _met(data: Mapping[str, Any], channel: str) -> Line:
    return Line(sort="visit", text=f"First contact on {CHANNELS.get(channel, channel)}")


def _visit(data: Mapping[str, Any], channel: str) -> Line:
    count = int(data.get("messages", 1))
    return Line(sort="visit", text=f"Came by on {CHANNELS.get(channel, channel)}: {count} message{'' if count == 1 else 's'}")


def _touched(data: Mapping[str, Any], _channel: str) -> Line | None:
    by = ", ".join(_said(data[name]) for name in ("source", "campaign", "ad_title", "ref", "referrer") if data.get(name))
    return Line(sort="visit", text=f"Came by {by}") if by else None


def _opened(data: Mapping[str, Any], _channel: str) -> Line:
    return Line(sort="person", text=f"A person was needed: {_said(data.get('reason'))}")


def _closed(data: Mapping[str, Any], _channel: str) -> Line:
    outcome = str(data.get("outcome", ""))
    value = f", worth {data['value']:g}" if isinstance(data.get("value"), int | float) else ""
    return Line(sort="person", text=f"The talk ended: {OUTCOMES.get(outcome, _said(outcome))}{value}")


def _transferred(data: Mapping[str, Any], _channel: str) -> Line:
    return Line(
        sort="person", text="Passed on to a colleague" if data.get("to") else f"Passed on to the team {_said(data.get('team'))}"
    )


def _converted(data: Mapping[str, Any], _channel: str) -> Line:
    worth = " ".join(str(data[name]) for name in ("value", "currency") if data.get(name))
    return Line(sort="conversion", text=f"Conversion: {_said(data.get('name'))}{f', worth {worth}' if worth else ''}")


def _started(data: Mapping[str, Any], _channel: str) -> Line:
    return Line(sort="flow", text=f"Entered the flow {_said(data.get('flow'))}")


def _ended(data: Mapping[str, Any], _channel: str) -> Line:
    how = {"done": "Finished", "exited": "Left", "stopped": "Was taken out of"}.get(str(data.get("status")), "Left")
    why = _said(data.get("reason"))
    return Line(
        sort="flow", text=f"{how} the flow {_said(data.get('flow'))}{f': {why}' if why and data.get('status') != 'done' else ''}"
    )


def _note(data: Mapping[str, Any], _channel: str) -> Line:
    return Line(sort="note", text=f"Note by {data.get('agent') or 'an agent'}", more=str(data.get("text", "")))


def _plain(sort: str, text: str, field: str = "") -> Callable[[Mapping[str, Any], str], Line]:
    return lambda data, _channel: Line(sort=sort, text=text.format(_said(data.get(field))))


_TOLD: Mapping[str, Callable[[Mapping[str, Any], str], Line | None]] = {
    "prospect.touched": _touched,
    "prospect.happened": _plain("conversion", "Told by a program: {}", "name"),
    "prospect.converted": _converted,
    "prospect.opted_out": _plain("consent", "Asked us to stop writing"),
    "prospect.opted_in": _plain("consent", "Asked to hear from us again"),
    "episode.opened": _opened,
    "episode.accepted": _plain("person", "Somebody took the talk"),
    "episode.transferred": _transferred,
    "episode.transfer_undone": _plain("person", "Passing on was undone"),
    "episode.returned": _plain("person", "Back in the queue: {}", "why"),
    "episode.closed": _closed,
    "episode.breached": _plain("trouble", "Our promise was missed: {}", "clock"),
    "episode.chose": _plain("person", "Chose: {}", "choice"),
    "episode.booked": _plain("person", "Booked a time"),
    "episode.rated": _plain("rating", "Rated the talk {} of 5", "rating"),
    "native_inbox.took": _plain("person", "Somebody took it over in the page inbox"),
    "native_inbox.gave_back": _plain("person", "Came back from the page inbox"),
    "flow.started": _started,
    "flow.ended": _ended,
    "brain.failed": _plain("trouble", "The bot was not answering"),
}
KINDS = tuple(_TOLD)
"""Lines of the journal that a timeline shows."""


def line_of(entry: JournalEntry, channel: str) -> Line | None:
    """The line that tells of an entry (or of a `met`, `visit` or `note`); None where there is nothing to tell."""
    tell = {**_TOLD, "met": _met, "visit": _visit, "note": _note}.get(entry.kind)
    return None if tell is None else tell(entry.data, channel)


def until_of(entry: JournalEntry) -> datetime | None:
    """When a visit ended; None for anything else."""
    return datetime.fromisoformat(str(entry.data["until"])) if entry.kind == "visit" else None
