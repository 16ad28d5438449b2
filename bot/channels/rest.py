"""Rasa's REST channel: `POST /webhooks/rest/webhook {"sender", "message"}` gives `[{"recipient_id", "text", ...}]`.

The answer waits until the turn is done and then holds everything that is due to this sender, so what an agent or a flow said in
between arrives with the next call and nothing is lost. Messages count as read when the answer is written, so it does not matter
which service is called next.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.channels.base import Outcome, Ports, Sent
from bot.channels.bodies import parse_body
from bot.core.model import AgentRef, Arrival, Identity, Profile, Speaker
from bot.core.touch import MARKS, clean_referral
from bot.core.window import SendAs
from bot.hub import Subscription
from bot.store.contract import Message, Outgoing

NAME = "rest"
ANSWER_WITHIN_S = 30.0
LOOK_AGAIN_S = 1.0
MAX_TEXT = 4000
LATEST, MOST = 2**62, 200


class RestBody(BaseModel):
    """What the caller posts. `message_id` makes a repeat harmless; without one each call is a new message."""

    model_config = ConfigDict(extra="ignore")

    sender: str = Field(min_length=1, max_length=255)
    message: str = Field(min_length=1, max_length=MAX_TEXT)
    message_id: str | None = Field(None, max_length=255)
    metadata: dict[str, Any] = Field(default_factory=dict)


class RestChannel:
    """See the module."""

    name = NAME
    local = True

    def add_routes(self, app: web.Application, ports: Ports) -> None:
        """Health and webhook, where Rasa has them."""
        webhook = _Webhook(ports)
        app.router.add_get("/webhooks/rest/", webhook.health)
        app.router.add_post("/webhooks/rest/webhook", webhook.receive)

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """The store shows it; nothing to call."""
        return Sent()

    async def typing(self, identity: Identity, *, on: bool, agent: AgentRef | None) -> None:
        """REST has no indicator."""

    async def seen(self, identity: Identity) -> None:
        """REST has no receipts."""

    async def profile(self, identity: Identity) -> Profile | None:
        """REST knows nobody."""
        return None

    async def drain(self) -> None:
        """Who waits for an answer still gets it."""

    async def close(self) -> None:
        """Nothing is held open."""


class _Webhook:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def receive(self, request: web.Request) -> web.Response:
        # Only until it is read: the answer may take its time, and a call that waits holds little.
        async with self._ports.gate.body(request) as raw:
            body = parse_body(raw, RestBody)
        identity = Identity(channel=NAME, external_id=body.sender)
        now = self._ports.time.now()
        payload = body.message if body.message.startswith("/") else None
        arrival = Arrival(
            identity=identity, external_id=body.message_id or f"rest-{secrets.token_hex(12)}", sent_at=now,
            text="" if payload else body.message, payload=payload, metadata=_told(body.metadata),
        )  # fmt: skip
        [taken] = await self._ports.inlet.arrivals([arrival])
        conversation_id = taken.conversation_id
        async with self._ports.hub.subscribe(f"conversation:{conversation_id}") as news:
            await self._turn_done(conversation_id, news, now)
        unread = await self._unread(conversation_id)
        if unread and unread[-1].seq is not None:
            await self._ports.store.mark_read(conversation_id, up_to_seq=unread[-1].seq, now=self._ports.time.now())
        return web.json_response([_shape(m, body.sender) for m in unread])

    async def _unread(self, conversation_id: str) -> list[Message]:
        """What the caller has not been given yet."""
        shown = await self._ports.store.messages(conversation_id, before_seq=LATEST, limit=MOST)
        return [m for m in shown if m.speaker is not Speaker.PROSPECT and m.read_at is None]

    async def _turn_done(self, conversation_id: str, news: Subscription, now: datetime) -> None:
        """Wait until nothing is unheard and nothing due is unsent, at most `ANSWER_WITHIN_S` seconds."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                while not await self._quiet(conversation_id):
                    await _news_or_a_while(news)
        except TimeoutError:
            return

    async def _quiet(self, conversation_id: str) -> bool:
        loaded = await self._ports.store.load(conversation_id)
        return not loaded.state.unheard and not loaded.state.unsent


def _told(metadata: dict[str, Any]) -> dict[str, Any]:
    """The caller's metadata with a referral in the one shape; utm fields may also stand beside it."""
    given = metadata.get("referral")
    beside = {k: v for k, v in metadata.items() if k == "utm" or k in MARKS}
    referral = clean_referral({**beside, **given} if isinstance(given, dict) else beside)
    rest = {k: v for k, v in metadata.items() if k not in ("referral", "landing")}
    return {**rest, "referral": referral} if referral else rest


async def _news_or_a_while(news: Subscription) -> None:
    """News may come from a service that dies before it tells."""
    try:
        async with asyncio.timeout(LOOK_AGAIN_S):
            await news.get()
    except TimeoutError:
        return


def _shape(message: Message, recipient: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"recipient_id": recipient}
    if message.text:
        shape["text"] = message.text
    if message.image_url:
        shape["image"] = message.image_url
    if message.quick_replies:
        shape["buttons"] = [{"title": q.title, "payload": q.payload} for q in message.quick_replies]
    if message.agent is not None:
        shape["metadata"] = {"agent": message.agent.name}
    return shape
