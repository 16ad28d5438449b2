"""The part of the contract that agents' accounts use: who they are, who is signed in, and who is at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import AgentRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Someone who answers prospects. `role` is agent, supervisor, marketer or admin; `password_hash` is Argon2's encoded form.
    Without languages they are asked whatever the prospect speaks, without teams for every team. `capacity` is the weight of
    episodes they may hold; None for what the settings say."""

    agent_id: str
    email: str
    name: str
    role: str
    password_hash: str
    picture_url: str | None = None
    created_at: datetime | None = None
    disabled_at: datetime | None = None
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    capacity: float | None = None

    def may_hold(self, usual: float) -> float:
        """The weight of episodes they may hold; `usual` is what the settings say."""
        return usual if self.capacity is None else self.capacity

    @property
    def ref(self) -> AgentRef:
        """The agent as prospects see them."""
        return AgentRef(agent_id=self.agent_id, name=self.name, picture_url=self.picture_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consoles:
    """An agent's open consoles at one service. `seen_at` is when that service last said so; `lost_at` when the last of
    them closed, None while one is open."""

    agent_id: str
    service: str
    sockets: int
    seen_at: datetime
    lost_at: datetime | None = None

    @property
    def last_open_at(self) -> datetime:
        """When a console is known to have been open: a service that died says nothing more."""
        return self.seen_at if self.sockets or self.lost_at is None else self.lost_at


class PeopleStore(Protocol):
    """Agents, their sessions and their consoles."""

    async def add_agent(self, agent: Agent) -> None:
        """Raises `AlreadyExists` for a known e-mail address (compared without case)."""

    async def agents(self) -> list[Agent]:
        """Everybody, by name."""

    async def agent(self, agent_id: str) -> Agent:
        """Raises `NotFound`."""

    async def agent_by_email(self, email: str) -> Agent | None:
        """Compared without case."""

    async def update_agent(self, agent: Agent) -> None:
        """Replace an agent's fields. Raises `NotFound`."""

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """Remember a signed-in browser by the hash of its token."""

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """Who is signed in, unless expired or disabled."""

    async def close_session(self, *, token_sha256: str) -> None:
        """Sign out."""

    async def add_tries(self, keys: Sequence[str], *, at: datetime) -> None:
        """Remember a failed sign-in under each of these keys."""

    async def tries(self, key: str, *, since: datetime, limit: int) -> list[datetime]:
        """The latest failed sign-ins under this key that are later than `since`, latest first."""

    async def forgive_tries(self, key: str) -> None:
        """Forget failed sign-ins under this key."""

    async def forget_expired(self, *, now: datetime, tries_before: datetime) -> int:
        """Delete sessions and answers that have expired and tries before a moment; gives how many rows."""

    async def put_consoles(self, consoles: Sequence[Consoles]) -> None:
        """What a service says of its consoles replaces what it said of the same agents before."""

    async def consoles(self) -> list[Consoles]:
        """What every service said, by agent and service."""

    async def drop_consoles(self, agent_id: str, *, open_until: datetime) -> None:
        """Delete what is said of an agent's consoles that were open until then at the latest."""

    async def switch_away(self, agent_id: str, *, away: bool) -> None:
        """Keep where the agent's online/away switch stands."""

    async def away(self) -> frozenset[str]:
        """Agents whose switch stands at away."""
