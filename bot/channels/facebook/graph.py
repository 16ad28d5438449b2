"""Calls to the Graph API and what their failures mean.

Error codes: Meta, Messenger Platform error codes (March 18 and May 5, 2026). Code and subcode decide together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from bot.channels.base import Outcome, Rejected, Retry, Sent, Unknown

TIMEOUT_S = 10.0
TOKEN_PAUSE_S = 300.0
RATE_PAUSE_S = 20.0
OUTSIDE_WINDOW = frozenset({2018278, 2534022, 2018065})
UNREACHABLE = frozenset({(10, 2018108), (551, 1545041), (200, 1545041), (100, 2018001)})
TEMPORARY = frozenset({1, 2, 1200})


def meaning(status: int, error: Mapping[str, Any]) -> Outcome:
    """What to do about an error answer. `error` is the `error` object of the body, empty if there was none."""
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    if code == 10 and subcode in OUTSIDE_WINDOW:
        return Rejected(error="window")
    if (code, subcode) in UNREACHABLE:
        return Rejected(error="unreachable")
    if code == 190:
        return Retry(error="token", after_s=TOKEN_PAUSE_S)
    if (code, subcode) == (4, 2018354):
        return Rejected(error="frequency")
    if code in (4, 613) or 80000 <= code <= 80099:
        return Retry(error="rate", after_s=RATE_PAUSE_S)
    if code in TEMPORARY or error.get("is_transient"):
        return Retry(error="temporary")
    if code == 100:
        return Rejected(error="config", detail=str(error.get("message", ""))[:200])
    if status >= 500:
        return Unknown(error=f"http_{status}")
    return Rejected(error="rejected", detail=f"code {code}, subcode {subcode}")


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


class GraphClient:
    """One page's line to the Graph API at `base` (with the version), signed in with the page's token."""

    def __init__(self, base: str, *, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: Mapping[str, Any]) -> Outcome:
        """One call of the Send API. Never raises for what network or platform do."""
        try:
            status, answer = await self._call("POST", "/me/messages", body)
        except aiohttp.ClientConnectorError:
            return Retry(error="away")
        except TimeoutError:
            return Unknown(error="timeout")
        except (aiohttp.ClientError, OSError) as error:
            return Unknown(error=type(error).__name__)
        if status == 200 and answer.get("message_id"):
            return Sent(external_id=str(answer["message_id"]))
        problem = answer.get("error")
        if status == 200 and problem is None:
            return Unknown(error="unreadable")
        return meaning(status, problem if isinstance(problem, Mapping) else {})

    async def act(self, person: str, action: str, persona_id: str | None = None) -> None:
        """A sender action: mark_seen, typing_on, typing_off."""
        body: dict[str, Any] = {"recipient": {"id": person}, "sender_action": action}
        if persona_id:
            body["persona_id"] = persona_id
        await self._call("POST", "/me/messages", body)

    async def get(self, path: str) -> dict[str, Any]:
        """A read; an error answer gives an empty dict."""
        status, answer = await self._call("GET", path)
        return answer if status == 200 else {}

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A write that is no message; an error answer gives an empty dict."""
        status, answer = await self._call("POST", path, body)
        return answer if status == 200 else {}

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
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
        return response.status, answer if isinstance(answer, dict) else {}
