"""What every store must do with what was decided to be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision
from bot.core.model import CommandRefused, QuickReply, Say, Speaker
from bot.store.contract import Store, VersionConflict
from tests.contract.acts import BEN, ME, MIA, T0, answer, at, bot, due, met, sending


class TestSays:
    """Queued in order and once; taken back only while nobody can have seen it."""

    async def test_says_are_queued_in_order_with_all_they_carry(self, store: Store) -> None:
        conversation_id = await met(store)
        rich = Say(
            speaker=Speaker.FLOW,
            text="Which one?",
            quick_replies=(QuickReply(title="A", payload="/a"), QuickReply(title="B", payload="/b")),
            image_url="https://x.test/a.png",
            wording="welcome/ask#a",
            purpose="discover",
            agent=MIA,
            enrolment_id="n1",
            urgent=True,
            typing_at=at(1),
            due_at=at(3),
        )
        committed = await answer(store, conversation_id, rich, bot("plain"), now=2)
        assert committed.message_ids == tuple(sorted(committed.message_ids))
        unsent = (await store.load(conversation_id)).state.unsent
        assert tuple(u.message_id for u in unsent) == committed.message_ids
        assert [u.say for u in unsent] == [rich, bot("plain", due=2)]

    async def test_a_client_key_is_queued_once(self, store: Store) -> None:
        conversation_id = await met(store)
        typed = Say(speaker=Speaker.AGENT, text="hello", agent=MIA, client_key="k1")
        first = await answer(store, conversation_id, typed)
        again = await answer(store, conversation_id, typed, bot("other"), typed)
        assert again.message_ids[0] == again.message_ids[2] == first.message_ids[0]
        assert again.message_ids[1] != first.message_ids[0]
        assert await store.unsent_count(conversation_id) == 2
        elsewhere = await answer(store, await met(store, BEN), typed)
        assert elsewhere.message_ids != first.message_ids

    async def test_words_that_were_taken_back_are_not_queued_under_their_key_again(self, store: Store) -> None:
        conversation_id = await met(store)
        typed = Say(speaker=Speaker.AGENT, text="hello", agent=MIA, client_key="k1", due_at=at(5))
        (first,) = (await answer(store, conversation_id, typed)).message_ids
        loaded = await store.load(conversation_id)
        back = Decision(state=replace(loaded.state, unsent=()), withdraw=(first,))
        await store.commit(conversation_id, version=loaded.version, decision=back, now=T0)
        with pytest.raises(CommandRefused) as refused:
            await answer(store, conversation_id, bot("before it"), typed)
        assert refused.value.code == "taken_back"
        assert await store.unsent_count(conversation_id) == 0

    async def test_withdrawn_says_are_never_sent(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        loaded = await store.load(conversation_id)
        decision = Decision(state=replace(loaded.state, unsent=loaded.state.unsent[1:]), withdraw=(first,))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        assert [out.message_id for out in await due(store, 0)] == [second]
        assert not await sending(store, first, now=T0)
        assert [m.message_id for m in await store.pending_messages(conversation_id)] == [second]

    async def test_a_withdrawn_say_is_not_shown_by_a_sender_that_was_too_slow(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        loaded = await store.load(conversation_id)
        decision = Decision(state=replace(loaded.state, unsent=()), withdraw=(message_id,))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        with pytest.raises(VersionConflict):
            await store.mark_sent(message_id, now=T0, external_id=None)
        assert [m.seq for m in await store.messages(conversation_id)] == [1]

    async def test_what_has_left_cannot_be_withdrawn(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        loaded = await store.load(conversation_id)
        await sending(store, first, now=T0)
        decision = Decision(state=replace(loaded.state, unsent=(), turns=7), withdraw=(second, first), say=(bot("instead"),))
        with pytest.raises(VersionConflict):
            await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        again = await store.load(conversation_id)
        assert again.version == loaded.version
        assert again.state.turns == 0
        assert [u.message_id for u in again.state.unsent] == [second]

    async def test_what_may_have_been_seen_cannot_be_withdrawn(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await sending(store, message_id, now=T0)
        await store.mark_retry(message_id, worker=ME, due_at=at(9), error="unknown")
        loaded = await store.load(conversation_id)
        assert loaded.state.unsent == ()
        with pytest.raises(VersionConflict):
            await store.commit(
                conversation_id,
                version=loaded.version,
                decision=Decision(state=loaded.state, withdraw=(message_id,)),
                now=T0,
            )
