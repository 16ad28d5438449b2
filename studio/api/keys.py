"""Who may use the marketers' API: a program with a key, or a marketer or admin who is signed in to the console.

What tells of single people is for those marketers who may read every conversation (`bot.store.sight`).

A key is shown once, when it is made; the store knows only its SHA-256. Whoever has one may do all that the API can.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.store.contract import Store
from bot.store.readers import sight
from handoff.api.errors import ApiError, Forbidden, answering
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import MARKETERS, Sessions, SignedIn

PREFIX = "wl_"
SCHEME = "Bearer "
ASKING: web.RequestKey[str] = web.RequestKey("asking", str)


class WrongKey(ApiError):
    """The key is unknown or was revoked."""

    status = 401


def new_token() -> str:
    """A key's token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def asking(request: web.Request) -> str:
    """Who asks: an agent's name, or that of a program's key."""
    return request[ASKING]


def sha256(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Gatekeeper:
    """Lets programs, marketers and admins in."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._store: Store = parts.store
        self._sessions = Sessions(parts)

    def guard(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]], *, of_people: bool = False) -> Handler:
        """The handler behind the door, with errors in their one shape. `of_people` if it tells of single people, whosever they
        are: then it is not for a marketer who may read the conversations of some teams alone."""

        async def signed_in(request: web.Request, me: SignedIn) -> web.StreamResponse:
            if of_people and await sight(self._store, me.agent) is not None:
                raise Forbidden("of_some_teams", "This is about people of every team, and you may read those of yours.")
            request[ASKING] = me.agent.name
            return await handler(request)

        by_session = self._sessions.guard(signed_in, roles=MARKETERS)

        async def guarded(request: web.Request) -> web.StreamResponse:
            header = request.headers.get(hdrs.AUTHORIZATION)
            if header is None:
                return await by_session(request)
            token = header.removeprefix(SCHEME).strip() if header.startswith(SCHEME) else ""
            key = await self._store.api_key(token_sha256=sha256(token)) if token else None
            if key is None:
                raise WrongKey("wrong_key", "This key opens nothing; make one with: warmline keys add NAME")
            request[ASKING] = key.name
            return await handler(request)

        return answering(guarded)
