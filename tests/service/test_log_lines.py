"""What a service logs in trouble passes its own log guard."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionResetError, WSMsgType, web
from structlog.testing import capture_logs

from bot.logs import REFUSED, guard
from bot.store.contract import StoreUnavailable
from tests.service.serving import LOOK_AGAIN_S, serving


async def test_a_turn_whose_database_is_away_is_logged_without_the_drivers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []

    async def away(conversation_id: str, **_: Any) -> None:
        failed.append(conversation_id)
        raise StoreUnavailable("the database cannot be used now: connection to 10.0.0.5 was lost")

    async with serving(tmp_path) as world, world.visitor() as visitor:
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(world.service.store, "commit", away)
            await visitor.say("hi")
            while True:
                if failed and not world.service.clocks.in_hand:
                    break
                await asyncio.sleep(LOOK_AGAIN_S)
    events = [line["event"] for line in lines]
    assert "turn.store_away" in events
    assert [line["event"] for line in lines if REFUSED in guard(None, "", {**line, "level": line["log_level"]}).values()] == []


async def test_a_browser_that_leaves_while_it_is_answered_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = asyncio.Event()

    async def gone(*_: Any, **__: Any) -> None:
        left.set()
        raise ClientConnectionResetError("Cannot write to closing transport")

    async with serving(tmp_path) as world, world.visitor() as visitor:
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(web.WebSocketResponse, "send_json", gone)
            frame = {"type": "say", "key": "key-00000001", "text": "hi", "payload": None}
            await visitor.socket.send_str(json.dumps(frame))
            await left.wait()
            assert (await visitor.socket.receive()).type is WSMsgType.CLOSE
        assert [line["event"] for line in lines if line["log_level"] == "error"] == []
        (overview,) = await world.service.store.overviews(view="all")
        assert [message.text for message in await world.service.store.messages(overview.conversation_id)][:1] == ["hi"]
