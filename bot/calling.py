"""Calls of flows to other programs: posted signed, answered into slots. What is not answered, the flow's clock asks for again.

Signed as hooks are (see `bot.signing`), with one secret for all flows; `webhook-id` is the same for every attempt at one step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog

from bot.background import Background
from bot.conversations import Conversations
from bot.core.events import Call, CallEnded, Decision
from bot.signing import new_secret, signed
from bot.store.contract import Store
from bot.time import Time

log = structlog.get_logger()

SECRET = "flows.webhook_secret"  # noqa: S105
"""The setting that holds the secret."""

MOST_BYTES = 64 * 1024
MOST_CHARS = 200
"""A text in an answer is cut to this, as what people answer is."""


async def secret_of(store: Store) -> str:
    """The secret that calls are signed with; made when it is first asked for."""
    return await store.put_setting(SECRET, new_secret(), if_absent=True)


class Caller:
    """See the module."""

    def __init__(self, store: Store, conversations: Conversations, time: Time, background: Background) -> None:
        self._store, self._conversations, self._time, self._background = store, conversations, time, background
        self._session: aiohttp.ClientSession | None = None

    def call(self, conversation_id: str, decision: Decision) -> None:
        """Start what a committed decision asks for."""
        for one in decision.calls:
            self._background.start(self._carry_out(conversation_id, one))

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()

    async def _carry_out(self, conversation_id: str, call: Call) -> None:
        error: str | None = None
        slots: dict[str, Any] = {}
        try:
            slots = slots_of(await self._post(call), call.into)
        except TimeoutError:
            error = "timeout"
        except _Refused as refused:
            error = str(refused)
        except (OSError, aiohttp.ClientError, ValueError) as failure:
            error = type(failure).__name__
        log.info("flow.called", conversation_id=conversation_id, attempt=call.attempt, error=error)
        ended = CallEnded(
            enrolment_id=call.enrolment_id, step_id=call.step_id, attempt=call.attempt, slots=slots, error=error
        )  # fmt: skip
        await self._conversations.handle(conversation_id, ended)

    async def _post(self, call: Call) -> object:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        headers = signed(await secret_of(self._store), message_id=call.key, at=self._time.now(), body=body)
        timeout = aiohttp.ClientTimeout(total=call.timeout_s)
        async with self._session.post(call.url, data=body, headers=headers, allow_redirects=False, timeout=timeout) as response:
            if not 200 <= response.status < 300:
                raise _Refused(f"http_{response.status}")
            content = bytearray()
            async for chunk in response.content.iter_chunked(8192):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise _Refused("too_long")
            if not content.strip():
                return {}
            try:
                return json.loads(content)
            except ValueError:
                if call.into:
                    raise _Refused("not_json") from None
                return {}


class _Refused(Exception):
    """The program answered, and not with what was asked for. The message is a short code."""


def slots_of(answer: object, into: Mapping[str, str]) -> dict[str, str | int | float | bool]:
    """The slots that an answer fills: single values at these paths. What is not there fills nothing."""
    found: dict[str, str | int | float | bool] = {}
    for path, slot in into.items():
        value = answer
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            found[slot] = value[:MOST_CHARS]
        elif isinstance(value, bool | int | float):
            found[slot] = value
    return found
