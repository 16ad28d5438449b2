"""What every store must hand to delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision
from bot.core.model import Delivery, Identity, Owner, Say, Speaker, Window
from bot.store.contract import Store, VersionConflict
from tests.contract.acts import ANN, BEN, ME, T0, answer, arrival, at, bot, change, claim_out, due, met, sending, take


class TestOutbox:
    """In order, once, and never what may no longer be said."""

    async def test_nothing_overtakes_within_a_conversation(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = (await answer(store, conversation_id, bot("one", due=5), bot("two", due=1))).message_ids
        assert await due(store, 4) == []
        assert await store.outbox_next_at(channels=("widget",)) == at(5)
        assert await store.outbox_next_at(channels=("widget",), after=at(5)) is None
        (out,) = await due(store, 6)
        assert out.message_id == first
        await sending(store, first, now=at(6))
        (out,) = await due(store, 7)
        assert (out.message_id, out.delivery, out.attempts) == (first, Delivery.SENDING, 1)
        await store.mark_retry(first, worker=ME, due_at=at(20), error="rate limit")
        assert await due(store, 8) == []
        assert await store.outbox_next_at(channels=("widget",)) == at(20)
        await sending(store, first, now=at(20))
        await store.mark_sent(first, now=at(21), external_id="x1")
        (out,) = await due(store, 21)
        assert (out.message_id, out.delivery, out.attempts) == (second, Delivery.QUEUED, 0)

    async def test_the_outbox_gives_one_message_of_each_conversation(self, store: Store) -> None:
        other = Identity(channel="rest", external_id="cy")
        ann, ben, cy = await met(store), await met(store, BEN), await met(store, other)
        for conversation_id, when in ((ann, 3), (ben, 2), (cy, 1)):
            await answer(store, conversation_id, bot("one", due=when), bot("two", due=when))
        assert [out.conversation_id for out in await due(store, 9)] == [ben, ann]
        assert [out.conversation_id for out in await due(store, 9, channels=("rest", "widget"))] == [cy, ben, ann]
        assert [out.conversation_id for out in await due(store, 9, limit=1)] == [ben]
        left = await store.outbox_due(now=at(9), limit=1, channels=("widget",), skip=frozenset({ben}))
        assert [out.conversation_id for out in left] == [ann]
        assert await store.outbox_next_at(channels=("rest",)) == at(1)
        assert await store.outbox_next_at(channels=()) is None
        assert await due(store, 9, channels=()) == []

    async def test_an_outgoing_message_says_what_its_channel_must_know(self, store: Store) -> None:
        conversation_id = await met(store)
        window = Window(opened_at=T0, closes_at=at(86_400))
        await change(store, conversation_id, window=window, opted_out_at=at(1))
        await answer(store, conversation_id, bot("one"), bot("two"))
        (out,) = await due(store, 5)
        assert (out.identity, out.conversation_id, out.say) == (ANN, conversation_id, bot("one", due=0))
        assert (out.window_closes_at, out.opted_out_at, out.last_inbound_at) == (at(86_400), at(1), T0)
        assert (out.delivery, out.attempts, out.stale) == (Delivery.QUEUED, 0, False)
        assert out.key

    async def test_words_of_an_earlier_owner_are_stale_unless_a_person_wrote_them(self, store: Store) -> None:
        speakers = (Speaker.BOT, Speaker.FLOW, Speaker.LADDER, Speaker.AGENT)
        stale = {}
        for number, speaker in enumerate(speakers):
            conversation_id = await met(store, Identity(channel="widget", external_id=f"p{number}"))
            await answer(store, conversation_id, Say(speaker=speaker, text="before"))
            assert not any(out.stale for out in await due(store, 1))
            await change(store, conversation_id, owner=Owner.AGENT, owner_version=2)
            stale[speaker] = next(o.stale for o in await due(store, 1) if o.conversation_id == conversation_id)
            (message_id,) = [o.message_id for o in await due(store, 1) if o.conversation_id == conversation_id]
            await store.mark_unsendable(message_id, delivery=Delivery.REFUSED, error="stale", now=at(1))
        assert stale == {Speaker.BOT: True, Speaker.FLOW: True, Speaker.LADDER: True, Speaker.AGENT: False}

    async def test_a_take_over_after_the_claim_keeps_the_bots_words_back(self, store: Store) -> None:
        conversation_id = await met(store)
        said = await answer(store, conversation_id, bot("one"), Say(speaker=Speaker.AGENT, text="two"))
        (out,) = await claim_out(store, ME, 1)
        await change(store, conversation_id, owner=Owner.AGENT, owner_version=2)
        assert not await store.mark_sending(out.message_id, worker=ME, now=at(1))
        with pytest.raises(VersionConflict):
            await store.mark_sent(out.message_id, now=at(1), external_id=None)
        (out,) = await due(store, 1)
        assert (out.message_id, out.delivery, out.attempts, out.stale) == (said.message_ids[0], Delivery.QUEUED, 0, True)
        await store.mark_unsendable(out.message_id, delivery=Delivery.REFUSED, error="stale", now=at(1))
        assert await sending(store, said.message_ids[1], now=at(1))

    async def test_an_opt_out_after_the_claim_keeps_words_back_even_those_tried_before(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        assert await sending(store, message_id, now=at(1))
        await store.mark_retry(message_id, worker=ME, due_at=at(2), error="temporary")
        (out,) = await claim_out(store, ME, 2)
        await change(store, conversation_id, opted_out_at=at(2))
        assert not await store.mark_sending(message_id, worker=ME, now=at(2), opted_out_at=out.opted_out_at)
        (out,) = await due(store, 2)
        assert out.delivery is Delivery.QUEUED
        assert await store.mark_sending(message_id, worker=ME, now=at(2), opted_out_at=out.opted_out_at)

    async def test_a_flows_words_wait_while_what_was_just_said_is_unheard(self, store: Store) -> None:
        conversation_id = await met(store)
        flow = Say(speaker=Speaker.FLOW, text="one")
        first, second = (await answer(store, conversation_id, flow, bot("two"))).message_ids
        await take(store, arrival("m9", sent=1), now=1)
        assert not await sending(store, first, now=at(1))
        with pytest.raises(VersionConflict):
            await store.mark_sent(first, now=at(1), external_id=None)
        assert [u.message_id for u in (await store.load(conversation_id)).state.unsent] == [first, second]
        await answer(store, conversation_id, now=2)
        assert await sending(store, first, now=at(2))

    async def test_words_said_with_the_change_of_owner_are_not_stale(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        decision = Decision(state=replace(loaded.state, owner=Owner.WAITING, owner_version=2), say=(bot("Getting someone."),))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        (out,) = await due(store, 1)
        assert not out.stale
