"""Two whole services on one PostgreSQL: whoever is asked, people notice nothing of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from argon2 import PasswordHasher

from bot import wire
from bot.fakes.brain import FakeBrain
from bot.fakes.graph import FakeGraph
from bot.store.contract import Agent, StoreUnavailable
from bot.time import HandTime
from tests.postgres import Postgres
from tests.service.serving import SECRET, START, TOKEN, VERIFY, Visitor, World, serving

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
CSRF = {"X-Warmline": "1"}
PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two services, one clock, one brain."""

    a: World
    b: World
    time: HandTime
    brain: FakeBrain

    async def settle(self) -> None:
        """Until neither has anything in hand and nothing is due."""
        for _ in range(2):
            await self.a.settle()
            await self.b.settle()

    async def wind(self, seconds: float) -> None:
        """Let time pass for both, a little at a time."""
        for _ in range(int(seconds)):
            await self.a.wind(seconds=1)
            await self.b.settle()


@asynccontextmanager
async def pair(folder: Path, url: str, **settings: Any) -> AsyncIterator[Pair]:
    time, brain = HandTime(START), FakeBrain()
    async with AsyncExitStack() as stack:
        starting = [
            stack.enter_async_context(
                serving(folder / name, name=name, time=time, brain=brain, database_url=url, stop_within_s=1, **settings)
            )
            for name in "ab"
        ]
        a, b = [await one for one in starting]
        yield Pair(a=a, b=b, time=time, brain=brain)


@pytest.fixture
async def two(tmp_path: Path, postgres_url: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, postgres_url) as two:
        await two.a.service.store.add_agent(
            Agent(agent_id="a_sam", email="sam@example.com", name="Sam", role="agent", password_hash=HASH)
        )
        yield two


@asynccontextmanager
async def console(world: World) -> AsyncIterator[ClientWebSocketResponse[bool]]:
    """Sam's console at this service."""
    await command(world, "login", {"email": "sam@example.com", "password": PASSWORD})
    async with world.client.ws_connect("/api/console/socket") as socket:
        await told(socket, lambda f: f["type"] == "hello")
        yield socket


async def command(world: World, path: str, body: Any) -> dict[str, Any]:
    async with world.client.post(f"/api/console/{path}", json=body, headers=CSRF) as response:
        assert response.status == 200, await response.text()
        return dict(await response.json())


async def told(socket: ClientWebSocketResponse[bool], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first frame that is wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            frame = json.loads(await socket.receive_str())
            if wanted(frame):
                return dict(frame)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what is waited for happens in a database and on sockets
            await asyncio.sleep(0.005)


async def conversation_of(world: World) -> str:
    [overview] = await world.service.store.overviews(view="all")
    return overview.conversation_id


async def asks_for_a_person(two: Pair, anna: Visitor) -> str:
    await anna.say("can i talk to a person")
    await two.settle()
    return await conversation_of(two.a)


async def test_a_widget_here_and_an_agent_there_talk(two: Pair) -> None:
    async with two.a.visitor() as anna, console(two.b) as sam:
        conversation = await asks_for_a_person(two, anna)
        offer = await told(sam, lambda f: f["type"] == "notice" and f["kind"] == "offer")
        assert offer["text"] == "Someone asked for a person."
        await command(two.b, f"conversations/{conversation}/take", {})
        while (owner := await anna.next("owner"))["owner"] != "agent":
            pass
        assert owner["agent"]["name"] == "Sam"

        await sam.send_json({"type": "typing", "conversation_id": conversation})
        assert (await anna.next("typing"))["name"] == "Sam"
        await command(two.b, f"conversations/{conversation}/say", {"text": "Hi, Sam here", "key": "key-00001"})
        await two.settle()
        while not anna.seen or anna.seen[-1]["text"] != "Hi, Sam here":
            await anna.next("message")

        await anna.socket.send_json({"type": "typing"})
        assert (await told(sam, lambda f: f["type"] == "typing"))["who"] == "prospect"
        await anna.say("hello Sam, nice to meet you")
        heard = await told(sam, lambda f: f["type"] == "message" and f["message"]["text"].startswith("hello Sam"))
        assert heard["conversation_id"] == conversation


async def test_two_browsers_of_one_person_at_two_services_show_the_same(two: Pair) -> None:
    async with two.a.visitor() as here, two.b.visitor(here.welcome["token"]) as there:
        await here.say("hi")
        await two.settle()
        await here.hears(2)
        await there.hears(2)
        while len(there.seen) < len(here.seen):
            await there.next("message")
    assert [m["seq"] for m in there.seen] == list(range(1, len(there.seen) + 1))
    assert {m["seq"]: m["text"] for m in here.seen}.items() <= {m["seq"]: m["text"] for m in there.seen}.items()


async def test_an_agent_who_comes_online_there_is_offered_what_waits_here(two: Pair) -> None:
    async with two.a.visitor() as anna:
        conversation = await asks_for_a_person(two, anna)
        assert two.a.service.staff.desk().somebody_online is False
        started = asyncio.get_running_loop().time()
        async with console(two.b) as sam:
            await told(sam, lambda f: f["type"] == "notice" and f["kind"] == "offer")
            took_s = asyncio.get_running_loop().time() - started
            await until(lambda: two.a.service.staff.desk().somebody_online)
            episode = (await two.a.state(conversation)).episode
            assert episode.offered_to == ("a_sam",)
    assert took_s < 5, "real seconds, sign-in and a busy machine included; the service's own clock stood still"


async def test_who_decides_here_knows_who_is_there(two: Pair) -> None:
    async with console(two.b) as sam:
        await until(lambda: two.a.service.staff.desk().somebody_online)
        await two.b.service.clocks.stop(0)
        async with two.a.visitor() as anna:
            await anna.say("can i talk to a person")
            await told(sam, lambda f: f["type"] == "notice" and f["kind"] == "offer")


async def test_an_agent_whose_service_died_is_gone_after_ninety_seconds_and_not_for_a_flap(two: Pair) -> None:
    async with two.a.visitor() as anna, console(two.b):
        conversation = await asks_for_a_person(two, anna)
        await command(two.b, f"conversations/{conversation}/take", {})
        await drop(two.b)
        await pass_time(two.a, 25)
        assert two.a.service.staff.desk().somebody_online
        await pass_time(two.a, 5)
        await until(lambda: not two.a.service.staff.desk().somebody_online)
        await pass_time(two.a, 55)
        assert await two.a.service.store.consoles() != []
        await pass_time(two.a, 10)
        async with asyncio.timeout(PATIENCE_S):
            while await two.a.service.store.consoles():  # noqa: ASYNC110 - see `until`
                await asyncio.sleep(0.01)
        assert (await two.a.state(conversation)).owner.value == "waiting"


async def pass_time(world: World, seconds: int) -> None:
    """Let time pass, with a real moment in each second for what others left to be looked at."""
    for _ in range(seconds):
        world.time.set(world.time.now() + timedelta(seconds=1))
        await asyncio.sleep(0.03)


async def drop(world: World) -> None:
    """The service's process is gone, as far as the others can see: it writes nothing and says nothing any more."""
    service = world.service
    tasks = (*service.workers, *service.clocks._hands.values(), *service.delivery._hands.values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await service.peers.stop()

    async def gone(*_args: Any, **_more: Any) -> Any:
        raise StoreUnavailable("this service is dead")

    service.store._write.run = gone  # type: ignore[attr-defined]


async def test_one_dies_with_work_in_hand_and_the_other_takes_over(two: Pair) -> None:
    two.brain.held = asyncio.Event()
    async with two.a.visitor() as anna, two.b.visitor(anna.welcome["token"]):
        await anna.say("how much is it")
        await two.brain.was_asked.wait()
        await until(lambda: two.a.service.clocks.in_hand or two.b.service.clocks.in_hand)
        dies, lives = (two.a, two.b) if two.a.service.clocks.in_hand else (two.b, two.a)
        assert lives.service.clocks.in_hand == 0
        await drop(dies)
        two.brain.held.set()
        conversation = await conversation_of(lives)
        async with asyncio.timeout(PATIENCE_S):
            while (await lives.state(conversation)).unheard:
                await pass_time(lives, 1)
        await lives.settle()
        said = await lives.said(conversation)
    assert len([text for speaker, text in said if speaker == "bot" and "ask_price" in text]) == 1


async def test_a_webhook_sent_twice_here_and_once_there_is_one_message(tmp_path: Path, postgres_url: str) -> None:
    time = HandTime(START)
    graph = FakeGraph(app_secret=SECRET, verify_token=VERIFY, token=TOKEN, now=time.now, any_recipient=True)
    event = {
        "sender": {"id": "psid-1"}, "recipient": {"id": graph.page_id}, "timestamp": int(START.timestamp() * 1000),
        "message": {"mid": "m-1", "text": "how much is it"},
    }  # fmt: skip
    raw = json.dumps({"object": "page", "entry": [{"id": graph.page_id, "time": 1, "messaging": [event]}]}).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()}
    brain = FakeBrain()
    async with graph, AsyncExitStack() as stack:
        graph_url = f"{graph.base_url}/v25.0"
        worlds = [
            await stack.enter_async_context(
                serving(
                    tmp_path / name,
                    name=name,
                    time=time,
                    brain=brain,
                    database_url=postgres_url,
                    facebook=graph_url,
                )
            )
            for name in "ab"
        ]
        two = Pair(a=worlds[0], b=worlds[1], time=time, brain=brain)

        async def post(world: World) -> int:
            async with world.client.post("/webhooks/facebook/webhook", data=raw, headers=headers) as response:
                return response.status

        assert await asyncio.gather(post(two.a), post(two.a), post(two.b)) == [200, 200, 200]
        await two.settle()
        said = await two.b.said(await conversation_of(two.b))
        sent = [s.message.get("text") for s in graph.sent if s.recipient == "psid-1"]
    assert [text for speaker, text in said if speaker == "prospect"] == ["how much is it"]
    assert sent == [text for speaker, text in said if speaker != "prospect"]
    assert len([text for text in sent if text and "ask_price" in text]) == 1


async def test_a_rest_caller_here_gets_what_the_other_did_and_nothing_twice(two: Pair) -> None:
    await two.a.service.clocks.stop(0)
    await two.a.service.delivery.stop(0)

    async def say(world: World, message: str) -> list[str]:
        async with world.client.post("/webhooks/rest/webhook", json={"sender": "anna", "message": message}) as response:
            return [m["text"] for m in await response.json()]

    async def keep_time() -> None:
        while True:
            await asyncio.sleep(0.02)
            two.time.set(two.time.now() + timedelta(seconds=0.06))

    winding = asyncio.create_task(keep_time())
    try:
        first = await say(two.a, "how much is it")
        second = await say(two.b, "thanks")
        third = await say(two.a, "how much is it now")
    finally:
        winding.cancel()
    assert any("ask_price" in text for text in first)
    assert any("thanks" in text for text in second)
    assert not set(first) & set(second)
    assert any("now" in text for text in third)


async def test_a_cut_wire_is_caught_up(two: Pair, postgres_url: str) -> None:
    async with two.a.visitor() as anna, two.b.visitor(anna.welcome["token"]) as there:
        await anna.say("hi")
        await two.settle()
        await there.hears(2)
        seen = len(there.seen)
        conn = await asyncpg.connect(postgres_url)
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
            wire.APPLICATION,
        )
        await conn.close()
        await anna.say("how much is it")
        await two.settle()
        while len(there.seen) <= seen or "ask_price" not in there.seen[-1]["text"]:
            await there.next("message")


async def test_signing_out_here_closes_the_console_there(two: Pair) -> None:
    async with console(two.a) as here, console(two.b) as there:
        assert not here.closed
        await command(two.a, "password", {"old": PASSWORD, "new": "another horse battery"})
        async with asyncio.timeout(PATIENCE_S):
            while (message := await there.receive()).type is not WSMsgType.CLOSE:
                pass
        assert message.data == 1008


async def test_both_started_at_once_on_an_empty_database(tmp_path: Path, postgres: Postgres) -> None:
    async with postgres.database(migrated=False) as url, AsyncExitStack() as stack:
        starting = (stack.enter_async_context(serving(tmp_path / n, name=n, database_url=url)) for n in "ab")
        a, b = await asyncio.gather(*starting)
        async with a.visitor() as anna:
            await anna.say("hi")
            await a.settle()
            await anna.hears(2)
        assert await b.said(await conversation_of(b)) == await a.said(await conversation_of(a))
