"""Who I am, whether I take work, and who else is on the team."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

from aiohttp import web

from bot.store.contract import Agent
from handoff.api.bodies import AgentChange, NewAgent, PasswordChange, PresenceBody, read_body
from handoff.api.errors import Conflict
from handoff.api.feed import Feed
from handoff.api.passwords import hash_password
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import Sessions, SignedIn, answer
from handoff.api.shapes import agent_shape, ref_shape, stamp
from handoff.desk import AWAY, ONLINE
from handoff.routing import names


class Team:
    """See the module."""

    def __init__(self, parts: ConsoleParts, sessions: Sessions, feed: Feed) -> None:
        self._parts, self._sessions, self._feed = parts, sessions, feed
        self._store = parts.store

    async def me(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET me."""
        presence = AWAY if me.agent.agent_id in await self._store.away() else ONLINE
        return answer(
            {
                "agent": agent_shape(me.agent),
                "presence": presence,
                "currency": self._parts.currency,
                "now": stamp(self._parts.now()),
            }
        )

    async def logout(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST logout. Consoles of this session close."""
        response = answer({})
        await self._sessions.end(response, me)
        self._feed.sign_out(me.agent.agent_id, token_sha256=me.token_sha256)
        return response

    async def presence(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST presence."""
        body = await read_body(request, PresenceBody)
        away = body.presence == AWAY
        await self._store.switch_away(me.agent.agent_id, away=away)
        self._parts.presence.switch(me.agent.agent_id, away=away)
        return answer({"presence": body.presence})

    async def password(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST password: mine. Every other session of mine ends."""
        body = await read_body(request, PasswordChange)
        agent = await self._sessions.check_password(request, me.agent.email, body.old)
        await self._set_password(agent, body.new)
        response = answer({})
        await self._sessions.start(response, agent)
        return response

    async def agents(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET agents."""
        return answer({"agents": [agent_shape(agent) for agent in await self._store.agents()]})

    async def colleagues(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET colleagues: everybody who can be mentioned, by name."""
        everybody = [agent for agent in await self._store.agents() if agent.disabled_at is None]
        return answer({"agents": [ref_shape(agent.ref) for agent in everybody]})

    async def add(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST agents."""
        body = await read_body(request, NewAgent)
        agent = Agent(
            agent_id=f"a_{secrets.token_hex(10)}",
            email=body.email,
            name=body.name,
            role=body.role,
            password_hash=await asyncio.to_thread(hash_password, body.password),
            created_at=self._parts.now(),
        )
        await self._store.add_agent(agent)
        return answer({"agent": agent_shape(agent)}, status=201)

    async def change(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """PATCH agents/{id}. The last admin who can sign in stays one."""
        body = await read_body(request, AgentChange)
        agent = await self._store.agent(request.match_info["id"])
        disabled_at = agent.disabled_at
        if body.disabled is not None:
            disabled_at = (disabled_at or self._parts.now()) if body.disabled else None
        changed = replace(agent, name=body.name or agent.name, role=body.role or agent.role, disabled_at=disabled_at)
        changed = _able(changed, body)
        await self._must_keep_an_admin(changed)
        await self._store.update_agent(changed)
        if body.password is not None:
            await self._set_password(changed, body.password)
        if disabled_at is not None:
            self._feed.sign_out(agent.agent_id)
        # Who can be asked what has changed.
        self._parts.presence.changed()
        return answer({"agent": agent_shape(changed)})

    async def _set_password(self, agent: Agent, password: str) -> None:
        encoded = await asyncio.to_thread(hash_password, password)
        await self._store.update_agent(replace(agent, password_hash=encoded))
        await self._sessions.end_all(agent.agent_id)
        self._feed.sign_out(agent.agent_id)

    async def _must_keep_an_admin(self, changed: Agent) -> None:
        others = [a for a in await self._store.agents() if a.agent_id != changed.agent_id]
        if not any(a.role == "admin" and a.disabled_at is None for a in (*others, changed)):
            raise Conflict("last_admin", "There must be one admin who can sign in.")


def _able(agent: Agent, body: AgentChange) -> Agent:
    """The agent with what they can do and how much they may hold, as far as it is given."""
    return replace(
        agent,
        capacity=body.capacity if "capacity" in body.model_fields_set else agent.capacity,
        skills=agent.skills if body.skills is None else names(body.skills),
        languages=agent.languages if body.languages is None else names(body.languages),
        teams=agent.teams if body.teams is None else names(body.teams),
    )
