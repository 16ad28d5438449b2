"""Who may use the marketers' API: a program with a key, or an admin who is signed in to the console.

A key is shown once, when it is made; the store knows only its SHA-256. Whoever has one may do all that the API can.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.store.contract import Store
from handoff.api.errors import ApiError, answering
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import Sessions, SignedIn

PREFIX = "wl_"
SCHEME = "Bearer "


class WrongKey(ApiError):
    """The key is unknown or was revoked."""

    status = 401


def new_token() -> str:
    """A key's token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def sha256(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Gatekeeper:
    """Lets programs and admins in."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._store: Store = parts.store
        self._sessions = Sessions(parts)

    def guard(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Handler:
        """The handler behind the door, with errors in their one shape."""

        async def signed_in(request: web.Request, _me: SignedIn) -> web.StreamResponse:
            return await handler(request)

        by_session = self._sessions.guard(signed_in, admin=True)

        async def guarded(request: web.Request) -> web.StreamResponse:
            header = request.headers.get(hdrs.AUTHORIZATION)
            if header is None:
                return await by_session(request)
            token = header.removeprefix(SCHEME).strip() if header.startswith(SCHEME) else ""
            if not token or await self._store.api_key(token_sha256=sha256(token)) is None:
                raise WrongKey("wrong_key", "This key opens nothing; make one with: warmline keys add NAME")
            return await handler(request)

        return answering(guarded)
