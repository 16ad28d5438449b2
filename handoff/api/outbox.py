"""What could not be delivered, for admins: parked messages to send again or let go, and channels that are on hold."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.store.contract import NotFound
from handoff.api.errors import Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import circuit_shape, parked_shape, stamp

LIST = 200
LONGEST_ID = 18


class Outbox:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def undelivered(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET undelivered: the longest parked first."""
        now = self._parts.now()
        parked, counts = await asyncio.gather(self._store.parked(limit=LIST), self._store.counts(now=now))
        return answer(
            {
                "messages": [parked_shape(one) for one in parked],
                "total": max(len(parked), counts.parked_messages),
                "channels": [circuit_shape(channel, circuit) for channel, circuit in self._parts.circuits()],
                "now": stamp(now),
            }
        )

    async def send_again(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST undelivered/{id}/send-again. Twice is once."""
        message_id = _message_id(request)
        queued = await self._store.redrive(message_id, by=me.agent.agent_id, now=self._parts.now())
        if queued is None:
            raise Conflict("not_parked", "That message doesn't wait here any more.")
        self._parts.queued()
        self._parts.hub.publish("console", {"type": "outbox"})
        return answer({"message_id": str(queued)})

    async def let_go(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST undelivered/{id}/let-go. Twice is once."""
        if not await self._store.let_go(_message_id(request), by=me.agent.agent_id, now=self._parts.now()):
            raise Conflict("sent_again", "Somebody has sent that message again already.")
        self._parts.hub.publish("console", {"type": "outbox"})
        return answer({})


def _message_id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_ID:
        raise NotFound("message", text)
    return int(text)
