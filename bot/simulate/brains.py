"""What reads people's words in a simulation: readings that a brain once gave, or the brain that runs now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from bot.core.events import BrainAnswer, BrainAsk
from bot.core.model import Json, QuickReply, Reading, Say, Speaker, WarmlineError

READINGS = Path(__file__).with_name("readings.jsonl")
FALLBACK = "nlu_fallback"
UNHEARD = Say(speaker=Speaker.BOT, text="Sorry, I didn't get that.", wording="simulate/unread")
MADE_UP = "simulate/made_up"


class Unreadable(WarmlineError):
    """A file of recorded readings cannot be read; says file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something people write, what kind of thing it is, and how a brain answered it."""

    kind: str
    text: str
    answer: BrainAnswer

    @property
    def intent(self) -> str:
        """What it means."""
        return self.answer.reading.intent or FALLBACK


class SimulatedBrain(Protocol):
    """What answers a turn in a simulation, at once."""

    def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[Json]) -> BrainAnswer:
        """The answer to `ask`; `tracker` are the earlier events, oldest first. Raises `BrainError`."""


class RecordedBrain:
    """Answers a line as it was answered when it was recorded. A line it does not know is not understood, and a payload
    (`/intent{"entity": "value"}`) means what it says."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._answers = {line.text: line.answer for line in lines}

    def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[Json]) -> BrainAnswer:
        """See `SimulatedBrain`. A burst is read by the last of its lines that is known and means something."""
        if ask.text.startswith("/"):
            return _by_payload(ask.text)
        known = [self._answers[text] for text in ask.text.split("\n") if text in self._answers]
        telling = [answer for answer in known if answer.reading.intent not in (None, FALLBACK, "greet")]
        if telling or known:
            return (telling or known)[-1]
        return BrainAnswer(reading=Reading(text=ask.text, intent=FALLBACK), messages=(UNHEARD,), model="recorded")


class MadeUpBrain:
    """Reads the made-up answers of a simulation as what they were made for, and leaves the rest to `inner`."""

    def __init__(self, inner: SimulatedBrain) -> None:
        self._inner = inner
        self._made_up: dict[str, BrainAnswer] = {}

    def make_up(self, intent: str, entity: str | None) -> str:
        """A text that will be read as this intent, with this entity."""
        text = f"({intent.replace('_', ' ')}{f': {entity}' if entity else ''})"
        if text not in self._made_up:
            entities = ({"entity": entity, "value": f"some {entity.replace('_', ' ')}"},) if entity else ()
            reading = Reading(text=text, intent=intent, confidence=1.0, entities=entities)
            words = Say(speaker=Speaker.BOT, text="Okay.", wording=MADE_UP)
            self._made_up[text] = BrainAnswer(reading=reading, messages=(words,), model="made up")
        return text

    def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[Json]) -> BrainAnswer:
        """See `SimulatedBrain`."""
        made_up = next((self._made_up[text] for text in ask.text.split("\n") if text in self._made_up), None)
        return made_up or self._inner.turn(conversation_id, channel, ask, tracker)


def _by_payload(text: str) -> BrainAnswer:
    intent, brace, rest = text[1:].partition("{")
    try:
        told: Mapping[str, Any] = json.loads(brace + rest) if brace else {}
    except ValueError:
        told = {}
    entities = tuple({"entity": name, "value": value} for name, value in told.items())
    reading = Reading(text=text, intent=intent, confidence=1.0, entities=entities)
    words = Say(speaker=Speaker.BOT, text="Okay.", wording=MADE_UP)
    directives = ({"do": "handoff", "reason": "asked"},) if intent == "want_human" else ()
    return BrainAnswer(reading=reading, messages=() if directives else (words,), directives=directives, model="recorded")


# ---- files ----------------------------------------------------------------------------------------------------------


def read_lines(path: Path = READINGS) -> tuple[Line, ...]:
    """Recorded lines. Raises `Unreadable` naming file and line."""
    return _shipped() if path == READINGS else _read(path)


@cache
def _shipped() -> tuple[Line, ...]:
    return _read(READINGS)


def _read(path: Path) -> tuple[Line, ...]:
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(_line(json.loads(row)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"{path}:{number}: not a recorded reading ({type(error).__name__}: {error})") from error
    return tuple(found)


def _line(row: Mapping[str, Any]) -> Line:
    reading = Reading(
        text=row["text"], intent=row["intent"], confidence=float(row["confidence"]), entities=tuple(row.get("entities", ()))
    )
    answer = BrainAnswer(
        reading=reading,
        messages=tuple(
            Say(
                speaker=Speaker.BOT,
                text=said["text"],
                wording=said.get("wording"),
                quick_replies=tuple(QuickReply(title=title, payload=payload) for title, payload in said.get("quick_replies", ())),
            )
            for said in row.get("says", ())
        ),
        directives=tuple(row.get("directives", ())),
        slots=row.get("slots", {}),
        model="recorded",
    )
    return Line(kind=row["kind"], text=row["text"], answer=answer)


def as_row(line: Line) -> str:
    """A line as one row of such a file."""
    answer = line.answer
    row = {
        "kind": line.kind,
        "text": line.text,
        "intent": answer.reading.intent,
        "confidence": round(answer.reading.confidence, 3),
        "entities": [{"entity": e["entity"], "value": e["value"]} for e in answer.reading.entities],
        "says": [
            {
                "text": said.text,
                "wording": said.wording,
                **({"quick_replies": [[q.title, q.payload] for q in said.quick_replies]} if said.quick_replies else {}),
            }
            for said in answer.messages
        ],
        "directives": [dict(directive) for directive in answer.directives],
        "slots": dict(answer.slots),
    }
    return json.dumps({name: value for name, value in row.items() if value not in ([], {})}, ensure_ascii=False)
