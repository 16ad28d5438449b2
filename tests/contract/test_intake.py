"""What every store must do with what comes in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from bot.core.events import Decision
from bot.core.model import Arrival, Attachment, ClockKind, Owner, Promise
from bot.store.contract import Store, StoreError
from tests.contract.acts import ANN, BEN, T0, TURN, arrival, at, met, take


class TestIntake:
    """What came in is kept once, in order, and owed an answer."""

    async def test_a_first_message_makes_a_conversation_with_promise_and_clocks(self, store: Store) -> None:
        sent = Arrival(
            identity=ANN,
            external_id="m1",
            sent_at=at(-1),
            text="hello",
            payload="HI",
            attachments=(Attachment(kind="image", url="https://x.test/a.png", title="A"),),
            metadata={"referral": {"ref": "ad-7"}, "locale": "de_DE"},
        )
        (taken,) = await take(store, sent)
        assert (taken.seq, taken.new, taken.new_conversation) == (1, True, True)
        loaded = await store.load(taken.conversation_id)
        state = loaded.state
        (heard,) = state.unheard
        assert loaded.version == 0
        assert state.identity == ANN
        assert (state.owner, state.owner_version, state.created_at) == (Owner.BOT, 1, T0)
        assert state.last_inbound_at == at(-1)
        assert state.promise == Promise(opened_at=at(-1), due_at=at(60), message_id=taken.message_id)
        assert [(clock.kind, clock.due_at) for clock in state.clocks] == [
            (ClockKind.PROMISE, at(60)),
            (ClockKind.TURN, at(2)),
        ]
        assert (heard.message_id, heard.external_id, heard.at) == (taken.message_id, "m1", at(-1))
        assert (heard.text, heard.payload, heard.attachments) == (sent.text, sent.payload, sent.attachments)
        assert heard.metadata == sent.metadata
        assert await store.find_conversation(ANN) == taken.conversation_id
        assert await store.find_conversation(BEN) is None

    async def test_a_repeat_changes_nothing(self, store: Store) -> None:
        (first,) = await take(store, arrival("m1"))
        before = await store.load(first.conversation_id)
        (again,) = await take(store, arrival("m1", text="changed"), now=30)
        assert again == replace(first, new=False, new_conversation=False)
        assert await store.load(first.conversation_id) == before

    async def test_a_repeat_after_the_answer_opens_nothing(self, store: Store) -> None:
        conversation_id = await met(store)
        (again,) = await take(store, arrival("first"), now=30)
        state = (await store.load(conversation_id)).state
        assert not again.new
        assert (state.promise, state.clocks, state.unheard) == (None, (), ())

    async def test_one_batch_holds_several_people_repeats_and_any_order(self, store: Store) -> None:
        await take(store, arrival("old", who=BEN))
        taken = await take(
            store,
            arrival("a2", sent=5),
            arrival("old", who=BEN, sent=0),
            arrival("b2", who=BEN, sent=4),
            arrival("a1", sent=3),
            arrival("a2", sent=5),
            now=6,
        )
        assert [t.new for t in taken] == [True, False, True, True, False]
        assert [t.new_conversation for t in taken] == [False, False, False, True, False]
        assert [t.seq for t in taken] == [2, 1, 2, 1, 2]
        assert taken[0].conversation_id == taken[3].conversation_id != taken[1].conversation_id
        assert taken[4].message_id == taken[0].message_id
        state = (await store.load(taken[0].conversation_id)).state
        assert [heard.external_id for heard in state.unheard] == ["a1", "a2"]
        assert state.promise is not None
        assert state.promise.message_id == taken[3].message_id
        assert state.last_inbound_at == at(5)

    async def test_an_empty_batch_is_nothing(self, store: Store) -> None:
        assert await take(store) == []

    async def test_the_same_id_from_two_people_is_two_messages(self, store: Store) -> None:
        first, second = await take(store, arrival("1"), arrival("1", who=BEN))
        assert first.new
        assert second.new
        assert first.message_id != second.message_id

    async def test_late_arrivals_are_heard_in_the_order_they_were_sent(self, store: Store) -> None:
        (late,) = await take(store, arrival("second", sent=10), now=10)
        await take(store, arrival("first", sent=9), now=11)
        state = (await store.load(late.conversation_id)).state
        assert [heard.external_id for heard in state.unheard] == ["first", "second"]
        assert state.last_inbound_at == at(10)

    async def test_a_growing_burst_moves_the_turn_but_not_past_the_promise(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        await take(store, arrival("m2", sent=1), now=1)
        state = (await store.load(taken.conversation_id)).state
        assert state.promise is not None
        assert state.promise.due_at == at(60)
        turn = state.clock(*TURN)
        assert turn is not None
        assert turn.due_at == at(3)
        await take(store, arrival("m3", sent=59), now=59)
        turn = (await store.load(taken.conversation_id)).state.clock(*TURN)
        assert turn is not None
        assert turn.due_at == at(60)

    async def test_a_burst_after_a_broken_promise_still_waits_its_moment(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        loaded = await store.load(taken.conversation_id)
        keep_waiting = Decision(
            state=replace(loaded.state, unheard=(), clocks=(loaded.state.clocks[0],)),
            heard=(taken.message_id,),
            cancel_clocks=(TURN,),
        )
        await store.commit(taken.conversation_id, version=loaded.version, decision=keep_waiting, now=at(3))
        await take(store, arrival("m2", sent=100), now=100)
        turn = (await store.load(taken.conversation_id)).state.clock(*TURN)
        assert turn is not None
        assert turn.due_at == at(102)

    async def test_the_same_message_taken_in_twice_at_once_is_stored_once(self, store: Store) -> None:
        taken = await asyncio.gather(*(take(store, arrival("m1")) for _ in range(8)))
        assert sum(batch[0].new for batch in taken) == 1
        assert len({batch[0].conversation_id for batch in taken}) == 1
        assert len(await store.messages(taken[0][0].conversation_id)) == 1

    async def test_an_ahead_clock_does_not_move_the_wait_into_the_future(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1", sent=3600), now=0)
        promise = (await store.load(taken.conversation_id)).state.promise
        assert promise is not None
        assert promise.opened_at == T0

    async def test_half_an_emoji_and_nul_are_stored_as_replacement_signs(self, store: Store) -> None:
        broken = replace(
            arrival("m1", text="cut \ud83d\x00 off"), payload="\ud83d", metadata={"title\x00": ["\ude00", "ok \U0001f600"]}
        )
        (taken,) = await take(store, broken)
        (heard,) = (await store.load(taken.conversation_id)).state.unheard
        assert heard.text == "cut \ufffd\ufffd off"
        assert heard.payload == "\ufffd"
        assert heard.metadata == {"title\ufffd": ["\ufffd", "ok \U0001f600"]}

    async def test_a_moment_without_a_zone_is_refused_and_nothing_is_stored(self, store: Store) -> None:
        naive = replace(arrival("m2"), sent_at=datetime(2026, 11, 22, 9))  # noqa: DTZ001
        with pytest.raises((StoreError, TypeError)):
            await take(store, arrival("m1"), naive)
        assert await store.find_conversation(ANN) is None

    async def test_moments_come_back_in_utc(self, store: Store) -> None:
        berlin = timezone(timedelta(hours=1))
        (taken,) = await take(store, replace(arrival("m1"), sent_at=T0.astimezone(berlin)))
        (heard,) = (await store.load(taken.conversation_id)).state.unheard
        assert heard.at == T0
