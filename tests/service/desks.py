"""Agents at the consoles of a whole service, signed in as browsers are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, CookieJar
from argon2 import PasswordHasher

from bot.store.contract import Agent
from tests.service.serving import World

PASSWORD = "correct horse battery"
# Verifying costs what the hash says, so tests sign in with a cheap one.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Console:
    """A browser with an agent's session."""

    def __init__(self, client: ClientSession, agent: Agent) -> None:
        self._client, self.agent = client, agent

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a request to the console API."""
        headers = {"X-Warmline": "1"}
        async with self._client.request(method, f"/api/console/{path}", json={} if body is None else body, headers=headers) as got:
            return got.status, await got.json()

    async def post(self, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """The same with POST."""
        return await self.call("POST", path, body)

    async def get(self, path: str) -> dict[str, Any]:
        """The JSON of what is read."""
        async with self._client.get(f"/api/console/{path}") as got:
            assert got.status == 200
            return dict(await got.json())

    async def lines(self, path: str, body: object) -> list[Any]:
        """What is told line by line in answer to a POST."""
        async with self._client.post(f"/api/console/{path}", json=body, headers={"X-Warmline": "1"}) as got:
            assert got.status == 200, await got.text()
            return [json.loads(line) for line in (await got.text()).splitlines()]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The console's page is open, so its agent is online."""
        async with self._client.ws_connect("/api/console/socket"):
            yield


@asynccontextmanager
async def console(world: World, name: str, role: str = "agent", **more: Any) -> AsyncIterator[Console]:
    """A new agent who has signed in, with no page open yet."""
    agent = Agent(
        agent_id=f"a_{name.lower()}", email=f"{name.lower()}@example.com", name=name, role=role, password_hash=HASH, **more
    )
    await world.service.store.add_agent(agent)
    async with ClientSession(str(world.client.make_url("/")), cookie_jar=CookieJar(unsafe=True)) as client:
        made = Console(client, agent)
        status, _ = await made.post("login", {"email": agent.email, "password": PASSWORD})
        assert status == 200
        yield made


async def asks_for_a_person(world: World, text: str = "can i talk to a person") -> str:
    """Somebody new who asks for a person and stays; gives the conversation's id."""
    before = {one.conversation_id for one in await world.service.store.overviews(view="all", limit=500)}
    async with world.visitor() as visitor:
        await visitor.say(text)
        await world.settle()
    after = {one.conversation_id for one in await world.service.store.overviews(view="all", limit=500)}
    (new,) = after - before
    return new
