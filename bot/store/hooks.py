"""Subscriptions and what is to be told them, over SQL. A trigger of the database writes the latter."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.core.model import Identity
from bot.store.codec import journal_line_of
from bot.store.columns import UtcDateTime
from bot.store.contract import NotFound
from bot.store.hooking import EVERYTHING, Hook, Telling
from bot.store.jsontext import Record
from bot.store.tables import WAITING_TO_BE_TOLD, conversations, hook_kinds, hooks, journal, tellings
from bot.store.upsert import Upsert

_ADD = hooks.insert()
_ADD_KINDS = hook_kinds.insert()
_ALL = sa.select(hooks).order_by(hooks.c.created_at, hooks.c.hook_id)
_KINDS = sa.select(hook_kinds).order_by(hook_kinds.c.hook_id, hook_kinds.c.kind)
_KINDS_OF = sa.select(hook_kinds.c.kind).where(hook_kinds.c.hook_id == sa.bindparam("hook"))
_PAUSE = sa.update(hooks).where(hooks.c.hook_id == sa.bindparam("hook")).values(paused_at=sa.bindparam("at", type_=UtcDateTime))
_EXISTS = sa.select(hooks.c.hook_id).where(hooks.c.hook_id == sa.bindparam("hook"))
_REMOVE = tuple(
    sa.delete(table).where(table.c.hook_id == sa.bindparam("hook")) for table in (tellings, hook_kinds, hooks)
)  # fmt: skip
_DUE = (
    sa.select(tellings.c.telling_id)
    .where(
        sa.text(WAITING_TO_BE_TOLD),
        tellings.c.hook_id == sa.bindparam("hook"),
        tellings.c.due_at <= sa.bindparam("now"),
        sa.or_(
            tellings.c.held_until.is_(None),
            tellings.c.held_until < sa.bindparam("now"),
            tellings.c.holder == sa.bindparam("worker"),
        ),
    )
    .order_by(tellings.c.due_at, tellings.c.telling_id)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_HOLD = (
    sa.update(tellings)
    .where(tellings.c.telling_id.in_(sa.bindparam("ids", expanding=True)))
    .values(holder=sa.bindparam("worker"), held_until=sa.bindparam("until", type_=UtcDateTime))
)
_WHOLE = (
    sa.select(
        tellings.c.telling_id, tellings.c.hook_id, tellings.c.attempts, tellings.c.error, tellings.c.parked_at,
        journal, conversations.c.channel, conversations.c.external_id,
    )
    .join(journal, journal.c.journal_id == tellings.c.journal_id)
    .join(conversations, conversations.c.conversation_id == journal.c.conversation_id)
)  # fmt: skip
_THESE = _WHOLE.where(tellings.c.telling_id.in_(sa.bindparam("ids", expanding=True))).order_by(
    tellings.c.due_at, tellings.c.telling_id
)
_WAITING = _WHOLE.where(sa.text(WAITING_TO_BE_TOLD)).order_by(tellings.c.telling_id).limit(sa.bindparam("limit"))
_PARKED = _WHOLE.where(tellings.c.parked_at.is_not(None)).order_by(tellings.c.telling_id).limit(sa.bindparam("limit"))
_FREE_AT = sa.case(
    (tellings.c.held_until > tellings.c.due_at, tellings.c.held_until), else_=tellings.c.due_at
)  # fmt: skip
_NEXT = (
    sa.select(sa.func.min(_FREE_AT))
    .join(hooks, hooks.c.hook_id == tellings.c.hook_id)
    .where(sa.text(WAITING_TO_BE_TOLD), hooks.c.paused_at.is_(None), sa.bindparam("after", type_=UtcDateTime) < _FREE_AT)
)
_ONE = tellings.c.telling_id == sa.bindparam("telling")
_TOLD = sa.delete(tellings).where(_ONE)
_AGAIN = (
    sa.update(tellings)
    .where(_ONE)
    .values(attempts=tellings.c.attempts + 1, due_at=sa.bindparam("due"), error=sa.bindparam("why"), holder=None, held_until=None)
)
_PARK = (
    sa.update(tellings)
    .where(_ONE)
    .values(
        attempts=tellings.c.attempts + 1, parked_at=sa.bindparam("now", type_=UtcDateTime), error=sa.bindparam("why"), holder=None,
        held_until=None,
    )
)  # fmt: skip
_COUNTS = sa.select(
    tellings.c.hook_id,
    sa.func.sum(sa.case((tellings.c.parked_at.is_(None), 1), else_=0)),
    sa.func.sum(sa.case((tellings.c.parked_at.is_not(None), 1), else_=0)),
).group_by(tellings.c.hook_id)
_UNPARK = (
    sa.update(tellings)
    .where(tellings.c.hook_id == sa.bindparam("hook"), tellings.c.parked_at.is_not(None))
    .values(parked_at=None, attempts=0, error=None, due_at=sa.bindparam("now"), holder=None, held_until=None)
)
_FAMILY = {
    "sqlite": sa.func.substr(journal.c.kind, 1, sa.func.instr(journal.c.kind, ".")).concat("*"),
    "postgresql": sa.func.split_part(journal.c.kind, ".", 1).concat(".*"),
}
_AFRESH = Upsert(
    tellings,
    ("hook_id", "journal_id"),
    lambda insert: {
        "due_at": insert.excluded.due_at, "attempts": 0, "error": None, "parked_at": None, "holder": None, "held_until": None,
    },
)  # fmt: skip


def add_hook(conn: sa.Connection, hook: Hook) -> None:
    """See `HookStore.add_hook`."""
    conn.execute(
        _ADD,
        {
            "hook_id": hook.hook_id, "url": hook.url, "secret": hook.secret, "created_at": hook.created_at,
            "paused_at": hook.paused_at,
        },
    )  # fmt: skip
    conn.execute(_ADD_KINDS, [{"hook_id": hook.hook_id, "kind": kind} for kind in dict.fromkeys(hook.kinds)])


def all_hooks(conn: sa.Connection) -> list[Hook]:
    """See `HookStore.hooks`."""
    kinds: dict[str, list[str]] = {}
    for row in conn.execute(_KINDS):
        kinds.setdefault(row.hook_id, []).append(row.kind)
    return [
        Hook(
            hook_id=row.hook_id, url=row.url, secret=row.secret, kinds=tuple(kinds.get(row.hook_id, ())),
            created_at=row.created_at, paused_at=row.paused_at,
        )
        for row in conn.execute(_ALL)
    ]  # fmt: skip


def pause_hook(conn: sa.Connection, hook_id: str, *, paused_at: datetime | None) -> None:
    """See `HookStore.pause_hook`."""
    if conn.execute(_PAUSE, {"hook": hook_id, "at": paused_at}).rowcount == 0:
        raise NotFound("hook", hook_id)


def remove_hook(conn: sa.Connection, hook_id: str) -> None:
    """See `HookStore.remove_hook`."""
    _must_be_there(conn, hook_id)
    for statement in _REMOVE:
        conn.execute(statement, {"hook": hook_id})


def claim_tellings(conn: sa.Connection, hook_id: str, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Telling]:
    """See `HookStore.claim_tellings`."""
    ids = list(conn.execute(_DUE, {"hook": hook_id, "worker": worker, "now": now, "limit": limit}).scalars())
    if not ids:
        return []
    conn.execute(_HOLD, {"ids": ids, "worker": worker, "until": until})
    return [_telling_of(row) for row in conn.execute(_THESE, {"ids": ids})]


def tellings_next_at(conn: sa.Connection, *, after: datetime) -> datetime | None:
    """See `HookStore.tellings_next_at`."""
    found: datetime | None = conn.execute(_NEXT, {"after": after}).scalar()
    return found


def told_hook(conn: sa.Connection, telling_id: int) -> None:
    """See `HookStore.told_hook`."""
    conn.execute(_TOLD, {"telling": telling_id})


def retell_hook(conn: sa.Connection, telling_id: int, *, due_at: datetime, error: str) -> None:
    """See `HookStore.retell_hook`."""
    conn.execute(_AGAIN, {"telling": telling_id, "due": due_at, "why": error})


def park_telling(conn: sa.Connection, telling_id: int, *, error: str, now: datetime) -> None:
    """See `HookStore.park_telling`."""
    conn.execute(_PARK, {"telling": telling_id, "now": now, "why": error})


def untold(conn: sa.Connection, *, parked: bool, limit: int) -> list[Telling]:
    """See `HookStore.untold`."""
    return [_telling_of(row) for row in conn.execute(_PARKED if parked else _WAITING, {"limit": limit})]


def untold_counts(conn: sa.Connection) -> dict[str, tuple[int, int]]:
    """See `HookStore.untold_counts`."""
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(_COUNTS)}


def replay_hook(conn: sa.Connection, hook_id: str, *, now: datetime, since: datetime | None) -> int:
    """See `HookStore.replay_hook`."""
    _must_be_there(conn, hook_id)
    if since is None:
        return conn.execute(_UNPARK, {"hook": hook_id, "now": now}).rowcount
    kinds = list(conn.execute(_KINDS_OF, {"hook": hook_id}).scalars())
    chosen = sa.select(
        sa.literal(hook_id), journal.c.journal_id, sa.literal(now, UtcDateTime), sa.literal(0)
    ).where(journal.c.at >= since)  # fmt: skip
    if EVERYTHING not in kinds:
        chosen = chosen.where(sa.or_(journal.c.kind.in_(kinds), _FAMILY[conn.dialect.name].in_(kinds)))
    insert = _AFRESH.on(conn).from_select(["hook_id", "journal_id", "due_at", "attempts"], chosen.order_by(journal.c.journal_id))
    return conn.execute(insert).rowcount


def _must_be_there(conn: sa.Connection, hook_id: str) -> None:
    if conn.execute(_EXISTS, {"hook": hook_id}).first() is None:
        raise NotFound("hook", hook_id)


def _telling_of(row: Record) -> Telling:
    line = journal_line_of(row)
    return Telling(
        telling_id=row.telling_id,
        hook_id=row.hook_id,
        journal_id=line.journal_id,
        conversation_id=line.conversation_id,
        identity=Identity(channel=row.channel, external_id=row.external_id),
        entry=line.entry,
        attempts=row.attempts,
        error=row.error,
        parked_at=row.parked_at,
    )
