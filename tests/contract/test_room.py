"""What every store must do so that nobody holds more than they have room for, and no time is booked twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.model import AgentRef, Identity, Owner
from bot.store.contract import Agent, AgentFull, Committed, Store, TimeTaken
from tests.contract.acts import BEN, MIA, at, change, claimed, met, people_met, waiting_episode


class TestRoom:
    """Who holds what, whoever takes at the same moment."""

    async def test_a_place_at_a_time_is_booked_once(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        booked = replace(waiting_episode("e1"), choice="book", callback_at=at(3600), callback_seat=0)
        await change(store, ann, episode=booked)
        await change(store, ann, episode=replace(booked, rung=1))
        # An episode that takes the place of another of the same conversation takes its time over, too.
        await change(store, ann, episode=replace(booked, episode_id="e0"))
        await change(store, ann, episode=booked)
        before = await store.load(ben)
        with pytest.raises(TimeTaken):
            await change(store, ben, episode=replace(booked, episode_id="e2"))
        assert await store.load(ben) == before
        await change(store, ben, episode=replace(booked, episode_id="e2", callback_seat=1))
        await change(store, ann, episode=replace(booked, status="closed", closed_at=at(5)))
        await change(store, ben, episode=replace(booked, episode_id="e2", callback_seat=0))
        assert await store.booked() == {(at(3600), 0)}

    async def test_of_many_who_book_the_same_place_at_once_one_gets_it(self, store: Store) -> None:
        people = [await met(store, Identity(channel="widget", external_id=f"b{n}")) for n in range(6)]

        async def book(of: str) -> bool:
            booked = replace(waiting_episode(f"e_{of}"), choice="book", callback_at=at(3600), callback_seat=0)
            try:
                await change(store, of, episode=booked)
            except TimeTaken:
                return False
            return True

        assert sorted(await asyncio.gather(*map(book, people))) == [False] * 5 + [True]
        assert await store.booked() == {(at(3600), 0)}

    async def test_who_has_been_idle_for_how_long_is_known(self, store: Store) -> None:
        for name in ("mia", "sam", "eve"):
            await store.add_agent(Agent(agent_id=name, email=f"{name}@x.test", name=name, role="agent", password_hash=""))
        ids = await people_met(store, 4)
        sam = AgentRef(agent_id="sam", name="Sam")
        held = replace(waiting_episode("a"), status="accepted", agent=MIA, accepted_at=at(9))
        await change(store, ids[0], episode=held, owner=Owner.AGENT)
        await change(store, ids[1], episode=replace(held, episode_id="b", status="closed", closed_at=at(30)), owner=Owner.BOT)
        await change(store, ids[2], episode=replace(held, episode_id="c", agent=sam, accepted_at=at(12)), owner=Owner.AGENT)
        await change(store, ids[3], episode=replace(held, episode_id="d", agent=sam, accepted_at=at(20)), owner=Owner.AGENT)
        assert await store.last_served() == {"mia": at(30), "sam": at(20)}
        await change(store, ids[3], episode=waiting_episode("d"), owner=Owner.WAITING)
        assert await store.last_served() == {"mia": at(30), "sam": at(12)}

    async def test_an_agent_is_given_what_they_have_room_for(self, store: Store) -> None:
        ids = await people_met(store, 3)
        await claimed(store, ids[0], "e1", weight=1.5, capacity=2)
        with pytest.raises(AgentFull) as refused:
            await claimed(store, ids[1], "e2", weight=1, capacity=2)
        assert (refused.value.held, refused.value.claim.capacity) == (1.5, 2)
        assert (await store.load(ids[1])).state.episode is None
        await claimed(store, ids[2], "e3", weight=0.5, capacity=2)
        assert await store.agent_load() == {"mia": 2.0}

    async def test_a_refused_claim_changes_nothing(self, store: Store) -> None:
        ids = await people_met(store, 2)
        await claimed(store, ids[0], "e1", capacity=1)
        before = await store.load(ids[1])
        with pytest.raises(AgentFull):
            await claimed(store, ids[1], "e2", capacity=1)
        assert await store.load(ids[1]) == before
        assert await store.pending_messages(ids[1]) == []
        assert await store.journal(ids[1]) == []
        assert await store.episodes(ids[1]) == []

    async def test_what_is_held_already_is_not_counted_twice(self, store: Store) -> None:
        (conversation_id,) = await people_met(store, 1)
        await claimed(store, conversation_id, "e1", capacity=1)
        await claimed(store, conversation_id, "e1", capacity=1)
        assert await store.agent_load() == {"mia": 1.0}

    async def test_whoever_holds_nothing_has_room_for_anything(self, store: Store) -> None:
        ids = await people_met(store, 2)
        await claimed(store, ids[0], "e1", weight=9, capacity=2)
        with pytest.raises(AgentFull):
            await claimed(store, ids[1], "e2", weight=0.25, capacity=2)

    async def test_what_is_given_back_makes_room(self, store: Store) -> None:
        ids = await people_met(store, 2)
        await claimed(store, ids[0], "e1", capacity=1)
        await change(store, ids[0], episode=replace(waiting_episode("e1"), status="closed"), owner=Owner.BOT)
        await claimed(store, ids[1], "e2", capacity=1)
        assert await store.agent_load() == {"mia": 1.0}

    async def test_of_many_takes_at_once_as_many_hold_as_there_is_room_for(self, store: Store) -> None:
        ids = await people_met(store, 6)
        takes = (claimed(store, one, f"e{n}", capacity=2) for n, one in enumerate(ids))
        results = await asyncio.gather(*takes, return_exceptions=True)
        assert sum(isinstance(result, Committed) for result in results) == 2
        assert sum(isinstance(result, AgentFull) for result in results) == 4
        assert await store.agent_load() == {"mia": 2.0}
