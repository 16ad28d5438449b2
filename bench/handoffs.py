"""Sixty people ask for a person within one second: how long until each of them is offered to somebody at the desk."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher

from bench.crowd import percentile
from bench.processes import ROOT
from bench.rows import Row
from bot import logs
from bot.app import build
from bot.credentials import Credentials
from bot.fakes.brain import FakeBrain
from bot.service import Service
from bot.settings import Settings
from bot.store.contract import Agent
from bot.time import SystemTime

PASSWORD = "bench only, on loopback"
WITHIN_S = 30.0


@asynccontextmanager
async def serving(folder: Path, *, capacity: int) -> AsyncIterator[tuple[Service, str]]:
    """A whole service over HTTP with a brain that answers at once, on SQLite as it comes; gives its address."""
    settings = Settings(log_level="warning", home=folder, pacing="instant", agent_capacity=capacity, web=ROOT / "web" / "dist")
    logs.configure(settings)
    service = build(
        settings, credentials=Credentials.model_validate({"widget": None}), brain=FakeBrain(), time=SystemTime(), rng=Random(1)
    )
    runner = web.AppRunner(service.web)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await service.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield service, f"http://127.0.0.1:{port}"
    finally:
        await service.drain()
        await runner.cleanup()
        await service.finish()
        await service.close()


async def handoffs(*, people: int = 60, agents: int = 10, rounds: int = 3) -> Row:
    """The slowest, the 95th percentile and the median of several rounds, each with a service of its own."""
    offered: list[list[float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
            offered.append(sorted(await _round(Path(folder), people=people, agents=agents)))
    p50, p95, worst = (median(of(times) for times in offered) for of in (_share(0.5), _share(0.95), max))
    found = min(len(times) for times in offered)
    return Row(
        name=f"{people} handoffs in one second",
        warmline=f"{found} of {people} offered, p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, worst {worst * 1000:.0f} ms",
        rasa="one a queue every 5 s (Rocket.Chat's queue, by its source): 300 s for the last",
        ratio=None,
        note=(
            f"{people} widgets ask for a person spread over one second; from pressing send to the offer in the console of one of "
            f"{agents} agents. A whole service over WebSockets on SQLite, synced; a brain that answers at once, and everybody in "
            "this process."
        ),
        data={"people": people, "agents": agents, "rounds_ms": [[round(t * 1000, 1) for t in times] for times in offered]},
    )


def _share(share: float):
    return lambda times: percentile(times, share)


async def _round(folder: Path, *, people: int, agents: int) -> list[float]:
    async with AsyncExitStack() as stack:
        service, base = await stack.enter_async_context(serving(folder, capacity=-(-people // agents)))
        offers: dict[str, float] = {}
        everybody = asyncio.Event()

        async def listen(number: int) -> None:
            client = await stack.enter_async_context(aiohttp.ClientSession())
            name = f"agent{number}"
            hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
            agent = Agent(agent_id=name, email=f"{name}@example.com", name=name, role="agent", password_hash=hashed)
            await service.store.add_agent(agent)
            signed = {"email": agent.email, "password": PASSWORD}
            async with client.post(f"{base}/api/console/login", json=signed, headers={"X-Warmline": "1"}) as answer:
                answer.raise_for_status()
                cookie = answer.cookies["warmline_console"].value
            console = await stack.enter_async_context(
                client.ws_connect(f"{base}/api/console/socket", headers={"Cookie": f"warmline_console={cookie}"})
            )
            listening.append(asyncio.create_task(_offers(console, offers, people, everybody)))

        listening: list[asyncio.Task[None]] = []
        for number in range(agents):
            await listen(number)
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        sockets = [await stack.enter_async_context(client.ws_connect(f"{base}/widget/socket")) for _ in range(people)]
        for socket in sockets:
            await socket.send_json({"type": "hello", "token": None, "after": 0})
            await socket.receive()
        pressed: dict[str, float] = {}

        async def ask(number: int) -> None:
            await asyncio.sleep(number / people)
            at = perf_counter()
            await sockets[number].send_json({"type": "say", "key": f"key-{number:06}", "text": f"can i talk to a person {number}"})
            pressed[f"can i talk to a person {number}"] = at

        await asyncio.gather(*(ask(number) for number in range(people)))
        try:
            async with asyncio.timeout(WITHIN_S):
                await everybody.wait()
        except TimeoutError:
            pass
        for task in listening:
            task.cancel()
        said = {one.conversation_id: one for one in await service.store.overviews(view="all", limit=people)}
        times = []
        for conversation_id in said:
            shown = await service.store.messages(conversation_id, limit=1)
            if conversation_id in offers and shown:
                times.append(offers[conversation_id] - pressed[shown[0].text])
        return times


async def _offers(
    console: aiohttp.ClientWebSocketResponse, offers: dict[str, float], people: int, everybody: asyncio.Event
) -> None:
    """Note when each conversation was first offered here."""
    async for message in console:
        frame = json.loads(message.data)
        if frame["type"] == "notice" and frame["kind"] == "offer":
            offers.setdefault(frame["conversation_id"], perf_counter())
            if len(offers) == people:
                everybody.set()
