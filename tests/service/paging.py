"""A Messenger page: the service and the fake platform on one clock."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.core.events import Decision
from bot.core.model import Identity, Say
from bot.fakes.graph import FakeGraph
from bot.fakes.graph.webhooks import RETRY_GAPS_S
from bot.time import HandTime
from tests.service.serving import SECRET, TOKEN, VERIFY, World, serving

PATH = "/webhooks/facebook/webhook"
ACK_TIMEOUT_S = 60.0
"""The platform's patience is real time: on a busy machine a test must not wait for what it tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The service and the platform, sharing one clock."""

    world: World
    graph: FakeGraph

    async def post(self, body: Any, *, secret: str = SECRET, header: str = "X-Hub-Signature-256") -> int:
        """A webhook call with its signature."""
        raw = json.dumps(body).encode()
        signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        async with self.world.client.post(PATH, data=raw, headers={header: signature}) as response:
            return response.status

    def texts(self, psid: str) -> list[str]:
        """What this person was sent, in order."""
        return [s.message.get("text", "") for s in self.graph.sent if s.recipient == psid and s.delivered]

    async def conversation(self, psid: str) -> str:
        """The conversation of this person."""
        found = await self.world.service.store.find_conversation(Identity(channel="facebook", external_id=psid))
        assert found is not None
        return found

    async def queue(self, psid: str, *says: Say) -> tuple[int, ...]:
        """Let the outbox have these bubbles, in the conversation of somebody who wrote before; gives their ids."""
        service, conversation_id = self.world.service, await self.conversation(psid)
        loaded = await service.store.load(conversation_id)
        decision = Decision(state=loaded.state, say=says)
        now = self.world.time.now()
        committed = await service.store.commit(conversation_id, version=loaded.version, decision=decision, now=now)
        service.delivery.queued(conversation_id, decision, committed)
        return committed.message_ids


async def open_page(folder: Path, start: datetime, *, tries_again: bool = True, **settings: Any) -> AsyncIterator[Page]:
    """A page whose clock starts at `start`. What is turned away the platform tries again, in real time, unless told otherwise."""
    time, gaps_s = HandTime(start), RETRY_GAPS_S if tries_again else ()
    graph = FakeGraph(
        app_secret=SECRET,
        verify_token=VERIFY,
        token=TOKEN,
        now=time.now,
        any_recipient=True,
        ack_timeout_s=ACK_TIMEOUT_S,
        retry_gaps_s=gaps_s,
    )
    async with graph, serving(folder, facebook=f"{graph.base_url}/v25.0", time=time, **settings) as world:
        await graph.subscribe(str(world.client.make_url(PATH)))
        yield Page(world=world, graph=graph)
        await graph.idle()
