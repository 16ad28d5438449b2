"""The prospect's side of the fake service."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from tests.web.fake.talks import PERSONA, Json, Talk, now, send, stamp
from tests.web.fake.world import World


class WidgetSide(World):
    """The socket of the widget."""

    async def widget_socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=self.refusal)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk: Talk | None = None
        try:
            async for raw in socket:
                if raw.type is not WSMsgType.TEXT:
                    continue
                frame = raw.json()
                self.frames.append(frame)
                if frame["type"] == "hello":
                    talk = await self.hello(socket, frame)
                elif frame["type"] == "ping":
                    await send(socket, {"type": "pong"})
                elif talk is not None:
                    await self.prospect_frame(talk, socket, frame)
        finally:
            if talk is not None:
                talk.sockets.discard(socket)
        return socket

    async def hello(self, socket: web.WebSocketResponse, frame: Json) -> Talk:
        talk = next((one for one in self.talks.values() if one.token == frame["token"]), None) or self.talk()
        talk.sockets.add(socket)
        talk.hellos.append(frame)
        welcome = {
            "type": "welcome",
            "token": talk.token,
            "persona": PERSONA,
            "owner": talk.owner,
            "agent": talk.agent and talk.agent.brief(),
            "now": stamp(now()),
            "messages": [self.widget_message(message) for message in talk.messages if message["seq"] > frame["after"]],
        }
        await send(socket, welcome)
        return talk

    async def prospect_frame(self, talk: Talk, socket: web.WebSocketResponse, frame: Json) -> None:
        if frame["type"] == "say":
            await self.prospect_says(talk, socket, frame)
        elif frame["type"] == "typing":
            await self.to_desks({"type": "typing", "conversation_id": talk.id, "who": "prospect"})
        elif frame["type"] == "read":
            talk.read_up_to = frame["up_to"]

    async def prospect_says(self, talk: Talk, socket: web.WebSocketResponse, frame: Json) -> None:
        if self.say_error is not None:
            await send(socket, {"type": "error", "key": frame["key"], **self.say_error})
            return
        known = next((one for one in talk.messages if one.get("key") == frame["key"]), None)
        message = known or self.add(talk, "prospect", frame["text"], key=frame["key"], payload=frame["payload"])
        if not self.hold_stored:
            await send(socket, {"type": "stored", "key": frame["key"], "seq": message["seq"], "at": message["at"]})
        if known is None:
            await self.push_message(talk, message, but=None if self.echo_own else socket)
            if self.answer_by_itself:
                task = asyncio.create_task(self.answer(talk, frame["text"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def answer(self, talk: Talk, text: str) -> None:
        """A tiny bot for a look by eye."""
        if talk.owner != "bot":
            return
        await self.to_prospect(talk, {"type": "typing", "on": True, "name": PERSONA["name"]})
        await asyncio.sleep(1.2)
        if "person" in text.lower() or "human" in text.lower():
            await self.says(talk, "ladder", "Sure, I'm getting somebody from the team. It usually takes less than two minutes.")
            await self.open_episode(talk, detail=text)
            return
        replies = [{"title": "What does it cost?", "payload": "/ask_price"}, {"title": "Talk to a person", "payload": "/human"}]
        await self.says(talk, "bot", f"Good to hear from you! You said: {text}", quick_replies=replies)
