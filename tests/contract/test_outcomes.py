"""What every store must do with the outcome of a send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision, JournalEntry
from bot.core.model import Delivery, Identity, Speaker
from bot.store.contract import NotFound, Store
from tests.contract.acts import ME, OTHER, T0, answer, arrival, at, bot, claim_out, due, met, sending, take


class TestOutcomes:
    """Sent, failed, tried again, or settled by an echo."""

    async def test_mark_sending_counts_and_refuses_what_is_over(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        assert await sending(store, message_id, now=T0)
        assert await sending(store, message_id, now=T0)
        assert (await due(store, 1))[0].attempts == 2
        await store.mark_sent(message_id, now=T0, external_id=None)
        assert not await sending(store, message_id, now=T0)
        assert not await sending(store, 999_999, now=T0)

    async def test_seq_counts_what_was_shown_without_gaps(self, store: Store) -> None:
        conversation_id = await met(store)
        says = [replace(bot(text), speaker=Speaker.LADDER) for text in ("one", "two", "three")]
        ids = (await answer(store, conversation_id, *says)).message_ids
        await store.mark_unsendable(ids[0], delivery=Delivery.FAILED, error="rejected", now=at(1))
        await take(store, arrival("m2", sent=2), now=2)
        second = await store.mark_sent(ids[1], now=at(3), external_id="x2")
        third = await store.mark_sent(ids[2], now=at(4), external_id="x3")
        assert await store.mark_sent(ids[1], now=at(9), external_id="other") == second
        assert (second.seq, third.seq) == (3, 4)
        shown = await store.messages(conversation_id)
        assert [(m.seq, m.text) for m in shown] == [(1, "hey"), (2, "hey"), (3, "two"), (4, "three")]
        assert (shown[2].at, shown[2].delivery, shown[2].error) == (at(3), Delivery.SENT, None)
        assert shown[0].delivery is None
        assert (await store.load(conversation_id)).state.last_outbound_at == at(4)

    async def test_while_something_is_unheard_neither_bot_nor_flow_speaks_and_others_do(self, store: Store) -> None:
        for number, speaker in enumerate((Speaker.BOT, Speaker.FLOW, Speaker.LADDER, Speaker.AGENT)):
            who = Identity(channel="widget", external_id=f"p{number}")
            (taken,) = await take(store, arrival(f"first{number}", who=who))
            say = replace(bot("one"), speaker=speaker, client_key=f"k{number}" if speaker is Speaker.AGENT else None)
            (message_id,) = (await answer(store, taken.conversation_id, say)).message_ids
            await take(store, arrival(f"again{number}", who=who))
            assert await sending(store, message_id, now=at(1)) is (speaker in (Speaker.LADDER, Speaker.AGENT)), speaker

    async def test_an_echo_settles_what_was_sent(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        (out,) = await due(store, 1)
        await sending(store, message_id, now=at(1))
        echoes = {(out.key, "x1"), (out.key, "x2"), ("somebody-else's", "x9")}
        assert await store.unsettled(echoes) == echoes
        settled = await store.settle_by_echo(key=out.key, external_id="x1", now=at(2))
        assert await store.unsettled(echoes) == echoes - {(out.key, "x1")}
        assert await store.unsettled(()) == frozenset()
        assert settled is not None
        assert (settled.message_id, settled.seq, settled.delivery) == (message_id, 2, Delivery.SENT)
        assert await store.settle_by_echo(key=out.key, external_id="x1", now=at(3)) == settled
        assert await store.mark_sent(message_id, now=at(4), external_id="x1") == settled
        await store.mark_retry(message_id, worker=ME, due_at=at(9), error="unknown")
        assert await store.unsent_count(conversation_id) == 0
        assert await store.settle_by_echo(key="somebody-else's", external_id="x9", now=at(3)) is None

    async def test_an_echo_after_giving_up_tells_the_truth(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        (out,) = await due(store, 1)
        await sending(store, message_id, now=at(1))
        await store.mark_unsendable(message_id, delivery=Delivery.FAILED, error="unknown", now=at(2))
        settled = await store.settle_by_echo(key=out.key, external_id="x1", now=at(3))
        assert settled is not None
        assert (settled.seq, settled.delivery, settled.error) == (2, Delivery.SENT, None)

    async def test_the_unsendable_are_told_and_journalled(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        await store.mark_unsendable(first, delivery=Delivery.FAILED, error="unreachable", now=at(1))
        await store.mark_unsendable(first, delivery=Delivery.REFUSED, error="again", now=at(2))
        await store.mark_unsendable(second, delivery=Delivery.REFUSED, error="stale", now=at(3))
        pending = await store.pending_messages(conversation_id)
        assert [(m.text, m.delivery, m.error, m.seq) for m in pending] == [
            ("one", Delivery.FAILED, "unreachable", None),
            ("two", Delivery.REFUSED, "stale", None),
        ]
        lines = [line.entry for line in await store.journal(conversation_id)]
        assert lines == [
            JournalEntry(kind="message.failed", at=at(1), data={"message_id": first, "error": "unreachable"}),
            JournalEntry(kind="message.refused", at=at(3), data={"message_id": second, "error": "stale"}),
        ]
        assert await store.unsent_count(conversation_id) == 0
        with pytest.raises(ValueError, match="sent"):
            await store.mark_unsendable(first, delivery=Delivery.SENT, error="", now=T0)

    async def test_a_retry_that_never_left_takes_its_attempt_back(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await sending(store, message_id, now=at(1))
        await store.mark_retry(message_id, worker=ME, due_at=at(9), error="rate", attempted=False)
        (out,) = await due(store, 9)
        assert (out.attempts, out.delivery) == (0, Delivery.QUEUED)
        loaded = await store.load(conversation_id)
        assert [u.message_id for u in loaded.state.unsent] == [message_id]
        decision = Decision(state=replace(loaded.state, unsent=()), withdraw=(message_id,))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(9))
        assert await store.unsent_count(conversation_id) == 0

    async def test_what_is_postponed_is_due_later_without_an_attempt(self, store: Store) -> None:
        conversation_id = await met(store)
        first, _ = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        await store.postpone(first, due_at=at(30))
        assert await due(store, 29) == []
        assert await store.outbox_next_at(channels=("widget",)) == at(30)
        (out,) = await due(store, 30)
        assert (out.message_id, out.attempts, out.delivery) == (first, 0, Delivery.QUEUED)
        await sending(store, first, now=at(30))
        await store.postpone(first, due_at=at(99))
        (out,) = await due(store, 30)
        assert (out.message_id, out.delivery) == (first, Delivery.SENDING)
        with pytest.raises(NotFound):
            await store.postpone(999_999, due_at=at(1))

    async def test_what_is_postponed_is_held_by_nobody(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        await claim_out(store, ME, 1)
        await store.postpone(message_id, due_at=at(3))
        assert [out.message_id for out in await claim_out(store, OTHER, 3)] == [message_id]

    async def test_a_message_tells_as_what_it_was_sent(self, store: Store) -> None:
        conversation_id = await met(store)
        ids = (await answer(store, conversation_id, bot("one"), bot("two"), bot("three"))).message_ids
        await sending(store, ids[0], now=at(1), sent_as="response")
        await store.mark_retry(ids[0], worker=ME, due_at=at(2), error="temporary")
        await sending(store, ids[0], now=at(2), sent_as="human_agent")
        await store.mark_sent(ids[0], now=at(2), external_id="x1")
        await store.mark_sent(ids[1], now=at(3), external_id=None, sent_as="update")
        await sending(store, ids[2], now=at(4), sent_as="response")
        (out,) = await due(store, 4)
        await store.settle_by_echo(key=out.key, external_id="x3", now=at(5))
        sent_as = [m.sent_as for m in await store.messages(conversation_id)]
        assert sent_as == [None, "human_agent", "update", "response"]
