"""Loading after a commit gives the state that the decision carries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings

from bot.core.model import Arrival, ClockKind, Say, State, Unsent
from bot.store import open_store
from bot.store.contract import Store, TakenIn
from bot.store.fake import FakeStore
from tests.migrated import migrated_at
from tests.store.generated import Step, stories
from tests.store.story import ANN, T0

SLOTS_OF_INTAKE = ((ClockKind.TURN, ""), (ClockKind.PROMISE, ""))

thorough = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


async def take(store: Store, batch: Sequence[Arrival]) -> list[TakenIn]:
    """Take in, to be answered in 2 s, promised in 60 s."""
    return await store.take_in(batch, now=T0, answer_at=T0 + timedelta(seconds=2), promise_due_at=T0 + timedelta(seconds=60))


async def live_through(store: Store, story: Sequence[Step]) -> list[Any]:
    """Play a story; after each commit the loaded state must be the decided one. Gives back all that was read."""
    (met,) = await take(store, [Arrival(identity=ANN, external_id="first", sent_at=T0)])
    read: list[Any] = []
    for number, step in enumerate(story):
        arriving = [replace(a, external_id=f"{number}-{n}") for n, a in enumerate(step.arriving)]
        if not step.late:
            await take(store, arriving)
        before = await store.load(met.conversation_id)
        decision = step.decide(before.state)
        if step.late:
            await take(store, arriving)
        committed = await store.commit(met.conversation_id, version=before.version, decision=decision, now=T0)
        after = await store.load(met.conversation_id)
        expected = with_what_was_said(decision.state, decision.say, committed.message_ids)
        if step.late and arriving:
            expected = with_what_came_in(expected, after.state, {a.external_id for a in arriving})
        assert after.state == expected
        assert after.version == committed.version == before.version + 1
        read += [before, after, await store.overview(met.conversation_id)]
    tail = [json.loads(event) for event in await store.tracker_tail(met.conversation_id, limit=99)]
    assert tail == [event for step in story for event in step_events(step)]
    lines = await store.journal(met.conversation_id)
    assert [line.entry for line in lines] == [entry for step in story for entry in step.journal]
    read += [tail, lines, await store.episodes(met.conversation_id), await store.counts(now=T0)]
    read += [await store.pending_messages(met.conversation_id), await store.messages(met.conversation_id)]
    read += [await store.due_clocks(now=T0, limit=9), await store.outbox_next_at(channels=("widget",))]
    return read


def step_events(step: Step) -> tuple[dict[str, Any], ...]:
    """The tracker events of a step."""
    return step.tracker_events


def with_what_was_said(state: State, says: Sequence[Say], message_ids: Sequence[int]) -> State:
    """New bubbles wait to be sent under the ids that the commit told; those without a time are due at once."""
    new = (
        Unsent(message_id=message_id, say=replace(say, due_at=say.due_at or T0))
        for message_id, say in zip(message_ids, says, strict=True)
    )
    return replace(state, unsent=(*state.unsent, *new))


def with_what_came_in(expected: State, loaded: State, external_ids: set[str]) -> State:
    """A decision made without new messages does not undo them: they are unheard, promised, and their clocks run."""
    new = [heard for heard in loaded.unheard if heard.external_id in external_ids]
    known = [heard for heard in loaded.unheard if heard.external_id not in external_ids]
    assert {heard.external_id for heard in new} == external_ids
    assert sorted(expected.unheard, key=lambda h: h.message_id) == sorted(known, key=lambda h: h.message_id)
    assert loaded.clock(ClockKind.TURN) is not None
    if expected.promise is None:
        assert loaded.promise is not None
        assert loaded.promise.message_id in {heard.message_id for heard in loaded.unheard}
        clock = loaded.clock(ClockKind.PROMISE)
        assert clock is not None
        assert clock.due_at == loaded.promise.due_at
    others = [clock for clock in loaded.clocks if (clock.kind, clock.key) not in SLOTS_OF_INTAKE]
    assert others == [clock for clock in expected.clocks if (clock.kind, clock.key) not in SLOTS_OF_INTAKE]
    latest = max(heard.at for heard in new)
    return replace(
        expected,
        unheard=loaded.unheard,
        clocks=loaded.clocks,
        promise=expected.promise or loaded.promise,
        last_inbound_at=max(latest, expected.last_inbound_at or latest),
    )


def counting() -> Any:
    """Ids that are the same in every store."""
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


@thorough
@given(story=stories)
def test_every_store_gives_back_what_was_decided_and_all_agree(story: Sequence[Step]) -> None:
    async def play() -> None:
        remembered = await live_through(FakeStore(mint=counting()), story)
        with TemporaryDirectory() as folder:
            store = open_store(migrated_at(Path(folder) / "warmline.db"), mint=counting())
            try:
                stored = await live_through(store, story)
            finally:
                await store.close()
        assert stored == remembered

    asyncio.run(play())
