"""What happened in this world: sends, sender actions, refusals, and the audit over them."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.fakes.graph.errors import FakeGraphError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message that passed every check of the Send API."""

    recipient: str  # page-scoped id
    message: Mapping[str, Any]  # as the person sees it: long titles are already cut
    metadata: str | None  # the app's own mark, given back in the echo
    tag: str | None  # e.g. HUMAN_AGENT
    messaging_type: str | None  # RESPONSE, UPDATE, MESSAGE_TAG
    persona_id: str | None
    at: datetime  # when the platform took it
    mid: str
    delivered: bool  # False: swallowed by a fault, the person never saw it

    @property
    def text(self) -> str | None:
        """The words of the message, or of its button template; None for anything else."""
        if "text" in self.message:
            return str(self.message["text"])
        payload = (self.message.get("attachment") or {}).get("payload") or {}
        return payload.get("text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A sender_action call: typing_on, typing_off, mark_seen, react or unreact."""

    recipient: str
    action: str
    persona_id: str | None
    at: datetime


@dataclass(slots=True, kw_only=True)
class Comment:
    """A person's public comment, which the app may answer in private once."""

    psid: str
    at: datetime
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call that was answered with an error."""

    operation: str  # message, sender_action, profile, ...
    recipient: str | None
    body: Mapping[str, Any]
    code: int
    subcode: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A call that a fault hit."""

    kind: str  # a `FaultKind`
    operation: str  # message, sender_action, profile, ...
    recipient: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """The same metadata reached the same person more than once."""

    recipient: str
    metadata: str
    mids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Delivered messages, counted per person, and those delivered twice."""

    delivered: Mapping[str, int]  # page-scoped id -> messages that arrived
    unmarked: int  # delivered without metadata, so a double could not be noticed
    doubles: tuple[Double, ...]


def audit(sent: Iterable[Sent]) -> Audit:
    """Count what arrived and find each (person, metadata) that arrived more than once."""
    delivered: dict[str, int] = defaultdict(int)
    marks: dict[tuple[str, str], list[str]] = defaultdict(list)
    unmarked = 0
    for message in sent:
        if not message.delivered:
            continue
        delivered[message.recipient] += 1
        if message.metadata is None:
            unmarked += 1
        else:
            marks[message.recipient, message.metadata].append(message.mid)
    return Audit(
        delivered=dict(delivered),
        unmarked=unmarked,
        doubles=tuple(
            Double(recipient=recipient, metadata=metadata, mids=tuple(mids))
            for (recipient, metadata), mids in marks.items()
            if len(mids) > 1
        ),
    )


class JsonlLog:
    """An append-only file of JSON lines, each written in one call, so that a kill never tears more than one line."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, kind: str, record: Sent | Action | Refused) -> None:
        """Append `record` as one line with `kind` (sent, action, refused)."""
        line = json.dumps({"kind": kind} | asdict(record), default=_jsonable, separators=(",", ":"))
        os.write(self._fd, line.encode() + b"\n")

    def close(self) -> None:
        os.close(self._fd)


def read_sent(path: Path) -> Iterator[Sent]:
    """The sends in a log written by `JsonlLog`, in order.

    A last line without a newline was torn by a kill and is left out. Any other unreadable line raises
    `FakeGraphError` naming file and line.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
                if record.pop("kind") == "sent":
                    yield Sent(**record | {"at": datetime.fromisoformat(record["at"])})
            except (ValueError, KeyError, TypeError) as error:
                raise FakeGraphError(f"{path}:{number}: not a record of this log: {error}") from error


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in the log")
