"""A decision being written: rules add to a draft, `decide` closes it. Local to one call, so the whole stays pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from bot.core.events import BrainAsk, Call, Claim, Decision, JournalEntry, Notice
from bot.core.model import Clock, ClockKind, Enrolment, Json, Say, State, changed

KEPT_WORDINGS = 24


class Draft:
    """Collects the effects of one event.

    In: the state before, `now` (aware UTC), a seeded `rng` and `new_id`, which mints ids with a prefix.
    Out: `close()` gives the `Decision`. `state` is always the state as decided so far.
    """

    def __init__(self, state: State, *, now: datetime, rng: Random, new_id: Callable[[str], str]) -> None:
        self.before = state
        self.state = state
        self.now = now
        self.rng = rng
        self.new_id = new_id
        self.ask_brain: BrainAsk | None = None
        self.claim: Claim | None = None
        self.says: list[Say] = []
        self._withdraw: list[int] = []
        self._set: dict[tuple[ClockKind, str], Clock] = {}
        self._cancelled: dict[tuple[ClockKind, str], None] = {}
        self._heard: list[int] = []
        self._tracker: list[Json] = []
        self._notices: list[Notice] = []
        self._journal: list[JournalEntry] = []
        self._calls: list[Call] = []

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = changed(self.state, **changes)

    def say(self, say: Say) -> None:
        """Queue one bubble, after those already said."""
        self.says.append(say)
        if say.wording:
            self.set(wordings=(*self.state.wordings, say.wording)[-KEPT_WORDINGS:])

    def withdraw(self, message_ids: tuple[int, ...]) -> None:
        """Take back unsent bubbles."""
        self._withdraw.extend(message_ids)
        self.set(unsent=tuple(u for u in self.state.unsent if u.message_id not in message_ids))

    def set_clock(self, clock: Clock) -> None:
        """Start a clock, or move the one of the same kind and key."""
        slot = (clock.kind, clock.key)
        self._cancelled.pop(slot, None)
        self._set[slot] = clock
        self.set(clocks=(*(c for c in self.state.clocks if (c.kind, c.key) != slot), clock))

    def cancel_clock(self, kind: ClockKind, key: str = "") -> None:
        """Stop a clock; nothing happens if it is not running."""
        slot = (kind, key)
        self._set.pop(slot, None)
        if self.before.clock(kind, key):
            self._cancelled[slot] = None
        self.set(clocks=tuple(c for c in self.state.clocks if (c.kind, c.key) != slot))

    def call(self, call: Call) -> None:
        """Ask another program once this is committed."""
        self._calls.append(call)

    def heard(self, message_ids: tuple[int, ...]) -> None:
        """These messages of the prospect are dealt with by this decision."""
        self._heard.extend(message_ids)
        self.set(unheard=tuple(h for h in self.state.unheard if h.message_id not in message_ids))

    def put_enrolment(self, enrolment: Enrolment) -> None:
        """Add an enrolment or replace the one with its id."""
        ids = [e.enrolment_id for e in self.state.enrolments]
        if enrolment.enrolment_id in ids:
            kept = tuple(enrolment if e.enrolment_id == enrolment.enrolment_id else e for e in self.state.enrolments)
        else:
            kept = (*self.state.enrolments, enrolment)
        self.set(enrolments=kept)

    def track(self, *events: Json) -> None:
        """Append Rasa tracker events."""
        self._tracker.extend(events)

    def notify(self, kind: str, *, to: tuple[str, ...] = (), **data: Any) -> None:
        """Tell agents' screens."""
        self._notices.append(Notice(kind=kind, to=to, data=data))

    def note(self, kind: str, **data: Any) -> None:
        """Write a line of the journal (fields only, never message text)."""
        self._journal.append(JournalEntry(kind=kind, at=self.now, data=data))

    def close(self, says: tuple[Say, ...] | None = None) -> Decision:
        """The finished decision; `says` replaces the drafted ones (after pacing)."""
        return Decision(
            state=self.state,
            say=tuple(self.says) if says is None else says,
            withdraw=tuple(self._withdraw),
            set_clocks=tuple(self._set.values()),
            cancel_clocks=tuple(self._cancelled),
            heard=tuple(self._heard),
            tracker_events=tuple(self._tracker),
            ask_brain=self.ask_brain,
            notify=tuple(self._notices),
            journal=tuple(self._journal),
            calls=tuple(self._calls),
            claim=self.claim,
        )


def joined(first: Decision, second: Decision) -> Decision:
    """Two decisions in a row as one, to be committed together; `second` was decided from `first.state`."""
    later_set = {(c.kind, c.key) for c in second.set_clocks}
    later_cancelled = set(second.cancel_clocks)
    clocks = tuple(c for c in first.set_clocks if (c.kind, c.key) not in later_set | later_cancelled)
    cancels = tuple(c for c in first.cancel_clocks if c not in later_set | later_cancelled)
    return Decision(
        state=second.state,
        say=first.say + second.say,
        withdraw=first.withdraw + second.withdraw,
        set_clocks=clocks + second.set_clocks,
        cancel_clocks=cancels + second.cancel_clocks,
        heard=first.heard + second.heard,
        tracker_events=first.tracker_events + second.tracker_events,
        ask_brain=second.ask_brain,
        notify=first.notify + second.notify,
        journal=first.journal + second.journal,
        calls=first.calls + second.calls,
        claim=second.claim or first.claim,
    )
