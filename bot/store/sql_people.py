"""Agents, their sessions and consoles, and small values, in the durable store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.store import people
from bot.store.contract import Agent, Consoles
from bot.store.runner import Runner


class SqlPeople:
    """`bot.store.contract.people.PeopleStore` over SQL, and the small values of `Store`."""

    _write: Runner
    _read: Runner

    async def add_agent(self, agent: Agent) -> None:
        """See `Store.add_agent`."""
        await self._write.run(lambda conn: people.add_agent(conn, agent))

    async def agents(self) -> list[Agent]:
        """See `Store.agents`."""
        return await self._read.run(people.all_agents)

    async def agent(self, agent_id: str) -> Agent:
        """See `Store.agent`."""
        return await self._read.run(lambda conn: people.agent_by_id(conn, agent_id))

    async def agent_by_email(self, email: str) -> Agent | None:
        """See `Store.agent_by_email`."""
        return await self._read.run(lambda conn: people.agent_by_email(conn, email))

    async def update_agent(self, agent: Agent) -> None:
        """See `Store.update_agent`. Raises `AlreadyExists` if the new e-mail address is another agent's."""
        await self._write.run(lambda conn: people.update_agent(conn, agent))

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """See `Store.open_session`. Raises `NotFound` for an unknown agent."""
        await self._write.run(
            lambda conn: people.open_session(conn, token_sha256=token_sha256, agent_id=agent_id, expires_at=expires_at)
        )

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """See `Store.session_agent`."""
        return await self._read.run(lambda conn: people.session_agent(conn, token_sha256=token_sha256, now=now))

    async def close_session(self, *, token_sha256: str) -> None:
        """See `Store.close_session`."""
        await self._write.run(lambda conn: people.close_session(conn, token_sha256=token_sha256))

    async def add_tries(self, keys: Sequence[str], *, at: datetime) -> None:
        """See `Store.add_tries`."""
        await self._write.run(lambda conn: people.add_tries(conn, keys, at=at))

    async def tries(self, key: str, *, since: datetime, limit: int) -> list[datetime]:
        """See `Store.tries`."""
        return await self._read.run(lambda conn: people.latest_tries(conn, key, since=since, limit=limit))

    async def forgive_tries(self, key: str) -> None:
        """See `Store.forgive_tries`."""
        await self._write.run(lambda conn: people.forgive_tries(conn, key))

    async def forget_expired(self, *, now: datetime, tries_before: datetime) -> int:
        """See `Store.forget_expired`."""
        return await self._write.run(lambda conn: people.forget_expired(conn, now=now, tries_before=tries_before))

    async def put_consoles(self, consoles: Sequence[Consoles]) -> None:
        """See `Store.put_consoles`."""
        await self._write.run(lambda conn: people.put_consoles(conn, consoles))

    async def consoles(self) -> list[Consoles]:
        """See `Store.consoles`."""
        return await self._read.run(people.all_consoles)

    async def drop_consoles(self, agent_id: str, *, open_until: datetime) -> None:
        """See `Store.drop_consoles`."""
        await self._write.run(lambda conn: people.drop_consoles(conn, agent_id, open_until=open_until))

    async def switch_away(self, agent_id: str, *, away: bool) -> None:
        """See `Store.switch_away`."""
        await self._write.run(lambda conn: people.switch_away(conn, agent_id, away=away))

    async def away(self) -> frozenset[str]:
        """See `Store.away`."""
        return await self._read.run(people.away_agents)

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return await self._read.run(lambda conn: people.setting(conn, name))

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        return await self._write.run(lambda conn: people.put_setting(conn, name, value, if_absent=if_absent))
