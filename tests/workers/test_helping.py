"""Work of another service: looked at soon after it is due, once however often it is told, and not at all by who looks earlier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.fake import FakeStore
from bot.time import SAFETY_NET_S, HandTime
from bot.worker import HELP_AFTER_S, Worker

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


class Looking(Worker):
    """Counts its looks and finds nothing."""

    def __init__(self, time: HandTime) -> None:
        super().__init__(FakeStore(), time, name="one", lease_s=10, at_once=4)
        self.looks = 0
        self.in_a_look: datetime | None = None

    async def _start_due(self, most: int) -> datetime | None:
        self.looks += 1
        if self.in_a_look is not None:
            told, self.in_a_look = self.in_a_look, None
            self.help_by(told)
        return None


class Bench:
    """A worker that sleeps, and its clock."""

    def __init__(self) -> None:
        self.time = HandTime(START)
        self.worker = Looking(self.time)

    async def after(self, seconds: float) -> int:
        """How often it has looked once the clock stands `seconds` after the start."""
        self.time.set(START + timedelta(seconds=seconds))
        for _ in range(50):
            await asyncio.sleep(0)
        return self.worker.looks


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    running = asyncio.create_task(bench.worker.run())
    assert await bench.after(0) == 1
    yield bench
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_it_looks_soon_after_the_work_is_due_and_not_before(bench: Bench) -> None:
    bench.worker.help_by(START + timedelta(seconds=1))
    assert await bench.after(1 + HELP_AFTER_S - 0.01) == 1
    assert await bench.after(1 + HELP_AFTER_S) == 2


async def test_many_hints_are_one_look(bench: Bench) -> None:
    for number in range(100):
        bench.worker.help_by(START - timedelta(seconds=number))
    assert await bench.after(0) == 1
    assert await bench.after(HELP_AFTER_S) == 2
    assert await bench.after(HELP_AFTER_S + 1) == 2


async def test_who_looks_earlier_anyhow_is_not_disturbed(bench: Bench) -> None:
    bench.worker.help_by(START + timedelta(seconds=SAFETY_NET_S + 1))
    assert await bench.after(SAFETY_NET_S - 0.01) == 1
    assert await bench.after(SAFETY_NET_S) == 2


async def test_a_hint_in_the_middle_of_a_look_is_kept(bench: Bench) -> None:
    bench.worker.in_a_look = START
    bench.worker.wake()
    assert await bench.after(0) == 2
    assert await bench.after(HELP_AFTER_S) == 3
