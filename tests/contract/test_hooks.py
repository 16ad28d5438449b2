"""What every store must do for webhooks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import JournalEntry
from bot.core.model import Delivery
from bot.store.contract import AlreadyExists, NotFound, Store
from bot.store.hooking import Hook, Telling
from tests.contract.acts import ANN, LEASE, T0, answer, at, bot, commit, met, sold

SALES = Hook(hook_id="h1", url="https://crm.example/in", secret="s", kinds=("prospect.converted",), created_at=T0)
FLOWS = replace(SALES, hook_id="h2", kinds=("flow.*", "message.failed"), created_at=at(1))
ALL = replace(SALES, hook_id="h3", kinds=("*", "flow.ended"), created_at=at(2))


def noted(kind: str, seconds: float = 0) -> JournalEntry:
    return JournalEntry(kind=kind, at=at(seconds), data={"n": 1})


async def claim(store: Store, hook_id: str, now: float, *, worker: str = "me", limit: int = 9) -> list[Telling]:
    return await store.claim_tellings(hook_id, worker=worker, now=at(now), until=at(now) + LEASE, limit=limit)


async def kinds(store: Store, hook_id: str, now: float = 99) -> list[str]:
    return [telling.entry.kind for telling in await claim(store, hook_id, now)]


class TestHooks:
    """Subscriptions, and what is still to be told."""

    async def test_each_line_of_the_journal_is_to_be_told_to_those_who_want_it(self, store: Store) -> None:
        ann = await met(store)
        await commit(store, ann, noted("flow.started"))
        for hook in (FLOWS, SALES, ALL):
            await store.add_hook(hook)
        with pytest.raises(AlreadyExists):
            await store.add_hook(SALES)
        assert await store.hooks() == [SALES, FLOWS, replace(ALL, kinds=("*", "flow.ended"))]
        await commit(store, ann, noted("flow.ended"), sold("o1"), noted("flowers.bought"))
        told = await answer(store, ann, bot("hey"))
        await store.mark_unsendable(told.message_ids[0], delivery=Delivery.FAILED, error="window", now=at(5))
        assert await kinds(store, "h1") == ["prospect.converted"]
        assert await kinds(store, "h2") == ["flow.ended", "message.failed"]
        assert await kinds(store, "h3") == ["flow.ended", "prospect.converted", "flowers.bought", "message.failed"]
        assert await store.untold_counts() == {"h1": (1, 0), "h2": (2, 0), "h3": (4, 0)}

    async def test_a_telling_says_what_happened_to_whom(self, store: Store) -> None:
        ann = await met(store)
        await store.add_hook(SALES)
        await commit(store, ann, sold("o1"))
        (line,) = await store.journal(ann)
        (telling,) = await claim(store, "h1", 0)
        assert telling == Telling(
            telling_id=telling.telling_id, hook_id="h1", journal_id=line.journal_id, conversation_id=ann, identity=ANN,
            entry=sold("o1"),
        )  # fmt: skip

    async def test_nothing_is_to_be_told_of_what_was_rolled_back(self, store: Store) -> None:
        ann = await met(store)
        await store.add_hook(ALL)
        await commit(store, ann, sold("o1"))
        with pytest.raises(AlreadyExists):
            await commit(store, ann, noted("flow.ended"), sold("o1"))
        assert await kinds(store, "h3") == ["prospect.converted"]

    async def test_a_claim_holds_until_it_lapses_and_what_was_told_is_gone(self, store: Store) -> None:
        ann = await met(store)
        await store.add_hook(ALL)
        await commit(store, ann, noted("a.a"), noted("b.b", 1))
        (first,) = await claim(store, "h3", 2, limit=1)
        assert [t.entry.kind for t in await claim(store, "h3", 2, worker="other")] == ["b.b"]
        assert await claim(store, "h3", 3, worker="third") == []
        assert await store.tellings_next_at(after=at(3)) == at(2) + LEASE
        assert await store.tellings_next_at(after=at(2) + LEASE) is None
        await store.told_hook(first.telling_id)
        await store.told_hook(first.telling_id)
        assert [t.entry.kind for t in await claim(store, "h3", 13, worker="third")] == ["b.b"]

    async def test_what_was_not_taken_comes_again_is_parked_and_replayed(self, store: Store) -> None:
        ann = await met(store)
        await store.add_hook(ALL)
        await commit(store, ann, noted("a.a"))
        (telling,) = await claim(store, "h3", 1)
        await store.retell_hook(telling.telling_id, due_at=at(60), error="500")
        assert await claim(store, "h3", 59) == []
        assert await store.tellings_next_at(after=at(1)) == at(60)
        (again,) = await claim(store, "h3", 60)
        assert (again.attempts, again.error) == (1, "500")
        await store.park_telling(telling.telling_id, error="timeout", now=at(61))
        assert await claim(store, "h3", 99) == []
        assert await store.tellings_next_at(after=at(0)) is None
        (parked,) = await store.untold(parked=True)
        assert (parked.attempts, parked.error, parked.parked_at) == (2, "timeout", at(61))
        assert await store.untold(parked=False) == []
        assert await store.untold_counts() == {"h3": (0, 1)}
        assert await store.replay_hook("h3", now=at(70)) == 1
        (anew,) = await claim(store, "h3", 70)
        assert (anew.attempts, anew.error, anew.parked_at) == (0, None, None)

    async def test_events_can_be_told_again_since_a_moment(self, store: Store) -> None:
        ann = await met(store)
        await commit(store, ann, noted("flow.started"), noted("flow.ended", 10), noted("turn.heard", 10))
        await store.add_hook(FLOWS)
        await commit(store, ann, noted("flow.held", 20), now=20)
        (held,) = await claim(store, "h2", 20)
        await store.retell_hook(held.telling_id, due_at=at(999), error="500")
        assert await store.replay_hook("h2", now=at(30), since=at(10)) == 2
        assert sorted(await kinds(store, "h2", 30)) == ["flow.ended", "flow.held"]
        await store.add_hook(ALL)
        assert await store.replay_hook("h3", now=at(30), since=at(0)) == 4
        with pytest.raises(NotFound):
            await store.replay_hook("h9", now=at(30))

    async def test_a_pause_keeps_what_happens_and_removal_forgets_it(self, store: Store) -> None:
        ann = await met(store)
        await store.add_hook(ALL)
        await store.pause_hook("h3", paused_at=at(1))
        await commit(store, ann, noted("a.a", 2))
        assert (await store.hooks())[0].paused_at == at(1)
        assert await store.tellings_next_at(after=at(0)) is None
        await store.pause_hook("h3", paused_at=None)
        assert await store.tellings_next_at(after=at(0)) == at(2)
        await store.remove_hook("h3")
        assert (await store.hooks(), await store.untold_counts()) == ([], {})
        await commit(store, ann, noted("b.b", 3))
        assert await store.untold(parked=False) == []
        for missing in (store.remove_hook("h3"), store.pause_hook("h3", paused_at=None)):
            with pytest.raises(NotFound):
                await missing
