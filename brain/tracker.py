"""The conversation so far, as Rasa wants it: built from a request's events, and cheap to copy."""

import copy
import itertools
import operator
from collections.abc import Iterable, Iterator
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event, Restarted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses

from brain.errors import BadRequest


class Moment:
    """What policies look at of a tracker just before one of its actions."""

    __slots__ = ("active_loop_name", "followup_action", "latest_action", "latest_action_name", "state")

    def __init__(self, tracker: DialogueStateTracker, domain: Domain) -> None:
        self.active_loop_name = tracker.active_loop_name
        self.followup_action = tracker.followup_action
        self.latest_action = tracker.latest_action
        self.latest_action_name = tracker.latest_action_name
        self.state = domain.get_active_state(tracker)

    def copy_state(self) -> State:
        """The state as `Domain.get_active_state` gives it; policies edit theirs."""
        return {name: dict(part) for name, part in self.state.items()}


Moments = list[tuple[Moment, bool]]  # with whether the action is hidden from learned policies


class TurnTracker(DialogueStateTracker):
    """A tracker that remembers its replays.

    Rasa replays every event before each action, to copy the tracker, and for each policy, to see its past states:
    work that grows with the square of a talk. A tracker's state is a fold of its events, so a copy may take the state
    over, and the moments of the events that a turn began with can be computed once.
    """

    def __init__(self, conversation_id: str, domain: Domain, slots: Iterable[Slot] | None = None) -> None:
        self._domain = domain
        # What was computed, with the number of events it was computed from; events are only ever appended.
        self._applied: tuple[int, list[Event]] = (-1, [])
        self._moments: tuple[int, Moments] = (-1, [])
        # The events a turn began with as far as they apply, their moments, and a tracker that has replayed them.
        self._settled: tuple[list[Event], Moments, TurnTracker] | None = None
        super().__init__(conversation_id, ())
        self.slots = _copy_slots(domain.slots if slots is None else slots)
        self._reset_slots()

    def init_copy(self) -> "TurnTracker":
        """A tracker with the same initial values and no events."""
        return TurnTracker(self.sender_id, self._domain, self.slots.values())

    def copy(self) -> "TurnTracker":
        """A tracker in the same state whose changes do not show in this one."""
        twin = copy.copy(self)
        twin.events = self._create_events(list(self.events))
        twin.slots = _copy_slots(self.slots.values())
        twin.active_loop = copy.copy(self.active_loop)
        # As in Rasa's own copies: what is tried on a copy is not marked as this model's.
        twin.model_id = None
        twin.assistant_id = None
        return twin

    def settle(self) -> None:
        """Compute the moments of the events so far, which the turn's predictions then start from."""
        applied = self.applied_events()
        replayed = self.init_copy()
        self._settled = (applied, self._replay(replayed, applied), replayed)

    def applied_events(self) -> list[Event]:
        """The events that were not undone, as Rasa's tracker gives them."""
        if self._applied[0] != len(self.events):
            self._applied = (len(self.events), super().applied_events())
        return list(self._applied[1])

    def generate_all_prior_trackers(self) -> Iterator[tuple[Moment, bool]]:
        """A moment for each action and one for now, where Rasa's tracker gives a tracker each."""
        if self._moments[0] != len(self.events):
            self._moments = (len(self.events), self._all_moments())
        return iter(self._moments[1])

    def _all_moments(self) -> Moments:
        applied = self.applied_events()
        moments: Moments = []
        replayed, rest = self.init_copy, applied
        if self._settled:
            events, settled, after = self._settled
            if len(events) <= len(applied) and all(map(operator.is_, events, applied)):
                moments, replayed, rest = list(settled), after.copy, applied[len(events) :]
        now = replayed()
        moments += self._replay(now, rest)
        return [*moments, (Moment(now, self._domain), False)]

    def _replay(self, tracker: "TurnTracker", events: list[Event]) -> Moments:
        moments: Moments = []
        for event in events:
            if isinstance(event, ActionExecuted):
                moments.append((Moment(tracker, self._domain), event.hide_rule_turn))
            tracker.update(event)
        return moments


def _copy_slots(slots: Iterable[Slot]) -> dict[str, Slot]:
    """Copies by name; `copy.copy` without its search for a way to copy, which each turn would make some sixty times."""
    copies: dict[str, Slot] = {}
    for slot in slots:
        twin = copies[slot.name] = object.__new__(type(slot))
        twin.__dict__.update(slot.__dict__)
    return copies


def build_tracker(conversation_id: str, events: list[dict[str, Any]], domain: Domain) -> TurnTracker:
    """The tracker after `events`, which may be the tail of a longer talk, preceded by its slots.

    Slots that the domain does not have, such as those of a flow, are passed over.
    Raises BadRequest, naming the event that Rasa cannot read.
    """
    tracker = TurnTracker(conversation_id, domain)
    carry_over = domain.session_config.carry_over_slots
    for event in _with_listen(_with_slots(_known(_read(events), domain), carry_over=carry_over)):
        tracker.update(event)
    tracker.settle()
    return tracker


def has_talk(events: Iterable[Event]) -> bool:
    """Whether anybody has taken a turn in `events`; slots and the bot's own lines alone do not make a talk."""
    return any(isinstance(event, (UserUttered, ActionExecuted)) for event in events)


def _known(events: list[Event], domain: Domain) -> list[Event]:
    names = {slot.name for slot in domain.slots}
    return [event for event in events if not isinstance(event, SlotSet) or event.key in names]


def _read(dumped: list[dict[str, Any]]) -> list[Event]:
    return [_read_one(index, event) for index, event in enumerate(dumped)]


def _read_one(index: int, dumped: dict[str, Any]) -> Event:
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


def _with_slots(events: list[Event], *, carry_over: bool) -> list[Event]:
    """`events`, with the slots at their head standing over a session start further on, as Rasa carries them over.

    Not over a restart, which is there to forget them.
    """
    head = list(itertools.takewhile(lambda event: isinstance(event, SlotSet), events))
    starts = [index for index, event in enumerate(events) if isinstance(event, SessionStarted)]
    if not (head and starts and carry_over) or any(isinstance(event, Restarted) for event in events):
        return events
    after = starts[-1] + 1
    return [*events[:after], *head, *events[after:]]


def _with_listen(events: list[Event]) -> list[Event]:
    """`events`, with the `action_listen` that a cut has taken from before the first message put back."""
    for index, event in enumerate(events):
        if isinstance(event, ActionExecuted):
            return events
        if isinstance(event, UserUttered):
            listen = ActionExecuted(ACTION_LISTEN_NAME, timestamp=event.timestamp)
            return [*events[:index], listen, *events[index:]]
    return events


def _event_types() -> dict[str, Any]:
    types: dict[str, Any] = {}
    for kind in all_subclasses(Event):
        types.setdefault(kind.type_name, kind)
    return types


# Rasa searches the whole class tree for each event it reads.
_EVENT_TYPES = _event_types()
