"""Agents, sessions and settings in memory."""

from __future__ import annotations

from datetime import datetime

from bot.store.contract import (
    Agent,
    AlreadyExists,
    NotFound,
)


class People:
    """Who may sign in, and small values."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}
        self._sessions: dict[str, tuple[str, datetime]] = {}
        self._settings: dict[str, str] = {}

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

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return self._settings.get(name)

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        if if_absent:
            return self._settings.setdefault(name, value)
        self._settings[name] = value
        return value
