"""Messenger as a channel: the webhook in, the Send API out."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import web

from bot.channels.base import Outcome, Ports, Rejected
from bot.channels.bodies import parse_json
from bot.channels.facebook.graph import GraphClient
from bot.channels.facebook.meaning import UPLOAD
from bot.channels.facebook.render import render
from bot.channels.facebook.translate import (
    NAME,
    Arrived,
    Echo,
    GivenBack,
    Happening,
    Ignored,
    NotAPageEvent,
    Read,
    TakenOver,
    Told,
    translate,
)
from bot.channels.facebook.verify import challenge, signed
from bot.core.model import AgentRef, Arrival, Identity, Profile
from bot.core.window import SendAs
from bot.store.contract import Outgoing, StoreError

log = structlog.get_logger()

PROFILE_FIELDS = "first_name,last_name,profile_pic"
PEOPLE_AT_ONCE = 4
"""Of how many people that one body tells of is heard at the same time."""


class FacebookChannel:
    """One page."""

    name = NAME
    local = False

    def __init__(self, graph: GraphClient, *, verify: str, secret: str, app_id: str | None, quiet: bool) -> None:
        self._graph, self._verify, self._secret = graph, verify, secret
        self._app_id, self._quiet = app_id, quiet
        self._personas: dict[str, str] = {}
        self._ports: Ports | None = None

    def add_routes(self, app: web.Application, ports: Ports) -> None:
        """Health and webhook, where Rasa has them."""
        self._ports = ports
        app.router.add_get("/webhooks/facebook/", self._health)
        app.router.add_get("/webhooks/facebook/webhook", self._subscribe)
        app.router.add_post("/webhooks/facebook/webhook", self._receive)

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """One bubble through the Send API."""
        persona_id = await self._persona(message.say.agent)
        try:
            body, in_words = self._bodies(message, send_as, persona_id)
        except Exception as error:
            log.exception("facebook.unrenderable", message_id=message.message_id)
            return Rejected(error="broken", detail=type(error).__name__)
        outcome = await self._graph.send(body)
        if isinstance(outcome, Rejected) and outcome.error == UPLOAD:
            log.warning("facebook.words_instead", message_id=message.message_id)
            outcome = await self._graph.send(in_words)
        return outcome

    def _bodies(self, message: Outgoing, send_as: SendAs, persona_id: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The body to send, and the one for when the platform cannot fetch the picture: its address, in words."""
        say = message.say
        in_words = replace(say, text="\n".join(filter(None, (say.text, say.image_url))), image_url=None)
        body, instead = (
            render(s, person=message.identity.external_id, key=message.key, send_as=send_as, persona_id=persona_id)
            for s in (say, in_words)
        )
        return body, instead

    async def typing(self, identity: Identity, *, on: bool, agent: AgentRef | None) -> None:
        """Typing dots, with the person's persona if an agent types."""
        if agent is not None:
            await self._introduce(agent)
        if not self._quiet:
            persona_id = await self._persona(agent)
            await self._graph.act(identity.external_id, "typing_on" if on else "typing_off", persona_id)

    async def seen(self, identity: Identity) -> None:
        """Mark the conversation as seen."""
        await self._graph.act(identity.external_id, "mark_seen")

    async def profile(self, identity: Identity) -> Profile | None:
        """Name and picture, if the page may see them."""
        found = await self._graph.get(f"/{identity.external_id}?fields={PROFILE_FIELDS}")
        if not found.get("first_name"):
            return None
        return Profile(
            first_name=str(found["first_name"])[:80],
            last_name=str(found.get("last_name") or "")[:80] or None,
            picture_url=str(found.get("profile_pic") or "") or None,
        )

    async def drain(self) -> None:
        """The platform holds nothing open."""

    async def close(self) -> None:
        """Close the line to the Graph API."""
        await self._graph.close()

    async def _introduce(self, agent: AgentRef) -> None:
        """Make the persona an agent writes with, once for all services; Messenger wants a picture for it."""
        assert self._ports is not None
        if agent.picture_url and await self._persona(agent) is None:
            made = await self._graph.post("/me/personas", {"name": agent.name[:50], "profile_picture_url": agent.picture_url})
            if made.get("id"):
                name = _persona_setting(agent)
                self._personas[name] = await self._ports.store.put_setting(name, str(made["id"]), if_absent=True)

    async def _persona(self, agent: AgentRef | None) -> str | None:
        """The persona's id, whichever service made it; None while there is none."""
        if agent is None or not agent.picture_url or self._ports is None:
            return None
        name = _persona_setting(agent)
        if name not in self._personas:
            try:
                known = await self._ports.store.setting(name)
            except StoreError as error:
                # Words without a face are better than no words.
                log.info("facebook.persona_unknown", error=type(error).__name__)
                return None
            if known is None:
                return None
            self._personas[name] = known
        return self._personas[name]

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _subscribe(self, request: web.Request) -> web.Response:
        answer = challenge(request.query, self._verify)
        if answer is None:
            raise web.HTTPForbidden
        return web.Response(text=answer)

    async def _receive(self, request: web.Request) -> web.Response:
        assert self._ports is not None
        async with self._ports.gate.body(request) as raw:
            if not signed(raw, request.headers.get("X-Hub-Signature-256"), self._secret):
                log.warning("facebook.unsigned", bytes=len(raw))
                raise web.HTTPForbidden
            try:
                happenings = translate(parse_json(raw))
            except NotAPageEvent as error:
                raise web.HTTPNotFound from error
            await self._take(happenings)
        return web.Response(text="EVENT_RECEIVED")

    async def _take(self, happenings: list[Happening]) -> None:
        """Everything is stored before the acknowledgement; if it can't be, the call fails and Meta calls again."""
        assert self._ports is not None
        inlet = self._ports.inlet
        await inlet.arrivals([h for h in happenings if isinstance(h, Arrival)])
        new = await inlet.new_echoes({(h.key, h.external_id) for h in happenings if isinstance(h, Echo) and h.key is not None})
        of_each: defaultdict[Identity, list[Told]] = defaultdict(list)
        for happening in happenings:
            match happening:
                case Arrival():
                    continue
                case Echo(key=str(key), external_id=external_id) if (key, external_id) not in new:
                    continue
                case Ignored():
                    log.info("facebook.ignored", kind=happening.kind)
                case told:
                    of_each[told.identity].append(told)
        # A body tells of many people. One after the other they would have to be settled within the seconds that Meta waits.
        at_once = asyncio.Semaphore(PEOPLE_AT_ONCE)
        outcomes = await asyncio.gather(*(self._hear(told, at_once) for told in of_each.values()), return_exceptions=True)
        if failures := [outcome for outcome in outcomes if outcome is not None]:
            raise failures[0]

    async def _hear(self, of_one: Sequence[Told], at_once: asyncio.Semaphore) -> None:
        """What is told of one person, in its order."""
        assert self._ports is not None
        inlet = self._ports.inlet
        async with at_once:
            for told in of_one:
                match told:
                    case Echo():
                        await self._echo(told)
                    case Read():
                        await inlet.seen(told.identity, up_to_seq=None, at=told.at)
                    case Arrived():
                        await inlet.delivered(told.identity, up_to=told.at)
                    case TakenOver():
                        await inlet.foreign_echo(told.identity, text="", app_id=told.app_id, at=told.at, did="took")
                    case GivenBack():
                        await inlet.foreign_echo(told.identity, text="", app_id=None, at=told.at, did="gave_back")

    async def _echo(self, echo: Echo) -> None:
        assert self._ports is not None
        if echo.key is not None:
            if not await self._ports.inlet.echo(key=echo.key, external_id=echo.external_id):
                log.info("facebook.unknown_echo")
            return
        if self._app_id and echo.app_id == self._app_id:
            return
        await self._ports.inlet.foreign_echo(echo.identity, text=echo.text, app_id=echo.app_id, at=echo.at)


def _persona_setting(agent: AgentRef) -> str:
    """Where a persona's id is kept. Another name or picture is another persona."""
    look = hashlib.sha256(f"{agent.name}\n{agent.picture_url}".encode()).hexdigest()[:16]
    return f"facebook_persona:{agent.agent_id}:{look}"
