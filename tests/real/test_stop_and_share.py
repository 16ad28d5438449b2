"""Real services over one brain: SIGTERM in the middle of turns, and two of them on one PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest

from bench import warmline as bench_warmline
from bench.processes import send_signal
from bench.talk import wordings
from bench.warmline import BrainApart, Warmline
from tests.postgres import Postgres

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

NOWHERE = "http://127.0.0.1:9"
PEOPLE = 60
STOP_WITHIN_S = 4.0
CSRF = {"X-Warmline": "1"}


@asynccontextmanager
async def services(folder: Path, *names: str, **settings: str) -> AsyncIterator[tuple[BrainApart, list[Warmline]]]:
    """One brain, and services that are ready, each with a home of its own. They are ended, with all their processes."""
    async with AsyncExitStack() as stack:
        brain = await stack.enter_async_context(BrainApart(folder / "brain", bench_warmline.model()))
        made = []
        for name in names:
            given = {"WARMLINE_BRAIN_SOCKET": str(brain.socket), "WARMLINE_STOP_WITHIN_S": f"{STOP_WITHIN_S:g}", **settings}
            made.append(Warmline(folder / name, graph_url=NOWHERE, settings=given))
            stack.callback(made[-1].end)
        await asyncio.gather(*(one.start() for one in made))
        yield brain, made


async def ask(client: aiohttp.ClientSession, base_url: str, person: int) -> int:
    """Ask a question under a fixed message id; 0 where nobody listens."""
    body = {"sender": f"p{person}", "message": "how does it work", "message_id": "m1"}
    try:
        async with client.post(f"{base_url}/webhooks/rest/webhook", json=body) as answer:
            await answer.read()
            return answer.status
    except aiohttp.ClientError:
        return 0


async def test_a_stop_in_the_middle_of_turns_finishes_what_is_in_hand_and_loses_nothing(tmp_path: Path) -> None:
    async with services(tmp_path, "only") as (_, [service]), aiohttp.ClientSession() as client:
        asking = [asyncio.create_task(ask(client, service.base_url, person)) for person in range(PEOPLE)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        stopped = monotonic()
        service.started.process.send_signal(signal.SIGTERM)
        first = await asyncio.gather(*asking)
        code = await asyncio.to_thread(service.started.process.wait, 15)
        took_s = monotonic() - stopped
        assert (code, took_s < STOP_WITHIN_S + 6) == (0, True), (code, took_s, service.started.last_words())
        assert set(first) <= {200, 503, 0}
        with closing(sqlite3.connect(service.home / "warmline.db")) as db:
            assert db.execute("SELECT count(*) FROM clocks WHERE held_until IS NOT NULL").fetchone() == (0,)

        await service.start()
        second = await asyncio.gather(*(ask(client, service.base_url, person) for person in range(PEOPLE)))
        assert set(second) == {200}
        words = wordings()
        with closing(sqlite3.connect(service.home / "warmline.db")) as db:
            said = db.execute("SELECT conversation_id, speaker, text FROM messages WHERE status NOT IN ('withdrawn')").fetchall()
    asked = Counter(talk for talk, speaker, _ in said if speaker == "prospect")
    answered = Counter(talk for talk, _, text in said if (words.name(text) or "").startswith("utter_how_it_works"))
    assert set(asked.values()) == set(answered.values()) == {1}
    assert len(asked) == len(answered) == PEOPLE


async def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    async with services(tmp_path, "only", WARMLINE_BRAIN_TIMEOUT_S="30") as (brain, [service]), aiohttp.ClientSession() as client:
        send_signal(brain.pids, signal.SIGSTOP)
        asking = asyncio.create_task(ask(client, service.base_url, 1))
        await asyncio.sleep(1.0)
        service.started.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        async with client.get(f"{service.base_url}/readyz") as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (503, "draining")
        service.started.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(service.started.process.wait, 1.5) == 128 + signal.SIGTERM
        assert await asking == 0


async def test_two_services_on_one_postgres_started_at_once_are_one(tmp_path: Path, postgres: Postgres) -> None:
    async with postgres.database(migrated=False) as url, services(tmp_path, "a", "b", WARMLINE_DATABASE_URL=url) as (_, [a, b]):
        passwords = [path for one in (a, b) if (path := one.home / "first-sign-in.txt").exists()]
        [path] = passwords
        email, password = path.read_text().split()
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
            client.ws_connect(f"{a.base_url}/widget/socket") as anna,
        ):
            await anna.send_json({"type": "hello", "token": None, "after": 0})
            await next_of(anna, "welcome")
            body = {"email": email, "password": password}
            async with client.post(f"{b.base_url}/api/console/login", json=body, headers=CSRF) as answer:
                assert answer.status == 200
            async with client.ws_connect(f"{b.base_url}/api/console/socket") as alex:
                await next_of(alex, "hello")
                await anna.send_json({"type": "say", "key": "key-00001", "text": "can i talk to a real person please"})
                while (notice := await next_of(alex, "notice"))["kind"] != "offer":
                    pass
                take = f"{b.base_url}/api/console/conversations/{notice['conversation_id']}/take"
                async with client.post(take, json={}, headers=CSRF) as answer:
                    assert answer.status == 200
                said = {"text": "Hi, Alex here", "key": "key-00002"}
                async with client.post(take.replace("/take", "/say"), json=said, headers=CSRF) as answer:
                    assert answer.status == 200
                while (await next_of(anna, "message"))["message"]["text"] != "Hi, Alex here":
                    pass

                # The machine behind the widget goes away; the browser comes back to the other one and misses nothing.
                a.started.process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(15):
                    while not anna.closed:
                        await anna.receive()
                assert anna.close_code == 1012
                assert await asyncio.to_thread(a.started.process.wait, 15) == 0


async def next_of(socket: aiohttp.ClientWebSocketResponse[bool], kind: str) -> dict[str, Any]:
    """The next frame of this kind."""
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await socket.receive_str())
            if frame["type"] == kind:
                return dict(frame)
