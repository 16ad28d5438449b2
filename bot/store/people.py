"""Agents, their sessions and tries, who is at the desk, and small settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from bot.store.answers import forget as forget_answers
from bot.store.codec import agent_of, agent_values
from bot.store.columns import UtcDateTime
from bot.store.contract import Agent, AlreadyExists, Consoles, NotFound
from bot.store.rules import AWAY, ONLINE, presence_setting, whose_presence
from bot.store.tables import agents, consoles, sessions, settings, tries
from bot.store.upsert import Upsert, replacing

_ADD = agents.insert()
_ALL = sa.select(agents).order_by(agents.c.name, agents.c.agent_id)
_BY_ID = sa.select(agents).where(agents.c.agent_id == sa.bindparam("id"))
_BY_EMAIL = sa.select(agents).where(agents.c.email_folded == sa.bindparam("folded"))
_UPDATE = sa.update(agents).where(agents.c.agent_id == sa.bindparam("id"))
_OPEN = Upsert(sessions, ("token_sha256",), replacing("agent_id", "expires_at"))
_SIGNED_IN = (
    sa.select(agents)
    .join(sessions, sessions.c.agent_id == agents.c.agent_id)
    .where(
        sessions.c.token_sha256 == sa.bindparam("token"),
        sessions.c.expires_at > sa.bindparam("now"),
        agents.c.disabled_at.is_(None),
    )
)
_CLOSE = sa.delete(sessions).where(sessions.c.token_sha256 == sa.bindparam("token"))
_SETTING = sa.select(settings.c.value).where(settings.c.name == sa.bindparam("wanted"))
_PUT = Upsert(settings, ("name",), replacing("value"))
_PUT_IF_ABSENT = Upsert(settings, ("name",))
_ADD_TRY = tries.insert()
_TRIES = (
    sa.select(tries.c.at)
    .where(tries.c.key == sa.bindparam("wanted"), tries.c.at > sa.bindparam("since"))
    .order_by(tries.c.at.desc(), tries.c.try_id.desc())
    .limit(sa.bindparam("most"))
)
_FORGIVE = sa.delete(tries).where(tries.c.key == sa.bindparam("wanted"))
_EXPIRED = sa.delete(sessions).where(sessions.c.expires_at <= sa.bindparam("now"))
_OLD_TRIES = sa.delete(tries).where(tries.c.at < sa.bindparam("before"))
_PUT_CONSOLES = Upsert(consoles, ("agent_id", "service"), replacing("sockets", "seen_at", "lost_at"))
_CONSOLES = sa.select(consoles).order_by(consoles.c.agent_id, consoles.c.service)
_DROP_CONSOLES = sa.delete(consoles).where(
    consoles.c.agent_id == sa.bindparam("wanted"),
    sa.case((consoles.c.sockets > 0, consoles.c.seen_at), else_=sa.func.coalesce(consoles.c.lost_at, consoles.c.seen_at))
    <= sa.bindparam("until", type_=UtcDateTime),
)
_SWITCHES = sa.select(settings.c.name).where(settings.c.name.startswith(presence_setting("")), settings.c.value == AWAY)


def add_agent(conn: sa.Connection, agent: Agent) -> None:
    """See `Store.add_agent`."""
    _must_be_free(conn, agent)
    if conn.execute(_BY_ID, {"id": agent.agent_id}).first() is not None:
        raise AlreadyExists(f"there is an agent {agent.agent_id!r} already")
    conn.execute(_ADD, agent_values(agent))


def all_agents(conn: sa.Connection) -> list[Agent]:
    """See `Store.agents`."""
    return [agent_of(row) for row in conn.execute(_ALL)]


def agent_by_id(conn: sa.Connection, agent_id: str) -> Agent:
    """See `Store.agent`."""
    row = conn.execute(_BY_ID, {"id": agent_id}).first()
    if row is None:
        raise NotFound("agent", agent_id)
    return agent_of(row)


def agent_by_email(conn: sa.Connection, email: str) -> Agent | None:
    """See `Store.agent_by_email`."""
    row = conn.execute(_BY_EMAIL, {"folded": email.strip().casefold()}).first()
    return None if row is None else agent_of(row)


def update_agent(conn: sa.Connection, agent: Agent) -> None:
    """See `Store.update_agent`. Raises `AlreadyExists` if the new e-mail address is another agent's."""
    agent_by_id(conn, agent.agent_id)
    _must_be_free(conn, agent)
    conn.execute(_UPDATE, {"id": agent.agent_id, **agent_values(agent)})


def _must_be_free(conn: sa.Connection, agent: Agent) -> None:
    holder = agent_by_email(conn, agent.email)
    if holder is not None and holder.agent_id != agent.agent_id:
        raise AlreadyExists(f"there is an agent with the e-mail address {agent.email!r} already")


def open_session(conn: sa.Connection, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
    """See `Store.open_session`. Raises `NotFound` for an unknown agent."""
    agent_by_id(conn, agent_id)
    values = {"token_sha256": token_sha256, "agent_id": agent_id, "expires_at": expires_at}
    conn.execute(_OPEN.on(conn), values)


def session_agent(conn: sa.Connection, *, token_sha256: str, now: datetime) -> Agent | None:
    """See `Store.session_agent`."""
    row = conn.execute(_SIGNED_IN, {"token": token_sha256, "now": now}).first()
    return None if row is None else agent_of(row)


def close_session(conn: sa.Connection, *, token_sha256: str) -> None:
    """See `Store.close_session`."""
    conn.execute(_CLOSE, {"token": token_sha256})


def add_tries(conn: sa.Connection, keys: Sequence[str], *, at: datetime) -> None:
    """See `Store.add_tries`."""
    conn.execute(_ADD_TRY, [{"key": key, "at": at} for key in keys])


def latest_tries(conn: sa.Connection, key: str, *, since: datetime, limit: int) -> list[datetime]:
    """See `Store.tries`."""
    return list(conn.execute(_TRIES, {"wanted": key, "since": since, "most": limit}).scalars())


def forgive_tries(conn: sa.Connection, key: str) -> None:
    """See `Store.forgive_tries`."""
    conn.execute(_FORGIVE, {"wanted": key})


def forget_expired(conn: sa.Connection, *, now: datetime, tries_before: datetime) -> int:
    """See `Store.forget_expired`."""
    gone = forget_answers(conn, now=now)
    return gone + conn.execute(_EXPIRED, {"now": now}).rowcount + conn.execute(_OLD_TRIES, {"before": tries_before}).rowcount


def put_consoles(conn: sa.Connection, said: Sequence[Consoles]) -> None:
    """See `Store.put_consoles`."""
    if said:
        conn.execute(_PUT_CONSOLES.on(conn), [asdict(one) for one in sorted(said, key=lambda one: one.agent_id)])


def all_consoles(conn: sa.Connection) -> list[Consoles]:
    """See `Store.consoles`."""
    return [Consoles(**row._mapping) for row in conn.execute(_CONSOLES)]


def drop_consoles(conn: sa.Connection, agent_id: str, *, open_until: datetime) -> None:
    """See `Store.drop_consoles`."""
    conn.execute(_DROP_CONSOLES, {"wanted": agent_id, "until": open_until})


def switch_away(conn: sa.Connection, agent_id: str, *, away: bool) -> None:
    """See `Store.switch_away`."""
    put_setting(conn, presence_setting(agent_id), AWAY if away else ONLINE, if_absent=False)


def away_agents(conn: sa.Connection) -> frozenset[str]:
    """See `Store.away`."""
    return frozenset(map(whose_presence, conn.execute(_SWITCHES).scalars()))


def setting(conn: sa.Connection, name: str) -> str | None:
    """See `Store.setting`."""
    value: str | None = conn.execute(_SETTING, {"wanted": name}).scalar()
    return value


def put_setting(conn: sa.Connection, name: str, value: str, *, if_absent: bool) -> str:
    """See `Store.put_setting`."""
    statement = _PUT_IF_ABSENT if if_absent else _PUT
    conn.execute(statement.on(conn), {"name": name, "value": value})
    stored = setting(conn, name)
    return value if stored is None else stored
