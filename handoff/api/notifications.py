"""How I am notified: my settings and browsers, what was sent to me, and that I have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

from bot.core.events import AgentSaw
from bot.store.noticing import Device, Notification
from bot.wishes import keep_wishes, wishes_of
from handoff.api.bodies import DeviceBody, WishesBody, read_body
from handoff.api.errors import BadRequest
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp, stamp_or_none
from handoff.chain import Wishes

LIST = 100
MOST_DEVICES = 20


class Notifications:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def settings(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET notify: my settings, my browsers, and which carriers there are."""
        return await self._settings(me)

    async def change(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """PUT notify: all of my settings."""
        body = await read_body(request, WishesBody)
        await keep_wishes(self._store, me.agent.agent_id, Wishes.model_validate(body.model_dump()))
        return await self._settings(me)

    async def add_device(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST notify/devices: this browser takes web pushes for me."""
        body = await read_body(request, DeviceBody)
        if not allowed(body.endpoint, self._parts.push_services):
            raise BadRequest("bad_field", "endpoint: that push service is not one this installation sends to.", field="endpoint")
        mine = await self._store.devices(me.agent.agent_id)
        if len(mine) >= MOST_DEVICES and all(one.endpoint != body.endpoint for one in mine):
            await self._store.drop_device(mine[0].device_id, agent_id=me.agent.agent_id)
        device = Device(agent_id=me.agent.agent_id, added_at=self._parts.now(), **body.model_dump())
        return answer({"device_id": str(await self._store.add_device(device))}, status=201)

    async def drop_device(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """DELETE notify/devices/{id}: no more web pushes there."""
        await self._store.drop_device(_number(request, "id"), agent_id=me.agent.agent_id)
        return answer({})

    async def mine(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET notifications: what was sent to me, by which carrier, and what became of it; the latest first."""
        found = await self._store.notifications(agent_id=me.agent.agent_id, limit=LIST)
        return answer({"items": [notification_shape(one) for one in found], "now": stamp(self._parts.now())})

    async def seen_notice(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST notices/{id}/seen: I saw it, so it goes no further."""
        notice_id = _number(request, "id")
        agent_id, now = me.agent.agent_id, self._parts.now()
        if await self._store.notifications_seen(agent_id, now=now, notice_id=notice_id):
            for one in await self._store.notifications(agent_id=agent_id, limit=LIST):
                if one.notice_id == notice_id:
                    await self._saw(one.conversation_id, agent_id)
                    break
        return answer({})

    async def seen_conversation(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST conversations/{id}/seen: I look at it, so nothing about it goes any further."""
        conversation_id, agent_id = request.match_info["id"], me.agent.agent_id
        await self._store.overview(conversation_id)
        if await self._store.notifications_seen(agent_id, now=self._parts.now(), conversation_id=conversation_id):
            await self._saw(conversation_id, agent_id)
        return answer({})

    async def _saw(self, conversation_id: str, agent_id: str) -> None:
        self._parts.noticed()
        await self._parts.conversations.handle(conversation_id, AgentSaw(agent_id=agent_id))

    async def _settings(self, me: SignedIn) -> web.Response:
        agent_id, ways = me.agent.agent_id, self._parts.ways
        wishes = await wishes_of(self._store, agent_id)
        return answer(
            {
                "settings": wishes.model_dump(),
                "devices": [device_shape(one) for one in await self._store.devices(agent_id)],
                "push_key": await self._parts.push_key(),
                "ways": {
                    "email": ways.email,
                    "webhook": ways.webhook,
                    "sound_after_s": ways.sound_after_s,
                    "push_after_s": ways.push_after_s,
                    "email_after_s": ways.email_after_s,
                    "webhook_after_s": ways.webhook_after_s,
                },
            }
        )


def allowed(endpoint: str, services: Sequence[str]) -> bool:
    """Whether an endpoint belongs to one of these push services, such as `*.push.apple.com`. We post to what a browser names, so
    it must not lead us to machines of our own. Plain http is for 127.0.0.1 alone."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and host == "127.0.0.1")):
        return False
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in services)


def notification_shape(one: Notification) -> Shape:
    """A notification and how far it came."""
    return {
        "id": str(one.notification_id),
        "notice_id": str(one.notice_id),
        "conversation_id": one.conversation_id,
        "kind": one.kind,
        "carrier": one.carrier,
        "state": one.state.value,
        "why": one.error,
        "due_at": stamp(one.due_at),
        "attempts": one.attempts,
        "sent_at": stamp_or_none(one.sent_at),
        "seen_at": stamp_or_none(one.seen_at),
        "acted_at": stamp_or_none(one.acted_at),
    }


def device_shape(device: Device) -> Shape:
    """A browser; never its keys."""
    return {"id": str(device.device_id), "label": device.label, "added_at": stamp(device.added_at)}


def _number(request: web.Request, name: str) -> int:
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("bad_field", f"{name}: a whole number.", field=name)
    return int(text)
