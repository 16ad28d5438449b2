"""Signing in and out, and the guard before every other request.

The cookie holds a random token that begins with the millisecond it was made in; the store knows only its SHA-256. A new password
ends every session made before it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.store.contract import Agent
from handoff.api.bodies import Login, read_body
from handoff.api.errors import NO_STORE, Forbidden, SignInFirst, TooManyTries, WrongPassword
from handoff.api.passwords import is_right
from handoff.api.ports import ConsoleParts
from handoff.api.shapes import Shape, agent_shape
from handoff.api.tries import Tries

log = structlog.get_logger()

COOKIE = "warmline_console"
COOKIE_PATH = "/api"
CSRF_HEADER = "X-Warmline"
LASTS = timedelta(days=14)
HASHES_AT_ONCE = 2
ADMINS = frozenset({"admin"})
MARKETERS = frozenset({"admin", "marketer"})
SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks, and the hash of their session's token."""

    agent: Agent
    token_sha256: str


type SignedInHandler = Callable[[web.Request, SignedIn], Awaitable[web.StreamResponse]]


class Sessions:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._tries = Tries(parts.store, parts.now)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    async def login(self, request: web.Request) -> web.StreamResponse:
        """POST login."""
        _check_same_page(request)
        body = await read_body(request, Login)
        agent = await self.check_password(request, body.email, body.password)
        response = answer({"agent": agent_shape(agent)})
        await self.start(response, agent)
        log.info("agent.signed_in", agent_id=agent.agent_id)
        return response

    async def end(self, response: web.StreamResponse, me: SignedIn) -> None:
        """Close the session and take its cookie back."""
        await self._store.close_session(token_sha256=me.token_sha256)
        secure = self._parts.secure_cookies
        response.del_cookie(COOKIE, path=COOKIE_PATH, secure=secure, httponly=True, samesite="Strict")

    async def check_password(self, request: web.Request, email: str, password: str) -> Agent:
        """The agent with this address and password. Raises WrongPassword or TooManyTries."""
        account, address = email.strip().casefold(), self._parts.address(request)
        if wait_s := await self._tries.wait_s(account, address):
            raise TooManyTries(wait_s)
        agent = await self._store.agent_by_email(email)
        async with self._hashing:
            right = await asyncio.to_thread(is_right, agent.password_hash if agent else None, password)
        if agent is None or agent.disabled_at is not None or not right:
            await self._tries.failed(account, address)
            log.info("agent.sign_in_refused")
            raise WrongPassword
        await self._tries.succeeded(account, address)
        return agent

    async def start(self, response: web.StreamResponse, agent: Agent) -> None:
        """Open a session and put its cookie on the response."""
        now = self._parts.now()
        token = f"{_milliseconds(now)}.{secrets.token_urlsafe(32)}"
        await self._store.open_session(token_sha256=_sha256(token), agent_id=agent.agent_id, expires_at=now + LASTS)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LASTS.total_seconds()),
            path=COOKIE_PATH,
            secure=self._parts.secure_cookies,
            httponly=True,
            samesite="Strict",
        )

    async def end_all(self, agent_id: str) -> None:
        """Every session the agent has until now is over. To the millisecond, as tokens tell when they were made."""
        await self._store.put_setting(_since(agent_id), str(_milliseconds(self._parts.now())))

    async def signed_in(self, request: web.Request) -> SignedIn:
        """Who asks. Raises SignInFirst."""
        token = request.cookies.get(COOKIE, "")
        made_at = _made_at(token)
        if made_at is None:
            raise SignInFirst
        token_sha256 = _sha256(token)
        agent = await self._store.session_agent(token_sha256=token_sha256, now=self._parts.now())
        if agent is None:
            raise SignInFirst
        since = await self._store.setting(_since(agent.agent_id))
        if since is not None and made_at < int(since):
            raise SignInFirst
        return SignedIn(agent=agent, token_sha256=token_sha256)

    def guard(self, handler: SignedInHandler, *, roles: frozenset[str] | None = None) -> Handler:
        """The handler for signed-in agents only (of these roles, if any are named), and for requests of our own page only."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            _check_same_page(request)
            me = await self.signed_in(request)
            if roles is not None and me.agent.role not in roles:
                raise Forbidden("forbidden", f"Only {' and '.join(f'{role}s' for role in sorted(roles))} can do that.")
            return await handler(request, me)

        return guarded


def answer(data: Shape, *, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.json_response(data, status=status, headers=NO_STORE)


def _check_same_page(request: web.Request) -> None:
    """Other sites cannot set a header of ours without asking first, and we allow none."""
    if request.method not in SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1":
        raise Forbidden("csrf", f"The header {CSRF_HEADER}: 1 is missing.")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _since(agent_id: str) -> str:
    return f"sessions_since:{agent_id}"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _made_at(token: str) -> int | None:
    """The millisecond a token was made in; None if it is none of ours."""
    made, dot, rest = token.partition(".")
    if not dot or not rest or not made.isascii() or not made.isdigit() or len(made) > 15:
        return None
    return int(made)
