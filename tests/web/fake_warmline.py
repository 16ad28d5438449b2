"""A service that speaks the browser's wire formats, so that the built pages can be driven without a bot behind them.

It keeps everything in memory, answers like the real service does, and can be told to misbehave: drop sockets, refuse
them, hold confirmations back, send twice, send out of order. `python tests/web/fake_warmline.py 8099` serves it for a look by eye
(sign in as ana@sundial.example, password "sunny days").
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from bot.core.audit import CHECKS, ROWS

DIST = Path(__file__).parents[2] / "web" / "dist"
type Json = dict[str, Any]
PATIENCE_S = 20.0

UNKEYED = ("login", "logout", "password")

PERSONA: Json = {"name": "Mia", "tagline": "The friendly bot at Sundial", "picture_url": None}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> datetime:
    return datetime.now(UTC)


async def until(condition: Callable[[], object]) -> None:
    """Waits for something that happens on another connection, as long as a page may take."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the condition may be about anything
            await asyncio.sleep(0.02)


def mistake(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


@dataclass(slots=True, kw_only=True)
class Person:
    """An agent's account."""

    id: str
    name: str
    email: str
    role: str
    password: str
    disabled: bool = False
    presence: str = "online"
    picture_url: str | None = None
    skills: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    capacity: float | None = None

    def brief(self) -> Json:
        return {"id": self.id, "name": self.name, "picture_url": self.picture_url}

    def shown(self) -> Json:
        able = {"skills": self.skills, "languages": self.languages, "teams": self.teams, "capacity": self.capacity}
        return {**self.brief(), "email": self.email, "role": self.role, "disabled": self.disabled, **able}


@dataclass(slots=True, kw_only=True)
class Talk:
    """One conversation: what was said and who owes the next words."""

    id: str
    token: str
    name: str
    channel: str = "widget"
    messages: list[Json] = field(default_factory=list)
    pending: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    owner: str = "bot"
    agent: Person | None = None
    episode: Json | None = None
    waiting_since: str | None = None
    window_closes_at: str | None = None
    human_until: str | None = None
    card: Json = field(default_factory=dict)
    timeline: list[Json] = field(default_factory=list)
    resume: list[Json] = field(default_factory=list)
    snoozed_until: str | None = None
    given_back: Json = field(default_factory=dict)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    hellos: list[Json] = field(default_factory=list)
    read_up_to: int = 0


class FakeWarmline:
    """The fake service: its state, its routes and the levers a test pulls."""

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

    # Levers

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

    # What could not be delivered

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

    async def undelivered(self, person: Person, steps: list[str]) -> web.Response:
        if person.role != "admin":
            return mistake(403, "forbidden", "Only an admin can do that.")
        if not steps:
            shown = {"messages": self.parked, "total": len(self.parked), "channels": self.channels, "now": stamp(now())}
            return web.json_response(shown)
        if self.act_error is not None:
            return mistake(*self.act_error)
        message_id, what = steps
        if what == "send-again":
            self.sent_again.append(message_id)
        self.parked = [one for one in self.parked if one["id"] != message_id]
        await self.to_desks({"type": "undelivered"})
        return web.json_response({"message_id": "m1"} if what == "send-again" else {})

    # Shapes

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

    # The widget's side

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

    # The console's side

    def who(self, request: web.Request) -> Person | None:
        person = self.people.get(self.sessions.get(request.cookies.get("warmline", ""), ""))
        return None if person is None or person.disabled else person

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Acts once for each Idempotency-Key. `lose_answers` acts are carried out and their lines break before the answer."""
        key = request.headers.get("Idempotency-Key", "")
        if key in self.answers:
            return web.Response(body=self.answers[key], content_type="application/json")
        answer = await self.acted(request)
        if key and isinstance(answer, web.Response) and answer.status < 300 and isinstance(answer.body, bytes):
            self.answers[key] = answer.body
            if self.lose_answers > 0 and not request.path.endswith("/seen"):
                self.lose_answers -= 1
                assert request.transport is not None
                request.transport.abort()
        return answer

    async def acted(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.requests.append((request.method, path))
        if self.api_down:
            return mistake(503, "busy", "The service is busy. Try again in a moment.")
        if request.method != "GET" and request.headers.get("X-Warmline") != "1":
            return mistake(403, "csrf", "This request did not come from the console.")
        if request.method == "POST" and path not in UNKEYED and not request.headers.get("Idempotency-Key"):
            return mistake(400, "no_key", "The console sends a key with each act.")
        body: Json = await request.json() if request.can_read_body else {}
        if path == "login":
            return self.login(body)
        person = self.who(request)
        if person is None:
            return mistake(401, "signed_out", "Please sign in.")
        if path == "socket":
            return await self.desk_socket(request, person)
        if path.endswith("/seen"):
            return web.json_response({})
        if path == "colleagues":
            return web.json_response({"agents": [one.brief() for one in self.people.values()]})
        if path.startswith("undelivered"):
            return await self.undelivered(person, path.split("/")[1:])
        if path.startswith("conversations"):
            return await self.conversations(request, person, path.split("/")[1:], body)
        return await self.account(request, person, path, body)

    def login(self, body: Json) -> web.Response:
        person = next(
            (one for one in self.people.values() if one.email == body["email"] and one.password == body["password"]), None
        )
        if person is None:
            return mistake(401, "wrong_credentials", "That email and password don't match.")
        cookie = secrets.token_hex(8)
        self.sessions[cookie] = person.id
        answer = web.json_response({"agent": person.shown()})
        answer.set_cookie("warmline", cookie, httponly=True, samesite="Strict")
        return answer

    async def account(self, request: web.Request, person: Person, path: str, body: Json) -> web.Response:
        if path == "logout":
            self.sessions.pop(request.cookies["warmline"])
            return web.json_response({})
        if path == "me":
            return web.json_response({"agent": person.shown(), "presence": person.presence, "currency": "EUR", "now": stamp(now())})
        if path == "presence":
            person.presence = body["presence"]
            await self.to_desks({"type": "presence", "agents": self.presences()})
            return web.json_response({"presence": person.presence})
        if path == "password":
            if body["old"] != person.password:
                return mistake(422, "wrong_password", "That isn't your present password.")
            person.password = body["new"]
            return web.json_response({})
        if path == "audit":
            if person.role != "admin":
                return mistake(403, "not_admin", "Only an admin can do that.")
            return web.json_response({**self.audit, "now": stamp(now())})
        return self.agents(request, person, path, body)

    def agents(self, request: web.Request, person: Person, path: str, body: Json) -> web.Response:
        if person.role != "admin":
            return mistake(403, "not_admin", "Only an admin can do that.")
        if request.method == "GET":
            return web.json_response({"agents": [one.shown() for one in self.people.values()]})
        if request.method == "POST":
            if any(one.email == body["email"] for one in self.people.values()):
                return web.json_response(
                    {"error": {"code": "email_taken", "message": "Somebody has that email already.", "field": "email"}}, status=409
                )
            return web.json_response(
                {"agent": self.add_person(body["name"], body["email"], body["role"], body["password"]).shown()}, status=201
            )
        changed = self.people[path.split("/")[1]]
        for name, value in body.items():
            setattr(changed, name, value)
        return web.json_response({"agent": changed.shown()})

    def presences(self) -> list[Json]:
        return [{"id": one.id, "name": one.name, "presence": one.presence, "load": 0} for one in self.people.values()]

    def view(self, name: str, person: Person) -> list[Talk]:
        def fits(talk: Talk) -> bool:
            if name == "queue":
                return talk.owner == "waiting"
            return name == "all" or (talk.owner == "agent" and talk.agent is person)

        return [talk for talk in self.talks.values() if fits(talk)]

    async def conversations(self, request: web.Request, person: Person, steps: list[str], body: Json) -> web.Response:
        if not steps:
            found = sorted(
                (self.item(talk) for talk in self.view(request.query.get("view", "all"), person)),
                key=lambda item: item["last_at"],
                reverse=True,
            )
            start = int(request.query.get("cursor", 0))
            more = str(start + 50) if len(found) > start + 50 else None
            return web.json_response({"items": found[start : start + 50], "next": more, "now": stamp(now())})
        talk = self.talks.get(steps[0])
        if talk is None:
            return mistake(404, "unknown_conversation", "There is no such conversation.")
        if len(steps) == 1:
            recent = [self.desk_message(message) for message in talk.messages[-50:]]
            return web.json_response(
                {
                    "item": self.item(talk),
                    "messages": recent,
                    "pending": talk.pending,
                    "notes": talk.notes,
                    "card": talk.card,
                    "resume": talk.resume,
                    "now": stamp(now()),
                }
            )
        if steps[1] == "messages":
            before_seq = int(request.query["before"])
            return web.json_response(
                {"messages": [self.desk_message(one) for one in talk.messages if one["seq"] < before_seq][-50:]}
            )
        if steps[1] == "timeline":
            start = int(request.query.get("cursor", 0))
            more = str(start + 3) if len(talk.timeline) > start + 3 else None
            return web.json_response({"lines": talk.timeline[start : start + 3], "next": more, "now": stamp(now())})
        return await self.command(talk, person, steps[1], body)

    async def command(self, talk: Talk, person: Person, verb: str, body: Json) -> web.Response:
        if verb == "note":
            note = {
                "id": f"n{next(self._ids)}",
                "agent": {"id": person.id, "name": person.name},
                "text": body["text"],
                "at": stamp(now()),
            }
            talk.notes.append(note)
            return web.json_response({"note": note})
        if verb == "take":
            if person.capacity is not None and not body.get("above_capacity"):
                held = sum(one.agent is person for one in self.talks.values())
                if held >= person.capacity:
                    return mistake(409, "full", f"Your hands are full: you have {held} of {person.capacity:g}.")
            return await self.take(talk, person)
        if verb == "undo":
            return await self.undo(talk, person, body)
        if talk.agent is not person or talk.owner != "agent":
            return mistake(409, "not_yours", "You don't have this conversation any more.")
        if verb == "say":
            return await self.agent_says(talk, body)
        if verb == "snooze":
            talk.snoozed_until = body["until"]
            return web.json_response({"item": self.item(talk)})
        talk.given_back = body
        talk.owner, talk.agent, talk.episode, talk.waiting_since = (
            ("closed" if body["outcome"] in ("won", "lost") else "bot"),
            None,
            None,
            None,
        )
        talk.notes.append(
            {
                "id": f"n{next(self._ids)}",
                "agent": {"id": person.id, "name": person.name},
                "text": body["summary"],
                "at": stamp(now()),
            }
        )
        await self.to_prospect(talk, {"type": "owner", "owner": talk.owner, "agent": None})
        await self.push_item(talk)
        return web.json_response({"item": self.item(talk)})

    async def undo(self, talk: Talk, person: Person, body: Json) -> web.Response:
        """The opposite act, in short."""
        if self.undo_error is not None:
            return mistake(*self.undo_error)
        self.undone.append(body)
        match body["act"]:
            case "send":
                if not any(one["key"] == body["key"] for one in talk.pending):
                    return mistake(409, "too_late", "Too late: it is on its way to them already.")
                talk.pending = [one for one in talk.pending if one["key"] != body["key"]]
            case "take":
                talk.agent = None
                await self.open_episode(talk)
            case "give_back":
                return await self.take(talk, person)
            case "snooze":
                talk.snoozed_until = None
        return web.json_response({"item": self.item(talk)})

    async def take(self, talk: Talk, person: Person) -> web.Response:
        if talk.agent is not None and talk.agent is not person:
            return mistake(409, "taken", f"{talk.agent.name} has it already.")
        talk.owner, talk.agent = "agent", person
        if talk.episode is None:
            await self.open_episode(talk, "agent_stepped_in")
            talk.owner, talk.agent = "agent", person
        assert talk.episode is not None
        talk.episode |= {
            "status": "accepted",
            "accepted_at": stamp(now()),
            "agent": person.brief(),
            "clock": self.clock("first_words", 60, 60),
        }
        await self.to_prospect(talk, {"type": "owner", "owner": "agent", "agent": person.brief()})
        await self.push_item(talk)
        return web.json_response({"item": self.item(talk)})

    async def agent_says(self, talk: Talk, body: Json) -> web.Response:
        if self.say_status is not None:
            return mistake(*self.say_status)
        known = next((one for one in talk.messages if one.get("key") == body["key"]), None)
        seen = body.get("seen")
        unseen = [one for one in talk.messages if seen is not None and one["seq"] > seen and one["speaker"] == "prospect"]
        if unseen and known is None:
            told = {"code": "wrote_meanwhile", "message": f"{talk.name} wrote meanwhile."}
            shown = [self.desk_message(one) for one in unseen]
            return web.json_response({"error": told | {"messages": shown}}, status=409)
        if self.undo_send_s > 0 and known is None:
            until = stamp(now() + timedelta(seconds=self.undo_send_s))
            waits = self.add(talk, "agent", body["text"], key=body["key"], delivery="queued", undo_until=until)
            talk.messages.remove(waits)
            talk.pending.append(self.desk_message(waits | {"seq": None}))
            return web.json_response({"message": talk.pending[-1]})
        message = known or self.add(talk, "agent", body["text"], key=body["key"])
        if talk.episode:
            talk.episode["clock"] = None
        talk.waiting_since = None
        if known is None:
            await self.push_message(talk, message)
        return web.json_response({"message": self.desk_message(message)})

    async def desk_socket(self, request: web.Request, person: Person) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.desks[socket] = person.id
        await send(socket, {"type": "hello", "now": stamp(now()), "agents": self.presences()})
        try:
            async for raw in socket:
                if raw.type is not WSMsgType.TEXT:
                    continue
                frame = raw.json()
                self.frames.append(frame)
                if frame["type"] == "ping":
                    await send(socket, {"type": "pong", "now": stamp(now())})
                elif frame["type"] == "typing":
                    await self.to_prospect(
                        self.talks[frame["conversation_id"]], {"type": "typing", "on": True, "name": person.name}
                    )
        finally:
            self.desks.pop(socket, None)
        return socket

    # Serving

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/widget/socket", self.widget_socket)
        app.router.add_route("*", "/api/console/{path:.*}", self.api)
        app.router.add_get("/", page(DIST / "demo" / "index.html"))
        app.router.add_get("/widget.js", page(DIST / "widget.js"))
        app.router.add_get("/console", page(DIST / "console" / "index.html"))
        app.router.add_get("/console/", page(DIST / "console" / "index.html"))
        if (DIST / "console").is_dir():
            app.router.add_static("/console/", DIST / "console")
        return app

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Serves on loopback; gives the address, "http://127.0.0.1:PORT"."""
        runner = web.AppRunner(self.app(), shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await self.drop_sockets()
            await runner.cleanup()


CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' https: data:; "
    "connect-src 'self' ws:; frame-ancestors 'none'"
)


def page(path: Path) -> Any:
    """A handler that gives the file. The console is given a strict policy, to see that it needs nothing else."""

    async def give(_request: web.Request) -> web.StreamResponse:
        policy = CSP.replace(" 'unsafe-inline'", "") if "console" in path.parts else CSP
        return web.FileResponse(path, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    return give


def audit_report(*findings: Json, seconds_ago: float | None = 3, **more: Any) -> Json:
    """What the audit tells: all is well but for these findings."""
    open_rows = [one["row"] for one in findings if one["state"] == "open"]
    all_rows = [one["row"] for one in findings]
    rows = [
        {"row": row, "sentence": sentence, "open": open_rows.count(row), "total": all_rows.count(row), "last_at": None}
        for row, sentence in ROWS.items()
    ]
    ran_at = None if seconds_ago is None else stamp(now() - timedelta(seconds=seconds_ago))
    told: Json = {"ran_at": ran_at, "every_s": 15, "took_ms": 4.2, "runs": 4242, "behind": False, "rows": rows}
    return {**told, "findings": list(findings), "total": len(findings), **more}


def found(code: str, state: str, *, conversation_id: str | None = None, minutes_ago: float = 2, about: str | None = None) -> Json:
    """One finding of the audit."""
    at = now() - timedelta(minutes=minutes_ago)
    ended_at = stamp(at + timedelta(seconds=0.2)) if state in ("repaired", "over") else None
    return {
        "id": f"{code}-{minutes_ago}", "row": CHECKS[code].row, "code": code, "sentence": CHECKS[code].sentence,
        "conversation_id": conversation_id, "about": about, "at": stamp(at), "first_seen_at": stamp(at), "last_seen_at": stamp(at),
        "state": state, "ended_at": ended_at,
    }  # fmt: skip


async def send(socket: web.WebSocketResponse, frame: Json) -> None:
    if not socket.closed:
        with contextlib.suppress(ConnectionResetError):
            await socket.send_json(frame)


def furnish(fake: FakeWarmline) -> None:
    """Conversations to look at: late, urgent, calm, taken, long ago."""
    t = now()
    card = {
        "headline": "Runs a flower shop in Leeds and wants more orders from Instagram before Mother's Day.",
        "facts": [
            {"label": "Shop", "value": "Petal & Stem"},
            {"label": "Team", "value": "2 people"},
            {"label": "From", "value": "Instagram ad (spring)"},
            {"label": "Local time", "value": "14:05"},
        ],
        "wants": ["More orders from chat", "Someone to set it up"],
        "objections": ["The monthly price"],
        "promised": ["A call before Friday"],
        "before": [],
        "flow": {"name": "Welcome", "step": "Offer a call", "purpose": "Find out whether a call helps"},
        "next_question": "When do most of your orders come in?",
        "history": [
            {"at": stamp(t - timedelta(days=3)), "text": "First visit, asked about price"},
            {"at": stamp(t - timedelta(minutes=9)), "text": "Came back from the follow-up"},
        ],
        "reading": {"intent": "ask_human", "confidence": 0.94},
        "asked": {"agent_id": fake.person("Ana").id, "why": ["talked with them before", "speaks en"]},
        "promises": {
            "policy": "big leads",
            "because": ["the channel is Messenger", "the value is 5000 (from 1000 on)"],
            "calendar": "office",
            "targets": [{"clock": "first_words", "seconds": 60}, {"clock": "next_words", "seconds": 300}],
            "next_rung": {"at": stamp(t + timedelta(seconds=34)), "place": "75 %", "does": ["ask the whole team, with a sound"]},
        },
    }
    priya = fake.talk(
        "Priya Shah", tags=["returning"], card=card, window_closes_at=stamp(t + timedelta(hours=22)), channel="facebook"
    )
    for minutes, speaker, text in [
        (1450, "flow", "Hi, I'm Mia, the bot at Sundial. What are you working on at the moment?"),
        (1449, "prospect", "I run a flower shop, we sell mostly on Instagram"),
        (
            1448,
            "bot",
            "Lovely. Flowers sell best when somebody can ask before they buy. Want three openers that work for flower shops?",
        ),
        (9, "prospect", "yes please. also how much is it"),
        (8, "bot", "It's $89 a month, and you can stop any time. Here's a short guide: https://sundial.example/openers"),
        (3, "prospect", "hm ok. can I talk to a real person about this?"),
        (3, "ladder", "Of course. I'm getting somebody from the team, usually that takes less than two minutes."),
    ]:
        fake.add(priya, speaker, text, at=t - timedelta(minutes=minutes))

    def told(sort: str, text: str, ago: timedelta, **more: Any) -> Json:
        line = {"id": f"{sort}-{ago.total_seconds():g}", "at": stamp(t - ago), "sort": sort, "text": text}
        return {**line, "until": None, "more": "", "conversation_id": None, **more}

    kind = "Spoke on the phone in May, very kind."
    priya.timeline = [
        told("person", "A person was needed: asked", timedelta(minutes=3)),
        told("visit", "Came by on Messenger: 2 messages", timedelta(minutes=9), until=stamp(t - timedelta(minutes=3))),
        told("conversion", "Conversion: guide, worth 9 EUR", timedelta(days=2)),
        told("note", "Note by Sam Reyes", timedelta(days=30), more=kind),
        told("rating", "Rated the talk 5 of 5", timedelta(days=31)),
        told("visit", "First contact on the website", timedelta(days=90), conversation_id="c-old"),
    ]
    priya.notes.append(
        {
            "id": "n1",
            "agent": {"id": "a2", "name": "Sam Reyes"},
            "text": "Spoke on the phone in May, very kind.",
            "at": stamp(t - timedelta(days=30)),
        }
    )
    tom = fake.talk("Tom Becker", card={**card, "headline": "Unhappy: his last order answer took two days.", "flow": None})
    fake.add(tom, "prospect", "I wrote on Tuesday and nobody answered. Not great.", at=t - timedelta(minutes=4))
    li = fake.talk("Li Na", card=card)
    fake.add(
        li,
        "prospect",
        "Does it work with Shopware 6? We have a rather old theme and I am not sure the plugin would load at all",
        at=t - timedelta(seconds=40),
    )
    done = fake.talk("Marco", card={**card, "headline": "Asked about set-up time and was answered."})
    fake.add(done, "bot", "Two weeks is typical. Shall I send you an example?", at=t - timedelta(hours=5))

    def episode(talk: Talk, reason: str, detail: str, due_in_s: float, target_s: float, rung: int, breached: list[str]) -> None:
        talk.owner, talk.waiting_since = "waiting", talk.messages[-1]["at"]
        talk.episode = {
            "id": f"e-{talk.id}",
            "reason": reason,
            "detail": detail,
            "status": "waiting",
            "requested_at": talk.waiting_since,
            "accepted_at": None,
            "agent": None,
            "rung": rung,
            "breached": breached,
            "offered_to_me": True,
            "clock": fake.clock("accept", due_in_s, target_s),
        }

    episode(priya, "asked", "can I talk to a real person about this?", 71, 120, 0, [])
    episode(tom, "complaint", "nobody answered", -42, 120, 3, ["accept"])
    episode(li, "not_understood", "Shopware 6", 25, 120, 2, [])


def misdeliver(fake: FakeWarmline) -> None:
    """Messages that wait for an admin, and a channel on hold."""
    fake.channels = [fake.channel("widget"), fake.channel("facebook", "open", "token")]
    priya, tom = (next(talk for talk in fake.talks.values() if talk.name == name) for name in ("Priya Shah", "Tom Becker"))
    fake.park(
        priya,
        "Here are three openers that work for flower shops. Which one sounds most like you?",
        "config",
        speaker="flow",
        detail="(#100) Param tag must be one of {HUMAN_AGENT}",
    )
    fake.park(tom, "I'm so sorry, Tom. Let me look into it right now.", "unknown", speaker="agent", agent="Sam Reyes", attempts=8)
    fake.park(fake.talk("", channel="facebook"), "", "broken", image_url="https://example.com/plan.png")


async def main(port: int) -> None:
    fake = FakeWarmline()
    fake.answer_by_itself = True
    furnish(fake)
    misdeliver(fake)
    async with fake.serve(port) as address:
        sys.stdout.write(f"{address}  {address}/console\n")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
