"""What the fake service keeps, and the levers a test pulls."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from tests.web.fake.audit import audit_report
from tests.web.fake.talks import PERSONA, Json, Person, Talk, now, send, stamp


class World:
    """People, talks, and everybody who is connected."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {}
        self.people: dict[str, Person] = {}
        self.sessions: dict[str, str] = {}
        self.desks: dict[web.WebSocketResponse, str] = {}
        self.frames: list[Json] = []
        self.refuse_sockets = False
        self.refusal = 503
        self.hold_stored = False
        self.say_error: Json | None = None
        self.answer_by_itself = False
        self.api_down = False
        self.say_status: tuple[int, str, str] | None = None
        self.echo_own = True
        self.audit: Json = audit_report()
        self.requests: list[tuple[str, str]] = []
        self.lose_answers = 0
        self.undo_send_s = 0.0
        self.undo_error: tuple[int, str, str] | None = None
        self.undone: list[Json] = []
        self.answers: dict[str, bytes] = {}
        self.parked: list[Json] = []
        self.sent_again: list[str] = []
        self.act_error: tuple[int, str, str] | None = None
        self.channels: list[Json] = [self.channel("widget"), self.channel("facebook")]
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self.add_person("Ana Costa", "ana@sundial.example", "admin", "sunny days")
        self.add_person("Sam Reyes", "sam@sundial.example", "agent", "sunny nights")

    def add_person(self, name: str, email: str, role: str, password: str) -> Person:
        person = Person(id=f"a{next(self._ids)}", name=name, email=email, role=role, password=password)
        self.people[person.id] = person
        return person

    def person(self, name: str) -> Person:
        return next(person for person in self.people.values() if person.name.startswith(name))

    def talk(self, name: str = "Visitor", **more: Any) -> Talk:
        talk = Talk(id=f"c{next(self._ids)}", token=secrets.token_hex(8), name=name, **more)
        self.talks[talk.id] = talk
        return talk

    @property
    def only(self) -> Talk:
        (talk,) = self.talks.values()
        return talk

    def add(self, talk: Talk, speaker: str, text: str, *, at: datetime | None = None, **more: Any) -> Json:
        """Writes a message into the talk without telling anybody."""
        message = {
            "id": f"m{next(self._ids)}",
            "seq": len(talk.messages) + 1,
            "speaker": speaker,
            "name": {"agent": (talk.agent or self.person("Ana")).name, "prospect": talk.name}.get(speaker, PERSONA["name"]),
            "picture_url": None,
            "text": text,
            "quick_replies": [],
            "attachments": [],
            "image_url": None,
            "at": stamp(at or now()),
            "delivery": None if speaker == "prospect" else "sent",
            "error": None,
            "read": False,
            **more,
        }
        talk.messages.append(message)
        return message

    async def says(self, talk: Talk, speaker: str, text: str, **more: Any) -> Json:
        message = self.add(talk, speaker, text, **more)
        await self.push_message(talk, message)
        return message

    async def push_message(self, talk: Talk, message: Json, *, but: web.WebSocketResponse | None = None) -> None:
        for socket in list(talk.sockets):
            if socket is not but:
                await send(socket, {"type": "message", "message": self.widget_message(message)})
        await self.to_desks({"type": "message", "conversation_id": talk.id, "message": self.desk_message(message)})
        await self.push_item(talk)

    async def push_item(self, talk: Talk) -> None:
        await self.to_desks({"type": "conversation", "item": self.item(talk), "now": stamp(now())})

    async def to_prospect(self, talk: Talk, frame: Json) -> None:
        for socket in list(talk.sockets):
            await send(socket, frame)

    async def to_desks(self, frame: Json) -> None:
        for socket, agent_id in list(self.desks.items()):
            if frame["type"] == "conversation" and frame["item"]["episode"]:
                offered = frame["item"]["episode"]["status"] == "waiting" and self.people[agent_id].presence == "online"
                frame = {**frame, "item": {**frame["item"], "episode": {**frame["item"]["episode"], "offered_to_me": offered}}}
            await send(socket, frame)

    async def drop_sockets(self) -> None:
        """Cuts every line, as a restart does."""
        for talk in self.talks.values():
            for socket in list(talk.sockets):
                await socket.close(code=1012)
        for socket in list(self.desks):
            await socket.close(code=1012)

    async def open_episode(
        self, talk: Talk, reason: str = "asked", *, due_in_s: float = 90, target_s: float = 120, detail: str = ""
    ) -> None:
        talk.owner, talk.agent = "waiting", None
        talk.waiting_since = stamp(now())
        talk.episode = {
            "id": f"e{next(self._ids)}",
            "reason": reason,
            "detail": detail,
            "status": "waiting",
            "requested_at": stamp(now()),
            "accepted_at": None,
            "agent": None,
            "rung": 0,
            "breached": [],
            "offered_to_me": True,
            "clock": self.clock("accept", due_in_s, target_s),
        }
        await self.to_prospect(talk, {"type": "owner", "owner": "waiting", "agent": None})
        await self.push_item(talk)
        await self.to_desks(
            {"type": "notice", "kind": "offer", "conversation_id": talk.id, "text": f"{talk.name} asked for a person"}
        )

    @staticmethod
    def clock(kind: str, due_in_s: float, target_s: float) -> Json:
        due = now() + timedelta(seconds=due_in_s)
        return {"kind": kind, "due_at": stamp(due), "started_at": stamp(due - timedelta(seconds=target_s))}

    @staticmethod
    def channel(name: str, phase: str = "closed", reason: str | None = None, retry_in_s: float = 90) -> Json:
        on_hold = phase != "closed"
        since, retry_at = stamp(now() - timedelta(minutes=4)), stamp(now() + timedelta(seconds=retry_in_s))
        return {
            "channel": name,
            "phase": phase,
            "reason": reason,
            "since": since if on_hold else None,
            "retry_at": retry_at if on_hold else None,
        }

    def park(self, talk: Talk, text: str, reason: str = "config", **more: Any) -> Json:
        parked = {
            "id": str(next(self._ids)),
            "conversation_id": talk.id,
            "name": talk.name,
            "channel": talk.channel,
            "speaker": "bot",
            "agent": None,
            "text": text,
            "image_url": None,
            "written_at": stamp(now() - timedelta(minutes=12)),
            "parked_at": stamp(now() - timedelta(minutes=11)),
            "attempts": 1,
            "reason": reason,
            "detail": "",
            **more,
        }
        self.parked.append(parked)
        return parked

    @staticmethod
    def widget_message(message: Mapping[str, Any]) -> Json:
        speaker = {"flow": "bot", "ladder": "bot"}.get(message["speaker"], message["speaker"])
        kept = ("seq", "name", "picture_url", "text", "quick_replies", "image_url", "at")
        return {"speaker": speaker, **{name: message[name] for name in kept}, "key": message.get("key")}

    @staticmethod
    def desk_message(message: Mapping[str, Any]) -> Json:
        return {name: value for name, value in message.items() if name != "picture_url"}

    def item(self, talk: Talk) -> Json:
        last = talk.messages[-1] if talk.messages else None
        return {
            "id": talk.id,
            "name": talk.name,
            "picture_url": None,
            "channel": talk.channel,
            "owner": talk.owner,
            "preview": last and {"speaker": last["speaker"], "text": last["text"], "at": last["at"]},
            "last_at": last["at"] if last else stamp(now()),
            "waiting_since": talk.waiting_since,
            "tags": talk.tags,
            "episode": talk.episode,
            "window_closes_at": talk.window_closes_at,
            "human_until": talk.human_until,
            "snoozed_until": talk.snoozed_until,
        }
