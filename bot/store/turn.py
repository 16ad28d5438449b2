"""One conversation: loaded, decided upon elsewhere, and committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import Clock, ClockKind, Delivery, Say, State
from bot.core.seal import follow
from bot.store.braking import count_and_brake
from bot.store.codec import (
    clock_of,
    clock_values,
    doc_text,
    enrolments_text,
    episode_text,
    journal_values,
    profile_text,
    promise_of,
    promise_values,
    state_of,
    window_values,
)
from bot.store.contract import Committed, Loaded, NotFound, VersionConflict
from bot.store.intake import POSITIONS, PROMISE_POSITION, SET_PROMISE
from bot.store.jsontext import Record, json_text
from bot.store.market import remember_conversions
from bot.store.message_rows import HEARD, UNHEARD, owed_of, say_values
from bot.store.notices import write_notices
from bot.store.postgres import lock_agent
from bot.store.projections import project_enrolments, project_episode
from bot.store.rules import Owed, cancellable, clean_say, in_order, kept_promise, latest, must_have_room, must_not_be_taken_back
from bot.store.sight import team_of
from bot.store.tables import (
    HELD_STATUS,
    OPEN_STATUS,
    clocks,
    conversations,
    episodes,
    flow_book,
    journal,
    messages,
    prospects,
    tracker_events,
)
from bot.store.upsert import Upsert, anew
from bot.store.waits import must_be_free

_FLOWS = sa.select(flow_book.c.revision).where(flow_book.c.name == "flows").scalar_subquery().label("flows_revision")
_WHOLE = (
    sa.select(conversations, prospects.c.profile, prospects.c.slots, prospects.c.tags, _FLOWS)
    .join(prospects, prospects.c.prospect_id == conversations.c.prospect_id)
    .where(conversations.c.conversation_id == sa.bindparam("id"))
)
_LOCKED = _WHOLE.with_for_update(of=conversations, key_share=True)
_CLOCKS = sa.select(clocks).where(clocks.c.conversation_id == sa.bindparam("id")).order_by(clocks.c.position)
_OPEN = (
    sa.select(messages)
    .where(messages.c.conversation_id == sa.bindparam("id"), sa.text(OPEN_STATUS))
    .order_by(messages.c.message_id)
)
_TAIL = (
    sa.select(tracker_events.c.event)
    .where(tracker_events.c.conversation_id == sa.bindparam("id"))
    .order_by(tracker_events.c.event_id.desc())
    .limit(sa.bindparam("limit"))
)
_HEAR = (
    sa.update(messages)
    .where(
        messages.c.message_id == sa.bindparam("message"),
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.status == UNHEARD,
    )
    .values(status=HEARD)
)
_WITHDRAW = (
    sa.update(messages)
    .where(
        messages.c.message_id == sa.bindparam("message"),
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.status == Delivery.QUEUED.value,
        # One that was handed to its channel before may have been seen: it cannot be taken back.
        messages.c.attempts == 0,
    )
    .values(status=Delivery.WITHDRAWN.value)
)
_OWED = (
    sa.select(messages.c.message_id, messages.c.at, messages.c.created_at, messages.c.due_at)
    .where(messages.c.conversation_id == sa.bindparam("id"), sa.text(OPEN_STATUS), messages.c.status == UNHEARD)
    .order_by(messages.c.at, messages.c.message_id)
)
_KNOWN = sa.select(messages.c.message_id, messages.c.status).where(
    messages.c.conversation_id == sa.bindparam("id"),
    messages.c.client_key == sa.bindparam("client_key"),
    sa.text("client_key IS NOT NULL"),
)
_SAY = messages.insert().returning(messages.c.message_id)
_STOP = sa.delete(clocks).where(
    clocks.c.conversation_id == sa.bindparam("id"),
    clocks.c.kind == sa.bindparam("of_kind"),
    clocks.c.key == sa.bindparam("of_key"),
)
_LET_GO = (
    sa.update(clocks)
    .where(
        clocks.c.conversation_id == sa.bindparam("id"),
        clocks.c.kind == sa.bindparam("of_kind"),
        clocks.c.key == sa.bindparam("of_key"),
    )
    .values(holder=None, held_until=None)
)
_START = Upsert(clocks, ("conversation_id", "kind", "key"), anew("due_at", "data", "position"))
_HELD = sa.select(sa.func.coalesce(sa.func.sum(sa.func.coalesce(episodes.c.weight, 1.0)), 0.0)).where(
    sa.text(HELD_STATUS), episodes.c.agent_id == sa.bindparam("agent"), episodes.c.conversation_id != sa.bindparam("id")
)
_TRACK = tracker_events.insert()
_JOURNAL = journal.insert()
_KNOW = sa.update(prospects).where(prospects.c.prospect_id == sa.bindparam("id"))
_WRITE = sa.update(conversations).where(conversations.c.conversation_id == sa.bindparam("id"))


def load(conn: sa.Connection, conversation_id: str) -> Loaded:
    """See `Store.load`."""
    by_id = {"id": conversation_id}
    row = conn.execute(_WHOLE, by_id).first()
    if row is None:
        raise NotFound("conversation", conversation_id)
    running = [clock_of(clock) for clock in conn.execute(_CLOCKS, by_id)]
    state = state_of(row, running, conn.execute(_OPEN, by_id).all())
    return Loaded(state=state, version=row.version, flows=row.flows_revision)


def tracker_tail(conn: sa.Connection, conversation_id: str, *, limit: int) -> list[str]:
    """See `Store.tracker_tail`."""
    tail = list(conn.execute(_TAIL, {"id": conversation_id, "limit": limit}).scalars())
    return tail[::-1]


def commit(
    conn: sa.Connection,
    conversation_id: str,
    *,
    version: int,
    decision: Decision,
    now: datetime,
    new_key: Callable[[], str],
) -> Committed:
    """See `Store.commit`. `new_key` mints the keys that outgoing messages carry as metadata."""
    by_id = {"id": conversation_id}
    row = conn.execute(_LOCKED, by_id).first()
    if row is None:
        raise NotFound("conversation", conversation_id)
    if row.version != version:
        raise VersionConflict(f"conversation {conversation_id} is at version {row.version}, not {version}")
    _withdraw(conn, conversation_id, decision)
    if decision.heard:
        conn.execute(_HEAR, [{"id": conversation_id, "message": message_id} for message_id in decision.heard])
    still_owed = [owed_of(message) for message in conn.execute(_OWED, by_id)]
    message_ids = _say(conn, conversation_id, decision, now=now, new_key=new_key)
    links, head = follow(row.link, conversation_id, decision.journal)
    _write_state(conn, row, decision, still_owed, now, head)
    _write_clocks(conn, row, decision, still_owed)
    if decision.claim is not None:
        must_have_room(decision.claim, _held_beside(conn, conversation_id, decision.claim.agent_id))
    if decision.tracker_events:
        conn.execute(_TRACK, [{"conversation_id": conversation_id, "event": json_text(e)} for e in decision.tracker_events])
    if decision.journal:
        lines = zip(decision.journal, links, strict=True)
        conn.execute(_JOURNAL, [{**journal_values(conversation_id, entry), "link": link} for entry, link in lines])
        remember_conversions(conn, conversation_id, decision.journal)
    braked = count_and_brake(conn, conversation_id, decision.journal, now)
    notice_ids = write_notices(conn, conversation_id, decision.notify, now)
    return Committed(version=version + 1, message_ids=message_ids, notice_ids=notice_ids, braked=braked)


def _held_beside(conn: sa.Connection, conversation_id: str, agent_id: str) -> float:
    """What the agent holds in other conversations. Nobody else gives them more until this transaction ends."""
    lock_agent(conn, agent_id)
    return float(conn.execute(_HELD, {"id": conversation_id, "agent": agent_id}).scalar_one())


def _withdraw(conn: sa.Connection, conversation_id: str, decision: Decision) -> None:
    for message_id in dict.fromkeys(decision.withdraw):
        if conn.execute(_WITHDRAW, {"id": conversation_id, "message": message_id}).rowcount != 1:
            raise VersionConflict(f"message {message_id} of conversation {conversation_id} has left already")


def _say(
    conn: sa.Connection, conversation_id: str, decision: Decision, *, now: datetime, new_key: Callable[[], str]
) -> tuple[int, ...]:
    """Queue the bubbles one by one: their ids are the order in which they are sent."""
    return tuple(_say_one(conn, conversation_id, clean_say(say), decision.state, now=now, new_key=new_key) for say in decision.say)


def _say_one(
    conn: sa.Connection, conversation_id: str, say: Say, state: State, *, now: datetime, new_key: Callable[[], str]
) -> int:
    if say.client_key is not None:
        known = conn.execute(_KNOWN, {"id": conversation_id, "client_key": say.client_key}).first()
        if known is not None:
            must_not_be_taken_back(Delivery(known.status))
            return int(known.message_id)
    values = say_values(conversation_id, say, key=new_key(), owner_version=state.owner_version, now=now)
    message_id: int = conn.execute(_SAY, values).scalar_one()
    return message_id


def _write_state(
    conn: sa.Connection, row: Record, decision: Decision, still_owed: Sequence[Owed], now: datetime, link: str | None
) -> None:
    state = decision.state
    episode, enrolments = episode_text(state.episode), enrolments_text(state.enrolments)
    conn.execute(
        _WRITE,
        {
            "id": row.conversation_id,
            "version": row.version + 1,
            "owner": state.owner.value,
            "owner_version": state.owner_version,
            **promise_values(kept_promise(decision, promise_of(row), still_owed)),
            **window_values(state.window),
            # Intake and delivery move these on without a version, so the state may be behind.
            "last_inbound_at": latest(row.last_inbound_at, state.last_inbound_at),
            "last_outbound_at": latest(row.last_outbound_at, state.last_outbound_at),
            "opted_out_at": state.opted_out_at,
            "episode": episode,
            "enrolments": enrolments,
            "doc": doc_text(state),
            "link": link,
            "team": team_of(state.episode, state.slots),
        },
    )
    profile = profile_text(state.profile)
    if profile != row.profile or state.slots != row.slots or list(state.tags) != row.tags:
        known = {"profile": profile, "slots": dict(state.slots), "tags": list(state.tags)}
        conn.execute(_KNOW, {"id": row.prospect_id, **known})
    if episode != row.episode:
        if state.episode is not None:
            must_be_free(conn, row.conversation_id, state.episode)
        project_episode(conn, row.conversation_id, before=row.episode, after=state.episode, now=now)
    if enrolments != row.enrolments:
        project_enrolments(conn, row.conversation_id, state.enrolments)


def _write_clocks(conn: sa.Connection, row: Record, decision: Decision, still_owed: Sequence[Owed]) -> None:
    conversation_id, base = row.conversation_id, (row.version + 1) * POSITIONS
    stopped = cancellable(decision, still_owed)
    if stopped:
        conn.execute(_STOP, [{"id": conversation_id, "of_kind": kind.value, "of_key": key} for kind, key in stopped])
    kept = set(decision.cancel_clocks).difference(stopped)
    if kept:
        conn.execute(_LET_GO, [{"id": conversation_id, "of_kind": kind.value, "of_key": key} for kind, key in sorted(kept)])
    started = [
        clock_values(conversation_id, clock, base + place)
        for place, clock in enumerate(in_order(decision.set_clocks, decision.state.clocks))
    ]
    if started:
        conn.execute(_START.on(conn), started)
    promise = kept_promise(decision, promise_of(row), still_owed)
    if promise is not None and decision.state.promise is None:
        clock = Clock(kind=ClockKind.PROMISE, due_at=promise.due_at)
        conn.execute(SET_PROMISE.on(conn), clock_values(conversation_id, clock, base + PROMISE_POSITION))
