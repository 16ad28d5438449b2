"""Workers on a clock that can also be set back, with a stand-in for what decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.clocks import ClockWorker
from bot.conversations import Handled
from bot.core.events import ClockFired, Decision, Event, Inbound
from bot.core.model import Arrival, Clock, ClockKind, Identity, State
from bot.store.contract import Store
from bot.time import HandTime

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
LEASE_S = 10.0


class StepTime(HandTime):
    """A wall clock that is set forwards or back while what sleeps goes on sleeping, as with NTP or a suspended laptop."""

    def step(self, **delta: float) -> None:
        """Set the clock; nobody is woken by that."""
        self._now += timedelta(**delta)

    def awake(self) -> None:
        """Everyone's sleep is over, as after the longest one."""
        while self._sleepers:
            self._sleepers.pop()[2].set()


class Decider:
    """In the place of `Conversations`: ends each clock that fires, notes it, and fails or waits where a test says so."""

    def __init__(self, store: Store, time: HandTime) -> None:
        self._store, self._time = store, time
        self.fired: list[tuple[str, ClockKind, datetime]] = []
        self.poison: set[ClockKind] = set()
        self.gate: asyncio.Event | None = None
        self.at_once = self.most_at_once = 0

    async def handle(self, conversation_id: str, event: Callable[[State], Event | None]) -> Handled:
        """Decide and commit."""
        loaded = await self._store.load(conversation_id)
        happened = event(loaded.state)
        if happened is None:
            return Handled(state=loaded.state)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(0)
            return await self._commit(conversation_id, loaded.version, loaded.state, happened)
        finally:
            self.at_once -= 1

    async def _commit(self, conversation_id: str, version: int, state: State, happened: Event) -> Handled:
        assert isinstance(happened, (ClockFired, Inbound))
        slot = (happened.clock.kind, happened.clock.key) if isinstance(happened, ClockFired) else (ClockKind.TURN, "")
        if slot[0] in self.poison:
            raise RuntimeError("poison")
        left = tuple(clock for clock in state.clocks if (clock.kind, clock.key) != slot)
        unheard = () if isinstance(happened, Inbound) else state.unheard
        heard = tuple(one.message_id for one in state.unheard) if isinstance(happened, Inbound) else ()
        decision = Decision(state=replace(state, clocks=left, unheard=unheard), cancel_clocks=(slot,), heard=heard)
        await self._store.commit(conversation_id, version=version, decision=decision, now=self._time.now())
        self.fired.append((conversation_id, slot[0], self._time.now()))
        return Handled(state=decision.state)


def worker(store: Store, decider: Decider, time: HandTime, *, name: str = "here", at_once: int = 8) -> ClockWorker:
    """A clock worker over the stand-in."""
    return ClockWorker(store, decider, time, name=name, lease_s=LEASE_S, at_once=at_once)  # type: ignore[arg-type]


async def armed(store: Store, person: str, *clocks: Clock) -> str:
    """A conversation in which just these clocks run."""
    who = Identity(channel="widget", external_id=person)
    arrival = Arrival(identity=who, external_id="m1", sent_at=START, text="hey")
    (taken,) = await store.take_in([arrival], now=START, answer_at=START, promise_due_at=START + timedelta(seconds=60))
    loaded = await store.load(taken.conversation_id)
    decision = Decision(
        state=replace(loaded.state, unheard=(), promise=None, clocks=clocks),
        heard=(taken.message_id,),
        cancel_clocks=((ClockKind.TURN, ""), (ClockKind.PROMISE, "")),
        set_clocks=clocks,
    )
    await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=START)
    return taken.conversation_id


def step(seconds: float, key: str = "n1") -> Clock:
    """A step of a flow, due so many seconds after the start."""
    return Clock(kind=ClockKind.STEP, key=key, due_at=START + timedelta(seconds=seconds))


async def turns_of_the_loop(count: int = 60) -> None:
    """Let everything that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)
