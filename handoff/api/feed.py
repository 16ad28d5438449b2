"""What agents' screens are told live, whichever service it happened at. One listener on the hub a process, one queue a screen.

Everything here can be had again over REST: a screen that cannot keep up, or a feed that stumbles, is closed, and the
screen comes back and fetches what it missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from aiohttp import WSCloseCode

from bot.core.model import WarmlineError
from bot.store.contract import NotFound, Overview, Store
from bot.store.readers import sees, sight_among
from handoff.api.ports import Frame, HubPort
from handoff.api.sessions import SignedIn
from handoff.api.shapes import Shape, colleagues_shape, item_shape, message_shape, prospect_name, stamp
from handoff.api.wording import notice_text
from handoff.presence import Presence
from handoff.steps import NATIVE

log = structlog.get_logger()

BUFFER = 256


class Screen:
    """One open console: who looks at it, and what it is to be told."""

    def __init__(self, me: SignedIn) -> None:
        self.me = me
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(BUFFER)
        self.close_code = WSCloseCode.OK
        self._hidden: set[str] = set()

    def put(self, frame: Frame) -> None:
        """Tell it; one that has fallen behind is closed."""
        if self.close_code is not WSCloseCode.OK:
            return
        if self._frames.full():
            self.close(WSCloseCode.TRY_AGAIN_LATER)
            return
        self._frames.put_nowait(frame)

    def show(self, conversation_id: str, frame: Frame) -> None:
        """Tell it about a conversation that its agent may read."""
        self._hidden.discard(conversation_id)
        self.put(frame)

    def hide(self, conversation_id: str) -> None:
        """Say once that this conversation is none of its agent's: they may have seen it before."""
        if conversation_id not in self._hidden:
            self._hidden.add(conversation_id)
            self.put({"type": "hidden", "conversation_id": conversation_id})

    def close(self, code: WSCloseCode) -> None:
        """Nothing more is told; the socket closes with this code."""
        self.close_code = code
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def next(self) -> Frame | None:
        """The next frame; None when it is to be closed."""
        return await self._frames.get()


class Feed:
    """See the module."""

    def __init__(self, store: Store, hub: HubPort, presence: Presence, now: Callable[[], datetime]) -> None:
        self._store, self._hub, self._presence, self._now = store, hub, presence, now
        self._screens: set[Screen] = set()
        self._conversations: dict[str, None] = {}
        self._messages: dict[tuple[str, int], None] = {}
        self._presence_changed = False
        self._told: list[Frame] = []
        self._names: dict[str, str] = {NATIVE.agent_id: "Someone in the page's inbox"}
        self._work = asyncio.Event()

    @contextmanager
    def screen(self, me: SignedIn) -> Iterator[Screen]:
        """A console that is told everything from now until the block ends."""
        screen = Screen(me)
        self._screens.add(screen)
        try:
            yield screen
        finally:
            self._screens.discard(screen)

    def sign_out(self, agent_id: str, *, token_sha256: str | None = None) -> None:
        """Close the consoles of an agent who may not look any more, at every service: all, or those of one session."""
        self._drop(agent_id, token_sha256)
        self._hub.publish("console", {"type": "signed_out", "agent_id": agent_id, "token_sha256": token_sha256})

    def _drop(self, agent_id: str, token_sha256: str | None) -> None:
        for screen in tuple(self._screens):
            if screen.me.agent.agent_id == agent_id and token_sha256 in (None, screen.me.token_sha256):
                screen.close(WSCloseCode.POLICY_VIOLATION)

    def close(self, code: WSCloseCode) -> None:
        """Close every console."""
        for screen in tuple(self._screens):
            screen.close(code)

    async def colleagues(self) -> list[Shape]:
        """Who is at the desk, with how many talks."""
        agents, load = await self._store.agents(), await self._store.agent_load()
        return colleagues_shape(agents, {a.agent_id: self._presence.of(a.agent_id) for a in agents}, load)

    async def listen(self) -> None:
        """Until cancelled: take frames from the hub. Only notes what to do, so it never falls behind."""
        async with self._hub.subscribe("console") as news:
            while True:
                self._heard(await news.get())

    async def tell(self) -> None:
        """Until cancelled: look up what was noted and tell the screens. The same thing noted twice is told once."""
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                await self._tell_noted()
            except WarmlineError:
                log.exception("console.feed_failed")
                self.close(WSCloseCode.TRY_AGAIN_LATER)

    def _heard(self, frame: Frame) -> None:
        if not self._screens:
            return
        match frame["type"]:
            case "conversation":
                self._conversations[frame["conversation_id"]] = None
            case "message" if frame.get("seq") is not None:
                self._messages[frame["conversation_id"], frame["seq"]] = None
            case "presence":
                self._presence_changed = True
                self._names = {NATIVE.agent_id: self._names[NATIVE.agent_id]}
            case "audit":
                self._to_admins({"type": "audit"})
            case "outbox":
                self._to_admins({"type": "undelivered"})
            case "typing" | "notice":
                self._told.append(frame)
            case "signed_out":
                self._drop(frame["agent_id"], frame["token_sha256"])
            case "lagged":
                self.close(WSCloseCode.TRY_AGAIN_LATER)
        self._work.set()

    async def _tell_noted(self) -> None:
        messages, self._messages = self._messages, {}
        conversations, self._conversations = self._conversations, {}
        presence, self._presence_changed = self._presence_changed, False
        told, self._told = self._told, []
        # First, so that a typing indicator never follows the words that end it.
        for frame in told:
            await (self._typing(frame) if frame["type"] == "typing" else self._notice(frame))
        for conversation_id, seq in messages:
            await self._tell_message(conversation_id, seq)
        for conversation_id in conversations:
            await self._tell_conversation(conversation_id)
        if presence:
            self._all({"type": "presence", "agents": await self.colleagues()})

    async def _tell_message(self, conversation_id: str, seq: int) -> None:
        shown = await self._store.messages(conversation_id, after_seq=seq - 1, limit=1)
        if shown and shown[0].seq == seq:
            overview = await self._store.overview(conversation_id)
            message = message_shape(shown[0], prospect_name(overview))
            for screen in await self._readers(overview):
                screen.show(conversation_id, {"type": "message", "conversation_id": conversation_id, "message": message})

    async def _tell_conversation(self, conversation_id: str) -> None:
        overview = await self._store.overview(conversation_id)
        state = (await self._store.load(conversation_id)).state
        now = stamp(self._now())
        readers = await self._readers(overview)
        for screen in readers:
            item = item_shape(overview, state, screen.me.agent.agent_id)
            screen.show(conversation_id, {"type": "conversation", "item": item, "now": now})
        for screen in self._screens.difference(readers):
            screen.hide(conversation_id)

    async def _overview(self, frame: Frame) -> Overview | None:
        try:
            return await self._store.overview(frame["conversation_id"])
        except NotFound:
            return None

    async def _readers(self, overview: Overview | None) -> list[Screen]:
        """The screens of agents who may read the conversation, as the agents are now."""
        if overview is None:
            return []
        agents = await self._store.agents()
        by_id = {one.agent_id: one for one in agents}
        return [
            screen
            for screen in self._screens
            if sees(sight_among(by_id.get(screen.me.agent.agent_id, screen.me.agent), agents), overview)
        ]

    def _to_admins(self, frame: Frame) -> None:
        for screen in tuple(self._screens):
            if screen.me.agent.role == "admin":
                screen.put(frame)

    async def _typing(self, frame: Frame) -> None:
        agent_id = frame["agent_id"]
        who = "prospect" if agent_id is None else await self._name(agent_id)
        for screen in await self._readers(await self._overview(frame)):
            if screen.me.agent.agent_id != agent_id:
                screen.put({"type": "typing", "conversation_id": frame["conversation_id"], "who": who})

    async def _notice(self, frame: Frame) -> None:
        overview = await self._overview(frame)
        readers = await self._readers(overview)
        to = frame.get("to") or ()
        for screen in tuple(self._screens):
            mine = screen.me.agent.agent_id in to
            # Without such a conversation there is nothing to hold back; a page or a brake is for whoever it is for.
            anybodys = overview is None or frame["kind"] == "brake" or (mine and frame["kind"] == "page")
            if (mine or not to) and (anybodys or screen in readers):
                screen.put(await self._notice_for(frame, overview if screen in readers else None))

    async def _notice_for(self, frame: Frame, overview: Overview | None) -> Frame:
        """A notice as a screen shows it. Without `overview` it names nobody: its reader may not read the conversation."""
        holder = frame.get("agent_id") if overview else None
        return {
            "type": "notice",
            "kind": frame["kind"],
            "conversation_id": frame["conversation_id"],
            "text": notice_text(
                frame,
                prospect=prospect_name(overview) if overview else None,
                holder=await self._name(holder) if holder else None,
            ),
            "sound": bool(frame.get("sound")),
            "level": frame.get("level"),
            "notice_id": str(frame["notice_id"]) if "notice_id" in frame else None,
        }

    async def _name(self, agent_id: str) -> str:
        """An agent's name; one that changed is read again with the next change of presence."""
        if agent_id not in self._names:
            try:
                self._names[agent_id] = (await self._store.agent(agent_id)).name
            except NotFound:
                return "An agent"
        return self._names[agent_id]

    def _all(self, frame: Frame) -> None:
        for screen in tuple(self._screens):
            screen.put(frame)
