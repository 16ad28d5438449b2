"""Clocks fire on time, once, never early; whatever happens to the clock on the wall or to a hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from bot.clocks import ClockWorker
from bot.core.model import Arrival, Clock, ClockKind, Identity
from bot.store.fake import FakeStore
from bot.time import SAFETY_NET_S
from tests.workers.hands import LEASE_S, START, Decider, StepTime, armed, step, turns_of_the_loop, worker


class CountingStore(FakeStore):
    """Counts how often somebody looks for due clocks."""

    looks = 0

    async def claim_clocks(self, **asked: object) -> list:  # type: ignore[type-arg, override]
        self.looks += 1
        return await super().claim_clocks(**asked)  # type: ignore[arg-type]


@pytest.fixture
def time() -> StepTime:
    return StepTime(START)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def decider(store: CountingStore, time: StepTime) -> Decider:
    return Decider(store, time)


@asynccontextmanager
async def running(*workers: ClockWorker) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in workers]
    await turns_of_the_loop()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def killed(victim: ClockWorker, task: asyncio.Task[None]) -> None:
    """As kill -9 leaves it: nothing more is done, nothing is let go of."""
    task.cancel()
    for hand in victim._hands.values():
        hand.cancel()


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def test_it_sleeps_until_the_nearest_and_fires_at_its_moment(store: CountingStore, time: StepTime, decider: Decider) -> None:
    ann = await armed(store, "ann", step(3.25))
    async with running(worker(store, decider, time)):
        assert time.next_alarm() == after(3.25)
        time.set(after(3.249))
        await turns_of_the_loop()
        assert decider.fired == []
        time.set(after(3.25))
        await turns_of_the_loop()
        assert decider.fired == [(ann, ClockKind.STEP, after(3.25))]


async def test_it_does_not_look_while_nothing_is_due(store: CountingStore, time: StepTime, decider: Decider) -> None:
    await armed(store, "ann", step(86_400))
    async with running(worker(store, decider, time)):
        assert store.looks == 1
        assert time.next_alarm() == after(SAFETY_NET_S)


async def test_many_inserts_make_one_look(store: CountingStore, time: StepTime, decider: Decider) -> None:
    hands = worker(store, decider, time)
    async with running(hands):
        looked = store.looks
        for _ in range(500):
            hands.wake()
        await turns_of_the_loop()
        assert store.looks == looked + 1


async def test_a_clock_set_while_it_sleeps_is_not_slept_over(store: CountingStore, time: StepTime, decider: Decider) -> None:
    hands = worker(store, decider, time)
    async with running(hands):
        await armed(store, "ann", step(1))
        hands.wake()
        await turns_of_the_loop()
        assert time.next_alarm() == after(1)


async def test_the_clock_is_set_back_an_hour_and_nothing_is_early_or_lost(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    ann = await armed(store, "ann", step(2))
    async with running(worker(store, decider, time)):
        time.step(hours=-1)
        time.awake()
        await turns_of_the_loop()
        assert decider.fired == []
        time.set(after(1.9))
        await turns_of_the_loop()
        assert decider.fired == []
        time.set(after(2))
        await turns_of_the_loop()
        assert decider.fired == [(ann, ClockKind.STEP, after(2))]


async def test_a_clock_that_is_set_back_puts_nobody_to_sleep_for_as_long(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    async with running(worker(store, decider, time)):
        time.step(hours=-1)
        ann = await armed(store, "ann", Clock(kind=ClockKind.STEP, key="n1", due_at=after(-3590)))
        time.awake()
        await turns_of_the_loop()
        asleep_until = time.next_alarm()
        assert asleep_until is not None
        assert asleep_until - time.now() <= timedelta(seconds=SAFETY_NET_S)
        time.set(after(-3595))
        await turns_of_the_loop()
        time.set(after(-3590))
        await turns_of_the_loop()
        assert decider.fired == [(ann, ClockKind.STEP, after(-3590))]


async def test_a_clock_that_was_claimed_before_the_wall_clock_was_set_back_is_not_fired_early(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    await armed(store, "ann", step(1))
    hands, load = worker(store, decider, time), store.load

    async def set_back_meanwhile(conversation_id: str):  # type: ignore[no-untyped-def]
        time.step(minutes=-5)
        store.load = load  # type: ignore[method-assign]
        return await load(conversation_id)

    async with running(hands):
        store.load = set_back_meanwhile  # type: ignore[method-assign]
        time.set(after(1))
        await turns_of_the_loop()
        assert decider.fired == []
        time.set(after(1))
        await turns_of_the_loop()
        assert len(decider.fired) == 1


async def test_the_clock_is_set_forwards_and_late_ones_fire_once_and_spread(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    people = [await armed(store, f"p{n}", step(600 + n)) for n in range(100)]
    async with running(worker(store, decider, time, at_once=8)):
        time.step(hours=1)
        time.awake()
        await turns_of_the_loop(3000)
        assert sorted(fired[0] for fired in decider.fired) == sorted(people)
        assert decider.most_at_once <= 8


async def test_a_suspended_laptop_fires_what_it_slept_over_within_the_safety_net(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    """The monotonic clock does not count a suspension, so sleeps go on where they were: none is longer than the net."""
    await armed(store, "ann", step(1800))
    async with running(worker(store, decider, time)):
        asleep_until = time.next_alarm()
        assert asleep_until is not None
        assert asleep_until - time.now() <= timedelta(seconds=SAFETY_NET_S)
        time.step(hours=8)
        time.awake()
        await turns_of_the_loop()
        assert len(decider.fired) == 1


async def test_a_poisoned_clock_does_not_keep_the_promise_from_firing(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    promise = Clock(kind=ClockKind.RUNG, due_at=after(2))
    ann = await armed(store, "ann", step(1), promise)
    decider.poison = {ClockKind.STEP}
    async with running(worker(store, decider, time)):
        time.set(after(2))
        await turns_of_the_loop()
        assert decider.fired == [(ann, ClockKind.RUNG, after(2))]
        decider.poison = set()
        time.set(after(2.9))
        await turns_of_the_loop()
        assert len(decider.fired) == 1
        time.set(after(3))
        await turns_of_the_loop()
        assert decider.fired[1:] == [(ann, ClockKind.STEP, after(3))]


async def test_what_failed_rests_longer_each_time_and_no_hand_rests_with_it(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    await armed(store, "ann", step(0))
    decider.poison, hands, rests = {ClockKind.STEP}, worker(store, decider, time), []
    async with running(hands):
        for _ in range(8):
            assert hands.in_hand == 0
            at = await store.next_due_at(after=time.now())
            assert at is not None
            rests.append((at - time.now()).total_seconds())
            time.set(at)
            await turns_of_the_loop()
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]


async def test_what_takes_longer_than_a_lease_stays_with_its_hand(store: CountingStore, time: StepTime, decider: Decider) -> None:
    await armed(store, "ann", step(0))
    decider.gate = asyncio.Event()
    other = Decider(store, time)
    slow, idle = worker(store, decider, time), worker(store, other, time, name="elsewhere")
    async with running(slow, idle):
        for second in range(1, 61):
            time.set(after(second))
            await turns_of_the_loop(20)
            assert slow.holds(next(iter(slow.busy)))
        decider.gate.set()
        await turns_of_the_loop()
        assert (len(decider.fired), other.fired, other.most_at_once) == (1, [], 0)


async def test_a_kill_between_timer_and_action_leaves_one_effect(store: CountingStore, time: StepTime, decider: Decider) -> None:
    ann = await armed(store, "ann", step(0))
    decider.gate, other = asyncio.Event(), Decider(store, time)
    victim = worker(store, decider, time)
    task = asyncio.create_task(victim.run())
    await turns_of_the_loop()
    assert victim.in_hand == 1
    killed(victim, task)
    await turns_of_the_loop()
    async with running(worker(store, other, time, name="elsewhere")):
        time.set(after(LEASE_S - 0.001))
        await turns_of_the_loop()
        assert other.fired == []
        time.set(after(LEASE_S))
        await turns_of_the_loop()
        assert other.fired == [(ann, ClockKind.STEP, after(LEASE_S))]
    assert decider.fired == []


async def test_who_is_started_again_under_its_name_does_not_wait_for_its_lease(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    ann = await armed(store, "ann", step(0))
    decider.gate = asyncio.Event()
    victim = worker(store, decider, time)
    task = asyncio.create_task(victim.run())
    await turns_of_the_loop()
    killed(victim, task)
    decider.gate = None
    async with running(worker(store, decider, time)):
        assert decider.fired == [(ann, ClockKind.STEP, START)]


async def test_a_stop_leaves_what_is_not_done_to_nobody(store: CountingStore, time: StepTime, decider: Decider) -> None:
    ann = await armed(store, "ann", step(0))
    decider.gate, other = asyncio.Event(), Decider(store, time)
    leaving = worker(store, decider, time)
    task = asyncio.create_task(leaving.run())
    await turns_of_the_loop()
    await leaving.stop(0)
    await task
    async with running(worker(store, other, time, name="elsewhere")):
        assert other.fired == [(ann, ClockKind.STEP, START)]


async def test_a_message_that_comes_during_a_back_off_is_answered_at_once(
    store: CountingStore, time: StepTime, decider: Decider
) -> None:
    who = Identity(channel="widget", external_id="ann")

    async def writes(external_id: str) -> None:
        arrival = Arrival(identity=who, external_id=external_id, sent_at=time.now(), text="hey")
        due_at = time.now() + timedelta(seconds=300)
        await store.take_in([arrival], now=time.now(), answer_at=time.now(), promise_due_at=due_at)
        hands.wake()
        await turns_of_the_loop()

    decider.poison, hands = {ClockKind.TURN}, worker(store, decider, time)
    async with running(hands):
        await writes("m1")
        decider.poison = set()
        time.set(after(0.5))
        await turns_of_the_loop()
        assert decider.fired == []
        await writes("m2")
        assert [kind for _, kind, _ in decider.fired] == [ClockKind.TURN]


async def test_lateness_is_told_by_kind(store: CountingStore, time: StepTime, decider: Decider) -> None:
    def told() -> float:
        return REGISTRY.get_sample_value("warmline_clock_lateness_seconds_sum", {"kind": "step"}) or 0.0

    before = told()
    await armed(store, "ann", step(0))
    time.step(seconds=7)
    async with running(worker(store, decider, time)):
        assert len(decider.fired) == 1
    assert told() - before == pytest.approx(7)
