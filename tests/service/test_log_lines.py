"""What a service logs in trouble passes its own log guard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
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
