"""The website widget over a WebSocket. Frames are described in docs/api.md.

A browser is known by a random token; the store knows only its hash. What the browser has seen is a number (`seq`), so after a
reload or a broken line it asks for what came after, and nothing is missing or shown twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.allowance import Allowance
from bot.channels.base import Outcome, Ports, Sent
from bot.core.model import AgentRef, Arrival, Identity, Owner, Profile, Speaker, WarmlineError
from bot.core.touch import clean_referral
from bot.core.window import SendAs
from bot.errors import Overloaded, Stopping
from bot.hub import Frame, identity_topic
from bot.store.contract import Message, Outgoing, StoreUnavailable
from handoff.transcript import as_text, file_name

log = structlog.get_logger()

NAME = "widget"
MAX_TEXT = 4000
MAX_FRAME = 256 * 1024
MAX_KEY = 80
TOKEN_BYTES = 32
HEARTBEAT_S = 25.0
CLOSE_WITHIN_S = 2.0
HISTORY = 200
MOST_SAVED = 10_000
ZONES = available_timezones()
SLOW_DOWN = "That's a lot at once. The rest is sent in a moment, in the order you wrote it."


class WidgetChannel:
    """See the module."""

    name = NAME
    local = True

    def __init__(self, *, persona: str, tagline: str, origins: tuple[str, ...] = (), per_minute: float = 0) -> None:
        self._persona = {"name": persona, "tagline": tagline, "picture_url": None}
        self._origins = origins
        self._allowance = Allowance(per_minute)
        self._ports: Ports | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    def add_routes(self, app: web.Application, ports: Ports) -> None:
        """The socket."""
        self._ports = ports
        app.router.add_get("/widget/socket", self._socket)

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """The store shows it; nothing to call."""
        return Sent()

    async def typing(self, identity: Identity, *, on: bool, agent: AgentRef | None) -> None:
        """Tell the open sockets of this person."""
        if self._ports is None:
            return
        conversation_id = await self._ports.store.find_conversation(identity)
        frame = {"type": "typing", "on": on, "agent_id": agent.agent_id if agent else None}
        self._ports.hub.publish(f"conversation:{conversation_id}", frame)

    async def seen(self, identity: Identity) -> None:
        """The widget shows no receipts of ours."""

    async def profile(self, identity: Identity) -> Profile | None:
        """The browser tells zone and locale with each message."""
        return None

    async def drain(self) -> None:
        """Every browser comes back by itself, to whichever service takes it."""
        closing = [socket.close(code=WSCloseCode.SERVICE_RESTART) for socket in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)

    async def close(self) -> None:
        """Sockets are closed by `drain`."""

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        origin = request.headers.get("Origin", "")
        if self._origins and origin not in self._origins:
            raise web.HTTPForbidden(reason="This site may not embed the widget")
        assert self._ports is not None
        socket = web.WebSocketResponse(timeout=CLOSE_WITHIN_S, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            # A browser may leave while it is being answered; it hears the rest when it comes back.
            with suppress(ConnectionError):
                await _Visit(socket, self._ports, self._persona, self._allowance).run()
        finally:
            self._sockets.discard(socket)
        return socket


def token_identity(token: str) -> Identity:
    """The identity behind a browser's token; a leaked database gives no token away."""
    return Identity(channel=NAME, external_id=hashlib.sha256(token.encode()).hexdigest()[:40])


class _Visit:
    """One open socket."""

    def __init__(self, socket: web.WebSocketResponse, ports: Ports, persona: dict[str, str | None], allowance: Allowance) -> None:
        self._socket, self._ports, self._persona, self._allowance = socket, ports, persona, allowance
        self._identity: Identity | None = None
        self._conversation_id: str | None = None
        self._seq = 0
        self._metadata: dict[str, Any] = {}
        self._holders: dict[str, str] = {}
        self._news: asyncio.Task[None] | None = None
        self._catching_up = asyncio.Lock()

    async def run(self) -> None:
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._frame(message.data)
                elif message.type is WSMsgType.BINARY:
                    await self._error("bad_frame", "Frames are JSON text.")
        finally:
            if self._news is not None:
                self._news.cancel()
                await asyncio.gather(self._news, return_exceptions=True)

    async def _frame(self, data: str) -> None:
        try:
            frame = json.loads(data)
            kind = frame["type"]
        except (ValueError, TypeError, KeyError):
            await self._error("bad_frame", "That was not a frame we know.")
            return
        if kind == "hello":
            await self._hello(frame)
        elif self._identity is None:
            await self._error("hello_first", "Say hello first.")
        elif kind == "say":
            await self._say(frame)
        elif kind == "transcript":
            await self._transcript()
        elif kind == "typing":
            await self._ports.inlet.typing(self._identity)
        elif kind == "read" and isinstance(frame.get("up_to"), int):
            await self._ports.inlet.seen(self._identity, up_to_seq=frame["up_to"], at=self._ports.time.now())
        elif kind == "ping":
            await self._socket.send_json({"type": "pong"})
            # A service that dies between a commit and its news tells nobody; the browser's own clock asks.
            await self._catch_up()
        else:
            await self._error("bad_frame", "That was not a frame we know.")

    async def _hello(self, frame: dict[str, Any]) -> None:
        if self._identity is not None:
            await self._error("bad_frame", "You said hello already.")
            return
        token = frame.get("token")
        if not isinstance(token, str) or not 20 <= len(token) <= 200:
            token = secrets.token_urlsafe(TOKEN_BYTES)
        self._identity = token_identity(token)
        self._metadata = _told(frame)
        after = frame.get("after")
        self._seq = after if isinstance(after, int) and after >= 0 else 0
        self._conversation_id = await self._ports.store.find_conversation(self._identity)
        messages, owner, agent = [], Owner.BOT, None
        if self._conversation_id is not None:
            messages = await self._ports.store.messages(self._conversation_id, after_seq=self._seq, limit=HISTORY)
            owner, agent = await self._owner(self._conversation_id)
        self._advance(messages)
        welcome = {
            "type": "welcome", "token": token, "persona": self._persona, "owner": owner.value, "agent": agent,
            "messages": [self._shape(m) for m in messages], "now": stamp(self._ports.time.now()),
        }  # fmt: skip
        await self._socket.send_json(welcome)
        self._news = asyncio.create_task(self._relay())

    async def _say(self, frame: dict[str, Any]) -> None:
        key, text, payload = frame.get("key"), frame.get("text") or "", frame.get("payload")
        if not isinstance(key, str) or not 8 <= len(key) <= MAX_KEY:
            await self._error("bad_frame", "A message needs a key.")
            return
        if not isinstance(text, str) or not (payload is None or isinstance(payload, str)) or not (text.strip() or payload):
            await self._error("empty", "There is nothing in that message.", key)
            return
        if len(text) > MAX_TEXT or len(payload or "") > MAX_TEXT:
            await self._error("too_long", f"That is too long to send; {MAX_TEXT} characters fit.", key)
            return
        assert self._identity is not None
        now = self._ports.time.now()
        if wait_s := self._allowance.wait_s(self._identity, key, now):
            await self._error("slow_down", SLOW_DOWN, key, after_s=round(wait_s, 1))
            return
        arrival = Arrival(
            identity=self._identity, external_id=f"{self._identity.external_id[:12]}:{key}", sent_at=now,
            text=text, payload=payload, metadata={**self._metadata, "key": key},
        )  # fmt: skip
        try:
            taken = (await self._ports.inlet.arrivals([arrival]))[0]
        except (Overloaded, Stopping, StoreUnavailable):
            await self._error("try_again", "That did not go through. It will be tried again.", key)
            return
        if taken.new:
            self._allowance.took(self._identity, now)
        self._conversation_id = taken.conversation_id
        await self._socket.send_json({"type": "stored", "key": key, "seq": taken.seq, "at": stamp(arrival.sent_at)})
        await self._catch_up()

    async def _relay(self) -> None:
        """Pass on what happens in this person's conversation, from whichever of their browsers it was begun."""
        conversation_id = self._conversation_id or await self._first_news()
        async with self._ports.hub.subscribe(f"conversation:{conversation_id}") as news:
            await self._catch_up()
            while not self._socket.closed:
                await self._pass_on(await news.get(), conversation_id)

    async def _first_news(self) -> str:
        assert self._identity is not None
        async with self._ports.hub.subscribe(identity_topic(self._identity)) as news:
            while (known := await self._ports.store.find_conversation(self._identity)) is None:
                await news.get()
        self._conversation_id = known
        return known

    async def _pass_on(self, frame: Frame, conversation_id: str) -> None:
        try:
            match frame["type"]:
                case "message" | "lagged":
                    await self._catch_up()
                case "typing":
                    name = await self._typist(frame["agent_id"], conversation_id)
                    await self._socket.send_json({"type": "typing", "on": frame["on"], "name": name})
                case "owner":
                    owner, agent = await self._owner(conversation_id)
                    await self._socket.send_json({"type": "owner", "owner": owner.value, "agent": agent})
        except ConnectionError:
            return
        except WarmlineError as error:
            log.warning("widget.relay_failed", conversation_id=conversation_id, error=type(error).__name__)

    async def _catch_up(self) -> None:
        """Send everything that is shown and this browser has not been sent, once and in order."""
        if self._conversation_id is None:
            return
        async with self._catching_up:
            while messages := await self._ports.store.messages(self._conversation_id, after_seq=self._seq, limit=HISTORY):
                for message in messages:
                    await self._socket.send_json({"type": "message", "message": self._shape(message)})
                self._advance(messages)
                if len(messages) < HISTORY:
                    return

    def _advance(self, messages: list[Message]) -> None:
        self._seq = max([self._seq, *(m.seq for m in messages if m.seq is not None)])

    async def _owner(self, conversation_id: str) -> tuple[Owner, dict[str, Any] | None]:
        state = (await self._ports.store.load(conversation_id)).state
        holder = state.episode.agent if state.episode and state.owner is Owner.AGENT else None
        return state.owner, {"name": holder.name, "picture_url": holder.picture_url} if holder else None

    async def _typist(self, agent_id: str | None, conversation_id: str) -> str | None:
        """Who types: the persona, or the agent who holds the conversation, looked up once."""
        if agent_id is None:
            return self._persona["name"]
        if agent_id not in self._holders:
            episode = (await self._ports.store.load(conversation_id)).state.episode
            if episode is None or episode.agent is None or episode.agent.agent_id != agent_id:
                return self._persona["name"]
            self._holders[agent_id] = episode.agent.name
        return self._holders[agent_id]

    def _shape(self, message: Message) -> dict[str, Any]:
        own = message.speaker is Speaker.PROSPECT
        agent = message.agent if message.speaker is Speaker.AGENT else None
        return {
            "seq": message.seq,
            "speaker": "prospect" if own else "agent" if agent else "bot",
            "name": None if own else agent.name if agent else self._persona["name"],
            "picture_url": agent.picture_url if agent else None,
            "text": message.text,
            "quick_replies": [{"title": q.title, "payload": q.payload} for q in message.quick_replies],
            "image_url": message.image_url,
            "at": stamp(message.at),
            **({"key": message.client_key.partition(":")[2]} if own and message.client_key else {}),
        }

    async def _transcript(self) -> None:
        """Everything that was said, to save; in the browser's own zone."""
        assert self._identity is not None
        conversation_id = await self._ports.store.find_conversation(self._identity)
        found = [] if conversation_id is None else await self._all(conversation_id)
        persona = self._persona["name"] or ""
        zone = self._metadata.get("zone", "UTC")
        text = as_text(found, title=f"Your conversation with {persona}", persona=persona, prospect="You", zone=zone)
        await self._socket.send_json({"type": "transcript", "name": file_name(self._ports.time.now(), "txt"), "text": text})

    async def _all(self, conversation_id: str) -> list[Message]:
        found: list[Message] = []
        while page := await self._ports.store.messages(conversation_id, after_seq=len(found), limit=HISTORY):
            found += page
            if len(page) < HISTORY or len(found) >= MOST_SAVED:
                break
        return found

    async def _error(self, code: str, message: str, key: str | None = None, **more: float) -> None:
        await self._socket.send_json({"type": "error", "code": code, "message": message, **({"key": key} if key else {}), **more})


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(frame: dict[str, Any]) -> dict[str, Any]:
    """What the browser says of itself, kept only in the shapes we use."""
    told: dict[str, Any] = {}
    locale, zone = frame.get("locale"), frame.get("zone")
    if isinstance(locale, str):
        told["locale"] = locale[:35]
    if isinstance(zone, str) and zone in ZONES:
        told["zone"] = zone
    referral, landing = clean_referral(frame.get("page")), clean_referral(frame.get("landing"))
    if referral:
        told["referral"] = referral
    if landing and landing != referral:
        told["landing"] = landing
    return told
