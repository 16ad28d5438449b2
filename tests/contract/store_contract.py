"""What every store must do. A test module subclasses `StoreContract` and gives it a `store` fixture."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.core.events import Claim, Decision, JournalEntry
from bot.core.model import (
    AgentRef,
    Arrival,
    Attachment,
    Clock,
    ClockKind,
    CommandRefused,
    Delivery,
    Enrolment,
    Episode,
    Identity,
    Owner,
    Profile,
    Promise,
    QuickReply,
    Reason,
    Say,
    Speaker,
    Standing,
    State,
    Window,
)
from bot.store.contract import (
    Agent,
    AgentFull,
    AlreadyExists,
    Committed,
    Consoles,
    DueClock,
    NotFound,
    Outgoing,
    Store,
    StoreError,
    TakenIn,
    TimeTaken,
    VersionConflict,
    Waiting,
)
from handoff.forecast import Sample

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANN = Identity(channel="widget", external_id="ann")
BEN = Identity(channel="widget", external_id="ben")
MIA = AgentRef(agent_id="mia", name="Mia")
LEASE = timedelta(seconds=10)
ME, OTHER = "here/hands", "elsewhere/hands"
TURN, PROMISE = (ClockKind.TURN, ""), (ClockKind.PROMISE, "")


def at(seconds: float) -> datetime:
    """A moment, in seconds after the start of the story."""
    return T0 + timedelta(seconds=seconds)


def arrival(external_id: str, *, who: Identity = ANN, sent: float = 0, text: str = "hey") -> Arrival:
    """A message from outside."""
    return Arrival(identity=who, external_id=external_id, sent_at=at(sent), text=text)


async def take(store: Store, *arrivals: Arrival, now: float = 0) -> list[TakenIn]:
    """Take in, to be answered in 2 s, promised in 60 s."""
    return await store.take_in(arrivals, now=at(now), answer_at=at(now + 2), promise_due_at=at(now + 60))


async def met(store: Store, who: Identity = ANN, *, now: float = 0) -> str:
    """The conversation of somebody who wrote once and was answered."""
    (taken,) = await take(store, arrival("first", who=who, sent=now), now=now)
    await answer(store, taken.conversation_id, now=now)
    return taken.conversation_id


async def answer(store: Store, conversation_id: str, *says: Say, now: float = 0) -> Committed:
    """Hear everything, keep the promise, say this."""
    loaded = await store.load(conversation_id)
    return await store.commit(conversation_id, version=loaded.version, decision=heard_all(loaded.state, *says), now=at(now))


def heard_all(state: State, *says: Say) -> Decision:
    """The decision that answers a burst."""
    kept = tuple(clock for clock in state.clocks if clock.kind not in (ClockKind.TURN, ClockKind.PROMISE))
    return Decision(
        state=replace(state, unheard=(), promise=None, clocks=kept),
        heard=tuple(heard.message_id for heard in state.unheard),
        cancel_clocks=(TURN, PROMISE),
        say=says,
    )


async def change(store: Store, conversation_id: str, *, now: float = 0, **changes: object) -> Committed:
    """Commit changed fields of the state."""
    loaded = await store.load(conversation_id)
    decision = Decision(state=replace(loaded.state, **changes))  # type: ignore[arg-type]
    return await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))


def bot(text: str, *, due: float | None = None) -> Say:
    """A bubble of the bot's."""
    return Say(speaker=Speaker.BOT, text=text, due_at=None if due is None else at(due))


async def due(store: Store, now: float, *, channels: tuple[str, ...] = ("widget",), limit: int = 10) -> list[Outgoing]:
    """What the outbox has to send."""
    return await store.outbox_due(now=at(now), limit=limit, channels=channels)


async def claim(store: Store, worker: str, now: float, *, limit: int = 9, skip: frozenset[str] = frozenset()) -> list[DueClock]:
    """Due clocks, held for ten seconds."""
    return await store.claim_clocks(worker=worker, now=at(now), until=at(now) + LEASE, limit=limit, skip=skip)


async def claim_out(store: Store, worker: str, now: float, *, limit: int = 9, skip: frozenset[str] = frozenset()) -> list[Outgoing]:
    """Messages to send, held for ten seconds."""
    until = at(now) + LEASE
    return await store.claim_outbox(worker=worker, now=at(now), until=until, limit=limit, channels=("widget",), skip=skip)


async def sending(store: Store, message_id: int, *, now: datetime, sent_as: str | None = None) -> bool:
    """Claim what is due and mark a message as being sent."""
    await store.claim_outbox(worker=ME, now=now, until=now + LEASE, limit=99, channels=("widget", "rest"))
    return await store.mark_sending(message_id, worker=ME, now=now, sent_as=sent_as)


async def noted(store: Store, conversation_id: str, episode: Episode, now: float, *lines: tuple[str, str]) -> None:
    """Commit an episode, with (kind, episode's id) lines of the journal."""
    loaded = await store.load(conversation_id)
    journal = tuple(JournalEntry(kind=kind, at=at(now), data={"episode_id": of}) for kind, of in lines)
    decision = Decision(state=replace(loaded.state, episode=episode), journal=journal)
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))


async def people_met(store: Store, number: int) -> list[str]:
    """Conversations of so many people."""
    return [await met(store, Identity(channel="widget", external_id=f"p{n}"), now=n) for n in range(number)]


async def claimed(store: Store, conversation_id: str, name: str, *, capacity: float, weight: float = 1) -> Committed:
    """Mia takes it, if she has room, and says something."""
    loaded = await store.load(conversation_id)
    episode = replace(waiting_episode(name), status="accepted", agent=MIA, accepted_at=at(9), weight=weight)
    decision = Decision(
        state=replace(loaded.state, episode=episode, owner=Owner.AGENT),
        say=(bot("Mia is here"),),
        journal=(JournalEntry(kind="episode.accepted", at=at(9)),),
        claim=Claim(agent_id=MIA.agent_id, weight=weight, capacity=capacity),
    )
    return await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(9))


def waiting_episode(name: str = "e1", *, due_in: float = 120) -> Episode:
    """A handoff that nobody has accepted."""
    return Episode(episode_id=name, reason=Reason.ASKED, requested_at=T0, first_words_due_at=at(due_in), offered_to=("mia",))


def enrolment(name: str, flow: str = "welcome", *, status: str = "live") -> Enrolment:
    """Somebody inside a flow."""
    return Enrolment(
        enrolment_id=name,
        flow_id=flow,
        flow_version=3,
        step_id="hello",
        entered_at=T0,
        step_entered_at=T0,
        status=status,
        visits={"hello": 1},
    )


class StoreContract:
    """Every test here holds for every store."""

    # ---- intake

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

    # ---- load and commit

    async def test_what_was_committed_is_loaded(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        step = Clock(kind=ClockKind.STEP, key="n1", due_at=at(90), data={"step": "hello"})
        state = replace(
            loaded.state,
            owner=Owner.WAITING,
            owner_version=2,
            slots={"topic": "shoes", "nested": {"a": [1, 2.5, None, True]}},
            tags=("lead", "ünïcode"),
            enrolments=(enrolment("n0", status="done"), enrolment("n1")),
            episode=waiting_episode(),
            clocks=(step,),
            window=Window(opened_at=T0, closes_at=at(86_400)),
            wordings=("utter_a", "welcome/hello#b"),
            flow_sent_at=(at(1), at(2)),
            asking="callback_number",
            turns=4,
        )
        decision = Decision(state=state, set_clocks=(step,))
        committed = await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(5))
        assert committed == Committed(version=loaded.version + 1)
        assert (await store.load(conversation_id)).state == state

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

    async def test_a_stale_version_conflicts_and_changes_nothing(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        await change(store, conversation_id, turns=1)
        before = await store.load(conversation_id)
        late = Decision(
            state=replace(loaded.state, turns=9),
            say=(bot("late"),),
            tracker_events=({"event": "late"},),
            journal=(JournalEntry(kind="late", at=T0),),
            set_clocks=(Clock(kind=ClockKind.STEP, due_at=T0),),
        )
        with pytest.raises(VersionConflict):
            await store.commit(conversation_id, version=loaded.version, decision=late, now=T0)
        assert await store.load(conversation_id) == before
        assert await store.pending_messages(conversation_id) == []
        assert await store.tracker_tail(conversation_id, limit=9) == []
        assert await store.journal(conversation_id) == []

    async def test_of_two_commits_at_once_one_wins(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        decisions = [Decision(state=loaded.state, say=(bot(str(n)),)) for n in range(4)]
        results = await asyncio.gather(
            *(store.commit(conversation_id, version=loaded.version, decision=d, now=T0) for d in decisions),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Committed) for result in results) == 1
        assert sum(isinstance(result, VersionConflict) for result in results) == 3
        assert await store.unsent_count(conversation_id) == 1

    async def test_an_unknown_conversation_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.load("nobody")
        with pytest.raises(NotFound):
            await store.overview("nobody")
        state = State(conversation_id="nobody", identity=ANN, created_at=T0)
        with pytest.raises(NotFound):
            await store.commit("nobody", version=0, decision=Decision(state=state), now=T0)
        with pytest.raises(NotFound):
            await store.add_note("nobody", agent=MIA, text="?", now=T0)
        assert await store.messages("nobody") == []
        assert await store.tracker_tail("nobody", limit=5) == []

    async def test_a_turn_that_commits_while_a_message_arrives_keeps_it_owed(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        loaded = await store.load(taken.conversation_id)
        (newer,) = await take(store, arrival("m2", sent=10), now=10)
        decision = heard_all(loaded.state, bot("Hi!"))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=at(11))
        state = (await store.load(taken.conversation_id)).state
        assert [heard.external_id for heard in state.unheard] == ["m2"]
        assert state.promise == Promise(opened_at=at(10), due_at=at(70), message_id=newer.message_id)
        assert {(clock.kind, clock.due_at) for clock in state.clocks} == {
            (ClockKind.TURN, at(12)),
            (ClockKind.PROMISE, at(70)),
        }

    async def test_a_promise_opened_while_something_else_was_decided_stays_open(self, store: Store) -> None:
        conversation_id = await met(store)
        loaded = await store.load(conversation_id)
        await take(store, arrival("m2", sent=10), now=10)
        during = (await store.load(conversation_id)).state
        decision = Decision(state=replace(loaded.state, tags=("lead",)))
        await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(11))
        assert (await store.load(conversation_id)).state == replace(during, tags=("lead",))

    async def test_delivery_between_load_and_commit_is_not_undone(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        loaded = await store.load(conversation_id)
        await sending(store, message_id, now=at(3))
        await store.mark_sent(message_id, now=at(4), external_id="x1")
        await store.commit(conversation_id, version=loaded.version, decision=Decision(state=loaded.state), now=at(5))
        state = (await store.load(conversation_id)).state
        assert state.last_outbound_at == at(4)
        assert state.unsent == ()

    async def test_clocks_are_set_moved_and_cancelled(self, store: Store) -> None:
        conversation_id = await met(store)
        step, rung = Clock(kind=ClockKind.STEP, key="a", due_at=at(9)), Clock(kind=ClockKind.RUNG, due_at=at(8))
        state = replace((await store.load(conversation_id)).state, clocks=(step, rung))
        await store.commit(conversation_id, version=1, decision=Decision(state=state, set_clocks=(step, rung)), now=T0)
        moved = replace(step, due_at=at(5), data={"again": True})
        state = replace(state, clocks=(moved,))
        decision = Decision(state=state, set_clocks=(moved,), cancel_clocks=((ClockKind.RUNG, ""), (ClockKind.ACCEPT, "x")))
        await store.commit(conversation_id, version=2, decision=decision, now=T0)
        assert (await store.load(conversation_id)).state.clocks == (moved,)

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

    async def test_a_place_at_a_time_is_booked_once(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        booked = replace(waiting_episode("e1"), choice="book", callback_at=at(3600), callback_seat=0)
        await change(store, ann, episode=booked)
        await change(store, ann, episode=replace(booked, rung=1))
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

    async def test_a_person_is_live_in_a_flow_once(self, store: Store) -> None:
        conversation_id = await met(store)
        await change(store, conversation_id, enrolments=(enrolment("n1"),))
        before = await store.load(conversation_id)
        with pytest.raises(AlreadyExists):
            await change(store, conversation_id, enrolments=(enrolment("n1"), enrolment("n2")))
        with pytest.raises(AlreadyExists):
            await change(store, conversation_id, enrolments=(enrolment("n2"),))
        assert await store.load(conversation_id) == before
        both = (enrolment("n2"), enrolment("n1", status="done"))
        await change(store, conversation_id, enrolments=both)
        assert (await store.load(conversation_id)).state.enrolments == both

    async def test_tracker_events_keep_their_order(self, store: Store) -> None:
        conversation_id = await met(store)
        for start in (0, 3):
            loaded = await store.load(conversation_id)
            events = tuple({"event": "user", "n": n, "text": "ü"} for n in range(start, start + 3))
            decision = Decision(state=loaded.state, tracker_events=events)
            await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
        assert [json.loads(event)["n"] for event in await store.tracker_tail(conversation_id, limit=4)] == [2, 3, 4, 5]
        assert [json.loads(event)["n"] for event in await store.tracker_tail(conversation_id, limit=99)] == [0, 1, 2, 3, 4, 5]
        assert await store.tracker_tail(conversation_id, limit=0) == []

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

    # ---- says

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

    # ---- clocks

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

    # ---- outbox

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
        ids = (await answer(store, conversation_id, bot("one"), bot("two"), bot("three"))).message_ids
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

    async def test_an_echo_settles_what_was_sent(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = (await answer(store, conversation_id, bot("one"))).message_ids
        (out,) = await due(store, 1)
        await sending(store, message_id, now=at(1))
        settled = await store.settle_by_echo(key=out.key, external_id="x1", now=at(2))
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

    # ---- parked messages

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

    # ---- claims

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

    # ---- reading

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

    # ---- people

    async def test_agents_are_added_found_and_changed(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="Mia@X.test", name="Mia", role="agent", password_hash="h", created_at=T0)
        sam = Agent(
            agent_id="sam",
            email="sam@x.test",
            name="Ada",
            role="admin",
            password_hash="h",
            skills=("pricing",),
            languages=("de", "en"),
            teams=("sales",),
            capacity=2.5,
        )
        await store.add_agent(mia)
        await store.add_agent(sam)
        assert await store.agents() == [sam, mia]
        assert await store.agent("mia") == mia
        assert await store.agent_by_email(" mia@x.TEST") == mia
        assert await store.agent_by_email("nobody@x.test") is None
        with pytest.raises(AlreadyExists):
            await store.add_agent(replace(mia, agent_id="other", email="MIA@x.test"))
        with pytest.raises(AlreadyExists):
            await store.add_agent(replace(mia, email="new@x.test"))
        with pytest.raises(AlreadyExists):
            await store.update_agent(replace(sam, email="mia@x.test"))
        with pytest.raises(NotFound):
            await store.update_agent(replace(sam, agent_id="nobody", email="n@x.test"))
        with pytest.raises(NotFound):
            await store.agent("nobody")
        gone = replace(mia, name="Mia M.", disabled_at=at(9), picture_url="https://x.test/m.png")
        await store.update_agent(gone)
        assert await store.agent("mia") == gone

    async def test_sessions_end(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="mia@x.test", name="Mia", role="agent", password_hash="h")
        await store.add_agent(mia)
        await store.open_session(token_sha256="t1", agent_id="mia", expires_at=at(100))
        await store.open_session(token_sha256="t2", agent_id="mia", expires_at=at(100))
        assert await store.session_agent(token_sha256="t1", now=at(99)) == mia
        assert await store.session_agent(token_sha256="t1", now=at(100)) is None
        assert await store.session_agent(token_sha256="nonsense", now=T0) is None
        await store.close_session(token_sha256="t1")
        assert await store.session_agent(token_sha256="t1", now=T0) is None
        await store.update_agent(replace(mia, disabled_at=T0))
        assert await store.session_agent(token_sha256="t2", now=T0) is None
        with pytest.raises(NotFound):
            await store.open_session(token_sha256="t3", agent_id="nobody", expires_at=at(1))

    async def test_settings(self, store: Store) -> None:
        assert await store.setting("secret") is None
        assert await store.put_setting("secret", "one", if_absent=True) == "one"
        assert await store.put_setting("secret", "two", if_absent=True) == "one"
        assert await store.put_setting("secret", "three") == "three"
        assert await store.setting("secret") == "three"

    async def test_ping_and_migrate_again(self, store: Store) -> None:
        await store.migrate()
        await store.ping()

    async def test_failed_sign_ins_are_counted_forgiven_and_forgotten(self, store: Store) -> None:
        await store.add_tries(("ann office", "office"), at=at(1))
        await store.add_tries(("ben office", "office"), at=at(2))
        assert await store.tries("office", since=T0, limit=9) == [at(2), at(1)]
        assert await store.tries("office", since=T0, limit=1) == [at(2)]
        assert await store.tries("office", since=at(1), limit=9) == [at(2)]
        await store.forgive_tries("ann office")
        assert await store.tries("ann office", since=T0, limit=9) == []
        assert await store.tries("office", since=T0, limit=9) == [at(2), at(1)]
        assert await store.forget_expired(now=T0, tries_before=at(2)) == 1
        assert await store.tries("office", since=T0, limit=9) == [at(2)]

    async def test_expired_sessions_are_deleted(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="mia@x.test", name="Mia", role="agent", password_hash="h")
        await store.add_agent(mia)
        await store.open_session(token_sha256="t1", agent_id="mia", expires_at=at(10))
        await store.open_session(token_sha256="t2", agent_id="mia", expires_at=at(20))
        assert await store.forget_expired(now=at(10), tries_before=T0) == 1
        assert await store.session_agent(token_sha256="t1", now=T0) is None
        assert await store.session_agent(token_sha256="t2", now=T0) == mia

    async def test_consoles_are_what_each_service_said_last(self, store: Store) -> None:
        here = Consoles(agent_id="mia", service="one", sockets=2, seen_at=at(1))
        there = Consoles(agent_id="mia", service="two", sockets=0, seen_at=at(9), lost_at=at(5))
        sams = Consoles(agent_id="sam", service="one", sockets=1, seen_at=at(1))
        await store.put_consoles([here, sams, there])
        await store.put_consoles([])
        assert await store.consoles() == [here, there, sams]
        later = replace(here, sockets=1, seen_at=at(7))
        await store.put_consoles([later])
        assert await store.consoles() == [later, there, sams]
        assert (later.last_open_at, there.last_open_at) == (at(7), at(5))
        await store.drop_consoles("mia", open_until=at(4))
        assert await store.consoles() == [later, there, sams]
        await store.drop_consoles("mia", open_until=at(5))
        assert await store.consoles() == [later, sams]
        await store.drop_consoles("mia", open_until=at(7))
        assert await store.consoles() == [sams]

    async def test_the_switch_is_kept(self, store: Store) -> None:
        assert await store.away() == frozenset()
        await store.switch_away("mia", away=True)
        await store.switch_away("sam", away=True)
        await store.switch_away("sam", away=False)
        assert await store.away() == {"mia"}
