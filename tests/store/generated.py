"""Generated states and decisions: every field of every record, so that a field that is added later is covered too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, get_type_hints

from hypothesis import strategies as st

from bot.core.draft import Draft
from bot.core.events import Decision, JournalEntry
from bot.core.model import Arrival, Clock, ClockKind, Enrolment, Episode, Json, Owner, Promise, Reading, Say, Speaker, State, Window
from tests.store.story import ANN, T0

moments = st.integers(-(10**12), 10**12).map(lambda microseconds: T0 + timedelta(microseconds=microseconds))
numbers = st.integers(-(2**53), 2**53)
# NUL and half surrogate pairs are replaced on the way in: the contract has its own test for that.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(words, json_values, max_size=3)

st.register_type_strategy(datetime, moments)
st.register_type_strategy(str, words)
st.register_type_strategy(int, st.integers(0, 2**31 - 1))
st.register_type_strategy(float, st.floats(0, 1))


def full(record: type[Any], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Instances of a dataclass with every field generated, the `known` ones as told."""
    hints = get_type_hints(record)
    given = {f.name: known[f.name] if f.name in known else of_type(hints[f.name]) for f in fields(record)}
    return st.builds(record, **given)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotated type."""
    if hint is Json or getattr(hint, "__origin__", None) is Mapping:
        return json_objects
    members = getattr(hint, "__args__", ())
    if getattr(hint, "__origin__", None) is tuple:
        if len(members) == 2 and members[1] is Ellipsis:
            return st.lists(of_type(members[0]), max_size=3).map(tuple)
        return st.tuples(*(of_type(member) for member in members))
    if type(None) in members:
        return st.one_of(*(st.none() if member is type(None) else of_type(member) for member in members))
    if hasattr(hint, "__dataclass_fields__"):
        return full(hint)
    return st.from_type(hint)


outgoing = st.sampled_from([Speaker.BOT, Speaker.FLOW, Speaker.LADDER, Speaker.AGENT])
says = full(Say, speaker=outgoing)
clock_lists = st.lists(full(Clock), max_size=5, unique_by=lambda clock: (clock.kind, clock.key)).map(tuple)
windows = st.none() | full(Window)
journal_entries = full(JournalEntry)
readings = st.none() | full(Reading)


def enrolment_lists(prefix: str) -> st.SearchStrategy[tuple[Enrolment, ...]]:
    """Up to three enrolments in different flows, with ids of their own."""
    one = full(Enrolment, status=st.sampled_from(["live", "done", "stopped", "exited"]))
    return st.lists(one, max_size=3).map(
        lambda held: tuple(replace(e, enrolment_id=f"{prefix}-{n}", flow_id=f"flow-{prefix}-{n}") for n, e in enumerate(held))
    )


def episodes(prefix: str) -> st.SearchStrategy[Episode | None]:
    """An episode with an id of its own, or none."""
    one = full(Episode, episode_id=st.just(prefix), status=st.sampled_from(["waiting", "accepted", "closed"]))
    return st.none() | one


@dataclass(frozen=True)
class Step:
    """What is decided in one step, before it is known in which state."""

    arriving: tuple[Arrival, ...]
    late: bool
    """Whether the arrivals come between load and commit instead of before the load."""
    changes: dict[str, Any]
    set_clocks: tuple[Clock, ...]
    cancel: tuple[int, ...]
    withdraw: tuple[int, ...]
    hear: bool
    says: tuple[Say, ...]
    tracker_events: tuple[dict[str, Any], ...]
    journal: tuple[JournalEntry, ...]

    def decide(self, state: State) -> Decision:
        """The decision, made through the same draft that the core uses."""
        draft = Draft(state, now=T0, rng=Random(0), new_id=str)
        draft.set(**self.changes)
        for name in ("last_inbound_at", "last_outbound_at"):
            # The core only moves these on.
            before, after = getattr(state, name), self.changes[name]
            draft.set(**{name: max(filter(None, (before, after)), default=None)})
        if self.hear:
            draft.heard(tuple(heard.message_id for heard in state.unheard))
        for place in self.cancel:
            if place < len(state.clocks):
                draft.cancel_clock(state.clocks[place].kind, state.clocks[place].key)
        for clock in self.set_clocks:
            draft.set_clock(clock)
        draft.withdraw(tuple(state.unsent[n].message_id for n in self.withdraw if n < len(state.unsent)))
        if draft.state.unheard:
            self._keep_owed(draft, state)
        for say in self.says:
            draft.say(say)
        draft.track(*self.tracker_events)
        decision = draft.close()
        return replace(decision, journal=self.journal)

    def _keep_owed(self, draft: Draft, before: State) -> None:
        """While a message is unheard, the core lets its promise and clocks be."""
        draft.set(promise=before.promise)
        for clock in before.clocks:
            if clock.kind in (ClockKind.TURN, ClockKind.PROMISE) and clock.key == "":
                draft.set_clock(clock)


arrivals = full(Arrival, identity=st.just(ANN))


@st.composite
def steps(draw: st.DrawFn, number: int) -> Step:
    """One step of a conversation."""
    hints = get_type_hints(State)
    special = {
        "promise": st.none() | full(Promise),
        "window": windows,
        "enrolments": enrolment_lists(f"n{number}"),
        "episode": episodes(f"e{number}"),
        "last_reading": readings,
        "owner": st.sampled_from(Owner),
        "wordings": st.lists(words, max_size=3).map(tuple),
    }
    fixed = {"conversation_id", "identity", "created_at", "clocks", "unheard", "unsent"}
    changes = {
        f.name: draw(special[f.name] if f.name in special else of_type(hints[f.name])) for f in fields(State) if f.name not in fixed
    }
    said = draw(st.lists(says, max_size=3))
    return Step(
        arriving=tuple(draw(st.lists(arrivals, max_size=2))),
        late=draw(st.booleans()),
        changes=changes,
        set_clocks=draw(clock_lists),
        cancel=tuple(draw(st.lists(st.integers(0, 4), max_size=3))),
        withdraw=tuple(draw(st.lists(st.integers(0, 3), max_size=2, unique=True))),
        hear=draw(st.booleans()),
        says=tuple(replace(say, client_key=None if say.client_key is None else f"{number}-{n}") for n, say in enumerate(said)),
        tracker_events=tuple(draw(st.lists(json_objects, max_size=2))),
        journal=tuple(draw(st.lists(journal_entries, max_size=2))),
    )


stories = st.integers(1, 4).flatmap(lambda length: st.tuples(*(steps(number) for number in range(length))))
