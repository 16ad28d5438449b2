"""Reads the JSON of `POST /turn` and `POST /read`, and names the field that is wrong."""

import json
import math
from dataclasses import dataclass
from typing import Any

from brain.errors import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRequest:
    """One turn to take.

    `events` are Rasa event dictionaries, oldest first: all of the conversation, or slot events followed by its tail.
    `now` is seconds since the epoch; events of the answer are stamped with it, and sessions expire by it.
    """

    conversation_id: str
    input_channel: str
    events: list[dict[str, Any]]
    text: str
    message_id: str
    metadata: dict[str, Any]
    now: float


def parse_turn(body: bytes, *, now: float) -> TurnRequest:
    """A turn from its JSON; `now` (seconds since the epoch) is used unless the body brings its own.

    Raises BadRequest, naming the field.
    """
    document = _document(body)
    conversation_id = _words(document, "conversation_id")
    input_channel = _words(document, "input_channel")
    events = _events(document)
    message = _field(document, "message", dict)
    return TurnRequest(
        conversation_id=conversation_id,
        input_channel=input_channel,
        events=events,
        text=_field(message, "text", str, inside="message."),
        message_id=_words(message, "message_id", inside="message."),
        metadata=_field(message, "metadata", dict, inside="message.", default={}),
        now=_seconds(document, default=now),
    )


def parse_read(body: bytes) -> str:
    """The text to understand, from `{"text": ...}`. Raises BadRequest."""
    text: str = _field(_document(body), "text", str)
    return text


def parse_model_path(body: bytes) -> str:
    """The path from `{"path": ...}`. Raises BadRequest."""
    return _words(_document(body), "path")


_NAMES = {dict: "an object", list: "a list", str: "a string"}


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("body", f"not JSON ({error})") from error
    if not isinstance(document, dict):
        raise BadRequest("body", "must be an object")
    return document


def _field(holder: dict[str, Any], name: str, kind: type[Any], *, inside: str = "", default: Any | None = None) -> Any:
    value = holder.get(name, default)
    if value is None and name not in holder:
        raise BadRequest(inside + name, "is missing")
    if not isinstance(value, kind):
        raise BadRequest(inside + name, f"must be {_NAMES[kind]}")
    return value


def _words(holder: dict[str, Any], name: str, *, inside: str = "") -> str:
    value: str = _field(holder, name, str, inside=inside)
    if not value.strip():
        raise BadRequest(inside + name, "must not be empty")
    return value


def _events(document: dict[str, Any]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = _field(document, "events", list)
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            raise BadRequest(f"events[{index}]", "must be an object")
        if not isinstance(event.get("event"), str):
            raise BadRequest(f"events[{index}].event", "must be a string")
    return events


def _seconds(document: dict[str, Any], *, default: float) -> float:
    value = document.get("now", default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise BadRequest("now", "must be seconds since the epoch")
    return float(value)
