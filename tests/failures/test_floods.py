"""More than fits, bodies that drip, bodies without end: refused in time, truthfully, and nothing is held for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import pages
from bot.errors import Overloaded
from bot.gate import PER_BYTE, REQUEST_BYTES, Gate

ROOM = 4 * (REQUEST_BYTES + PER_BYTE * 1000)


class Door:
    """A server with a gate, whose handler waits until it is let go."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.go, self.entered, self.sizes = gate, asyncio.Event(), 0, []

    async def receive(self, request: web.Request) -> web.Response:
        async with self.gate.body(request) as raw:
            self.entered += 1
            self.sizes.append(len(raw))
            await self.go.wait()
        return web.Response(text="ok")


@asynccontextmanager
async def door(**more: float) -> AsyncIterator[tuple[Door, TestClient[web.Request, web.Application]]]:
    made = Door(Gate(most_bytes=ROOM, biggest=8000, **{"read_within_s": 5.0, "served_within_s": 20.0, **more}))
    app = web.Application(middlewares=[pages.errors_as_json])
    app.router.add_post("/", made.receive)
    client = TestClient(TestServer(app))
    await client.start_server()
    try:
        yield made, client
    finally:
        await client.close()


async def status(client: TestClient[web.Request, web.Application], body: bytes) -> tuple[int, str | None]:
    async with client.post("/", data=body) as response:
        return response.status, response.headers.get("Retry-After")


async def until_entered(made: Door, count: int) -> None:
    async with asyncio.timeout(10):
        while made.entered < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_what_does_not_fit_is_refused_at_once_and_room_comes_back() -> None:
    async with door() as (made, client):
        inside = [asyncio.create_task(status(client, b"x" * 1000)) for _ in range(4)]
        await until_entered(made, 4)
        code, retry_after = await status(client, b"x" * 1000)
        assert (code, retry_after) == (503, "2")
        made.go.set()
        assert await asyncio.gather(*inside) == [(200, None)] * 4
        assert made.gate.in_hand == 0
        assert (await status(client, b"x" * 1000))[0] == 200


async def test_many_small_calls_count_too() -> None:
    async with door() as (made, client):
        tasks = [asyncio.create_task(status(client, b"")) for _ in range(20)]
        await until_entered(made, ROOM // REQUEST_BYTES)
        await asyncio.sleep(0.05)
        made.go.set()
        codes = [code for code, _ in await asyncio.gather(*tasks)]
        assert codes.count(200) == ROOM // REQUEST_BYTES
        assert set(codes) == {200, 503}


async def test_a_body_that_drips_is_given_up_and_holds_nothing() -> None:
    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    async with door(read_within_s=0.2) as (made, client):
        async with client.post("/", data=dripping()) as response:
            assert response.status == 408
        assert made.gate.in_hand == 0
        assert made.entered == 0


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_that_is_too_big_is_refused_whether_it_tells_its_size_or_not(*, told: bool) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    async with door() as (made, client):
        async with client.post("/", data=b"x" * 9000 if told else endless()) as response:
            assert response.status == 413
        assert made.gate.in_hand == 0
        assert made.entered == 0


async def test_what_takes_too_long_is_refused_in_time_and_let_go() -> None:
    async with door(served_within_s=0.1) as (made, client):
        code, retry_after = await status(client, b"x")
        assert (code, retry_after) == (503, "2")
        assert made.gate.in_hand == 0


@pytest.mark.parametrize(("body", "served_s", "turned_away"), [(b"x", 20.0, 0), (b"x" * 9000, 20.0, 0), (b"x", 0.1, 1)])
async def test_who_is_turned_away_without_fault_is_told_of(body: bytes, served_s: float, turned_away: int) -> None:
    """It may have been an echo that somebody waits for."""
    told: list[str] = []
    async with door(served_within_s=served_s) as (made, client):
        made.gate.turned_away = lambda: told.append("again")
        if served_s > 1:
            made.go.set()
        await status(client, body)
    assert len(told) == turned_away


async def test_a_caller_who_hangs_up_holds_nothing() -> None:
    async with door(served_within_s=0.3) as (made, client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(status(client, b"x" * 500), 0.1)
        async with asyncio.timeout(5):
            while made.gate.in_hand:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def test_it_says_what_is_the_matter() -> None:
    gate = Gate(most_bytes=10, biggest=5)
    with pytest.raises(Overloaded, match="0 bytes"):
        gate._must_fit(11)
