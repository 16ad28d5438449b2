"""Idempotency keys: a request that is sent again under its key acts once and is answered as the first time.

The header is that of the IETF's draft "The Idempotency-Key HTTP Header Field". A key is its agent's own, and known for a day. Only
what was carried out is kept: a refusal changed nothing, so the same key may try again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re

import structlog
from aiohttp import web

from bot.store.answering import Known
from bot.store.contract import StoreError
from handoff.api.errors import NO_STORE, ApiError, BadRequest, Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, SignedInHandler

log = structlog.get_logger()

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{8,200}")


class KeyReused(ApiError):
    """The key came with another request before."""

    status = 422

    def __init__(self) -> None:
        super().__init__("key_reused", f"This {HEADER} came with another request before. Use a new one.", field=HEADER)


def once(handler: SignedInHandler, parts: ConsoleParts) -> SignedInHandler:
    """The handler, which acts once for each key. Without the header it is as it was."""

    async def keyed(request: web.Request, me: SignedIn) -> web.StreamResponse:
        key = request.headers.get(HEADER)
        if key is None:
            return await handler(request, me)
        if not KEY.fullmatch(key):
            raise BadRequest("bad_field", f"{HEADER}: 8 to 200 visible characters.", field=HEADER)
        agent_id, store = me.agent.agent_id, parts.store
        begun = await store.begin_answer(agent_id, key, request=await _request(request), now=parts.now())
        match begun.known:
            case Known.OTHER:
                raise KeyReused
            case Known.ACTING:
                raise Conflict("in_progress", "This very request is being carried out.", retry_after_s=1)
            case Known.ANSWERED:
                headers = NO_STORE | {REPLAYED: "true"}
                return web.Response(text=begun.body, status=begun.status, content_type="application/json", headers=headers)
            case Known.NEW:
                pass
        try:
            response = await handler(request, me)
        except Exception:
            await asyncio.shield(_drop(parts, agent_id, key))
            raise
        if isinstance(response, web.Response) and response.status < 300 and isinstance(response.text, str):
            await store.keep_answer(agent_id, key, status=response.status, body=response.text)
        else:
            await _drop(parts, agent_id, key)
        return response

    keyed.__doc__ = handler.__doc__
    return keyed


async def _request(request: web.Request) -> str:
    """What tells one request from another: method, path and body."""
    told = f"{request.method} {request.path_qs}\n".encode() + await request.read()
    return hashlib.sha256(told).hexdigest()


async def _drop(parts: ConsoleParts, agent_id: str, key: str) -> None:
    try:
        await parts.store.drop_answer(agent_id, key)
    except StoreError as error:
        # It is free again by itself in a minute.
        log.warning("idempotency.not_dropped", error=type(error).__name__)
