"""What arrives from outside is stored, and with it the promise and the clocks that see to its answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.core.model import Arrival, Clock, ClockKind, Identity, Owner, Profile, Promise
from bot.store.codec import clock_values, doc_text, enrolments_text, profile_text, promise_of, promise_values
from bot.store.contract import DueClock, StoreError, TakenIn
from bot.store.jsontext import Values
from bot.store.message_rows import inbound_values
from bot.store.rules import by_sent_at, clean_arrival, latest, turn_due_at
from bot.store.tables import clocks, conversations, identities, messages, prospects
from bot.store.upsert import Insert, Upsert, anew

POSITIONS = 1024
"""Clock positions per version: those a commit sets come first, those intake adds after it come last."""
PROMISE_POSITION = POSITIONS - 2
TURN_POSITION = POSITIONS - 1

_HEADS = (
    sa.select(
        conversations.c.conversation_id,
        conversations.c.external_id,
        conversations.c.version,
        conversations.c.last_seq,
        conversations.c.last_at,
        conversations.c.last_inbound_at,
        conversations.c.promise_opened_at,
        conversations.c.promise_due_at,
        conversations.c.promise_message_id,
    )
    .where(conversations.c.channel == sa.bindparam("channel"))
    .where(conversations.c.external_id.in_(sa.bindparam("external_ids", expanding=True)))
    # One order for everybody who locks several rows, so that two batches never wait for each other.
    .order_by(conversations.c.conversation_id)
    .with_for_update(key_share=True)
)
_FIND = sa.select(conversations.c.conversation_id).where(
    conversations.c.channel == sa.bindparam("channel"), conversations.c.external_id == sa.bindparam("external_id")
)
_REPEAT = sa.select(messages.c.message_id, messages.c.seq).where(
    messages.c.conversation_id == sa.bindparam("conversation_id"),
    messages.c.external_id == sa.bindparam("external_id"),
    sa.text("speaker = 'prospect'"),
)
_STORE = {
    "sqlite": sqlite.insert(messages).on_conflict_do_nothing().returning(messages.c.message_id),
    "postgresql": postgresql.insert(messages).on_conflict_do_nothing().returning(messages.c.message_id),
}
_ADVANCE = sa.update(conversations).where(conversations.c.conversation_id == sa.bindparam("id"))


def _later(insert: Insert) -> Values:
    """The TURN clock of a growing burst moves later, never earlier."""
    due_at = insert.excluded.due_at
    later = sa.case((clocks.c.due_at < due_at, due_at), else_=clocks.c.due_at)
    return {"due_at": later, "holder": None, "held_until": None}


_SLOT = ("conversation_id", "kind", "key")
_SET_TURN = Upsert(clocks, _SLOT, _later)
SET_PROMISE = Upsert(clocks, _SLOT, anew("due_at", "data"))


@dataclass(slots=True)
class _Head:
    """A conversation while it takes in messages."""

    conversation_id: str
    version: int
    last_seq: int
    last_at: datetime
    last_inbound_at: datetime | None
    promise: Promise | None
    created: bool = False
    grown: bool = False
    promised: bool = False

    def values(self) -> Values:
        return {
            "id": self.conversation_id,
            "last_seq": self.last_seq,
            "last_at": self.last_at,
            "last_inbound_at": self.last_inbound_at,
            **promise_values(self.promise),
        }


def find_conversation(conn: sa.Connection, identity: Identity) -> str | None:
    """See `Store.find_conversation`."""
    found: str | None = conn.execute(_FIND, {"channel": identity.channel, "external_id": identity.external_id}).scalar()
    return found


def take_in(
    conn: sa.Connection,
    arrivals: Sequence[Arrival],
    *,
    now: datetime,
    answer_at: datetime,
    promise_due_at: datetime,
    new_id: Callable[[], str],
) -> tuple[list[TakenIn], list[DueClock]]:
    """See `Store.take_in`; gives also the clocks that were set. `new_id` mints ids of prospects and conversations."""
    ordered = by_sent_at(clean_arrival(arrival) for arrival in arrivals)
    heads = _heads(conn, [arrival.identity for _, arrival in ordered], now, new_id)
    taken: list[tuple[int, TakenIn]] = []
    for place, arrival in ordered:
        head = heads[arrival.identity]
        taken.append((place, _take_one(conn, head, arrival, now=now, promise_due_at=promise_due_at)))
    grown = [head for head in heads.values() if head.grown]
    started: list[DueClock] = []
    if grown:
        conn.execute(_ADVANCE, [head.values() for head in grown])
        started = _start_clocks(conn, grown, now=now, answer_at=answer_at, promise_due_at=promise_due_at)
    return [one for _, one in sorted(taken, key=lambda pair: pair[0])], started


def _heads(conn: sa.Connection, wanted: Sequence[Identity], now: datetime, new_id: Callable[[], str]) -> dict[Identity, _Head]:
    by_channel: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for identity in wanted:
        by_channel[identity.channel][identity.external_id] = None
    heads: dict[Identity, _Head] = {}
    for channel, external_ids in sorted(by_channel.items()):
        for row in conn.execute(_HEADS, {"channel": channel, "external_ids": list(external_ids)}):
            heads[Identity(channel=channel, external_id=row.external_id)] = _Head(
                conversation_id=row.conversation_id,
                version=row.version,
                last_seq=row.last_seq,
                last_at=row.last_at,
                last_inbound_at=row.last_inbound_at,
                promise=promise_of(row),
            )
    strangers = sorted({identity for identity in wanted if identity not in heads}, key=lambda i: (i.channel, i.external_id))
    if strangers:
        heads |= _meet(conn, strangers, now, new_id)
    return heads


def _meet(conn: sa.Connection, strangers: Sequence[Identity], now: datetime, new_id: Callable[[], str]) -> dict[Identity, _Head]:
    """Make prospect, identity and conversation of people who write for the first time."""
    met = [(identity, new_id(), new_id()) for identity in strangers]
    conn.execute(
        prospects.insert(),
        [{"prospect_id": p, "created_at": now, "profile": profile_text(Profile()), "slots": {}, "tags": []} for _, p, _ in met],
    )
    conn.execute(
        identities.insert(),
        [{"channel": i.channel, "external_id": i.external_id, "prospect_id": p, "created_at": now} for i, p, _ in met],
    )
    conn.execute(conversations.insert(), [new_conversation(i, p, c, now) for i, p, c in met])
    return {
        identity: _Head(
            conversation_id=conversation_id,
            version=0,
            last_seq=0,
            last_at=now,
            last_inbound_at=None,
            promise=None,
            created=True,
        )
        for identity, _, conversation_id in met
    }


def new_conversation(identity: Identity, prospect_id: str, conversation_id: str, now: datetime) -> Values:
    """The row of somebody who was never heard of."""
    return {
        "conversation_id": conversation_id,
        "prospect_id": prospect_id,
        "channel": identity.channel,
        "external_id": identity.external_id,
        "created_at": now,
        "version": 0,
        "owner": Owner.BOT.value,
        "owner_version": 1,
        "last_seq": 0,
        "last_at": now,
        "enrolments": enrolments_text(()),
        "doc": doc_text(),
    }


def _take_one(conn: sa.Connection, head: _Head, arrival: Arrival, *, now: datetime, promise_due_at: datetime) -> TakenIn:
    seq = head.last_seq + 1
    values = inbound_values(head.conversation_id, arrival, seq=seq, now=now, promise_due_at=promise_due_at)
    message_id = conn.execute(_STORE[conn.dialect.name], values).scalar()
    if message_id is None:
        return _repeat(conn, head.conversation_id, arrival)
    new_conversation = head.created and not head.grown
    head.grown = True
    head.last_seq = seq
    head.last_inbound_at = latest(head.last_inbound_at, arrival.sent_at)
    head.last_at = arrival.sent_at if new_conversation else max(head.last_at, arrival.sent_at)
    if head.promise is None:
        head.promised = True
        opened_at = min(arrival.sent_at, now)
        head.promise = Promise(opened_at=opened_at, due_at=promise_due_at, message_id=message_id)
    return TakenIn(
        conversation_id=head.conversation_id,
        message_id=message_id,
        seq=seq,
        new=True,
        new_conversation=new_conversation,
    )


def _repeat(conn: sa.Connection, conversation_id: str, arrival: Arrival) -> TakenIn:
    row = conn.execute(_REPEAT, {"conversation_id": conversation_id, "external_id": arrival.external_id}).first()
    if row is None:
        raise StoreError(f"message {arrival.external_id!r} was refused as a repeat but is not stored")
    return TakenIn(conversation_id=conversation_id, message_id=row.message_id, seq=row.seq, new=False)


def _start_clocks(
    conn: sa.Connection, grown: Sequence[_Head], *, now: datetime, answer_at: datetime, promise_due_at: datetime
) -> list[DueClock]:
    promises = [
        (head, Clock(kind=ClockKind.PROMISE, due_at=head.promise.due_at))
        for head in grown
        if head.promised and head.promise is not None
    ]
    if promises:
        conn.execute(SET_PROMISE.on(conn), [_clock_values(head, clock, PROMISE_POSITION) for head, clock in promises])
    turns = []
    for head in grown:
        due_at = turn_due_at(answer_at=answer_at, promise_due_at=promise_due_at, open_promise=head.promise, now=now)
        turns.append((head, Clock(kind=ClockKind.TURN, due_at=due_at)))
    conn.execute(_SET_TURN.on(conn), [_clock_values(head, clock, TURN_POSITION) for head, clock in turns])
    return [DueClock(conversation_id=head.conversation_id, clock=clock) for head, clock in promises + turns]


def _clock_values(head: _Head, clock: Clock, position: int) -> Values:
    return clock_values(head.conversation_id, clock, head.version * POSITIONS + position)
