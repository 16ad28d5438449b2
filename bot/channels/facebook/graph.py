"""Calls to the Graph API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from bot.channels.base import CALL_WITHIN_S, Outcome, Retry, Sent, Unknown
from bot.channels.facebook.meaning import Usage, meaning, usage


class GraphClient:
    """One page's line to the Graph API at `base` (with the version), signed in with the page's token."""

    def __init__(self, base: str, *, token: str, timeout_s: float = CALL_WITHIN_S) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: Mapping[str, Any]) -> Outcome:
        """One call of the Send API. Never raises for what network or platform do."""
        try:
            status, answer, told = await self._call("POST", "/me/messages", body)
        except aiohttp.ClientConnectorError:
            return Retry(error="away")
        except TimeoutError:
            return Unknown(error="timeout")
        except (aiohttp.ClientError, OSError) as error:
            return Unknown(error=type(error).__name__)
        if status == 200 and answer.get("message_id"):
            return Sent(external_id=str(answer["message_id"]), used=told.used)
        problem = answer.get("error")
        if status == 200 and problem is None:
            return Unknown(error="unreadable")
        return meaning(status, problem if isinstance(problem, Mapping) else {}, told)

    async def act(self, person: str, action: str, persona_id: str | None = None) -> None:
        """A sender action: mark_seen, typing_on, typing_off."""
        body: dict[str, Any] = {"recipient": {"id": person}, "sender_action": action}
        if persona_id:
            body["persona_id"] = persona_id
        await self._call("POST", "/me/messages", body)

    async def get(self, path: str) -> dict[str, Any]:
        """A read; an error answer gives an empty dict."""
        status, answer, _ = await self._call("GET", path)
        return answer if status == 200 else {}

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A write that is no message; an error answer gives an empty dict."""
        status, answer, _ = await self._call("POST", path, body)
        return answer if status == 200 else {}

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any], Usage]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=128),
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            )
        data = None if body is None else orjson.dumps(body)
        async with self._session.request(method, self._base + path, data=data) as response:
            raw = await response.read()
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}, usage(response.headers)
