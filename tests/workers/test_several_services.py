"""Two services on one PostgreSQL: what one leaves, the other finishes, once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bot.app import build
from bot.channels.base import CALL_WITHIN_S, Sent
from bot.core.model import Arrival, Delivery, Identity
from bot.core.window import SendAs
from bot.credentials import Credentials
from bot.fakes.brain import FakeBrain
from bot.parts import load_rules
from bot.service import Service
from bot.settings import Settings
from bot.store import SqlStore, open_store
from bot.store.contract import Outgoing
from tests.service.serving import ROOT
from tests.workers.hands import START, StepTime

WITHIN_S = 60.0
LEASE_S = CALL_WITHIN_S / 2
SETTLE_S = 15.0
LOOK_AGAIN_S = 0.005
BUBBLES = 2
"""A first answer says also that a bot is talking."""


class Phone:
    """A channel out of the house: sending takes a while, and whoever is killed meanwhile does not know what came of it."""

    name, local = "widget", False

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard
        self.calls = 0
        self.gate: asyncio.Event | None = None

    async def send(self, message: Outgoing, send_as: SendAs) -> Sent:
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        self.heard.append(message.key)
        return Sent(external_id=message.key)

    async def typing(self, *_: object, **__: object) -> None:
        """Nobody looks."""

    async def seen(self, *_: object) -> None:
        """Nobody looks."""

    async def close(self) -> None:
        """Nothing is held."""


class Place:
    """A service of its own name, brain and connections; its workers run when a test says so."""

    def __init__(self, service: Service, brain: FakeBrain, phone: Phone) -> None:
        self.service, self.brain, self.phone = service, brain, phone
        self.store = service.store
        self.tasks: list[asyncio.Task[None]] = []

    def run(self, *, clocks: bool = True, outbox: bool = True) -> None:
        """Let it work."""
        workers = [self.service.clocks] * clocks + [self.service.delivery] * outbox
        self.tasks += [asyncio.create_task(worker.run()) for worker in workers]

    def wake(self) -> None:
        self.service.clocks.wake()
        self.service.delivery.wake()

    def kill(self) -> None:
        """As kill -9 leaves it: nothing more is done, nothing is let go of."""
        for task in self.tasks:
            task.cancel()
        for worker in (self.service.clocks, self.service.delivery):
            for hand in worker._hands.values():
                hand.cancel()


@pytest.fixture
def time() -> StepTime:
    return StepTime(START)


@pytest.fixture
async def places(postgres_url: str, tmp_path: Path, time: StepTime) -> AsyncIterator[tuple[Place, Place]]:
    """Two services that speak with the same people."""
    heard: list[str] = []
    async with (
        placed(postgres_url, tmp_path / "one", time, heard) as one,
        placed(postgres_url, tmp_path / "two", time, heard) as two,
    ):
        yield one, two


@asynccontextmanager
async def placed(url: str, home: Path, time: StepTime, heard: list[str]) -> AsyncIterator[Place]:
    settings = Settings(
        home=home, flows=ROOT / "flows", promises=ROOT / "promises.yml", pacing="instant", lease_s=LEASE_S, settle_s=SETTLE_S
    )
    brain, store = FakeBrain(), open_store(url)
    service = build(
        settings, credentials=Credentials.model_validate({"widget": None}), rules=load_rules(settings), store=store, brain=brain,
        time=time, rng=Random(3),
    )  # fmt: skip
    phone = Phone(heard)
    service.channels["widget"] = phone  # type: ignore[assignment]
    place = Place(service, brain, phone)
    await service.published.open(time.now())
    try:
        yield place
    finally:
        place.kill()
        await asyncio.gather(*place.tasks, return_exceptions=True)
        await service.background.stop()
        await store.close()


async def write(store: object, *people: str, text: str = "hello") -> list[str]:
    """Everybody writes, to be answered at once; gives the conversations."""
    assert isinstance(store, SqlStore)
    arrivals = [
        Arrival(identity=Identity(channel="widget", external_id=who), external_id=f"m-{who}", sent_at=START, text=text)
        for who in people
    ]
    taken = await store.take_in(arrivals, now=START, answer_at=START, promise_due_at=START + timedelta(seconds=600))
    return [one.conversation_id for one in taken]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that real input and output take a moment for."""
    async with asyncio.timeout(WITHIN_S):
        for _ in iter(true, True):
            await asyncio.sleep(LOOK_AGAIN_S)


async def settled(place: Place, time: StepTime, *, unknown_since: datetime) -> None:
    """Let time pass, second by second, until all is said: no echo comes, so after a while it is sent again."""
    async with asyncio.timeout(WITHIN_S):
        for _ in itertools.takewhile(lambda _: len(place.phone.heard) < BUBBLES, itertools.count()):
            time.set(time.now() + timedelta(seconds=1))
            place.wake()
            await asyncio.sleep(0.02)
    assert time.now() - unknown_since >= timedelta(seconds=SETTLE_S)


async def looked(place: Place) -> None:
    """Until a place has looked for work and sleeps again."""
    for _ in range(2):
        place.wake()
        await until(lambda: not place.service.clocks._woken.is_set() and not place.service.delivery._woken.is_set())
    await asyncio.sleep(0.1)


async def test_a_service_killed_between_timer_and_action_leaves_one_effect(places: tuple[Place, Place], time: StepTime) -> None:
    first, second = places
    (conversation_id,) = await write(first.store, "ann")
    first.brain.held = asyncio.Event()
    first.run()
    await until(lambda: len(first.brain.asked) == 1)
    first.kill()
    second.run()
    await looked(second)
    assert second.brain.asked == []
    time.set(START + timedelta(seconds=LEASE_S))
    await until(lambda: len(second.phone.heard) == BUBBLES)
    await looked(second)
    assert (len(second.brain.asked), len(set(second.phone.heard))) == (1, BUBBLES)
    assert len(second.phone.heard) == BUBBLES
    state = (await second.store.load(conversation_id)).state
    assert (state.turns, state.unheard, state.promise) == (1, (), None)


async def test_a_service_that_was_only_stopped_finds_its_work_done(places: tuple[Place, Place], time: StepTime) -> None:
    """SIGSTOP, or a laptop's lid: it wakes in the middle of a turn that another has finished since."""
    first, second = places
    (conversation_id,) = await write(first.store, "ann")
    first.brain.held = asyncio.Event()
    first.run()
    await until(lambda: len(first.brain.asked) == 1)
    for task in first.tasks:
        task.cancel()
    second.run()
    time.set(START + timedelta(seconds=LEASE_S))
    await until(lambda: len(second.phone.heard) == BUBBLES)
    first.brain.held.set()
    await until(lambda: first.service.clocks.in_hand == 0)
    await looked(second)
    loaded = await second.store.load(conversation_id)
    assert (loaded.version, loaded.state.turns, len(second.phone.heard)) == (1, 1, BUBBLES)


async def test_a_service_killed_between_commit_and_send_leaves_one_message(places: tuple[Place, Place], time: StepTime) -> None:
    first, second = places
    (conversation_id,) = await write(first.store, "ann")
    first.run(outbox=False)
    await until(lambda: first.service.clocks.in_hand == 0 and len(first.brain.asked) == 1)
    assert await first.store.unsent_count(conversation_id) == BUBBLES
    until_at = START + timedelta(seconds=LEASE_S)
    claim = {"worker": first.service.delivery.name, "now": START, "until": until_at, "limit": 9, "channels": ("widget",)}
    assert len(await first.store.claim_outbox(**claim)) == 1  # type: ignore[arg-type]
    first.kill()
    second.run()
    await looked(second)
    assert second.phone.heard == []
    time.set(until_at)
    second.wake()
    await until(lambda: len(second.phone.heard) == BUBBLES)
    await looked(second)
    assert (second.phone.calls, len(set(second.phone.heard))) == (BUBBLES, BUBBLES)


async def test_a_service_killed_while_it_sends_leaves_the_rest_to_the_echo(places: tuple[Place, Place], time: StepTime) -> None:
    first, second = places
    (conversation_id,) = await write(first.store, "ann")
    first.phone.gate = asyncio.Event()
    first.run()
    await until(lambda: first.phone.calls == 1)
    first.kill()
    second.run()
    time.set(START + timedelta(seconds=LEASE_S))
    second.wake()
    async with asyncio.timeout(WITHIN_S):
        for _ in itertools.count():
            if (await second.store.pending_messages(conversation_id))[0].delivery is Delivery.QUEUED:
                break
            second.wake()
            await asyncio.sleep(LOOK_AGAIN_S)
    assert second.phone.heard == []
    # The platform may still act on the call of the dead for as long as a call may take.
    await settled(second, time, unknown_since=START + timedelta(seconds=CALL_WITHIN_S))
    await looked(second)
    assert second.phone.calls == len(set(second.phone.heard)) == BUBBLES


async def test_a_service_that_was_stopped_for_longer_than_its_lease_does_not_send(
    places: tuple[Place, Place], time: StepTime
) -> None:
    """Stopped between marking and calling: another may be waiting for the echo by now, so nothing may follow."""
    first, second = places
    await write(first.store, "ann")
    marked = first.store.mark_sending

    async def then_stopped(message_id: int, **asked: object) -> bool:
        held = await marked(message_id, **asked)  # type: ignore[arg-type]
        time.step(seconds=LEASE_S)
        return held

    first.store.mark_sending = then_stopped  # type: ignore[method-assign]
    first.run()
    await until(lambda: time.now() > START)
    first.kill()
    lapsed_at = time.now()
    assert (first.phone.calls, first.phone.heard) == (0, [])
    second.run()
    time.set(time.now() + timedelta(seconds=LEASE_S + 1))
    await looked(second)
    await settled(second, time, unknown_since=lapsed_at)
    assert second.phone.calls == len(set(second.phone.heard)) == BUBBLES


async def test_two_services_share_what_is_due_and_each_clock_has_one_effect(places: tuple[Place, Place]) -> None:
    first, second = places
    people = [f"p{n}" for n in range(150)]
    conversations = await write(first.store, *people)
    first.run()
    second.run()
    bubbles = len(people) * BUBBLES
    await until(lambda: len(first.phone.heard) >= bubbles)
    await looked(first)
    await looked(second)
    assert len(first.phone.heard) == len(set(first.phone.heard)) == bubbles
    assert len(first.brain.asked) + len(second.brain.asked) == len(people)
    assert first.brain.asked
    assert second.brain.asked
    for conversation_id in conversations[:10]:
        assert (await first.store.load(conversation_id)).version == 1


async def test_a_stop_leaves_the_rest_to_others_at_once(places: tuple[Place, Place]) -> None:
    first, second = places
    await write(first.store, "ann")
    first.brain.held = asyncio.Event()
    first.run()
    await until(lambda: len(first.brain.asked) == 1)
    await first.service.clocks.stop(0)
    second.run()
    await until(lambda: len(second.phone.heard) == BUBBLES)


async def test_ten_thousand_people_at_one_step_are_ten_thousand_clocks(postgres_url: str) -> None:
    """Rasa names a reminder after its step: the second person's replaces the first's."""
    stores = [open_store(postgres_url) for _ in range(2)]
    people = 10_000
    for start in range(0, people, 500):
        await write(stores[0], *(f"p{n}" for n in range(start, start + 500)))

    fired: dict[str, list[str]] = {"one": [], "two": []}

    async def drain(store: SqlStore, name: str) -> None:
        while True:
            claimed = await store.claim_clocks(
                worker=f"{name}/{len(fired[name])}", now=START, until=START + timedelta(seconds=60), limit=500
            )
            if not claimed:
                return
            fired[name] += [due.conversation_id for due in claimed]

    await asyncio.gather(drain(stores[0], "one"), drain(stores[1], "two"))
    everyone = fired["one"] + fired["two"]
    assert len(everyone) == len(set(everyone)) == people
    for store in stores:
        await store.close()
