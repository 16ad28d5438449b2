"""Control calls under /_fake/, for a fake that runs in its own process: the world moved and read over HTTP.

POST /_fake/people                  {"psid": ..., "first_name": ...}   make somebody
POST /_fake/people/{psid}/{act}     the act's arguments, e.g. says {"text": "hey"} -> {"mid": ...}
GET  /_fake/people/{psid}/inbox     what the app sent her and she got
GET  /_fake/sent?since=N            the record of sends from the N-th on
GET  /_fake/audit                   doubles
GET  /_fake/webhooks                how webhooks fared
POST /_fake/faults                  a list of faults to arm; DELETE disarms all
POST /_fake/subscribe               verify the app's webhook and switch it on
POST /_fake/token                   {"expired": true} or {"expired": false}
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web

from bot.fakes.graph import events
from bot.fakes.graph.errors import FakeGraphError, UnknownPerson
from bot.fakes.graph.person import Person
from bot.fakes.graph.world import World

CONTROL_PREFIX = "/_fake/"

type Arguments = Mapping[str, Any]
type Act = Callable[[World, Person, Arguments], Awaitable[str | None]]


class Control:
    """Answers control calls. Wrong ones get 400 (404 for an unknown path) with a sentence that says why."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.BaseRequest) -> web.Response:
        try:
            raw = await request.read()
            body = json.loads(raw) if raw else {}
            answer = await self._perform(request, request.path.removeprefix(CONTROL_PREFIX).split("/"), body)
        except KeyError as error:
            return _json({"error": f"{error} is missing"}, status=400)
        except (FakeGraphError, ValueError, TypeError, aiohttp.ClientError) as error:
            return _json({"error": str(error)}, status=400)
        return _json({"error": f"no control call {request.path}"}, status=404) if answer is None else _json(answer)

    async def _perform(self, request: web.BaseRequest, parts: list[str], body: Any) -> object | None:
        world = self._world
        match request.method, parts:
            case "POST", ["people"]:
                return {"psid": world.person(**body).psid}
            case "GET", ["people", psid, "inbox"]:
                return [asdict(sent) for sent in self._person(psid).inbox]
            case "POST", ["people", psid, act] if act in ACTS:
                return {"mid": await ACTS[act](world, self._person(psid), body)}
            case "GET", ["sent"]:
                return [asdict(sent) for sent in world.sent[int(request.query.get("since", "0")) :]]
            case "GET", ["audit"]:
                return asdict(world.audit())
            case "GET", ["webhooks"]:
                return self._webhooks()
            case "POST", ["faults"]:
                world.faults.load(body)
                return {"armed": True}
            case "DELETE", ["faults"]:
                world.faults.clear()
                return {"armed": False}
            case "POST", ["subscribe"]:
                await world.subscribe(body.get("url"))
                return {"subscribed": True}
            case "POST", ["token"]:
                world.expire_token() if body["expired"] else world.renew_token()
                return {"expired": body["expired"]}
        return None

    def _person(self, psid: str) -> Person:
        if psid not in self._world.people:
            raise UnknownPerson(psid)
        return self._world.people[psid]

    def _webhooks(self) -> dict[str, object]:
        webhooks = self._world.webhooks
        return {
            "subscribed": webhooks.subscribed,
            "attempts": len(webhooks.attempts),
            "failed": sum(not attempt.acknowledged for attempt in webhooks.attempts),
            "lost": len(webhooks.lost),
            "alerts": webhooks.alerts,
        }


async def _attaches(world: World, person: Person, body: Arguments) -> str:
    return await person.attaches(events.attachment(body["type"], body["url"]))


async def _blocks(world: World, person: Person, body: Arguments) -> None:
    person.blocks()


async def _unblocks(world: World, person: Person, body: Arguments) -> None:
    person.unblocks()


ACTS: Mapping[str, Act] = {
    "says": lambda world, person, body: person.says(body["text"], reply_to=body.get("reply_to")),
    "taps": lambda world, person, body: person.taps(body["title"]),
    "starts": lambda world, person, body: person.starts(ref=body.get("ref")),
    "follows_link": lambda world, person, body: person.follows_link(body["ref"]),
    "comes_from_ad": lambda world, person, body: person.comes_from_ad(body["text"], ad_id=body["ad_id"]),
    "reads": lambda world, person, body: person.reads(),
    "reacts": lambda world, person, body: person.reacts(body["mid"]),
    "edits": lambda world, person, body: person.edits(body["mid"], body["text"]),
    "attaches": _attaches,
    "blocks": _blocks,
    "unblocks": _unblocks,
    "inbox_writes": lambda world, person, body: world.inbox_writes(person, body["text"]),
    "inbox_passes": lambda world, person, body: world.inbox_passes(person),
}


def _json(answer: object, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status, dumps=lambda value: json.dumps(value, default=_instant))


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
