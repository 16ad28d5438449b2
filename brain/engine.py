"""One loaded model that answers turns and readings, keeping nothing between them."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import UserUttered

from brain.answer import reading_of, say
from brain.in_process import InProcessActions, plain
from brain.processor import TurnChannel, TurnProcessor, speed_up_rasa, turn_failures, turn_now
from brain.request import TurnRequest
from brain.responses import turn_seed
from brain.tracker import TurnTracker, build_tracker

# Events of one turn are stamped this far apart, in seconds, so that sorting by time keeps their order.
EVENT_SPACING_S = 1e-6


@dataclass(frozen=True)
class Brain:
    """A model ready to answer: `name` is its file's, `sha256` its content's, `without_code` its unwritten actions."""

    name: str
    sha256: str
    without_code: list[str]
    _processor: TurnProcessor

    @classmethod
    def load(cls, model_path: Path, actions_package: str | None) -> "Brain":
        """Load a trained model archive and the project's actions. Raises whatever Rasa or the actions raise."""
        speed_up_rasa()
        actions = InProcessActions.from_package(actions_package)
        processor = TurnProcessor(model_path, actions)
        if not processor.model_metadata.core_target or not processor.model_metadata.nlu_target:
            raise ValueError("the model must be trained with both NLU data and rules or stories")
        return cls(
            name=model_path.name,
            sha256=hashlib.sha256(model_path.read_bytes()).hexdigest(),
            without_code=_without_code(processor, actions),
            _processor=processor,
        )

    async def warm_up(self) -> None:
        """Fill the caches that a first turn would fill, so that forked workers share them. Runs no action."""
        tracker = build_tracker("warm-up", [], self._processor.domain)
        message = UserMessage("hello", sender_id="warm-up")
        await self._processor._handle_message_with_tracker(message, tracker)
        self._processor.predict_next_with_tracker_if_should(tracker)

    async def read(self, text: str) -> dict[str, Any]:
        """What the model understands by `text`; see `answer.reading_of`."""
        return reading_of(await self._processor.parse_message(UserMessage(text, message_id="")))

    async def turn(self, request: TurnRequest) -> dict[str, Any]:
        """Take one turn: the new events, messages, directives and reading. The same request gives the same answer.

        Raises BadRequest for events that Rasa cannot read.
        """
        started = time.perf_counter()
        failures: list[dict[str, str]] = []
        turn_failures.set(failures)
        turn_now.set(request.now)
        turn_seed.set(f"{request.conversation_id}\0{request.message_id}")
        tracker = build_tracker(request.conversation_id, request.events, self._processor.domain)
        known = len(tracker.events)
        await self._processor.take_turn(tracker, _message(request))
        events = _new_events(tracker, known, request.now)
        messages, directives = say(events)
        return {
            "events": events,
            "messages": messages,
            "directives": directives,
            "reading": _reading(tracker, known),
            "failed_actions": failures,
            "model": self.name,
            "elapsed_ms": round((time.perf_counter() - started) * 1000, 3),
        }


def dump(answer: dict[str, Any]) -> bytes:
    """An answer as JSON."""
    return json.dumps(answer, default=plain).encode()


def _message(request: TurnRequest) -> UserMessage:
    return UserMessage(
        text=request.text,
        output_channel=TurnChannel(request.input_channel),
        sender_id=request.conversation_id,
        input_channel=request.input_channel,
        message_id=request.message_id,
        metadata=request.metadata,
    )


def _new_events(tracker: TurnTracker, known: int, now: float) -> list[dict[str, Any]]:
    fresh = [event.as_dict() for event in list(tracker.events)[known:]]
    return [{**event, "timestamp": now + index * EVENT_SPACING_S} for index, event in enumerate(fresh)]


def _reading(tracker: TurnTracker, known: int) -> dict[str, Any]:
    # The first, since an action may add messages of its own.
    said = next(event for event in list(tracker.events)[known:] if isinstance(event, UserUttered))
    return reading_of({**said.parse_data, "text": said.text})


def _without_code(processor: TurnProcessor, actions: InProcessActions) -> list[str]:
    domain = processor.domain
    needed = {name for name in domain.user_actions if not name.startswith("utter_")}
    return sorted(needed - actions.names - set(domain.form_names))
