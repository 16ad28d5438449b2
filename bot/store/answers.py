"""Answers by the key of their request, over SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.store.answering import ACTING_FOR, ANSWERS_KEPT, Begun, Known
from bot.store.runner import Runner
from bot.store.tables import answers
from bot.store.upsert import Upsert

_TAKE = Upsert(answers, ("agent_id", "key"))


def _named(agent_id: str, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(answers.c.agent_id == agent_id, answers.c.key == key)


def begin(conn: sa.Connection, agent_id: str, key: str, *, request: str, now: datetime) -> Begun:
    """See `AnswerStore.begin_answer`."""
    died = sa.and_(answers.c.status.is_(None), answers.c.at <= now - ACTING_FOR)
    conn.execute(sa.delete(answers).where(_named(agent_id, key), sa.or_(answers.c.at <= now - ANSWERS_KEPT, died)))
    taken = conn.execute(_TAKE.on(conn), {"agent_id": agent_id, "key": key, "request": request, "at": now})
    if taken.rowcount == 1:
        return Begun(known=Known.NEW)
    row = conn.execute(sa.select(answers).where(_named(agent_id, key))).first()
    if row is None:
        # Dropped between the two statements: whoever sends again finds it free.
        return Begun(known=Known.ACTING)
    if row.request != request:
        return Begun(known=Known.OTHER)
    if row.status is None:
        return Begun(known=Known.ACTING)
    return Begun(known=Known.ANSWERED, status=row.status, body=row.body)


def keep(conn: sa.Connection, agent_id: str, key: str, *, status: int, body: str) -> None:
    """See `AnswerStore.keep_answer`."""
    conn.execute(sa.update(answers).where(_named(agent_id, key)).values(status=status, body=body))


def drop(conn: sa.Connection, agent_id: str, key: str) -> None:
    """See `AnswerStore.drop_answer`."""
    conn.execute(sa.delete(answers).where(_named(agent_id, key), answers.c.status.is_(None)))


def forget(conn: sa.Connection, *, now: datetime) -> int:
    """Delete what nobody may ask for any more; gives how many."""
    return conn.execute(sa.delete(answers).where(answers.c.at <= now - ANSWERS_KEPT)).rowcount


class SqlAnswers:
    """`bot.store.answering.AnswerStore` over SQL."""

    _write: Runner

    async def begin_answer(self, agent_id: str, key: str, *, request: str, now: datetime) -> Begun:
        """See `AnswerStore.begin_answer`."""
        return await self._write.run(lambda conn: begin(conn, agent_id, key, request=request, now=now))

    async def keep_answer(self, agent_id: str, key: str, *, status: int, body: str) -> None:
        """See `AnswerStore.keep_answer`."""
        await self._write.run(lambda conn: keep(conn, agent_id, key, status=status, body=body))

    async def drop_answer(self, agent_id: str, key: str) -> None:
        """See `AnswerStore.drop_answer`."""
        await self._write.run(lambda conn: drop(conn, agent_id, key))
