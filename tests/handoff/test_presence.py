"""Who is at the desk, with a clock wound by hand."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from bot.core.model import WarmlineError
from handoff.presence import Presence
from tests.handoff.conftest import HandTime


class Watched:
    """A presence and what it told."""

    def __init__(self) -> None:
        self.time = HandTime()
        self.presence = Presence(now=self.time)
        self.told: list[str] = []
        self.shown = 0
        self.presence.on_change = self._changed
        self.presence.on_left = self._left
        self.presence.on_shown = self._count

    async def _changed(self) -> None:
        self.told.append("changed")

    async def _left(self, agent_id: str) -> None:
        self.told.append(f"left {agent_id}")

    def _count(self) -> None:
        self.shown += 1

    async def news(self) -> list[str]:
        await self.presence.settled()
        told, self.told = self.told, []
        return told


async def test_an_open_console_is_online_and_told_at_once() -> None:
    watched = Watched()
    async with watched.presence.socket("sam"):
        assert watched.presence.online() == ("sam",)
        assert await watched.news() == ["changed"]


async def test_a_socket_lost_for_less_than_half_a_minute_is_no_flap() -> None:
    watched = Watched()
    async with watched.presence.socket("sam"):
        await watched.news()
    watched.time.wind(29)
    watched.presence.sweep()
    assert watched.presence.online() == ("sam",)
    async with watched.presence.socket("sam"):
        assert await watched.news() == []
    assert watched.shown == 1


async def test_after_half_a_minute_nothing_new_is_offered_and_after_ninety_seconds_work_goes_back() -> None:
    watched = Watched()
    async with watched.presence.socket("sam"):
        await watched.news()
    watched.time.wind(30)
    watched.presence.sweep()
    assert watched.presence.of("sam") == "offline"
    assert await watched.news() == ["changed"]
    watched.time.wind(59)
    watched.presence.sweep()
    assert await watched.news() == []
    watched.time.wind(1)
    watched.presence.sweep()
    assert await watched.news() == ["left sam", "changed"]
    watched.time.wind(600)
    watched.presence.sweep()
    assert await watched.news() == []


async def test_one_of_two_consoles_closing_changes_nothing() -> None:
    watched = Watched()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watched.presence.socket("sam"))
        async with watched.presence.socket("sam"):
            await watched.news()
        watched.time.wind(600)
        watched.presence.sweep()
        assert watched.presence.online() == ("sam",)
        assert await watched.news() == []


async def test_being_away_takes_no_work_but_keeps_what_is_held() -> None:
    watched = Watched()
    async with watched.presence.socket("sam"):
        await watched.news()
        watched.presence.switch("sam", away=True)
        assert watched.presence.of("sam") == "away"
        assert watched.presence.online() == ()
        assert await watched.news() == ["changed"]
        watched.time.wind(600)
        watched.presence.sweep()
        assert await watched.news() == []
        watched.presence.switch("sam", away=False)
        assert watched.presence.online() == ("sam",)


async def test_a_failed_telling_does_not_end_the_telling(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()

    async def fail() -> None:
        raise WarmlineError("the store is away")

    working, watched.presence.on_change = watched.presence.on_change, fail
    watched.presence.changed()
    await watched.presence.settled()
    watched.presence.on_change = working
    watched.presence.changed()
    assert await watched.news() == ["changed"]
