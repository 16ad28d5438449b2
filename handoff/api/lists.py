"""Lists that agents put together themselves, and the views they saved."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from bot.core.model import Reason
from bot.store.contract import NOBODY, Filter
from bot.store.readers import sight
from bot.store.rules import risk_at
from handoff.api.bodies import SavedViews, read_body
from handoff.api.errors import BadRequest
from handoff.api.ports import ConsoleParts
from handoff.api.queries import cursor_of, one_of, place
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import item_shape, stamp

PAGE = 50
LONGEST = 80
ORDERS = ("risk", "latest")
HOLDERS = ("me", "nobody")


class Lists:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def filtered(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/filtered?order&channel&reason&team&holder&snoozed&cursor."""
        wanted = _filter(request, me.agent.agent_id)
        found = await self._store.filtered(wanted, limit=PAGE, before=place(request), sight=await sight(self._store, me.agent))
        states = await asyncio.gather(*(self._store.load(one.conversation_id) for one in found))
        items = [item_shape(one, loaded.state, me.agent.agent_id) for one, loaded in zip(found, states, strict=True)]
        last = found[-1] if len(found) == PAGE else None
        cursor = last and cursor_of(risk_at(last) if wanted.risk else last.last_at, last.conversation_id)
        return answer({"items": items, "next": cursor, "now": stamp(self._parts.now())})

    async def views(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET views: the lists I saved."""
        kept = await self._store.setting(_key(me))
        return answer({"views": json.loads(kept) if kept else []})

    async def save(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """PUT views: these are the lists I want saved, in this order."""
        body = await read_body(request, SavedViews)
        names = [view.name.casefold() for view in body.views]
        if len(set(names)) < len(names):
            raise BadRequest("bad_field", "Give each view a name of its own.", field="views")
        views = [view.model_dump() for view in body.views]
        await self._store.put_setting(_key(me), json.dumps(views, ensure_ascii=False))
        return answer({"views": views})


def _key(me: SignedIn) -> str:
    return f"views.{me.agent.agent_id}"


def _filter(request: web.Request, me: str) -> Filter:
    order, holder = one_of(request, "order", ORDERS), _text(request, "holder")
    snoozed = one_of(request, "snoozed", ("", "yes", "no"))
    reason = _text(request, "reason")
    if reason is not None and reason not in tuple(Reason):
        raise BadRequest("bad_field", "There is no such reason.", field="reason")
    return Filter(
        risk=order == "risk",
        channel=_text(request, "channel"),
        reason=reason,
        team=_text(request, "team"),
        holder={"me": me, "nobody": NOBODY}.get(holder, holder) if holder else None,
        snoozed=None if snoozed == "" else snoozed == "yes",
    )


def _text(request: web.Request, field: str) -> str | None:
    given = request.query.get(field) or None
    if given is not None and len(given) > LONGEST:
        raise BadRequest("bad_field", f"{field}: {LONGEST} characters at most.", field=field)
    return given
