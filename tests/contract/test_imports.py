"""What every store must do for imports and exports of contacts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision, JournalEntry
from bot.core.model import Clock, ClockKind, Enrolment, Identity, Owner, Profile, Say, Speaker, State, Touch, Window
from bot.store.contract import NotFound, Store, StoreError
from bot.store.importing import MERGED, NEW, UNCHANGED, ImportRun
from tests.contract.acts import ANN, BEN, T0, arrival, at, change, due, met, take

RUN = ImportRun(import_id="i1", name="fair.csv", started_at=T0)
CEM = Identity(channel="facebook", external_id="cem")
TOUCH = Touch(at=T0, channel="widget", source="fair")


def tagged(state: State, _place: int = 0) -> Decision:
    """Give the tag once, and say so in the journal."""
    if "fair" in state.tags:
        return Decision(state=state)
    known = replace(state, tags=(*state.tags, "fair"), first_touch=state.first_touch or TOUCH)
    return Decision(state=known, journal=(JournalEntry(kind="prospect.imported", at=T0),))


def enrolled(state: State, place: int) -> Decision:
    """Everything that an import may write."""
    enrolment = Enrolment(
        enrolment_id=f"e{place}", flow_id="welcome", flow_version=1, step_id="hello", entered_at=T0, step_entered_at=T0,
        waiting_for="time",
    )  # fmt: skip
    clock = Clock(kind=ClockKind.STEP, key=enrolment.enrolment_id, due_at=at(60), data={"why": "go"})
    known = replace(
        tagged(state).state, enrolments=(enrolment,), clocks=(clock,), profile=Profile(first_name="Cem", zone="Europe/Berlin"),
        slots={"company": "Sun"}, window=Window(opened_at=T0, closes_at=T0, opened_by="import"), opted_out_at=at(1),
    )  # fmt: skip
    held = JournalEntry(kind="flow.held", at=T0, data={"flow": "x", "enrolment": None, "reason": "audience"})
    return Decision(state=known, set_clocks=(clock,), journal=(held,))


class TestImports:
    """Contacts that come and go by file."""

    async def test_an_import_that_is_known_goes_on_where_it_stood(self, store: Store) -> None:
        assert await store.import_run("i1") is None
        assert await store.begin_import(RUN) == RUN
        await store.import_batch("i1", [ANN], tagged, line=2, rejected=3, now=at(1))
        known = await store.begin_import(replace(RUN, started_at=at(9)))
        assert known == replace(RUN, line=2, counts={"new": 1, "rejected": 3})
        assert (await store.end_import("i1", now=at(5))).finished_at == at(5)
        assert (await store.end_import("i1", now=at(6))).finished_at == at(5)
        assert await store.import_run("i1") == replace(known, finished_at=at(5))
        for missing in (store.end_import("i2", now=T0), store.import_batch("i2", [], tagged, line=2, rejected=0, now=T0)):
            with pytest.raises(NotFound):
                await missing

    async def test_a_batch_that_was_dealt_with_changes_nothing(self, store: Store) -> None:
        await store.begin_import(RUN)
        assert len(await store.import_batch("i1", [ANN, BEN], tagged, line=3, rejected=0, now=T0)) == 2
        assert await store.import_batch("i1", [ANN, BEN], tagged, line=3, rejected=0, now=T0) == []
        known = await store.import_run("i1")
        assert known is not None
        assert known.counts == {"new": 2}

    async def test_who_is_new_is_met_without_a_message_a_promise_or_a_turn(self, store: Store) -> None:
        await store.begin_import(RUN)
        (made,) = await store.import_batch("i1", [CEM], enrolled, line=2, rejected=0, now=at(3))
        assert (made.became, made.held) == (NEW, "audience")
        assert await store.find_conversation(CEM) == made.conversation_id
        loaded = await store.load(made.conversation_id)
        expected = enrolled(State(conversation_id=made.conversation_id, identity=CEM, created_at=at(3)), 0).state
        assert loaded.state == expected
        assert (loaded.state.owner, loaded.state.promise, loaded.state.last_inbound_at) == (Owner.BOT, None, None)
        assert [one.clock.key for one in await store.due_clocks(now=at(60), limit=9)] == ["e0"]
        assert [s.enrolment.enrolment_id for s in await store.standings()] == ["e0"]
        assert [line.entry.kind for line in await store.journal(made.conversation_id)] == ["flow.held"]
        assert await due(store, 99) == []
        await take(store, arrival("m1", who=CEM, sent=100), now=100)
        assert len((await store.load(made.conversation_id)).state.unheard) == 1

    async def test_who_is_known_is_merged_and_twice_in_a_batch_is_once(self, store: Store) -> None:
        ann = await met(store)
        await change(store, ann, tags=("vip",))
        await store.begin_import(RUN)
        results = await store.import_batch("i1", [BEN, ANN, BEN], tagged, line=4, rejected=0, now=at(5))
        assert [one.became for one in results] == [NEW, MERGED, UNCHANGED]
        assert results[0].conversation_id == results[2].conversation_id
        assert (await store.load(ann)).state.tags == ("vip", "fair")
        known = await store.import_run("i1")
        assert known is not None
        assert known.counts == {"new": 1, "merged": 1, "unchanged": 1}

    async def test_an_import_that_would_say_something_is_refused_whole(self, store: Store) -> None:
        def speaks(state: State, place: int) -> Decision:
            decision = tagged(state)
            return replace(decision, say=(Say(speaker=Speaker.FLOW, text="hey"),)) if place else decision

        await store.begin_import(RUN)
        with pytest.raises(StoreError):
            await store.import_batch("i1", [ANN, BEN], speaks, line=3, rejected=0, now=T0)
        assert await store.find_conversation(ANN) is None
        assert await store.import_run("i1") == RUN

    async def test_contacts_are_paged_by_conversation(self, store: Store) -> None:
        ann = await met(store)
        await store.begin_import(RUN)
        (ben,) = await store.import_batch("i1", [BEN], tagged, line=2, rejected=0, now=at(3))
        first, second = sorted([ann, ben.conversation_id])
        both = await store.contacts(after="", limit=9)
        assert [one.conversation_id for one in both] == [first, second]
        assert await store.contacts(after=first, limit=9) == both[1:]
        assert await store.contacts(after="", limit=1) == both[:1]
        told = {one.conversation_id: one for one in both}
        assert (told[ben.conversation_id].identity, told[ben.conversation_id].tags) == (BEN, ("fair",))
        assert (told[ben.conversation_id].first_touch, told[ann].first_touch) == (TOUCH, None)
        assert (told[ben.conversation_id].last_inbound_at, told[ann].last_inbound_at) == (None, T0)
