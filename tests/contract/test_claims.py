"""What every store must do so that several workers share what is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision
from bot.core.model import Clock, ClockKind, Delivery, Identity
from bot.store.contract import Store
from tests.contract.acts import ANN, BEN, ME, OTHER, T0, TURN, answer, arrival, at, bot, claim, claim_out, due, met, sending, take


class TestClaims:
    """Clocks and messages fall due, and one worker at a time has each in hand."""

    async def test_due_clocks_come_earliest_first_and_stay_until_a_commit(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        for conversation_id, seconds in ((ann, 30), (ben, 20)):
            loaded = await store.load(conversation_id)
            clocks = tuple(
                Clock(kind=kind, key="k", due_at=at(seconds + n), data={"n": n})
                for n, kind in enumerate((ClockKind.STEP, ClockKind.RUNG))
            )
            decision = Decision(state=replace(loaded.state, clocks=clocks), set_clocks=clocks)
            await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        assert await store.due_clocks(now=at(19), limit=9) == []
        assert await store.next_due_at() == at(20)
        assert await store.next_due_at(after=at(20)) == at(21)
        assert await store.next_due_at(after=at(31)) is None
        assert await store.next_due_at(after=at(20)) == at(21)
        assert await store.next_due_at(after=at(30)) == at(31)
        assert await store.next_due_at(after=at(31)) is None
        for _ in range(2):
            fired = await store.due_clocks(now=at(30), limit=9)
            assert [(d.conversation_id, d.clock.due_at) for d in fired] == [(ben, at(20)), (ben, at(21)), (ann, at(30))]
        assert fired[0].clock == Clock(kind=ClockKind.STEP, key="k", due_at=at(20), data={"n": 0})
        assert len(await store.due_clocks(now=at(99), limit=3)) == 3
        skipped = await store.due_clocks(now=at(99), limit=9, skip=frozenset({ben}))
        assert {d.conversation_id for d in skipped} == {ann}

    async def test_without_clocks_nothing_is_due(self, store: Store) -> None:
        assert await store.next_due_at() is None
        assert await store.due_clocks(now=at(1e9), limit=1) == []

    async def clocked(self, store: Store, who: Identity, *seconds: float) -> str:
        """A conversation with a step's clock due at each of these moments."""
        conversation_id = await met(store, who)
        loaded = await store.load(conversation_id)
        steps = tuple(Clock(kind=ClockKind.STEP, key=f"n{n}", due_at=at(s)) for n, s in enumerate(seconds))
        decision = Decision(state=replace(loaded.state, clocks=steps), set_clocks=steps)
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        return conversation_id

    async def test_of_two_workers_one_claims_a_conversation_with_all_its_due_clocks(self, store: Store) -> None:
        ann, ben = await self.clocked(store, ANN, 3, 1, 99), await self.clocked(store, BEN, 2)
        mine = await claim(store, ME, 5, limit=1)
        assert [(d.conversation_id, d.clock.key) for d in mine] == [(ann, "n1"), (ann, "n0")]
        assert [(d.conversation_id, d.clock.key) for d in await claim(store, OTHER, 5)] == [(ben, "n0")]
        assert await claim(store, OTHER, 5) == await store.due_clocks(now=at(5), limit=9, skip=frozenset({ann}))
        assert await claim(store, ME, 5, skip=frozenset({ann})) == []
        assert await claim(store, "a third", 5) == []
        assert len(await store.due_clocks(now=at(5), limit=9)) == 3

    async def test_nothing_is_claimed_before_it_is_due(self, store: Store) -> None:
        await self.clocked(store, ANN, 3)
        assert await claim(store, ME, 2.999999) == []
        assert len(await claim(store, ME, 3)) == 1

    async def test_a_conversation_that_another_has_in_hand_is_left_alone_though_more_of_it_falls_due(self, store: Store) -> None:
        ann = await self.clocked(store, ANN, 1, 4)
        assert len(await claim(store, ME, 2)) == 1
        assert await claim(store, OTHER, 5) == []
        await store.release_claims(worker=ME, conversations=(ann,))
        assert len(await claim(store, OTHER, 5)) == 2

    async def test_a_claim_lapses_with_its_lease_and_is_kept_by_renewing(self, store: Store) -> None:
        ann = await self.clocked(store, ANN, 1)
        assert len(await claim(store, ME, 2)) == 1
        renewed = await store.renew_claims(worker=ME, now=at(8), until=at(18), conversations=(ann, "unknown"))
        assert renewed == frozenset({ann})
        assert await claim(store, OTHER, 12) == []
        assert await claim(store, OTHER, 17.9) == []
        assert await store.next_due_at(after=at(17.9)) == at(18)
        assert len(await claim(store, OTHER, 18)) == 1
        assert await store.renew_claims(worker=ME, now=at(19), until=at(29), conversations=(ann,)) == frozenset()
        assert await claim(store, ME, 20) == []

    async def test_a_worker_that_starts_again_under_its_name_goes_on_with_its_own(self, store: Store) -> None:
        conversation_id = await self.clocked(store, ANN, 1)
        await answer(store, conversation_id, bot("one"))
        for _ in range(2):
            assert len(await claim(store, ME, 2)) == 1
            assert len(await claim_out(store, ME, 2)) == 1
        await store.release_claims(worker=OTHER)
        assert await claim(store, OTHER, 3) == []
        await store.release_claims(worker=ME)
        assert len(await claim(store, OTHER, 3)) == 1
        assert len(await claim_out(store, OTHER, 3)) == 1

    async def test_what_failed_rests_and_new_clocks_do_not(self, store: Store) -> None:
        ann = await self.clocked(store, ANN, 1, 6)
        assert len(await claim(store, ME, 2)) == 1
        await store.release_claims(worker=ME, conversations=(ann,), not_before=at(12))
        await store.release_claims(worker=ME)
        assert await claim(store, OTHER, 5) == []
        assert await store.next_due_at(after=at(5)) == at(6)
        assert await store.next_due_at(after=at(6)) == at(12)
        assert [d.clock.key for d in await claim(store, OTHER, 7)] == ["n1"]
        await store.release_claims(worker=OTHER)
        assert [d.clock.key for d in await claim(store, ME, 12)] == ["n0", "n1"]

    async def test_a_clock_that_is_set_anew_is_held_by_nobody(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        conversation_id = taken.conversation_id
        for worker in (ME, OTHER):
            assert [d.clock.kind for d in await claim(store, worker, 3)] == [ClockKind.TURN]
            await take(store, arrival(f"m-{worker}", sent=1), now=0)
        await claim(store, ME, 3)
        await store.release_claims(worker=ME, not_before=at(40))
        await take(store, arrival("m4", sent=2), now=1)
        assert len(await claim(store, OTHER, 3)) == 1
        loaded = await store.load(conversation_id)
        turn = loaded.state.clock(*TURN)
        assert turn is not None
        decision = Decision(state=loaded.state, set_clocks=(turn,))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(3))
        assert len(await claim(store, ME, 3)) == 1

    async def test_a_turn_clock_that_must_stay_is_held_by_nobody_after_the_commit(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        await claim(store, ME, 3)
        loaded = await store.load(taken.conversation_id)
        decision = Decision(state=loaded.state, cancel_clocks=(TURN,))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=at(3))
        assert [d.clock.kind for d in await claim(store, OTHER, 3)] == [ClockKind.TURN]

    async def test_of_two_workers_one_claims_a_message(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        first, second = (await answer(store, ann, bot("one", due=1), bot("two", due=1))).message_ids
        (third,) = (await answer(store, ben, bot("three", due=2))).message_ids
        assert [out.message_id for out in await claim_out(store, ME, 3, limit=1)] == [first]
        assert [out.message_id for out in await claim_out(store, OTHER, 3)] == [third]
        assert await claim_out(store, "a third", 3) == []
        assert [out.message_id for out in await claim_out(store, ME, 3)] == [first]
        assert await claim_out(store, ME, 3, skip=frozenset({ann})) == []
        assert [out.message_id for out in await store.outbox_due(now=at(3), limit=9, channels=("widget",))] == [first, third]
        await store.mark_sent(first, now=at(3), external_id=None)
        assert [out.message_id for out in await claim_out(store, OTHER, 3, skip=frozenset({ben}))] == [second]

    async def test_only_who_holds_a_message_may_send_it(self, store: Store) -> None:
        (message_id,) = (await answer(store, await met(store), bot("one"))).message_ids
        assert not await store.mark_sending(message_id, worker=ME, now=at(1))
        await claim_out(store, ME, 1)
        assert not await store.mark_sending(message_id, worker=OTHER, now=at(1))
        assert not await store.mark_sending(message_id, worker=ME, now=at(11))
        assert (await due(store, 11))[0].attempts == 0
        assert await store.mark_sending(message_id, worker=ME, now=at(10.9))
        (out,) = await claim_out(store, OTHER, 11)
        assert (out.delivery, out.attempts) == (Delivery.SENDING, 1)
        await store.mark_retry(message_id, worker=ME, due_at=at(50), error="too late to tell")
        assert (await due(store, 11))[0].delivery is Delivery.SENDING
        assert not await store.mark_sending(message_id, worker=ME, now=at(11))

    async def test_a_message_to_try_again_is_held_by_nobody(self, store: Store) -> None:
        (message_id,) = (await answer(store, await met(store), bot("one"))).message_ids
        assert await sending(store, message_id, now=at(1))
        await store.mark_retry(message_id, worker=ME, due_at=at(5), error="busy")
        assert await claim_out(store, OTHER, 4) == []
        assert [out.message_id for out in await claim_out(store, OTHER, 5)] == [message_id]

    async def test_a_message_rests_after_a_failure_and_keeps_its_place(self, store: Store) -> None:
        ann = await met(store)
        first, _ = (await answer(store, ann, bot("one"), bot("two"))).message_ids
        await claim_out(store, ME, 1)
        await store.release_claims(worker=ME, conversations=(ann,), not_before=at(9))
        assert await claim_out(store, ME, 8) == []
        assert [out.message_id for out in await claim_out(store, ME, 9)] == [first]

    async def test_claims_of_a_clock_that_was_set_back_hold_nobody_up(self, store: Store) -> None:
        await self.clocked(store, ANN, 1)
        await answer(store, await met(store, BEN), bot("one"))
        assert len(await claim(store, OTHER, 3600)) == 1
        assert len(await claim_out(store, OTHER, 3600)) == 1
        assert len(await claim(store, ME, 5)) == 1
        assert len(await claim_out(store, ME, 5)) == 1

    async def test_a_claim_is_short(self, store: Store) -> None:
        with pytest.raises(ValueError, match="120 s"):
            await store.claim_clocks(worker=ME, now=T0, until=at(121), limit=1)
        with pytest.raises(ValueError, match="120 s"):
            await store.claim_outbox(worker=ME, now=T0, until=at(121), limit=1, channels=("widget",))
        with pytest.raises(ValueError, match="120 s"):
            await store.renew_claims(worker=ME, now=T0, until=at(121), conversations=())

    async def test_clocks_of_one_moment_are_each_claimed_once(self, store: Store) -> None:
        people = [Identity(channel="widget", external_id=f"p{n}") for n in range(300)]
        await take(store, *(arrival("m", who=who) for who in people))
        seen: list[str] = []
        while claimed := [d for worker in (ME, OTHER) for d in await claim(store, worker, 3, limit=40, skip=frozenset(seen))]:
            seen += [one.conversation_id for one in claimed]
        assert len(seen) == len(set(seen)) == 300
