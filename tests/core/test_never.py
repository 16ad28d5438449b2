"""What may never happen, over random histories: prospects, brains, agents, clocks and deliveries in any order.

Each step goes through a store, so the state that `decide` returned is also compared with the state that is loaded after it.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import never
from bot.core.decide import Rules, decide
from bot.core.draft import joined
from bot.core.events import (
    AgentGaveBack,
    AgentLeft,
    AgentsChanged,
    AgentTook,
    AgentTransferred,
    AgentUndid,
    AgentWrote,
    BrainAnswered,
    BrainFailed,
    ClockFired,
    Decision,
    DeliveryFailed,
    Event,
    ForeignEcho,
    Inbound,
)
from bot.core.interrupt import HELD_BACK
from bot.core.model import AgentRef, Arrival, Attachment, ClockKind, CommandRefused, Delivery, Identity, State
from bot.core.pacing import Pacing
from bot.delivery import refused
from bot.fakes.brain import FakeBrain
from bot.store import open_store
from bot.store.contract import Store
from bot.store.fake import FakeStore
from handoff.desk import Desk, Seat
from nurture.engine import Nurture, Persona
from nurture.load import load_flows
from tests.core.conversing import NOW, POLICY, ROOT
from tests.migrated import migrated_at

RULES = Rules(
    policy=POLICY,
    nurture=Nurture(flows=load_flows(ROOT / "flows"), persona=Persona(name="Juno", business="Sundial"), default_zone="UTC"),
    pacing=Pacing(),
    undo_send_s=5.0,
)
ANNA = Identity(channel="facebook", external_id="anna")
SAM, KIM = AgentRef(agent_id="a_sam", name="Sam"), AgentRef(agent_id="a_kim", name="Kim")
WORDS = [
    "hi",
    "i sell candles",
    "how much is it",
    "person please",
    "this is terrible",
    "stop",
    "start",
    "yes",
    "asdf",
    "0151 2345678",
]
PAYLOADS = ["/warmline.wait", "/warmline.callback", "/warmline.book", "/warmline.bot", "/greet"]

STEPS = st.one_of(
    st.tuples(st.just("hear"), st.sampled_from(WORDS)),
    st.tuples(st.just("hear"), st.sampled_from(WORDS)),
    st.tuples(st.just("tap"), st.sampled_from(PAYLOADS)),
    st.tuples(st.just("photo"), st.just("")),
    st.tuples(st.just("wind"), st.sampled_from([1, 5, 30, 61, 400, 4000, 90_000])),
    st.tuples(st.just("wind"), st.sampled_from([1, 5, 30])),
    st.tuples(st.just("brain"), st.sampled_from(["up", "down"])),
    st.tuples(st.just("desk"), st.sampled_from(["none", "sam", "both"])),
    st.tuples(st.just("take"), st.sampled_from([SAM, KIM])),
    st.tuples(st.just("write"), st.sampled_from([SAM, KIM])),
    st.tuples(st.just("give back"), st.sampled_from([SAM, KIM])),
    st.tuples(st.just("undo"), st.sampled_from(["send", "take", "give_back", "transfer", "snooze"])),
    st.tuples(st.just("pass on"), st.sampled_from([SAM, KIM])),
    st.tuples(st.just("left"), st.sampled_from([SAM, KIM])),
    st.tuples(st.just("native"), st.just("")),
    st.tuples(st.just("deliver"), st.integers(1, 4)),
    st.tuples(st.just("lose"), st.sampled_from(["window", "unreachable", "rejected"])),
)


class History:
    """One conversation's life, step by step."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.now = store, NOW
        self.rng = Random(seed)
        self.brain = FakeBrain()
        self.up = True
        self.desk = Desk(seats=())
        self.conversation_id: str | None = None
        self.numbers = itertools.count(1)
        self.sent_keys: list[str] = []
        self.latest_key = ""

    def decided(self, state: State, event: Event) -> Decision:
        return decide(
            state, event, now=self.now, rng=self.rng, new_id=lambda p: f"{p}_{next(self.numbers)}", rules=RULES, desk=self.desk
        )

    async def happen(self, event: Event) -> None:
        assert self.conversation_id is not None
        loaded = await self.store.load(self.conversation_id)
        try:
            decision = self.decided(loaded.state, event)
        except CommandRefused:
            return
        if decision.ask_brain is not None:
            ask = decision.ask_brain
            if self.up:
                answer = await self.brain.turn(self.conversation_id, "facebook", ask, ())
                after: Event = BrainAnswered(ask=ask, answer=answer)
            else:
                after = BrainFailed(ask=ask, error="away")
            decision = joined(decision, self.decided(decision.state, after))
        await self.store.commit(self.conversation_id, version=loaded.version, decision=decision, now=self.now)
        again = (await self.store.load(self.conversation_id)).state
        assert comparable(again) == comparable(decision.state)
        assert [
            *never.of_state(again),
            *never.of_decision(loaded.state, decision),
            *never.early(loaded.state, decision, self.now),
        ] == []

    async def step(self, kind: str, what: Any) -> None:
        if kind in ("hear", "tap", "photo"):
            await self.hear(kind, what)
        elif kind == "wind":
            await self.wind(what)
        elif kind == "brain":
            self.up = what == "up"
        elif self.conversation_id is not None:
            await self.act(kind, what)

    async def hear(self, kind: str, what: str) -> None:
        said: dict[str, Any] = {"text": what} if kind == "hear" else {"payload": what}
        if kind == "photo":
            said = {"attachments": (Attachment(kind="image", url="https://example.com/x.jpg"),)}
        arrival = Arrival(identity=ANNA, external_id=f"m{next(self.numbers)}", sent_at=self.now, **said)
        [taken] = await self.store.take_in(
            [arrival], now=self.now, answer_at=self.now + timedelta(seconds=1), promise_due_at=self.now + timedelta(seconds=20)
        )
        self.conversation_id = taken.conversation_id
        assert [*never.of_state((await self.store.load(taken.conversation_id)).state)] == []

    async def act(self, kind: str, what: Any) -> None:
        match kind:
            case "desk":
                people = {"none": (), "sam": (SAM,), "both": (SAM, KIM)}[what]
                self.desk = Desk(
                    seats=tuple(Seat(agent_id=p.agent_id, name=p.name, presence="online", load=0, capacity=4) for p in people)
                )
                await self.happen(AgentsChanged())
            case "take":
                await self.happen(AgentTook(agent=what))
            case "write":
                self.latest_key = f"k{next(self.numbers)}"
                await self.happen(AgentWrote(agent=what, text="hello from a person", client_key=self.latest_key))
            case "give back":
                await self.happen(AgentGaveBack(agent=what, summary="talked"))
            case "pass on":
                await self.happen(AgentTransferred(agent=what, to=KIM if what == SAM else SAM))
            case "undo":
                for agent in (SAM, KIM):
                    await self.happen(AgentUndid(agent=agent, act=what, client_key=self.latest_key))
            case "left":
                await self.happen(AgentLeft(agent_id=what.agent_id))
            case "native":
                await self.happen(ForeignEcho(text="hi from the inbox", app_id=None, at=self.now))
            case "deliver":
                for _ in range(what):
                    await self.deliver()
            case "lose":
                await self.happen(DeliveryFailed(message_id=1, error=what))

    async def wind(self, seconds: int) -> None:
        end = self.now + timedelta(seconds=seconds)
        for _ in range(400):
            at = await self.store.next_due_at()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            for due in await self.store.due_clocks(now=self.now, limit=50):
                state = (await self.store.load(due.conversation_id)).state
                running = state.clock(due.clock.kind, due.clock.key)
                if running is None or running.due_at > self.now:
                    continue
                if running.kind is ClockKind.TURN and state.unheard:
                    await self.happen(Inbound(messages=state.unheard))
                else:
                    await self.happen(ClockFired(clock=running))
        self.now = end

    async def deliver(self) -> None:
        claim = {"worker": "w", "now": self.now, "until": self.now + timedelta(seconds=10)}
        for out in await self.store.claim_outbox(**claim, limit=1, channels=("facebook",)):
            state = (await self.store.load(out.conversation_id)).state
            if refused(out):
                await self.store.mark_unsendable(out.message_id, delivery=Delivery.REFUSED, error="x", now=self.now)
                continue
            as_claimed = {"now": self.now, "opted_out_at": out.opted_out_at}
            if not await self.store.mark_sending(out.message_id, worker="w", **as_claimed):
                assert out.say.speaker in HELD_BACK, "only our own words are interrupted between a look and a mark in one step"
                assert state.unheard
                continue
            await self.store.mark_sent(out.message_id, external_id=f"x{out.message_id}", **as_claimed)
            assert out.key not in self.sent_keys, "I4: sent twice"
            self.sent_keys.append(out.key)
            assert [*never.of_send(state, out.say.speaker, out.say.wording or "")] == []


def comparable(state: State) -> State:
    """Without what the store adds by itself: ids of new unsent bubbles, and order of clocks."""
    return replace(state, unsent=(), clocks=tuple(sorted(state.clocks, key=lambda c: (c.kind, c.key))))


async def live(store: Store, seed: int, steps: list[tuple[str, Any]]) -> None:
    history = History(store, seed)
    await history.step("hear", "hi")
    for kind, what in steps:
        await history.step(kind, what)
    await history.wind(200_000)


@settings(max_examples=90, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=30), seed=st.integers(0, 9))
def test_no_history_breaks_a_row(steps: list[tuple[str, Any]], seed: int) -> None:
    asyncio.run(live(FakeStore(), seed, steps))


@pytest.mark.parametrize("seed", range(6))
async def test_long_histories_on_the_durable_store(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    kinds: list[tuple[str, list[Any]]] = [
        ("hear", WORDS), ("hear", WORDS), ("tap", PAYLOADS), ("wind", [1, 5, 30, 61, 400, 90_000]), ("wind", [2, 8]),
        ("brain", ["up", "up", "down"]), ("desk", ["none", "sam", "both"]), ("take", [SAM, KIM]), ("write", [SAM, KIM]),
        ("give back", [SAM, KIM]), ("pass on", [SAM, KIM]), ("undo", ["send", "take", "give_back", "transfer"]),
        ("left", [SAM, KIM]), ("deliver", [1, 3]), ("native", [""]),
    ]  # fmt: skip
    steps = [(kind, rng.choice(options)) for kind, options in rng.choices(kinds, k=60)]
    store = open_store(migrated_at(tmp_path / "w.db"))
    try:
        await live(store, seed, steps)
    finally:
        await store.close()
