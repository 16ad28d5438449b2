"""What a store must tell of what became of a prospect."""

from __future__ import annotations

from datetime import timedelta

from bot.core.events import Decision, JournalEntry
from bot.core.model import Arrival
from bot.store.contract import Store
from bot.store.remembering import VISIT_GAP, Of
from bot.store.sight import Sight
from tests.contract.acts import MIA, at, change, met
from tests.contract.test_desk import person

ANN = person("ann")
GAP_S = VISIT_GAP.total_seconds()
KINDS = ("episode.opened", "flow.started")


async def wrote(store: Store, when: float) -> None:
    """Ann writes."""
    arrival = Arrival(identity=ANN, external_id=f"m{when}", sent_at=at(when), text="hi")
    await store.take_in([arrival], now=at(when), answer_at=at(when), promise_due_at=at(when + 20))


async def note(store: Store, conversation_id: str, when: float, *kinds: str) -> None:
    """Lines of the journal, all of one moment."""
    loaded = await store.load(conversation_id)
    entries = tuple(JournalEntry(kind=kind, at=at(when), data={"n": n}) for n, kind in enumerate(kinds))
    decision = Decision(state=loaded.state, journal=entries)
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(when))


async def story(store: Store) -> str:
    """Ann came by twice; a person was needed, a flow started, somebody noted something."""
    conversation_id = await met(store, ANN, now=0)
    await wrote(store, 60)
    await note(store, conversation_id, 61, "episode.opened", "turn.read", "flow.started")
    await store.add_note(conversation_id, agent=MIA, text="very kind", now=at(61))
    await wrote(store, 60 + GAP_S)
    await wrote(store, 61 + GAP_S * 2 + 1)
    return conversation_id


class TestMemories:
    """See the module."""

    async def test_visits_journal_and_notes_are_told_latest_first(self, store: Store) -> None:
        conversation_id = await story(store)
        told = await store.remembered(conversation_id, kinds=KINDS, limit=99)
        assert [(one.of, one.entry.kind) for one in told] == [
            (Of.VISIT, "visit"),
            (Of.NOTE, "note"),
            (Of.JOURNAL, "flow.started"),
            (Of.JOURNAL, "episode.opened"),
            (Of.VISIT, "visit"),
            (Of.MEETING, "met"),
        ]
        later, noted, _, _, earlier, first = told
        assert noted.entry.data == {"agent_id": "mia", "agent": "Mia", "text": "very kind"}
        assert (later.entry.at, later.entry.data["messages"]) == (at(61 + GAP_S * 2 + 1), 1)
        # Four hours are no new visit yet.
        assert earlier.entry.data == {"until": (at(60) + timedelta(seconds=GAP_S)).isoformat(), "messages": 3}
        assert {one.channel for one in told} == {"widget"}
        assert first.conversation_id == conversation_id

    async def test_a_timeline_is_paged_without_losing_or_doubling_anything(self, store: Store) -> None:
        conversation_id = await story(store)
        await note(store, conversation_id, 61, *["episode.opened"] * 5)
        whole = await store.remembered(conversation_id, kinds=KINDS, limit=99)
        for limit in (1, 2, 3):
            pages = []
            place = None
            while page := await store.remembered(conversation_id, kinds=KINDS, limit=limit, before=place):
                pages += page
                place = page[-1].place
            assert pages == whole

    async def test_nothing_is_told_of_nobody_or_to_another_team(self, store: Store) -> None:
        conversation_id = await story(store)
        await change(store, conversation_id, slots={"team": "support"})
        of_sales = Sight(agent_id="sam", hidden=frozenset({"support"}))
        assert await store.remembered("nobody", kinds=KINDS, limit=9) == []
        assert await store.remembered(conversation_id, kinds=KINDS, limit=9, sight=of_sales) == []
        assert await store.remembered(conversation_id, kinds=KINDS, limit=9, sight=Sight(agent_id="x", hidden=frozenset({"x"})))
