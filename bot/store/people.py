"""Agents, their sessions, and small settings."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.store.codec import agent_of, agent_values
from bot.store.contract import Agent, AlreadyExists, NotFound
from bot.store.tables import agents, sessions, settings
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
