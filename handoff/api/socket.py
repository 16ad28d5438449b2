"""The console's WebSocket: presence while it is open, news out, typing in."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from bot.core.model import Owner, WarmlineError
from bot.store.contract import NotFound
from handoff.api.errors import Forbidden, SignInFirst
from handoff.api.feed import Feed, Screen
from handoff.api.ports import ConsoleParts, Frame
from handoff.api.sessions import Sessions, SignedIn
from handoff.api.shapes import stamp
from handoff.api.sights import must_see

log = structlog.get_logger()

HEARTBEAT_S = 20.0
CLOSE_WITHIN_S = 2.0
MAX_FRAME = 16 * 1024
TYPING_AT_MOST_EVERY = timedelta(seconds=1)
CHECK_SESSION_EVERY = timedelta(seconds=60)


class ConsoleSocket:
    """GET socket."""

    def __init__(self, parts: ConsoleParts, sessions: Sessions, feed: Feed) -> None:
        self._parts, self._sessions, self._feed = parts, sessions, feed

    async def open(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """One console, from hello until it closes."""
        _check_origin(request)
        agent_id = me.agent.agent_id
        away = agent_id in await self._parts.store.away()
        socket = web.WebSocketResponse(timeout=CLOSE_WITHIN_S, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        self._parts.presence.switch(agent_id, away=away)
        with self._feed.screen(me) as screen:
            async with self._parts.presence.socket(agent_id):
                telling = asyncio.create_task(_tell(socket, screen))
                try:
                    await self._talk(request, socket, screen)
                finally:
                    if screen.close_code is WSCloseCode.OK:
                        telling.cancel()
                    # Else it is closing the socket, and the browser must learn why.
                    await asyncio.gather(telling, return_exceptions=True)
        await socket.close(code=screen.close_code)
        return socket

    async def _talk(self, request: web.Request, socket: web.WebSocketResponse, screen: Screen) -> None:
        try:
            screen.put({"type": "hello", "now": stamp(self._parts.now()), "agents": await self._feed.colleagues()})
            await _Listener(self._parts, self._sessions, request, screen).run(socket)
        except WarmlineError as error:
            log.warning("console.socket_failed", agent_id=screen.me.agent.agent_id, error=type(error).__name__)
            screen.close(WSCloseCode.TRY_AGAIN_LATER)


async def _tell(socket: web.WebSocketResponse, screen: Screen) -> None:
    try:
        while (frame := await screen.next()) is not None:
            await socket.send_json(frame)
    except ConnectionError:
        return
    await socket.close(code=screen.close_code)


class _Listener:
    """What one console says."""

    def __init__(self, parts: ConsoleParts, sessions: Sessions, request: web.Request, screen: Screen) -> None:
        self._parts, self._sessions, self._request, self._screen = parts, sessions, request, screen
        self._agent = screen.me.agent
        self._checked_at = parts.now()
        self._typed_at: datetime | None = None

    async def run(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            frame = _frame(message.data) if message.type is WSMsgType.TEXT else None
            if frame is None:
                self._screen.close(WSCloseCode.UNSUPPORTED_DATA)
                return
            match frame.get("type"):
                case "ping":
                    await self._ping()
                case "typing":
                    await self._typing(frame.get("conversation_id"))
                case _:
                    log.info("console.unknown_frame", agent_id=self._agent.agent_id)

    async def _ping(self) -> None:
        now = self._parts.now()
        if now - self._checked_at >= CHECK_SESSION_EVERY:
            self._checked_at = now
            try:
                await self._sessions.signed_in(self._request)
            except SignInFirst:
                self._screen.close(WSCloseCode.POLICY_VIOLATION)
                return
        self._screen.put({"type": "pong", "now": stamp(now)})

    async def _typing(self, conversation_id: object) -> None:
        now = self._parts.now()
        if not isinstance(conversation_id, str) or (self._typed_at and now - self._typed_at < TYPING_AT_MOST_EVERY):
            return
        self._typed_at = now
        try:
            await must_see(self._parts.store, self._agent, conversation_id)
            state = (await self._parts.store.load(conversation_id)).state
        except NotFound:
            return
        me = self._agent
        told: Frame = {"type": "typing", "conversation_id": conversation_id, "agent_id": me.agent_id}
        self._parts.hub.publish("console", told)
        holder = state.episode.agent if state.episode and state.owner is Owner.AGENT else None
        if holder is not None and holder.agent_id == me.agent_id:
            shown: Frame = {"type": "typing", "on": True, "agent_id": me.agent_id}
            self._parts.hub.publish(f"conversation:{conversation_id}", shown)
            self._parts.typing(state.identity, holder)


def _frame(data: str) -> Frame | None:
    try:
        frame = json.loads(data)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None


def _check_origin(request: web.Request) -> None:
    """Browsers tell the page a socket was opened from; only our own may use the cookie."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("wrong_origin", "The console opens its socket from its own page only.")
