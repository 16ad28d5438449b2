"""Agents, sessions and settings in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.store.contract import (
    Agent,
    AlreadyExists,
    Consoles,
    NotFound,
)
from bot.store.rules import AWAY, ONLINE, presence_setting, whose_presence


class People:
    """Who may sign in, and small values."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}
        self._sessions: dict[str, tuple[str, datetime]] = {}
        self._settings: dict[str, str] = {}
        self._tries: list[tuple[str, datetime]] = []
        self._consoles: dict[tuple[str, str], Consoles] = {}

    async def add_agent(self, agent: Agent) -> None:
        """See `Store.add_agent`."""
        self._must_be_free(agent)
        if agent.agent_id in self._agents:
            raise AlreadyExists(f"there is an agent {agent.agent_id!r} already")
        self._agents[agent.agent_id] = agent

    async def agents(self) -> list[Agent]:
        """See `Store.agents`."""
        return sorted(self._agents.values(), key=lambda agent: (agent.name, agent.agent_id))

    async def agent(self, agent_id: str) -> Agent:
        """See `Store.agent`."""
        if agent_id not in self._agents:
            raise NotFound("agent", agent_id)
        return self._agents[agent_id]

    async def agent_by_email(self, email: str) -> Agent | None:
        """See `Store.agent_by_email`."""
        return self._holder(email)

    def _holder(self, email: str) -> Agent | None:
        folded = email.strip().casefold()
        return next((a for a in self._agents.values() if a.email.strip().casefold() == folded), None)

    def _must_be_free(self, agent: Agent) -> None:
        holder = self._holder(agent.email)
        if holder is not None and holder.agent_id != agent.agent_id:
            raise AlreadyExists(f"there is an agent with the e-mail address {agent.email!r} already")

    async def update_agent(self, agent: Agent) -> None:
        """See `Store.update_agent`. Raises `AlreadyExists` if the new e-mail address is another agent's."""
        await self.agent(agent.agent_id)
        self._must_be_free(agent)
        self._agents[agent.agent_id] = agent

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """See `Store.open_session`. Raises `NotFound` for an unknown agent."""
        await self.agent(agent_id)
        self._sessions[token_sha256] = (agent_id, expires_at)

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """See `Store.session_agent`."""
        agent_id, expires_at = self._sessions.get(token_sha256, ("", now))
        agent = self._agents.get(agent_id)
        return agent if agent is not None and expires_at > now and agent.disabled_at is None else None

    async def close_session(self, *, token_sha256: str) -> None:
        """See `Store.close_session`."""
        self._sessions.pop(token_sha256, None)

    async def add_tries(self, keys: Sequence[str], *, at: datetime) -> None:
        """See `Store.add_tries`."""
        self._tries += [(key, at) for key in keys]

    async def tries(self, key: str, *, since: datetime, limit: int) -> list[datetime]:
        """See `Store.tries`."""
        return sorted((at for known, at in self._tries if known == key and at > since), reverse=True)[:limit]

    async def forgive_tries(self, key: str) -> None:
        """See `Store.forgive_tries`."""
        self._tries = [one for one in self._tries if one[0] != key]

    async def forget_expired(self, *, now: datetime, tries_before: datetime) -> int:
        """See `Store.forget_expired`."""
        before = len(self._sessions) + len(self._tries)
        self._sessions = {token: one for token, one in self._sessions.items() if one[1] > now}
        self._tries = [one for one in self._tries if one[1] >= tries_before]
        return before - len(self._sessions) - len(self._tries)

    async def put_consoles(self, consoles: Sequence[Consoles]) -> None:
        """See `Store.put_consoles`."""
        self._consoles |= {(one.agent_id, one.service): one for one in consoles}

    async def consoles(self) -> list[Consoles]:
        """See `Store.consoles`."""
        return [self._consoles[key] for key in sorted(self._consoles)]

    async def drop_consoles(self, agent_id: str, *, open_until: datetime) -> None:
        """See `Store.drop_consoles`."""
        kept = (one for one in self._consoles.values() if one.agent_id != agent_id or one.last_open_at > open_until)
        self._consoles = {(one.agent_id, one.service): one for one in kept}

    async def switch_away(self, agent_id: str, *, away: bool) -> None:
        """See `Store.switch_away`."""
        await self.put_setting(presence_setting(agent_id), AWAY if away else ONLINE)

    async def away(self) -> frozenset[str]:
        """See `Store.away`."""
        prefix = presence_setting("")
        switches = ((name, value) for name, value in self._settings.items() if name.startswith(prefix))
        return frozenset(whose_presence(name) for name, value in switches if value == AWAY)

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return self._settings.get(name)

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        if if_absent:
            return self._settings.setdefault(name, value)
        self._settings[name] = value
        return value
