"""Every store shows what is left open and by what clock it is watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import findings_of
from bot.core.events import Decision, JournalEntry
from bot.core.model import ClockKind, Identity, Owner
from bot.store.auditing import Marks
from bot.store.contract import Store
from tests.contract.acts import BEN, T0, arrival, at, enrolment, met, take, waiting_episode
from tests.contract.audited import LATE, codes, enrolled, keep, open_findings, talks, waits
from tests.contract.wrecks import Wreck


class TestOpen:
    """What is owed, and what should watch it."""

    async def test_whole_conversations_are_not_found_wanting(self, store: Store) -> None:
        await take(store, arrival("m1", who=BEN))
        await waits(store, Identity(channel="widget", external_id="cy"))
        await talks(store)
        assert await open_findings(store) == []

    async def test_an_unheard_message_without_a_turn(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await take(store, arrival("m2", who=BEN))
        await wreck.lose_clock(taken.conversation_id, ClockKind.TURN)
        assert codes(await open_findings(store)) == {("unheard_no_turn", taken.conversation_id)}

    async def test_an_unheard_message_without_a_promise(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.lose_promise(taken.conversation_id)
        assert codes(await open_findings(store)) == {("unheard_no_promise", taken.conversation_id)}

    async def test_a_promise_without_its_clock(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.lose_clock(taken.conversation_id, ClockKind.PROMISE)
        assert codes(await open_findings(store)) == {("promise_no_clock", taken.conversation_id)}

    async def test_a_conversation_closed_while_somebody_waits(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        await wreck.own(conversation_id, Owner.CLOSED)
        assert codes(await open_findings(store)) == {("closed_waiting", conversation_id)}

    async def test_a_promise_in_a_closed_conversation(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        loaded = await store.load(taken.conversation_id)
        decision = Decision(state=replace(loaded.state, unheard=()), heard=(taken.message_id,))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=T0)
        await wreck.own(taken.conversation_id, Owner.CLOSED)
        assert codes(await open_findings(store)) == {("closed_waiting", taken.conversation_id)}

    async def test_what_was_just_stored_in_a_closed_conversation_is_whole(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.own(taken.conversation_id, Owner.CLOSED)
        assert await open_findings(store) == []

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (ClockKind.RUNG, "episode_no_clock"),
            (ClockKind.OFFER, "words_no_clock"),
            (ClockKind.FIRST_WORDS, "words_no_clock"),
        ],
    )
    async def test_an_episode_without_a_clock(self, store: Store, wreck: Wreck, kind: ClockKind, code: str) -> None:
        await waits(store, BEN, "e2")
        conversation_id = await waits(store)
        await wreck.lose_clock(conversation_id, kind, "e1")
        assert codes(await open_findings(store)) == {(code, conversation_id)}

    async def test_an_agent_whose_first_words_nothing_watches(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await talks(store)
        await wreck.lose_clock(conversation_id, ClockKind.FIRST_WORDS, "e1")
        assert codes(await open_findings(store)) == {("words_no_clock", conversation_id)}

    async def test_a_person_promised_without_a_handoff(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await met(store)
        await wreck.own(conversation_id, Owner.WAITING)
        assert codes(await open_findings(store)) == {("owner_alone", conversation_id)}

    async def test_a_handoff_whose_conversation_is_somebody_elses(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await talks(store)
        await wreck.own(conversation_id, Owner.BOT)
        assert codes(await open_findings(store)) == {("owner_differs", conversation_id)}

    async def test_two_open_episodes(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        await wreck.second_episode(conversation_id, waiting_episode("e9"))
        assert codes(await open_findings(store)) == {("two_episodes", conversation_id)}

    async def test_a_late_answer_that_does_not_count_as_late(self, store: Store) -> None:
        conversation_id = await talks(store, first_words_at=at(121))
        assert codes(await open_findings(store)) == {("breach_hidden", conversation_id)}

    async def test_a_late_answer_of_an_episode_that_ended_since(self, store: Store) -> None:
        conversation_id = await talks(store, first_words_at=at(121))
        episode = (await store.load(conversation_id)).state.episode
        assert episode is not None
        ended = JournalEntry(kind="episode.closed", at=at(200), data={})
        await keep(store, conversation_id, owner=Owner.BOT, episode=replace(episode, status="closed"), journal=(ended,))
        look = await store.audit_open(overdue_before=T0 - timedelta(1), before=LATE, marks=Marks(), limit=50, stretch=50)
        assert [f.code for one in look.found for f in findings_of(one, now=LATE, overdue_before=T0)][:1] == ["breach_hidden"]

    async def test_a_flow_without_its_clock(self, store: Store, wreck: Wreck) -> None:
        await enrolled(store, BEN, "n2")
        conversation_id = await enrolled(store)
        assert await open_findings(store) == []
        await wreck.lose_clock(conversation_id, ClockKind.STEP, "n1")
        assert codes(await open_findings(store)) == {("step_no_clock", conversation_id)}

    async def test_a_flow_that_a_person_holds_is_whole_while_one_is_called(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        held = replace(enrolment("n1"), waiting_for="person")
        await keep(store, conversation_id, enrolments=(held,))
        assert await open_findings(store) == []
        alone = await enrolled(store, BEN, "n2", waiting_for="person")
        await wreck.lose_clock(alone, ClockKind.STEP, "n2")
        assert codes(await open_findings(store)) == {("step_held_alone", alone)}

    async def test_a_flow_after_a_stop(self, store: Store) -> None:
        conversation_id = await enrolled(store)
        await keep(store, conversation_id, opted_out_at=at(5))
        assert codes(await open_findings(store)) == {("flow_after_stop", conversation_id)}

    async def test_overdue_clocks(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        found = await open_findings(store, overdue_before=at(30))
        assert [(f.code, f.at) for f in found] == [("turn_overdue", at(2))]
        assert {f.code for f in await open_findings(store, overdue_before=at(61))} == {"turn_overdue", "promise_overdue"}
        assert await open_findings(store, overdue_before=at(2)) == []
        assert taken.new
