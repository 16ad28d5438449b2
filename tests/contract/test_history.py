"""What every store must tell about what happened."""

from __future__ import annotations

from dataclasses import replace

from bot.core.events import Decision, JournalEntry
from bot.core.model import Clock, ClockKind, Reason, Standing
from bot.core.seal import broken_at, unlinked
from bot.store.contract import Store
from handoff.forecast import Sample
from tests.contract.acts import ANN, BEN, T0, arrival, at, change, enrolment, met, noted, take, waiting_episode


class TestHistory:
    """The journal, episodes, and who stands where in a flow."""

    async def test_standings_are_live_enrolments_with_their_clock_and_what_holds_them(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        held = {"enrolment": "n1", "step": "hello", "reason": "cap", "until": at(90).isoformat()}
        live = enrolment("n1")
        step = Clock(kind=ClockKind.STEP, key="n1", due_at=at(90))
        decision = Decision(
            state=replace(loaded.state, enrolments=(enrolment("n0", status="done"), live), clocks=(step,)),
            set_clocks=(step,),
            journal=(
                JournalEntry(kind="flow.started", at=T0, data={"enrolment": "n1"}),
                JournalEntry(kind="flow.held", at=T0, data=held),
                JournalEntry(kind="flow.ended", at=T0, data={"enrolment": "n0"}),
            ),
        )
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        expected = [Standing(conversation_id=conversation_id, enrolment=live, due_at=at(90), held=held)]
        assert await store.standings() == expected
        assert await store.standings(flow_id=live.flow_id) == expected
        assert await store.standings(flow_id="other") == []
        assert await store.standings(after="n1") == []
        loaded = await store.load(conversation_id)
        went_on = Decision(
            state=replace(loaded.state, clocks=()),
            cancel_clocks=((ClockKind.STEP, "n1"),),
            journal=(JournalEntry(kind="flow.step", at=T0, data={"enrolment": "n1"}),),
        )
        await store.commit(conversation_id, version=loaded.version, decision=went_on, now=T0)
        assert await store.standings() == [Standing(conversation_id=conversation_id, enrolment=live)]

    async def test_lines_of_decisions_hold_each_other_and_what_deliveries_write_is_beside(self, store: Store) -> None:
        ann, ben = sorted([await met(store), await met(store, BEN)])
        value = {"text": "ü", "share": 0.1, "count": 3, "list": [1, None, {"b": True, "a": 1e-7}]}
        for number in range(3):
            loaded = await store.load(ann)
            lines = (
                JournalEntry(kind="episode.offered", at=at(number + 0.123456), data={**value, "number": number}),
                JournalEntry(kind="message.refused", at=at(number)),
                JournalEntry(kind="episode.taken", at=at(number), data={"number": number}),
            )
            await store.commit(ann, version=loaded.version, decision=Decision(state=loaded.state, journal=lines), now=at(number))
        [one, other] = await store.chains(after="", limit=9)
        assert (one.conversation_id, other.conversation_id) == (ann, ben)
        assert [line.entry.kind for line in one.lines[-6:]] == ["episode.offered", "episode.taken"] * 3
        assert [line.entry.data["number"] for line in one.lines[-6:]] == [0, 0, 1, 1, 2, 2]
        assert [broken_at(chain) for chain in (one, other)] == [None, None]
        assert [unlinked(chain) for chain in (one, other)] == [[], []]
        assert one.head == one.lines[-1].link
        assert [chain.conversation_id for chain in await store.chains(after=ann, limit=9)] == [ben]
        assert len(await store.chains(after="", limit=1)) == 1

    async def test_an_episode_that_the_state_lets_go_of_is_closed_in_the_history(self, store: Store) -> None:
        conversation_id = await met(store)
        await change(store, conversation_id, episode=waiting_episode("e1"))
        closed = replace(waiting_episode("e1"), status="closed", closed_at=at(8), outcome="returned")
        await change(store, conversation_id, episode=closed)
        await change(store, conversation_id, episode=replace(waiting_episode("e2"), requested_at=at(9)))
        await change(store, conversation_id, episode=None, now=20)
        first, second = await store.episodes(conversation_id)
        assert first == closed
        assert (second.episode_id, second.status, second.closed_at) == ("e2", "closed", at(20))
        assert await store.waiting() == []

    async def test_episodes_of_a_range_with_their_own_lines(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        first, second = waiting_episode("e1"), replace(waiting_episode("e2"), requested_at=at(100))
        await noted(store, ann, first, 3, ("episode.accepted", "e1"), ("episode.seen", "e1"))
        await noted(store, ann, replace(first, status="closed", closed_at=at(50)), 50)
        await noted(store, ann, second, 120, ("episode.next_words", "e1"), ("episode.breached", "e2"))
        await noted(store, ben, replace(waiting_episode("e3"), requested_at=at(10)), 11, ("episode.accepted", "e3"))
        await take(store, arrival("more", who=BEN, sent=20), now=20)
        kinds = ("episode.accepted", "episode.next_words", "episode.breached")
        early = await store.handed(since=T0, until=at(100), kinds=kinds)
        assert [(one.conversation_id, one.channel, one.episode.episode_id) for one in early] == [
            (ann, "widget", "e1"),
            (ben, "widget", "e3"),
        ]
        assert early[0].episode == replace(first, status="closed", closed_at=at(50))
        assert [[line.entry.kind for line in one.lines] for one in early] == [
            ["episode.accepted", "episode.next_words"],
            ["episode.accepted"],
        ]
        assert [one.promise_opened_at for one in early] == [None, at(20)]
        assert [one.promise_due_at for one in early] == [None, at(80)]
        (late,) = await store.handed(since=at(100), until=at(101), kinds=kinds)
        assert (late.episode, [line.entry.kind for line in late.lines]) == (second, ["episode.breached"])
        assert await store.handed(since=at(101), until=at(999), kinds=kinds) == []
        assert (await store.handed(since=T0, until=at(1), kinds=()))[0].lines == ()

    async def test_waits_for_first_words_latest_first(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        answered = replace(waiting_episode("e1"), status="closed", first_words_at=at(30), closed_at=at(90), team="sales")
        await change(store, ann, episode=answered)
        await change(store, ann, episode=replace(waiting_episode("e2"), requested_at=at(100), status="closed", closed_at=at(140)))
        await change(store, ann, episode=replace(waiting_episode("e3"), requested_at=at(200)))
        unasked = replace(waiting_episode("e4"), reason=Reason.NATIVE_INBOX, status="closed", closed_at=at(9))
        await change(store, ben, episode=unasked)
        await change(store, ben, episode=replace(waiting_episode("e5"), choice="callback", requested_at=at(150)))
        assert await store.first_waits(since=T0, now=at(260), limit=9) == [
            Sample(requested_at=at(200), until=at(260), answered=False),
            Sample(requested_at=at(100), until=at(140), answered=False),
            Sample(requested_at=T0, until=at(30), team="sales"),
        ]
        assert [one.until for one in await store.first_waits(since=at(50), now=at(200), limit=1)] == [at(140)]

    async def test_the_journal_keeps_every_entry(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        entries = tuple(JournalEntry(kind=f"k{n}", at=at(n), data={"n": n}) for n in range(3))
        decision = Decision(state=loaded.state, journal=entries)
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        assert tuple(line.entry for line in await store.journal(conversation_id)) == entries
        latest = await store.journal(conversation_id, limit=2)
        assert [line.entry.kind for line in latest] == ["k1", "k2"]
        assert latest[0].journal_id < latest[1].journal_id
        assert latest[0].conversation_id == conversation_id

    async def test_the_journal_is_read_by_kind_over_all_conversations_page_by_page(self, store: Store) -> None:
        for person, who in (("one", ANN), ("two", BEN)):
            conversation_id = await met(store, who)
            loaded = await store.load(conversation_id)
            entries = tuple(JournalEntry(kind=kind, at=T0, data={"of": person}) for kind in ("told", "other", "heard"))
            decision = Decision(state=loaded.state, journal=entries)
            await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)

        first = await store.journal_of(["told", "heard"], after=0, limit=3)
        rest = await store.journal_of(["told", "heard"], after=first[-1].journal_id, limit=3)

        read = [(line.entry.kind, line.entry.data["of"]) for line in (*first, *rest)]
        assert read == [("told", "one"), ("heard", "one"), ("told", "two"), ("heard", "two")]
        assert await store.journal_of(["told"], after=rest[-1].journal_id, limit=3) == []
