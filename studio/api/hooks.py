"""Subscriptions to events: who is told, what is still to be told, and telling it again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from bot.hooks import as_told
from bot.signing import key_of, new_secret
from bot.store.hooking import Hook
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest
from handoff.api.sessions import answer
from handoff.api.shapes import Shape
from nurture.reports.telling import stamp
from studio.api.ports import StudioParts
from studio.events import EVENTS, BadHook, checked_events, checked_url


class NewHook(BaseModel):
    """POST hooks."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strip_whitespace=True)]
    events: Annotated[list[str], Field(max_length=100)] = []
    secret: str | None = None


class ReplayBody(BaseModel):
    """POST hooks/{id}/replay: what is parked, or all events since a moment."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None


class Hooks:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._store = parts.console.store
        self._now = parts.console.now
        self._changed: Callable[[], None] = parts.hooks_changed

    async def many(self, _request: web.Request) -> web.StreamResponse:
        """GET hooks."""
        counts = await self._store.untold_counts()
        told = [hook_shape(hook, counts.get(hook.hook_id, (0, 0))) for hook in await self._store.hooks()]
        return answer({"hooks": told, "events": EVENTS})

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST hooks: the secret is told this once."""
        body = await read_body(request, NewHook)
        try:
            hook = made(body.url, body.events, body.secret, hook_id=f"hook_{secrets.token_hex(10)}", now=self._now())
        except BadHook as error:
            raise BadRequest("bad_field", f"{error.field}: {error}.", field=error.field) from None
        await self._store.add_hook(hook)
        self._changed()
        return answer({"hook": hook_shape(hook, (0, 0)), "secret": hook.secret}, status=201)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE hooks/{id}."""
        await self._store.remove_hook(request.match_info["id"])
        self._changed()
        return answer({})

    async def pause(self, request: web.Request) -> web.StreamResponse:
        """POST hooks/{id}/pause: nothing is sent, and what happens is kept."""
        await self._store.pause_hook(request.match_info["id"], paused_at=self._now())
        return answer({})

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """POST hooks/{id}/resume."""
        await self._store.pause_hook(request.match_info["id"], paused_at=None)
        self._changed()
        return answer({})

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """POST hooks/{id}/replay."""
        body = await read_body(request, ReplayBody)
        number = await self._store.replay_hook(request.match_info["id"], now=self._now(), since=body.since)
        self._changed()
        return answer({"events": number})

    async def parked(self, _request: web.Request) -> web.StreamResponse:
        """GET hooks/parked: events that nobody tries to tell any more, oldest first."""
        return answer({"events": [as_told(telling) for telling in await self._store.untold(parked=True)]})


def made(url: str, events: list[str], secret: str | None, *, hook_id: str, now: datetime) -> Hook:
    """A subscription. Raises `BadHook`."""
    if secret is not None:
        try:
            key_of(secret)
        except ValueError as error:
            raise BadHook("secret", f"{error}; leave it out to get one") from None
    return Hook(
        hook_id=hook_id, url=checked_url(url), secret=secret or new_secret(), kinds=checked_events(events), created_at=now
    )  # fmt: skip


def hook_shape(hook: Hook, counts: tuple[int, int]) -> Shape:
    """A subscription as it is shown; never its secret."""
    waiting, parked = counts
    return {
        "id": hook.hook_id,
        "url": hook.url,
        "events": list(hook.kinds),
        "created_at": stamp(hook.created_at),
        "paused_at": stamp(hook.paused_at) if hook.paused_at else None,
        "waiting": waiting,
        "parked": parked,
    }
