"""A console API over a real store, with the handoff rules behind its commands and clocks that are wound by hand."""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from bot.circuit import Circuit
from bot.core.draft import Draft
from bot.core.events import (
    AgentGaveBack,
    AgentLeft,
    AgentSaw,
    AgentsChanged,
    AgentSnoozed,
    AgentTook,
    AgentTransferred,
    AgentUndid,
    AgentWrote,
    Event,
)
from bot.core.model import Arrival, Identity, Reason, State
from bot.hub import Hub
from bot.promising import Promises
from bot.store import open_store
from bot.store.contract import Agent, Store, VersionConflict
from bot.time import SystemTime
from handoff import episodes, snooze
from handoff.api import ConsoleParts, add_routes
from handoff.desk import Desk, Seat
from handoff.policy import DEFAULT_FILE
from handoff.presence import Presence
from tests.handoff.worlds import POLICY, START
from tests.migrated import migrated_at

PASSWORD = "correct horse battery"
# Verifying costs what the hash says, so tests sign in with a cheap one.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
CSRF = {"X-Warmline": "1"}


@dataclass(frozen=True)
class Handled:
    state: State
    message_ids: tuple[int, ...] = ()


class HandTime:
    """A clock that stands still until it is wound."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def wind(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class RuledConversations:
    """The path for agents' events, with the rules of handoff alone. It commits to the store and tells the hub."""

    def __init__(self, store: Store, hub: Hub, now: Callable[[], datetime], desk: Callable[[], Desk]) -> None:
        self._store, self._hub, self._now, self._desk = store, hub, now, desk
        self._ids = itertools.count(1)
        self.before_commit: Callable[[], None] = lambda: None
        self.undo_send_s = 0.0

    async def handle(self, conversation_id: str, event: Event) -> Handled:
        return await self.do(conversation_id, lambda draft: self._rule(draft, event))

    async def do(self, conversation_id: str, rule: Callable[[Draft], object]) -> Handled:
        for left in (2, 1, 0):
            loaded = await self._store.load(conversation_id)
            draft = Draft(loaded.state, now=self._now(), rng=Random(1), new_id=lambda p: f"{p}{next(self._ids)}")
            rule(draft)
            decision = draft.close()
            try:
                committed = await self._store.commit(conversation_id, version=loaded.version, decision=decision, now=self._now())
            except VersionConflict:
                if left == 0:
                    raise
                continue
            self._hub.publish("console", {"type": "conversation", "conversation_id": conversation_id})
            for notice in decision.notify:
                frame = {"type": "notice", "kind": notice.kind, "to": list(notice.to), "conversation_id": conversation_id}
                self._hub.publish("console", {**frame, **notice.data})
            return Handled(state=decision.state, message_ids=committed.message_ids)
        raise AssertionError("unreachable")

    def _rule(self, draft: Draft, event: Event) -> None:
        match event:
            case AgentTook():
                episodes.take(draft, POLICY, event.agent)
            case AgentSaw():
                episodes.seen(draft, POLICY, event.agent_id)
            case AgentWrote():
                episodes.wrote(draft, POLICY, event.agent, event.text, event.client_key, wait_s=self.undo_send_s)
            case AgentUndid(act="send"):
                episodes.take_back(draft, event.agent, event.client_key)
            case AgentUndid(act="take"):
                episodes.untake(draft, POLICY, self._desk(), event.agent)
            case AgentUndid(act="give_back"):
                episodes.take_again(draft, POLICY, event.agent)
            case AgentUndid(act="transfer"):
                episodes.untransfer(draft, POLICY, self._desk(), event.agent)
            case AgentUndid():
                snooze.undo(draft, event.agent)
            case AgentGaveBack():
                told = (event.summary, event.outcome, event.slots, event.value, event.promised)
                episodes.give_back(draft, POLICY, event.agent, *told)
            case AgentTransferred():
                episodes.transfer(draft, POLICY, self._desk(), event.agent, to=event.to, team=event.team, anyones=event.anyones)
            case AgentSnoozed():
                snooze.snooze(draft, event.agent, event.until)
            case AgentsChanged():
                episodes.agents_changed(draft, POLICY, self._desk())
            case AgentLeft():
                episodes.agent_gone(draft, POLICY, self._desk(), event.agent_id)
            case _:
                raise AssertionError(f"not an agents' event: {event!r}")


class Console:
    """A browser that is signed in, or not yet."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(f"/api/console/{path}") as response:
            return response.status, await response.json()

    async def post(self, path: str, body: object = None, *, method: str = "POST") -> tuple[int, dict[str, Any]]:
        request = self.client.request(method, f"/api/console/{path}", json={} if body is None else body, headers=CSRF)
        async with request as response:
            return response.status, await response.json()

    async def socket(self) -> ClientWebSocketResponse[bool]:
        return await self.client.ws_connect("/api/console/socket")


@dataclass
class Office:
    """The service with its team."""

    store: Store
    hub: Hub
    time: HandTime
    presence: Presence
    conversations: RuledConversations
    server: TestServer
    consoles: list[TestClient[Any, Any]]
    circuits: list[tuple[str, Circuit]] = field(default_factory=list)
    queued: int = 0

    async def add(self, name: str, role: str = "agent", *, teams: tuple[str, ...] = ()) -> Agent:
        agent = Agent(
            agent_id=name.lower(), email=f"{name.lower()}@example.com", name=name, role=role, password_hash=HASH, created_at=START,
            teams=teams,
        )  # fmt: skip
        await self.store.add_agent(agent)
        return agent

    def stranger(self) -> Console:
        client: TestClient[Any, Any] = TestClient(self.server)
        self.consoles.append(client)
        return Console(client)

    async def sign_in(self, name: str, role: str = "agent") -> Console:
        if await self.store.agent_by_email(f"{name.lower()}@example.com") is None:
            await self.add(name, role)
        console = self.stranger()
        status, _ = await console.post("login", {"email": f"{name.lower()}@example.com", "password": PASSWORD})
        assert status == 200
        return console

    async def prospect(self, text: str = "hi there", who: str = "p1") -> str:
        """A prospect who has written; gives the conversation's id."""
        now = self.time()
        arrival = Arrival(
            identity=Identity(channel="widget", external_id=who),
            external_id=f"{who}-{text}-{now.timestamp()}",
            sent_at=now,
            text=text,
        )
        taken = await self.store.take_in([arrival], now=now, answer_at=now, promise_due_at=now + timedelta(seconds=20))
        return taken[0].conversation_id

    async def waiting(self, who: str = "p1", reason: Reason = Reason.ASKED) -> str:
        """A conversation in which a person is needed."""
        conversation_id = await self.prospect(who=who)
        await self.conversations.do(conversation_id, lambda d: self.needs_a_person(d, reason))
        return conversation_id

    def needs_a_person(self, draft: Draft, reason: Reason = Reason.ASKED) -> None:
        draft.heard(tuple(h.message_id for h in draft.state.unheard))
        episodes.open_episode(draft, POLICY, self.desk(), reason)

    def desk(self) -> Desk:
        return Desk(tuple(Seat(agent_id, capacity=3) for agent_id in self.presence.online()))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    store = open_store(migrated_at(tmp_path / "warmline.db"))
    time, hub = HandTime(), Hub()
    presence = Presence(now=time)
    conversations = RuledConversations(store, hub, time, lambda: made.desk())

    async def agents_changed() -> None:
        for one in await store.waiting():
            await conversations.handle(one.conversation_id, AgentsChanged())

    async def left(agent_id: str) -> None:
        for held in await store.overviews(view="mine", agent_id=agent_id):
            await conversations.handle(held.conversation_id, AgentLeft(agent_id=agent_id))

    def queued() -> None:
        made.queued += 1

    presence.on_change, presence.on_left = agents_changed, left
    app = web.Application()
    parts = ConsoleParts(
        store=store, conversations=conversations, hub=hub, presence=presence, now=time, policy=POLICY, secure_cookies=False,
        circuits=lambda: made.circuits, queued=queued, push_services=("fcm.googleapis.com",),
        promises=Promises(DEFAULT_FILE, POLICY, store, SystemTime()),
        simulator=(sys.executable, "-m", "bot.simulate"),
    )  # fmt: skip
    add_routes(app, parts)
    server = TestServer(app)
    await server.start_server()
    made = Office(store, hub, time, presence, conversations, server, [])
    yield made
    for client in made.consoles:
        await client.close()
    await server.close()
    await store.close()


async def frame_of(socket: ClientWebSocketResponse[bool], type_: str, /, **fields: object) -> dict[str, Any]:
    """The next frame of this type (and with these fields), passing over others."""
    while True:
        frame: dict[str, Any] = await socket.receive_json(timeout=5)
        if frame["type"] == type_ and all(frame.get(name) == value for name, value in fields.items()):
            return frame
