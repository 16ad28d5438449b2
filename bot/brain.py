"""Asks the brain over its socket. The brain keeps nothing, so every question carries what it needs and may be asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import aiohttp
import orjson
import structlog

from bot.core.events import BrainAnswer, BrainAsk
from bot.core.model import Json, QuickReply, Reading, Say, Speaker
from bot.errors import BrainAway, BrainRefused, BrainTimeout

log = structlog.get_logger()

MAX_TEXT = 4000
LOOK_AGAIN_S = 0.25


class Brain(Protocol):
    """What answers a turn."""

    async def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[str]) -> BrainAnswer:
        """The answer to `ask`; `tracker` holds earlier events as JSON texts, oldest first. Raises `BrainError`."""

    async def health(self) -> dict[str, Any]:
        """What the brain says of itself. Raises `BrainError`."""

    async def close(self) -> None:
        """Let go of connections."""


class SocketBrain:
    """The brain behind a Unix socket; every call ends within `timeout_s` seconds."""

    def __init__(self, socket: str, *, timeout_s: float) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[str]) -> BrainAnswer:
        """One turn; see `Brain`."""
        last = ask.messages[-1]
        body = {
            "conversation_id": conversation_id,
            "input_channel": channel,
            "events": [*_slot_events(ask.slots), *map(orjson.Fragment, tracker)],
            "message": {"text": ask.text[:MAX_TEXT], "message_id": last.external_id, "metadata": {}},
        }
        return _answer(await self._patiently("POST", "/turn", body))

    async def health(self) -> dict[str, Any]:
        """The brain's own report."""
        return await self._call("GET", "/health")

    async def swap(self, model: Path) -> dict[str, Any]:
        """Put another model in place; the old one answers until the new one can. Raises `BrainError`."""
        return await self._call("POST", "/model", {"path": str(model)})

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _patiently(self, method: str, path: str, body: Json) -> dict[str, Any]:
        """A call that outlasts a restart of the brain, as long as the time-out allows."""
        ends_at = monotonic() + self._timeout_s
        while True:
            try:
                return await self._call(method, path, body, within_s=ends_at - monotonic())
            except BrainAway:
                if monotonic() + LOOK_AGAIN_S >= ends_at:
                    raise
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _call(self, method: str, path: str, body: Json | None = None, *, within_s: float | None = None) -> dict[str, Any]:
        if self._session is None:
            connector = aiohttp.UnixConnector(path=self._socket, limit=256)
            self._session = aiohttp.ClientSession(connector=connector)
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._timeout_s if within_s is None else within_s):
                async with self._session.request(method, f"http://brain{path}", data=data, headers=headers) as response:
                    answer = await response.read()
        except TimeoutError as error:
            raise BrainTimeout(f"no answer from the brain within {self._timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise BrainAway(f"the brain cannot be reached: {type(error).__name__}") from error
        if response.status == 503:
            raise BrainAway("the brain is still starting")
        if response.status == 504:
            raise BrainTimeout("the brain gave up on the turn")
        if response.status != 200:
            raise BrainRefused(f"the brain answered {response.status}")
        try:
            parsed: dict[str, Any] = orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise BrainRefused("the brain's answer is not JSON") from error
        return parsed


def _slot_events(slots: Json) -> list[dict[str, Any]]:
    """What the state knows, told first, so that a cut-off tracker still knows the person."""
    return [{"event": "slot", "timestamp": 0.0, "name": name, "value": value} for name, value in slots.items()]


def _answer(body: dict[str, Any]) -> BrainAnswer:
    reading = body.get("reading") or {}
    intent = reading.get("intent") or {}
    events: list[Json] = body.get("events") or []
    return BrainAnswer(
        reading=Reading(
            text=reading.get("text") or "",
            intent=intent.get("name"),
            confidence=float(intent.get("confidence") or 0.0),
            ranking=tuple((r["name"], float(r["confidence"])) for r in reading.get("ranking") or ()),
            entities=tuple(reading.get("entities") or ()),
        ),
        messages=tuple(_bubble(m) for m in body.get("messages") or () if m.get("text") or m.get("image")),
        directives=tuple(body.get("directives") or ()),
        tracker_events=tuple(events),
        slots={e["name"]: e["value"] for e in events if e.get("event") == "slot" and e.get("value") is not None},
        model=str(body.get("model") or ""),
    )


def _bubble(message: dict[str, Any]) -> Say:
    replies = message.get("quick_replies") or message.get("buttons") or ()
    return Say(
        speaker=Speaker.BOT,
        text=message.get("text") or "",
        image_url=message.get("image"),
        quick_replies=tuple(QuickReply(title=r["title"], payload=r.get("payload") or r["title"]) for r in replies),
        wording=message.get("utter_action"),
    )
