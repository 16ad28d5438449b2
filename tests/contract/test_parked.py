"""What every store must do with messages that wait for an admin."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Owner, Profile, QuickReply, Say, Speaker
from bot.store.contract import NotFound, Store
from tests.contract.acts import ANN, BEN, ME, MIA, T0, answer, arrival, at, bot, change, due, met, sending, take


class TestParked:
    """Sent again once, or let go."""

    async def test_a_parked_message_blocks_nobody_and_waits_for_an_admin(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        await change(store, conversation_id, profile=Profile(first_name="Ann"), slots={"topic": "shoes"})
        await sending(store, first, now=at(1), sent_as="response")
        await store.mark_unsendable(first, delivery=Delivery.FAILED, error="config", detail="no \x00 tag", park=True, now=at(2))
        (out,) = await due(store, 2)
        assert out.message_id == second
        (parked,) = await store.parked()
        assert (parked.message.message_id, parked.message.text, parked.message.error) == (first, "one", "config")
        assert (parked.message.conversation_id, parked.message.delivery) == (conversation_id, Delivery.FAILED)
        assert (parked.identity, parked.profile.first_name, dict(parked.slots)) == (ANN, "Ann", {"topic": "shoes"})
        assert (parked.parked_at, parked.attempts, parked.detail) == (at(2), 1, "no \ufffd tag")
        assert (await store.counts(now=at(2))).parked_messages == 1
        assert [line.entry for line in await store.journal(conversation_id)] == [
            JournalEntry(kind="message.parked", at=at(2), data={"message_id": first, "error": "config"})
        ]
        with pytest.raises(ValueError, match="refused"):
            await store.mark_unsendable(second, delivery=Delivery.REFUSED, error="stale", park=True, now=at(2))

    async def test_the_longest_parked_comes_first(self, store: Store) -> None:
        for number, who in enumerate((ANN, BEN)):
            conversation_id = await met(store, who)
            (message_id,) = (await answer(store, conversation_id, bot(who.external_id))).message_ids
            await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="rejected", park=True, now=at(9 - number))
        assert [p.message.text for p in await store.parked()] == ["ben", "ann"]
        assert [p.message.text for p in await store.parked(limit=1)] == ["ben"]

    async def test_sent_again_the_same_words_go_to_the_end_of_the_conversation_once(self, store: Store) -> None:
        conversation_id = await met(store)
        rich = Say(
            speaker=Speaker.AGENT,
            text="one",
            agent=MIA,
            client_key="k1",
            quick_replies=(QuickReply(title="A", payload="/a"),),
            image_url="https://x.test/a.png",
        )
        first, second = (await answer(store, conversation_id, rich, bot("two"))).message_ids
        (out,) = await due(store, 1)
        await store.mark_unsendable(first, delivery=Delivery.FAILED, error="config", park=True, now=at(2))
        again = await store.redrive(first, by="mia", now=at(50))
        assert again is not None
        assert again > second
        assert await store.redrive(first, by="sam", now=at(51)) == again
        assert not await store.let_go(first, by="sam", now=at(51))
        assert await store.parked() == []
        assert (await store.counts(now=at(51))).parked_messages == 0
        assert (await due(store, 51))[0].message_id == second
        await store.mark_sent(second, now=at(52), external_id="x2")
        (anew,) = await due(store, 52)
        assert (anew.message_id, anew.key, anew.attempts, anew.say) == (again, out.key, 0, replace(rich, due_at=at(50)))
        assert [m.message_id for m in await store.pending_messages(conversation_id)] == [again]
        typed_again = await answer(store, conversation_id, rich, now=53)
        assert typed_again.message_ids == (again,)
        notes = [line.entry for line in await store.journal(conversation_id)][1:]
        assert notes == [JournalEntry(kind="message.redriven", at=at(50), data={"message_id": first, "as": again, "by": "mia"})]

    async def test_sent_again_words_are_still_those_of_their_owner(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="broken", park=True, now=at(1))
        await change(store, conversation_id, owner=Owner.AGENT, owner_version=2)
        await store.redrive(message_id, by="mia", now=at(2))
        (out,) = await due(store, 2)
        assert out.stale

    async def test_the_echo_of_a_first_try_settles_what_was_sent_again(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        (out,) = await due(store, 1)
        await sending(store, message_id, now=at(1))
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="unknown", park=True, now=at(2))
        again = await store.redrive(message_id, by="mia", now=at(3))
        state = (await store.load(conversation_id)).state
        assert state.unsent == (), "it may have been seen, so it cannot be withdrawn"
        settled = await store.settle_by_echo(key=out.key, external_id="x1", now=at(4))
        assert settled is not None
        assert (settled.message_id, settled.seq) == (again, 2)
        assert await store.unsent_count(conversation_id) == 0

    async def test_the_echo_of_a_parked_message_ends_its_parking(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        (out,) = await due(store, 1)
        await sending(store, message_id, now=at(1))
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="unknown", park=True, now=at(2))
        await store.settle_by_echo(key=out.key, external_id="x1", now=at(3))
        assert await store.parked() == []
        assert await store.redrive(message_id, by="mia", now=at(4)) is None
        assert await store.unsent_count(conversation_id) == 0

    async def test_what_is_let_go_stays_failed_and_is_not_sent_again(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="rejected", park=True, now=at(1))
        assert await store.let_go(message_id, by="mia", now=at(2))
        assert await store.let_go(message_id, by="mia", now=at(3))
        assert await store.redrive(message_id, by="mia", now=at(4)) is None
        assert await store.parked() == []
        assert [(m.delivery, m.error) for m in await store.pending_messages(conversation_id)] == [(Delivery.FAILED, "rejected")]
        notes = [line.entry for line in await store.journal(conversation_id)][1:]
        data = {"message_id": message_id, "error": "rejected", "by": "mia"}
        assert notes == [JournalEntry(kind="message.let_go", at=at(2), data=data)]

    async def test_only_what_is_parked_can_be_sent_again_or_let_go(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        conversation_id = taken.conversation_id
        queued, failed = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        await store.mark_unsendable(failed, delivery=Delivery.FAILED, error="window", now=at(1))
        for message_id in (queued, failed):
            assert await store.redrive(message_id, by="mia", now=at(2)) is None
            assert await store.let_go(message_id, by="mia", now=at(2))
        assert await store.unsent_count(conversation_id) == 1
        for unknown in (taken.message_id, 999_999):
            with pytest.raises(NotFound):
                await store.redrive(unknown, by="mia", now=at(2))
            with pytest.raises(NotFound):
                await store.let_go(unknown, by="mia", now=at(2))

    async def test_of_two_admins_at_once_one_sends_again(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="rejected", park=True, now=at(1))
        ids = await asyncio.gather(*(store.redrive(message_id, by=f"a{n}", now=at(2)) for n in range(4)))
        assert len(set(ids)) == 1
        assert await store.unsent_count(conversation_id) == 1

    async def test_unknown_messages_are_not_found(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        with pytest.raises(NotFound):
            await store.mark_sent(999_999, now=T0, external_id=None)
        with pytest.raises(NotFound):
            await store.mark_sent(taken.message_id, now=T0, external_id=None)
        with pytest.raises(NotFound):
            await store.mark_retry(999_999, worker=ME, due_at=T0, error="x")
        with pytest.raises(NotFound):
            await store.mark_unsendable(999_999, delivery=Delivery.FAILED, error="x", now=T0)
