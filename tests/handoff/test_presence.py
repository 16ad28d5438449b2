"""Who is at the desk, with a clock wound by hand."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from bot.core.model import WarmlineError
from bot.store.contract import Consoles
from handoff.presence import Presence
from tests.handoff.conftest import HandTime


class Watched:
    """A presence and what it told."""

    def __init__(self) -> None:
        self.time = HandTime()
        self.presence = Presence(now=self.time)
        self.told: list[str] = []
        self.shown = 0
        self.deals_with_it = True
        self.presence.on_change = self._changed
        self.presence.on_left = self._left
        self.presence.on_shown = self._count

    async def _changed(self) -> None:
        self.told.append("changed")

    async def _left(self, agent_id: str) -> None:
        self.told.append(f"left {agent_id}")
        if self.deals_with_it:
            self.presence.forget(agent_id)

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


def elsewhere(watched: Watched, *, sockets: int = 1, seen: float = 0, lost: float | None = None) -> Consoles:
    """What another service told, `seen` seconds ago."""
    now = watched.time()
    lost_at = None if lost is None else now - timedelta(seconds=lost)
    return Consoles(agent_id="sam", service="b", sockets=sockets, seen_at=now - timedelta(seconds=seen), lost_at=lost_at)


async def test_a_console_open_at_another_service_counts_like_one_here() -> None:
    watched = Watched()
    watched.presence.learn([elsewhere(watched)], away=())
    assert watched.presence.online() == ("sam",)
    assert await watched.news() == ["changed"]
    watched.presence.learn([elsewhere(watched, sockets=0, lost=29)], away=())
    assert watched.presence.online() == ("sam",)
    watched.presence.learn([elsewhere(watched, sockets=0, lost=30)], away=())
    assert watched.presence.of("sam") == "offline"
    watched.presence.learn([elsewhere(watched)], away=["sam"])
    assert watched.presence.of("sam") == "away"


async def test_a_service_that_dies_takes_its_consoles_along_after_the_same_time() -> None:
    watched = Watched()
    told = elsewhere(watched)
    watched.presence.learn([told], away=())
    await watched.news()
    watched.time.wind(29)
    watched.presence.sweep()
    assert watched.presence.online() == ("sam",)
    watched.time.wind(1)
    watched.presence.sweep()
    assert watched.presence.of("sam") == "offline"
    assert await watched.news() == ["changed"]
    watched.time.wind(60)
    watched.presence.learn([told], away=())
    watched.presence.sweep()
    assert await watched.news() == ["left sam", "changed"]


async def test_an_agent_whose_console_moves_to_another_service_was_never_gone() -> None:
    watched = Watched()
    watched.presence.learn([elsewhere(watched)], away=())
    await watched.news()
    watched.time.wind(25)
    async with watched.presence.socket("sam"):
        watched.time.wind(600)
        watched.presence.sweep()
        assert watched.presence.online() == ("sam",)
        assert await watched.news() == []


async def test_who_left_is_told_at_each_sweep_until_it_is_dealt_with() -> None:
    watched = Watched()
    watched.deals_with_it = False
    watched.presence.learn([elsewhere(watched, seen=90)], away=())
    for _ in range(2):
        watched.presence.sweep()
        assert "left sam" in await watched.news()
    watched.deals_with_it = True
    watched.presence.sweep()
    assert "left sam" in await watched.news()
    watched.presence.sweep()
    assert await watched.news() == []


async def test_what_a_service_tells_of_its_own() -> None:
    watched = Watched()
    async with watched.presence.socket("sam"):
        [own] = watched.presence.own()
        assert (own.agent_id, own.sockets, own.seen_at, own.lost_at) == ("sam", 1, watched.time(), None)
    [own] = watched.presence.own()
    assert (own.sockets, own.lost_at) == (0, watched.time())
    async with watched.presence.socket("mia"):
        watched.presence.leave()
        assert [(one.agent_id, one.sockets) for one in watched.presence.own()] == [("sam", 0), ("mia", 0)]
