"""States, clocks, episodes and people to rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from bot.core.events import JournalEntry
from bot.core.model import (
    AgentRef,
    Clock,
    ClockKind,
    Delivery,
    Enrolment,
    Episode,
    Identity,
    Owner,
    Profile,
    Promise,
    State,
    Touch,
    Unsent,
    Window,
)
from bot.store.contract import Agent, JournalLine, Note
from bot.store.jsontext import Record, Values, dump
from bot.store.message_rows import UNHEARD, heard_of, say_of
from bot.store.rules import served_at

_IN_COLUMNS = {
    "conversation_id",
    "identity",
    "created_at",
    "owner",
    "owner_version",
    "promise",
    "window",
    "profile",
    "slots",
    "tags",
    "enrolments",
    "episode",
    "clocks",
    "unheard",
    "unsent",
    "last_inbound_at",
    "last_outbound_at",
    "opted_out_at",
}
"""Fields of State that have a column or a table; every other field goes into the conversation's `doc`."""

EPISODE_COLUMNS = (
    "reason",
    "policy",
    "team",
    "weight",
    "offer_due_at",
    "offered_at",
    "accept_due_at",
    "accepted_at",
    "first_words_at",
    "closed_at",
    "outcome",
    "choice",
    "callback_at",
    "callback_seat",
)
"""Fields of Episode that its row repeats for reports."""

_DOC_FIELDS = tuple(f for f in fields(State) if f.name not in _IN_COLUMNS)
_HINTS = get_type_hints(State)
_Doc: Any = make_dataclass(
    "StateDoc",
    [(f.name, _HINTS[f.name], field(default=f.default, default_factory=f.default_factory)) for f in _DOC_FIELDS],
    frozen=True,
    slots=True,
    kw_only=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """What a conversation's `doc` says of how the person came."""

    first_touch: Touch | None = None
    last_touch: Touch | None = None


_doc: TypeAdapter[Any] = TypeAdapter(_Doc)
_touches: TypeAdapter[Touches] = TypeAdapter(Touches)
_profile: TypeAdapter[Profile] = TypeAdapter(Profile)
_episode: TypeAdapter[Episode] = TypeAdapter(Episode)
_enrolments: TypeAdapter[tuple[Enrolment, ...]] = TypeAdapter(tuple[Enrolment, ...])


# ---- state ----------------------------------------------------------------------------------------------------------


def doc_text(state: State | None = None) -> str:
    """The fields of a state that have no column of their own; of a new conversation without a state."""
    if state is None:
        return dump(_doc, _Doc())
    return dump(_doc, _Doc(**{f.name: getattr(state, f.name) for f in _DOC_FIELDS}))


def profile_text(profile: Profile) -> str:
    """A profile as JSON."""
    return dump(_profile, profile)


def episode_text(episode: Episode | None) -> str | None:
    """An episode as JSON."""
    return None if episode is None else dump(_episode, episode)


def episode_of(text: str | None) -> Episode | None:
    """An episode from its JSON."""
    return None if text is None else _episode.validate_json(text)


def enrolments_text(enrolments: tuple[Enrolment, ...]) -> str:
    """Enrolments as JSON, in their order."""
    return dump(_enrolments, enrolments)


def enrolments_of(text: str) -> tuple[Enrolment, ...]:
    """Enrolments from their JSON."""
    return _enrolments.validate_json(text)


def profile_of(text: str) -> Profile:
    """A profile from its JSON."""
    return _profile.validate_json(text)


def touches_of(doc: str) -> Touches:
    """How the person came, from a conversation's `doc`; exports read it of everybody, so nothing else is read."""
    return _touches.validate_json(doc)


def promise_of(row: Record) -> Promise | None:
    """The promise of a conversation's row."""
    if row.promise_due_at is None:
        return None
    return Promise(opened_at=row.promise_opened_at, due_at=row.promise_due_at, message_id=row.promise_message_id)


def promise_values(promise: Promise | None) -> Values:
    """A promise as columns."""
    return {
        "promise_opened_at": promise and promise.opened_at,
        "promise_due_at": promise and promise.due_at,
        "promise_message_id": promise and promise.message_id,
    }


def window_values(window: Window | None) -> Values:
    """A window as columns."""
    return {
        "window_opened_at": window and window.opened_at,
        "window_closes_at": window and window.closes_at,
        "window_opened_by": window and window.opened_by,
    }


def state_of(row: Record, clocks: Sequence[Clock], messages: Sequence[Record]) -> State:
    """The state from a conversation's row (with its prospect's), its clocks and its open messages by id."""
    doc = _doc.validate_json(row.doc)
    window = None
    if row.window_opened_at is not None:
        window = Window(opened_at=row.window_opened_at, closes_at=row.window_closes_at, opened_by=row.window_opened_by)
    heard = [heard_of(m) for m in messages if m.status == UNHEARD]
    waiting = [m for m in messages if m.status == Delivery.QUEUED and m.attempts == 0]
    return State(
        conversation_id=row.conversation_id,
        identity=Identity(channel=row.channel, external_id=row.external_id),
        created_at=row.created_at,
        owner=Owner(row.owner),
        owner_version=row.owner_version,
        promise=promise_of(row),
        window=window,
        profile=profile_of(row.profile),
        slots=row.slots,
        tags=tuple(row.tags),
        enrolments=enrolments_of(row.enrolments),
        episode=episode_of(row.episode),
        clocks=tuple(clocks),
        unheard=tuple(sorted(heard, key=lambda h: (h.at, h.message_id))),
        unsent=tuple(Unsent(message_id=m.message_id, say=say_of(m)) for m in waiting),
        last_inbound_at=row.last_inbound_at,
        last_outbound_at=row.last_outbound_at,
        opted_out_at=row.opted_out_at,
        **{f.name: getattr(doc, f.name) for f in _DOC_FIELDS},
    )


# ---- clocks ---------------------------------------------------------------------------------------------------------


def clock_of(row: Record) -> Clock:
    """A clock from its row."""
    return Clock(kind=ClockKind(row.kind), due_at=row.due_at, key=row.key, data=row.data)


def clock_values(conversation_id: str, clock: Clock, position: int) -> Values:
    """A clock as a row; `position` keeps a conversation's clocks in the order in which they were set."""
    return {
        "conversation_id": conversation_id,
        "kind": clock.kind.value,
        "key": clock.key,
        "due_at": clock.due_at,
        "data": dict(clock.data),
        "position": position,
    }


# ---- the rest -------------------------------------------------------------------------------------------------------


def episode_values(conversation_id: str, episode: Episode) -> Values:
    """An episode as a row."""
    return {
        "episode_id": episode.episode_id,
        "conversation_id": conversation_id,
        "status": episode.status,
        "requested_at": episode.requested_at,
        "first_words_due_at": episode.first_words_due_at,
        "agent_id": episode.agent and episode.agent.agent_id,
        "doc": episode_text(episode),
        "served_at": served_at(episode),
        **{name: getattr(episode, name) for name in EPISODE_COLUMNS},
        "segments": {s.kind: {"wall_s": s.wall_s, "working_s": s.working_s, "count": s.count} for s in episode.segments},
        "causes": dict(episode.causes),
    }


def enrolment_values(conversation_id: str, enrolment: Enrolment) -> Values:
    """An enrolment as a row."""
    return {
        "enrolment_id": enrolment.enrolment_id,
        "conversation_id": conversation_id,
        "flow_id": enrolment.flow_id,
        "flow_version": enrolment.flow_version,
        "step_id": enrolment.step_id,
        "status": enrolment.status,
        "entered_at": enrolment.entered_at,
        "ended_at": enrolment.ended_at,
        "end_reason": enrolment.end_reason,
    }


def journal_values(conversation_id: str, entry: JournalEntry) -> Values:
    """A journal entry as a row."""
    return {"conversation_id": conversation_id, "kind": entry.kind, "at": entry.at, "data": dict(entry.data)}


def journal_line_of(row: Record) -> JournalLine:
    """A journal line from its row."""
    entry = JournalEntry(kind=row.kind, at=row.at, data=row.data)
    return JournalLine(journal_id=row.journal_id, conversation_id=row.conversation_id, entry=entry)


def note_of(row: Record) -> Note:
    """A note from its row."""
    agent = AgentRef(agent_id=row.agent_id, name=row.agent_name, picture_url=row.agent_picture_url)
    return Note(note_id=row.note_id, conversation_id=row.conversation_id, agent=agent, text=row.text, at=row.at)


_LISTS = ("skills", "languages", "teams")


def agent_of(row: Record) -> Agent:
    """An agent from their row. Rows of versions before know no skills, languages or teams."""
    values = {f.name: getattr(row, f.name) for f in fields(Agent)}
    return Agent(**{**values, **{name: tuple(values[name] or ()) for name in _LISTS}})


def agent_values(agent: Agent) -> Values:
    """An agent as a row; e-mail addresses are compared without case."""
    values = {f.name: getattr(agent, f.name) for f in fields(Agent)}
    lists = {name: list(values[name]) for name in _LISTS}
    return {**values, **lists, "email_folded": agent.email.strip().casefold()}
