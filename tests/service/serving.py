"""A whole service on a clock that is wound by hand, with a fake brain and a fake Graph API; the store is real."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build
from bot.core.decide import Rules
from bot.credentials import Credentials
from bot.fakes.brain import FakeBrain
from bot.parts import load_rules
from bot.service import Service
from bot.settings import Settings
from bot.time import HandTime
from tests.migrated import migrated_at

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
SETTLE_WITHIN_S = 30.0
LOOK_AGAIN_S = 0.002
TRIES = 10
VERIFY, SECRET, TOKEN = "open-sesame", "app-secret", "page-token"


class World:
    """The service and everything around it."""

    def __init__(self, service: Service, client: TestClient[Any, Any], time: HandTime, brain: FakeBrain) -> None:
        self.service, self.client, self.time, self.brain = service, client, time, brain

    async def settle(self) -> None:
        """Until nothing is in hand and nothing is due. Real input and output take real moments, so this looks again and again."""
        calm, deadline = 0, asyncio.get_running_loop().time() + SETTLE_WITHIN_S
        while calm < 3:
            assert asyncio.get_running_loop().time() < deadline, "the service does not come to rest"
            calm = calm + 1 if await self._at_rest() else 0
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _at_rest(self) -> bool:
        service = self.service
        if service.clocks.in_hand or service.delivery.in_hand or service.intake.in_hand:
            return False
        now = self.time.now()
        if service.notifier.in_hand or await service.store.fresh_notices(limit=1):
            service.notifier.wake()
            return False
        if await service.store.notifications_due(now=now):
            service.notifier.wake()
            return False
        if await service.store.due_clocks(now=now, limit=1):
            service.clocks.wake()
            return False
        lines = service.delivery.lines
        if await service.store.outbox_due(now=now, limit=1, channels=(*lines.free(now), *lines.to_probe(now))):
            service.delivery.wake()
            return False
        return True

    async def sleeps_until(self, at: datetime) -> None:
        """Until every worker sleeps and the first of them wants to be woken at `at`."""
        deadline = asyncio.get_running_loop().time() + SETTLE_WITHIN_S
        for _ in iter(lambda: self.time.next_alarm() != at, False):
            assert asyncio.get_running_loop().time() < deadline, f"the next alarm is {self.time.next_alarm()}, not {at}"
            await asyncio.sleep(LOOK_AGAIN_S)

    async def wind(self, **delta: float) -> None:
        """Let time pass, stopping wherever something falls due on the way."""
        end = self.time.now() + timedelta(**delta)
        await self.settle()
        while (at := await self._next()) is not None and at < end:
            self.time.set(at)
            await self.settle()
        self.time.set(end)
        await self.settle()

    async def _next(self) -> datetime | None:
        store = self.service.store
        moments = [await store.notifications_next_at(after=self.time.now())]
        moments += [await store.next_due_at(), await store.outbox_next_at(channels=tuple(self.service.channels))]
        moments.append(self.service.delivery.lines.next_free_at(self.time.now()))
        later = [at for at in moments if at and at > self.time.now()]
        return min(later, default=None)

    async def state(self, conversation_id: str) -> Any:
        """The state as stored."""
        return (await self.service.store.load(conversation_id)).state

    async def said(self, conversation_id: str) -> list[tuple[str, str]]:
        """(speaker, text) of everything shown, in order."""
        return [(m.speaker.value, m.text) for m in await self.service.store.messages(conversation_id)]

    @asynccontextmanager
    async def visitor(self, token: str | None = None, after: int = 0) -> AsyncIterator[Visitor]:
        """Somebody with the widget open."""
        async with self.client.ws_connect("/widget/socket") as socket:
            visitor = Visitor(self, socket)
            await socket.send_json({"type": "hello", "token": token, "after": after, "zone": "Europe/Berlin"})
            visitor.welcome = await visitor.next("welcome")
            yield visitor


class Visitor:
    """One browser with the widget."""

    _keys = itertools.count(1)

    def __init__(self, world: World, socket: ClientWebSocketResponse) -> None:
        self._world, self.socket = world, socket
        self.welcome: dict[str, Any] = {}
        self.seen: list[dict[str, Any]] = []

    async def say(self, text: str = "", *, key: str | None = None, payload: str | None = None) -> dict[str, Any]:
        """Send and wait until it is stored; where the database stands still, try again as the browser does."""
        frame = {"type": "say", "key": key or f"key-{next(self._keys):08}", "text": text, "payload": payload}
        answer: dict[str, Any] = {}
        for _ in range(TRIES):
            await self.socket.send_json(frame)
            answer = await self.next("stored", "error")
            if answer.get("code") != "try_again":
                break
        assert answer["type"] == "stored", answer
        return answer

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next frame of one of these kinds; message frames on the way are kept in `seen`."""
        while True:
            frame = json.loads(await self.socket.receive_str(timeout=10))
            if frame["type"] == "message":
                self.seen.append(frame["message"])
            if frame["type"] in kinds:
                return dict(frame)

    async def hears(self, count: int) -> list[dict[str, Any]]:
        """Everything shown, once at least `count` messages that are not the visitor's own have come."""
        while len([m for m in self.seen if m["speaker"] != "prospect"]) < count:
            await self.next("message")
        return [m for m in self.seen if m["speaker"] != "prospect"]


_known_rules: dict[str, Rules] = {}


def rules_of(chosen: Settings) -> Rules:
    """What these settings say, with the shipped files read once for all tests."""
    if (chosen.flows, chosen.promises) != (ROOT / "flows", ROOT / "promises.yml"):
        return load_rules(chosen)
    key = chosen.model_dump_json(exclude={"home"})
    if key not in _known_rules:
        _known_rules[key] = load_rules(chosen)
    return _known_rules[key]


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    facebook: str = "",
    time: HandTime | None = None,
    brain: FakeBrain | None = None,
    name: str = "",
    **settings: Any,
) -> AsyncIterator[World]:
    """A running service with its database in `folder`. `facebook` is the address of a Graph API; empty leaves Messenger off.
    `name` tells services on one database apart."""
    chosen = Settings(
        home=folder,
        web=ROOT / "web" / "dist",
        **{"pacing": "instant", "flows": ROOT / "flows", "promises": ROOT / "promises.yml", **settings},
    )
    if chosen.url == f"sqlite:///{folder.resolve() / 'warmline.db'}" and not (folder / "warmline.db").exists():
        migrated_at(folder / "warmline.db")
    time, brain, numbers = time or HandTime(START), brain or FakeBrain(), itertools.count(1)
    page = {"verify": VERIFY, "secret": SECRET, "page-access-token": TOKEN, "graph-url": facebook}
    service = build(
        chosen,
        credentials=Credentials.model_validate({"rest": None, "widget": None, **({"facebook": page} if facebook else {})}),
        rules=rules_of(chosen),
        brain=brain,
        time=time,
        rng=Random(11),
        worker=name or "service",
        new_id=lambda prefix: f"{prefix}_{name}{next(numbers):04}",
    )
    client = TestClient(TestServer(service.web))
    await client.start_server()
    try:
        await service.start()
        yield World(service, client, time, brain)
    finally:
        await client.close()
        await service.stop()
