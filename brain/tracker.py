"""The conversation so far, as Rasa wants it: built from a request's events, and cheap to copy."""

import copy
import itertools
from typing import Any, Dict, Iterable, List

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, Restarted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses

from brain.errors import BadRequest


class TurnTracker(DialogueStateTracker):
    """A tracker whose copy takes the state over instead of replaying every event.

    Rasa copies the tracker before each action. A tracker's state is a fold of its events, so taking it over gives the
    same tracker as the replay does.
    """

    def copy(self) -> "TurnTracker":
        twin = copy.copy(self)
        twin.events = self._create_events(list(self.events))
        twin.slots = {name: copy.copy(slot) for name, slot in self.slots.items()}
        twin.active_loop = copy.copy(self.active_loop)
        # As in Rasa's own copies: what is tried on a copy is not marked as this model's.
        twin.model_id = None
        twin.assistant_id = None
        return twin


def build_tracker(conversation_id: str, events: List[Dict[str, Any]], domain: Domain) -> TurnTracker:
    """The tracker after `events`, which may be the tail of a longer talk, preceded by its slots.

    Raises BadRequest, naming the event that Rasa cannot read.
    """
    tracker = TurnTracker(conversation_id, domain.slots)
    carry_over = domain.session_config.carry_over_slots
    for event in _with_listen(_with_slots(_read(events), carry_over=carry_over)):
        tracker.update(event)
    return tracker


def has_talk(events: Iterable[Event]) -> bool:
    """Whether anybody has taken a turn in `events`; slots and the bot's own lines alone do not make a talk."""
    return any(isinstance(event, (UserUttered, ActionExecuted)) for event in events)


def _read(dumped: List[Dict[str, Any]]) -> List[Event]:
    return [_read_one(index, event) for index, event in enumerate(dumped)]


def _read_one(index: int, dumped: Dict[str, Any]) -> Event:
    kind = _EVENT_TYPES.get(dumped["event"])
    if kind is None:
        raise BadRequest(f"events[{index}].event", f"there is no event called {dumped['event']!r}")
    if kind is UserUttered and not isinstance(dumped.get("parse_data"), dict):
        # Said while the bot was not reading along, for example to an agent.
        dumped = {**dumped, "parse_data": {}}
    try:
        event = kind._from_parameters(dumped)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest(f"events[{index}]", f"is not a {dumped['event']!r} event ({error!r})") from error
    if not isinstance(event, Event) or (isinstance(event, SlotSet) and not isinstance(event.key, str)):
        raise BadRequest(f"events[{index}]", f"is not a {dumped['event']!r} event")
    return event


def _with_slots(events: List[Event], *, carry_over: bool) -> List[Event]:
    """`events`, with the slots at their head standing over a session start further on, as Rasa carries them over.

    Not over a restart, which is there to forget them.
    """
    head = list(itertools.takewhile(lambda event: isinstance(event, SlotSet), events))
    starts = [index for index, event in enumerate(events) if isinstance(event, SessionStarted)]
    if not (head and starts and carry_over) or any(isinstance(event, Restarted) for event in events):
        return events
    after = starts[-1] + 1
    return [*events[:after], *head, *events[after:]]


def _with_listen(events: List[Event]) -> List[Event]:
    """`events`, with the `action_listen` that a cut has taken from before the first message put back."""
    for index, event in enumerate(events):
        if isinstance(event, ActionExecuted):
            return events
        if isinstance(event, UserUttered):
            listen = ActionExecuted(ACTION_LISTEN_NAME, timestamp=event.timestamp)
            return [*events[:index], listen, *events[index:]]
    return events


def _event_types() -> Dict[str, Any]:
    types: Dict[str, Any] = {}
    for kind in all_subclasses(Event):
        types.setdefault(kind.type_name, kind)
    return types


# Rasa searches the whole class tree for each event it reads.
_EVENT_TYPES = _event_types()
