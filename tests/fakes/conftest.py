import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.fakes.graph import FakeGraph

SECRET = "shh"
VERIFY = "let me in"


class Clock:
    """A clock that moves only when somebody sleeps by it or moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.slept_s: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class App:
    """An app under test: keeps what it is sent and answers with the statuses it was told, then 200."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    always: int = 200
    stalled: asyncio.Event | None = None

    async def take(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            right = request.query["hub.verify_token"] == VERIFY and request.query["hub.mode"] == "subscribe"
            return web.Response(text=request.query["hub.challenge"] if right else "no", status=200 if right else 403)
        body = await request.read()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers["X-Hub-Signature-256"] != signature:
            return web.Response(status=403)
        self.bodies.append(body)
        if self.stalled is not None:
            await self.stalled.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else self.always)

    @property
    def keys(self) -> list[str]:
        """The options that let a fake in its own process talk to this app."""
        return ["--secret", SECRET, "--verify", VERIFY]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event received, in order, of all channels."""
        return [
            event
            for body in self.bodies
            for entry in json.loads(body)["entry"]
            for channel in ("messaging", "standby")
            for event in entry.get(channel, [])
        ]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    server = web.Application()
    server.router.add_route("*", "/hook", app.take)
    async with TestServer(server, host="127.0.0.1") as running:
        app.url = str(running.make_url("/hook"))
        yield app
        if app.stalled is not None:
            app.stalled.set()


GraphMaker = Callable[..., Awaitable[FakeGraph]]


@pytest.fixture
async def make_graph(clock: Clock) -> AsyncIterator[GraphMaker]:
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> FakeGraph:
            settings = {"now": clock.now, "sleep": clock.sleep, "app_secret": SECRET, "verify_token": VERIFY} | settings
            return await stack.enter_async_context(FakeGraph(**settings))

        yield make


@dataclass
class Client:
    """The app's side of the Graph API."""

    session: aiohttp.ClientSession
    graph: FakeGraph

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = "fake-page-token", **options: Any
    ) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = f"{self.graph.base_url}/v25.0{path}"
        async with self.session.request(method, url, json=body, headers=headers, **options) as answer:
            return answer.status, await answer.json()

    async def send(self, psid: str, message: Any = None, **fields: Any) -> tuple[int, Any]:
        body = {"recipient": {"id": psid}, "messaging_type": "RESPONSE"} | fields
        if message is not None:
            body["message"] = message
        return await self.call("POST", "/me/messages", body)

    async def says(self, psid: str, text: str, metadata: str | None = None) -> tuple[int, Any]:
        return await self.send(psid, {"text": text} | ({"metadata": metadata} if metadata else {}))


@pytest.fixture
async def make_client() -> AsyncIterator[Callable[[FakeGraph], Client]]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield lambda graph: Client(session, graph)


def code_of(answer: tuple[int, Any]) -> tuple[int, int | None]:
    """Code and subcode of an error answer."""
    error = answer[1]["error"]
    return error["code"], error.get("error_subcode")


@pytest.fixture(name="code_of")
def code_of_fixture() -> Callable[[tuple[int, Any]], tuple[int, int | None]]:
    return code_of
