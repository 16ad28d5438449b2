"""What every store must show: messages, notes and lists of conversations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision
from bot.core.model import Attachment, Clock, ClockKind, Identity, Owner, Say, Speaker
from bot.store.contract import Store, Waiting
from tests.contract.acts import ANN, BEN, MIA, T0, answer, arrival, at, bot, change, met, people_met, take, waiting_episode


class TestLists:
    """Messages by page, the lists of the desk, and the numbers."""

    async def test_messages_are_paged_both_ways(self, store: Store) -> None:
        taken = await take(store, *(arrival(f"m{n}", sent=n, text=str(n)) for n in range(1, 7)))
        conversation_id = taken[0].conversation_id

        async def seqs(**page: int) -> list[int | None]:
            return [m.seq for m in await store.messages(conversation_id, **page)]

        assert await seqs() == [1, 2, 3, 4, 5, 6]
        assert await seqs(after_seq=2, limit=3) == [3, 4, 5]
        assert await seqs(before_seq=5, limit=2) == [3, 4]
        assert await seqs(after_seq=3, before_seq=6) == [4, 5]
        assert await seqs(after_seq=6) == []
        assert await seqs(before_seq=2**62, limit=2) == [5, 6]
        assert await seqs(after_seq=2**62) == []
        await store.mark_read(conversation_id, up_to_seq=2**62, now=at(1))

    async def test_a_message_shows_what_it_carries(self, store: Store) -> None:
        conversation_id = await met(store)
        picture = Attachment(kind="image", url="https://x.test/a.png")
        await take(store, replace(arrival("m2", sent=1), payload="/a", attachments=(picture,)), now=1)
        typed = Say(speaker=Speaker.AGENT, text="hi", agent=MIA, client_key="k1", image_url="https://x.test/b.png")
        (message_id,) = (await answer(store, conversation_id, typed)).message_ids
        await store.mark_sent(message_id, now=at(2), external_id=None)
        _, theirs, ours = await store.messages(conversation_id)
        assert (theirs.speaker, theirs.payload, theirs.attachments) == (Speaker.PROSPECT, "/a", (picture,))
        assert (theirs.client_key, theirs.at, theirs.agent) == ("m2", at(1), None)
        assert (ours.speaker, ours.agent, ours.client_key) == (Speaker.AGENT, MIA, "k1")
        assert ours.image_url == "https://x.test/b.png"

    async def test_reading_marks_outgoing_messages_once(self, store: Store) -> None:
        conversation_id = await met(store)
        ids = (await answer(store, conversation_id, bot("one"), bot("two"))).message_ids
        for message_id in ids:
            await store.mark_sent(message_id, now=at(1), external_id=None)
        await store.mark_read(conversation_id, up_to_seq=2, now=at(5))
        await store.mark_read(conversation_id, up_to_seq=3, now=at(6))
        assert [m.read_at for m in await store.messages(conversation_id)] == [None, at(5), at(6)]

    async def test_the_overview_of_a_conversation(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1", sent=1))
        conversation_id = taken.conversation_id
        seen = await store.overview(conversation_id)
        assert (seen.owner, seen.identity, seen.last_at, seen.waiting_since) == (Owner.BOT, ANN, at(1), T0)
        assert seen.last_message is not None
        assert seen.last_message.text == "hey"
        assert {clock.kind for clock in seen.clocks} == {ClockKind.PROMISE, ClockKind.TURN}
        committed = await answer(store, conversation_id, bot("hello!"))
        await store.mark_sent(committed.message_ids[0], now=at(5), external_id=None)
        await change(
            store,
            conversation_id,
            episode=waiting_episode(),
            owner=Owner.WAITING,
            tags=("lead",),
            slots={"topic": "shoes"},
        )
        seen = await store.overview(conversation_id)
        assert (seen.last_at, seen.waiting_since, seen.clocks) == (at(5), T0, ())
        assert (seen.episode, seen.tags, seen.slots) == (waiting_episode(), ("lead",), {"topic": "shoes"})
        assert seen.last_message is not None
        assert seen.last_message.text == "hello!"

    async def test_the_lists(self, store: Store) -> None:
        people = [Identity(channel="widget", external_id=f"p{n}") for n in range(4)]
        ids = [await met(store, who, now=n) for n, who in enumerate(people)]
        accepted = replace(waiting_episode("a"), status="accepted", agent=MIA, accepted_at=at(9))
        await change(store, ids[0], episode=waiting_episode("w1", due_in=50), owner=Owner.WAITING)
        await change(store, ids[1], episode=waiting_episode("w2", due_in=40), owner=Owner.WAITING)
        await change(store, ids[2], episode=accepted, owner=Owner.AGENT, owner_version=2)

        async def listed(view: str, **more: object) -> list[str]:
            return [seen.conversation_id for seen in await store.overviews(view=view, **more)]  # type: ignore[arg-type]

        assert await listed("queue") == [ids[1], ids[0]]
        assert await listed("mine", agent_id="mia") == [ids[2]]
        assert await listed("mine", agent_id="sam") == []
        assert await listed("all") == ids[::-1]
        assert await listed("all", limit=2) == [ids[3], ids[2]]
        assert await listed("all", before=(at(2), ids[2])) == [ids[1], ids[0]]
        assert [one.conversation_id for one in await store.waiting()] == [ids[1], ids[0]]
        assert await store.agent_load() == {"mia": 1}
        for view in ("mine", "nonsense"):
            with pytest.raises(ValueError, match=view):
                await store.overviews(view=view)

    async def test_what_waits_says_who_is_being_asked(self, store: Store) -> None:
        ids = await people_met(store, 2)
        for n, conversation_id in enumerate(ids):
            await change(store, conversation_id, episode=waiting_episode(f"e{n}", due_in=50 - n), owner=Owner.WAITING)
        loaded = await store.load(ids[0])
        accept = Clock(kind=ClockKind.ACCEPT, key="e0", due_at=at(20), data={"agent_id": "mia", "why": ["only_one"]})
        decision = Decision(state=replace(loaded.state, clocks=(*loaded.state.clocks, accept)), set_clocks=(accept,))
        await store.commit(ids[0], version=loaded.version, decision=decision, now=at(1))
        assert await store.waiting() == [
            Waiting(conversation_id=ids[1], episode=waiting_episode("e1", due_in=49)),
            Waiting(conversation_id=ids[0], episode=waiting_episode("e0", due_in=50), asked="mia"),
        ]

    async def test_pages_lose_and_double_nobody_who_wrote_at_the_same_moment(self, store: Store) -> None:
        ids = [await met(store, Identity(channel="widget", external_id=f"p{n}"), now=n // 3) for n in range(7)]
        seen, place = [], None
        while page := await store.overviews(view="all", limit=2, before=place):
            seen += [one.conversation_id for one in page]
            place = (page[-1].last_at, page[-1].conversation_id)
        assert sorted(seen) == sorted(ids)
        assert seen[0] == ids[6]

    async def test_notes_are_kept_in_order(self, store: Store) -> None:
        conversation_id = await met(store)
        first = await store.add_note(conversation_id, agent=MIA, text="wants blue", now=at(1))
        second = await store.add_note(conversation_id, agent=MIA, text="no, red", now=at(2))
        assert (first.text, first.agent, first.at) == ("wants blue", MIA, at(1))
        assert await store.notes(conversation_id) == [first, second]
        assert await store.notes(await met(store, BEN)) == []

    async def test_counts(self, store: Store) -> None:
        ann = await met(store)
        await take(store, arrival("m1", who=BEN))
        await answer(store, ann, bot("one"), bot("two"))
        await change(store, ann, episode=waiting_episode(), owner=Owner.WAITING, owner_version=2)
        seen = await store.counts(now=at(61))
        assert seen.conversations_by_owner == {"waiting": 1, "bot": 1}
        assert (seen.open_promises, seen.overdue_promises, seen.due_clocks) == (1, 1, 2)
        assert (seen.waiting_episodes, seen.queued_messages) == (1, 2)
        assert (await store.counts(now=at(1))).overdue_promises == 0
