"""What every store must do when a turn loads a conversation and commits what was decided."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from bot.core.events import Decision, JournalEntry
from bot.core.model import Clock, ClockKind, Owner, Promise, State, Window
from bot.store.contract import AlreadyExists, Committed, NotFound, Store, VersionConflict
from tests.contract.acts import (
    ANN,
    MIA,
    T0,
    answer,
    arrival,
    at,
    bot,
    change,
    enrolment,
    heard_all,
    met,
    sending,
    take,
    waiting_episode,
)


class TestTurns:
    """A commit is whole, and undoes nothing that happened meanwhile."""

    async def test_what_was_committed_is_loaded(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        step = Clock(kind=ClockKind.STEP, key="n1", due_at=at(90), data={"step": "hello"})
        state = replace(
            loaded.state,
            owner=Owner.WAITING,
            owner_version=2,
            slots={"topic": "shoes", "nested": {"a": [1, 2.5, None, True]}},
            tags=("lead", "ünïcode"),
            enrolments=(enrolment("n0", status="done"), enrolment("n1")),
            episode=waiting_episode(),
            clocks=(step,),
            window=Window(opened_at=T0, closes_at=at(86_400)),
            wordings=("utter_a", "welcome/hello#b"),
            flow_sent_at=(at(1), at(2)),
            asking="callback_number",
            turns=4,
        )
        decision = Decision(state=state, set_clocks=(step,))
        committed = await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(5))
        assert committed == Committed(version=loaded.version + 1)
        assert (await store.load(conversation_id)).state == state

    async def test_a_stale_version_conflicts_and_changes_nothing(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        await change(store, conversation_id, turns=1)
        before = await store.load(conversation_id)
        late = Decision(
            state=replace(loaded.state, turns=9),
            say=(bot("late"),),
            tracker_events=({"event": "late"},),
            journal=(JournalEntry(kind="late", at=T0),),
            set_clocks=(Clock(kind=ClockKind.STEP, due_at=T0),),
        )
        with pytest.raises(VersionConflict):
            await store.commit(conversation_id, version=loaded.version, decision=late, now=T0)
        assert await store.load(conversation_id) == before
        assert await store.pending_messages(conversation_id) == []
        assert await store.tracker_tail(conversation_id, limit=9) == []
        assert await store.journal(conversation_id) == []

    async def test_of_two_commits_at_once_one_wins(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        decisions = [Decision(state=loaded.state, say=(bot(str(n)),)) for n in range(4)]
        results = await asyncio.gather(
            *(store.commit(conversation_id, version=loaded.version, decision=d, now=T0) for d in decisions),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Committed) for result in results) == 1
        assert sum(isinstance(result, VersionConflict) for result in results) == 3
        assert await store.unsent_count(conversation_id) == 1

    async def test_an_unknown_conversation_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.load("nobody")
        with pytest.raises(NotFound):
            await store.overview("nobody")
        state = State(conversation_id="nobody", identity=ANN, created_at=T0)
        with pytest.raises(NotFound):
            await store.commit("nobody", version=0, decision=Decision(state=state), now=T0)
        with pytest.raises(NotFound):
            await store.add_note("nobody", agent=MIA, text="?", now=T0)
        assert await store.messages("nobody") == []
        assert await store.tracker_tail("nobody", limit=5) == []

    async def test_a_turn_that_commits_while_a_message_arrives_keeps_it_owed(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        loaded = await store.load(taken.conversation_id)
        (newer,) = await take(store, arrival("m2", sent=10), now=10)
        decision = heard_all(loaded.state, bot("Hi!"))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=at(11))
        state = (await store.load(taken.conversation_id)).state
        assert [heard.external_id for heard in state.unheard] == ["m2"]
        assert state.promise == Promise(opened_at=at(10), due_at=at(70), message_id=newer.message_id)
        assert {(clock.kind, clock.due_at) for clock in state.clocks} == {
            (ClockKind.TURN, at(12)),
            (ClockKind.PROMISE, at(70)),
        }

    async def test_a_promise_opened_while_something_else_was_decided_stays_open(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        await take(store, arrival("m2", sent=10), now=10)
        during = (await store.load(conversation_id)).state
        decision = Decision(state=replace(loaded.state, tags=("lead",)))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(11))
        assert (await store.load(conversation_id)).state == replace(during, tags=("lead",))

    async def test_delivery_between_load_and_commit_is_not_undone(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        loaded = await store.load(conversation_id)
        await sending(store, message_id, now=at(3))
        await store.mark_sent(message_id, now=at(4), external_id="x1")
        await store.commit(conversation_id, version=loaded.version, decision=Decision(state=loaded.state), now=at(5))
        state = (await store.load(conversation_id)).state
        assert state.last_outbound_at == at(4)
        assert state.unsent == ()

    async def test_clocks_are_set_moved_and_cancelled(self, store: Store) -> None:
        conversation_id = await met(store)
        step, rung = Clock(kind=ClockKind.STEP, key="a", due_at=at(9)), Clock(kind=ClockKind.RUNG, due_at=at(8))
        state = replace((await store.load(conversation_id)).state, clocks=(step, rung))
        await store.commit(conversation_id, version=1, decision=Decision(state=state, set_clocks=(step, rung)), now=T0)
        moved = replace(step, due_at=at(5), data={"again": True})
        state = replace(state, clocks=(moved,))
        decision = Decision(state=state, set_clocks=(moved,), cancel_clocks=((ClockKind.RUNG, ""), (ClockKind.ACCEPT, "x")))
        await store.commit(conversation_id, version=2, decision=decision, now=T0)
        assert (await store.load(conversation_id)).state.clocks == (moved,)

    async def test_a_person_is_live_in_a_flow_once(self, store: Store) -> None:
        conversation_id = await met(store)
        await change(store, conversation_id, enrolments=(enrolment("n1"),))
        before = await store.load(conversation_id)
        with pytest.raises(AlreadyExists):
            await change(store, conversation_id, enrolments=(enrolment("n1"), enrolment("n2")))
        with pytest.raises(AlreadyExists):
            await change(store, conversation_id, enrolments=(enrolment("n2"),))
        assert await store.load(conversation_id) == before
        both = (enrolment("n2"), enrolment("n1", status="done"))
        await change(store, conversation_id, enrolments=both)
        assert (await store.load(conversation_id)).state.enrolments == both

    async def test_tracker_events_keep_their_order(self, store: Store) -> None:
        conversation_id = await met(store)
        for start in (0, 3):
            loaded = await store.load(conversation_id)
            events = tuple({"event": "user", "n": n, "text": "ü"} for n in range(start, start + 3))
            decision = Decision(state=loaded.state, tracker_events=events)
            await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        assert [json.loads(event)["n"] for event in await store.tracker_tail(conversation_id, limit=4)] == [2, 3, 4, 5]
        assert [json.loads(event)["n"] for event in await store.tracker_tail(conversation_id, limit=99)] == [0, 1, 2, 3, 4, 5]
        assert await store.tracker_tail(conversation_id, limit=0) == []
