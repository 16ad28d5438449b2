"""Virtual time, and the ends of lives."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.sim.clock import START, SimTime
from bot.sim.loop import Gone, Life, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def test_a_day_passes_in_no_time_and_in_order(loop: VirtualLoop) -> None:
    seen: list[float] = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(loop.time())

    async def everybody() -> None:
        await asyncio.gather(wait(86_400), wait(1), wait(60))

    loop.run_until_complete(everybody())
    assert seen == [1, 60, 86_400]


def test_a_killed_life_does_nothing_any_more_and_whoever_asked_it_is_told(loop: VirtualLoop) -> None:
    life, done = Life(loop, 1), []

    async def work() -> str:
        done.append("begun")
        await asyncio.sleep(10)
        done.append("finished")
        return "answer"

    async def outside() -> None:
        loop.call_later(5, life.end, context=contextvars.Context())
        with pytest.raises(Gone):
            await life.call(work)
        await asyncio.sleep(60)

    loop.run_until_complete(outside())
    assert done == ["begun"]
    assert life.dead


@pytest.mark.parametrize("steps", range(8))
def test_any_step_of_a_life_can_be_its_last(loop: VirtualLoop, steps: int) -> None:
    life, done = Life(loop, 1), []

    async def work() -> None:
        for number in range(100):
            done.append(number)
            await asyncio.sleep(0)

    async def outside() -> None:
        loop.kill_after(steps, life.end)
        life.spawn(work())
        await asyncio.sleep(1)

    loop.run_until_complete(outside())
    assert done == list(range(steps))


def test_what_a_life_began_in_tasks_of_its_own_dies_with_it(loop: VirtualLoop) -> None:
    life, done = Life(loop, 1), []

    async def child() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            done.append("closed")
        done.append("went on")

    async def parent() -> None:
        await asyncio.create_task(child())

    async def outside() -> None:
        life.spawn(parent())
        await asyncio.sleep(1)
        life.end()
        await asyncio.sleep(60)

    loop.run_until_complete(outside())
    assert done == ["closed"]


def test_the_wall_can_be_set_and_the_machine_can_sleep(loop: VirtualLoop) -> None:
    time = SimTime(loop, ())
    time.step(-3600)
    assert time.now() == START - timedelta(hours=1)
    assert time.truth() == START
    assert time.latest() == START
    time.sleep(600)
    assert time.truth() == START + timedelta(minutes=10)
    loop.run_until_complete(asyncio.sleep(61))
    assert time.latest() == time.now() == START + timedelta(minutes=-50, seconds=61)


def test_what_is_for_a_thread_is_done_on_the_spot(loop: VirtualLoop) -> None:
    async def ask() -> tuple[int, int]:
        return await asyncio.to_thread(threading.get_ident), threading.get_ident()

    there, here = loop.run_until_complete(ask())
    assert there == here

    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        loop.run_until_complete(asyncio.to_thread(fail))
