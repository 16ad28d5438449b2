"""A service that starts, stops, or stands on a database that it cannot write."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
import structlog
from aiohttp import WSServerHandshakeError

from bot.errors import BrainTimeout
from bot.logs import Unbreakable
from bot.parts import address_of
from tests.service.serving import World, serving

POST = "/webhooks/rest/webhook"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, stop_within_s=2) as world:
        yield world


async def ready(world: World) -> tuple[int, list[str]]:
    """The status of /readyz and the reasons it gives."""
    async with world.client.get("/readyz") as response:
        body = await response.json()
        if response.status == 503:
            assert body["error"] == body["reasons"][0]
        return response.status, [reason["code"] for reason in body.get("reasons", ())]


async def say(world: World, message: str = "how much is it", sender: str = "anna") -> tuple[int, Any]:
    async with world.client.post(POST, json={"sender": sender, "message": message, "message_id": message[:40]}) as response:
        return response.status, await response.json()


class TestDraining:
    async def test_it_says_at_once_that_it_takes_nothing_new_and_that_it_lives(self, world: World) -> None:
        assert await ready(world) == (200, [])
        await world.service.drain()
        assert await ready(world) == (503, ["draining"])
        async with world.client.get("/healthz") as response:
            assert response.status == 200
        status, body = await say(world)
        assert (status, body["error"]["code"]) == (503, "stopping")
        assert await world.service.store.overviews(view="all") == []

    async def test_sockets_are_closed_so_that_browsers_come_back_and_none_is_opened(self, world: World) -> None:
        async with world.visitor() as anna:
            draining = asyncio.create_task(world.service.drain())
            while not anna.socket.closed:
                await anna.socket.receive(timeout=5)
            assert anna.socket.close_code == 1012
            await draining
        with pytest.raises(WSServerHandshakeError) as refused:
            await world.client.ws_connect("/widget/socket")
        assert refused.value.status == 503

    async def test_what_is_in_hand_is_finished_and_answered(self, world: World) -> None:
        world.brain.held = asyncio.Event()
        asking = asyncio.create_task(say(world))
        await world.brain.was_asked.wait()
        await world.service.drain()
        finishing = asyncio.create_task(world.service.finish())
        world.brain.held.set()
        await finishing
        [overview] = await world.service.store.overviews(view="all")
        assert (await world.state(overview.conversation_id)).unheard == ()
        assert not asking.done() or (await asking)[0] == 200
        asking.cancel()

    async def test_what_takes_too_long_is_left_to_nobody(self, world: World) -> None:
        world.brain.held = asyncio.Event()
        asking = asyncio.create_task(say(world))
        await world.brain.was_asked.wait()
        started = asyncio.get_running_loop().time()
        await world.service.drain()
        await world.service.finish()
        assert asyncio.get_running_loop().time() - started < 3.5
        [overview] = await world.service.store.overviews(view="all")
        assert (await world.state(overview.conversation_id)).unheard != ()
        now = world.time.now()
        claimed = await world.service.store.claim_clocks(worker="another", now=now, until=now + timedelta(seconds=10), limit=9)
        assert overview.conversation_id in {due.conversation_id for due in claimed}
        asking.cancel()

    async def test_a_service_that_has_not_started_is_not_ready(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as world:
            world.service.life.__init__()  # type: ignore[misc]
            assert await ready(world) == (503, ["starting"])
            world.service.life.serve()


async def test_every_reason_is_told(world: World) -> None:
    world.brain.error = BrainTimeout("hangs")

    async def hangs() -> None:
        await asyncio.Event().wait()

    world.service.store.ping = hangs  # type: ignore[method-assign]
    assert await ready(world) == (503, ["store_away", "brain_away"])


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this machine does not let us mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def events(lines: list[Any], prefix: str) -> list[tuple[str, Any]]:
    return [(line["event"], line.get("reason")) for line in lines if line["event"].startswith(prefix)]


async def test_a_full_disk_acknowledges_nothing_says_so_once_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk, structlog.testing.capture_logs() as lines:
        async with serving(disk) as world:
            assert (await say(world, "hi"))[0] == 200
            ballast = disk / "ballast"
            with ballast.open("wb", buffering=0) as file:
                fill(file, 65_536)
                fill(file, 512)
            answered = 0
            while (await say(world, f"how much is it {answered} {'x' * 3900}"))[0] == 200:
                answered += 1
                assert answered < 500, "the disk is larger than it should be"
            assert [(await say(world, f"and {n} {'x' * 3900}"))[0] for n in range(3)] == [503, 503, 503]
            assert await ready(world) == (503, ["store_full"])
            known = (await world.service.store.overviews(view="all"))[0].conversation_id
            stored = [text for speaker, text in await world.said(known) if speaker == "prospect"]
            assert len(stored) == 1 + answered, "acknowledged is stored, refused is not"

            ballast.unlink()
            status, answer = await say(world, "how much is it now")
            assert (status, bool(answer)) == (200, True)
            assert await ready(world) == (200, [])
            await world.settle()
    assert events(lines, "store.") == [("store.unwritable", "full"), ("store.writable_again", None)]


def fill(file: Any, size: int) -> None:
    try:
        while True:
            file.write(b"\0" * size)
    except OSError:
        return


async def test_a_read_only_postgres_acknowledges_nothing_says_so_once_and_recovers(tmp_path: Path, postgres_url: str) -> None:
    name = sa.make_url(postgres_url).database
    with structlog.testing.capture_logs() as lines:
        async with serving(tmp_path, database_url=postgres_url) as world:
            assert (await say(world, "hi"))[0] == 200
            await everywhere(postgres_url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            await ready(world)
            assert [(await say(world, f"is it {n}"))[0] for n in range(3)] == [503, 503, 503]
            assert await ready(world) == (503, ["store_read_only"])
            await everywhere(postgres_url, f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            await ready(world)
            status, answer = await say(world, "how much is it")
            assert (status, bool(answer)) == (200, True)
            assert await ready(world) == (200, [])
            await world.settle()
    told = [event for event in events(lines, "store.") if event[1] != "away"]
    assert told == [("store.unwritable", "read_only"), ("store.writable_again", None)]


async def everywhere(url: str, statement: str) -> None:
    """Change the database for every connection: those that are open are cut, as a failover does."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("SET default_transaction_read_only = off")
        await conn.execute(statement)
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await conn.close()


def test_log_lines_that_cannot_be_written_are_lost_and_counted() -> None:
    class Full(io.StringIO):
        full = False

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    stream = Full()
    log = Unbreakable(stream)
    stream.full = True
    for _ in range(3):
        log.write("lost\n")
        log.flush()
    stream.full = False
    log.write("kept\n")
    first, second = stream.getvalue().splitlines()
    assert (json.loads(first), second) == ({"event": "log.lost", "lines": 3}, "kept")


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, "6.6.6.6", "127.0.0.1"),
        (1, "6.6.6.6, 10.0.0.9", "10.0.0.9"),
        (2, "10.0.0.9, 10.1", "10.0.0.9"),
        (1, "", "127.0.0.1"),
    ],
)
async def test_the_address_is_what_our_own_proxy_saw(world: World, proxies: int, told: str, address: str) -> None:
    class Request:
        remote = "127.0.0.1"

        class headers:  # noqa: N801 - as aiohttp calls it
            @staticmethod
            def getall(_name: str, _default: object) -> list[str]:
                return [told] if told else []

    assert address_of(proxies)(Request) == address  # type: ignore[arg-type]
