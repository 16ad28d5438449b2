"""The agents' side of the fake service."""

from __future__ import annotations

import secrets

from aiohttp import WSMsgType, web

from tests.web.fake.acts import Acts
from tests.web.fake.talks import Json, Person, Talk, mistake, now, send, stamp

UNKEYED = ("login", "logout", "password")


class ConsoleSide(Acts):
    """The console API and its socket."""

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
            after, before = int(request.query.get("after", 0)), int(request.query.get("before", 2**31))
            asked = [self.desk_message(one) for one in talk.messages if after < one["seq"] < before]
            return web.json_response({"messages": asked[:50] if "after" in request.query else asked[-50:]})
        if steps[1] == "timeline":
            start = int(request.query.get("cursor", 0))
            more = str(start + 3) if len(talk.timeline) > start + 3 else None
            return web.json_response({"lines": talk.timeline[start : start + 3], "next": more, "now": stamp(now())})
        return await self.command(talk, person, steps[1], body)

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
