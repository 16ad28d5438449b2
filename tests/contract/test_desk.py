"""What every store must do for people at the desk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import Decision
from bot.core.model import Arrival, Clock, ClockKind, Episode, Identity, Owner, Profile, Promise, Reason, Say, Speaker
from bot.store.contract import NOBODY, Filter, Store
from bot.store.rules import NO_RISK, fits, risk_at
from tests.contract.acts import BEN, MIA, answer, arrival, at, bot, change, claim_out, met, take


async def found(store: Store, query: str) -> list[tuple[str, list[str]]]:
    """Whose conversations, and what was found there."""
    return [(one.overview.identity.external_id, [hit.text for hit in one.hits]) for one in await store.search(query)]


def person(name: str) -> Identity:
    """Somebody on the website."""
    return Identity(channel="widget", external_id=name)


def handoff(key: str, *, due: float) -> Episode:
    """One that waits for first words."""
    return Episode(episode_id=key, reason=Reason.ASKED, requested_at=at(0), first_words_due_at=at(due))


class TestDesk:
    """Lists by what they show, what is sought, and similar answers."""

    async def test_words_are_found_in_messages_notes_and_names(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        await take(store, arrival("m2", sent=5, text="How much is the blue Café table?"), now=5)
        await store.add_note(ben, agent=MIA, text="Wants the blue one delivered.", now=at(6))
        await change(store, ann, profile=Profile(first_name="Émilie", last_name="Blue"))
        assert await found(store, "delivered") == [("ben", ["Wants the blue one delivered."])]
        assert await found(store, "CAFE tab") == [("ann", ["How much is the blue Café table?"])]
        assert await found(store, "emilie") == [("ann", ["Émilie Blue"])]
        assert await found(store, "blue") == [
            ("ann", ["Émilie Blue", "How much is the blue Café table?"]),
            ("ben", ["Wants the blue one delivered."]),
        ]
        assert await found(store, "blue delivered table") == []
        assert (await store.search("blue", limit=1))[0].overview == await store.overview(ann)

    async def test_a_hit_tells_where_it_is(self, store: Store) -> None:
        ann = await met(store)
        await take(store, arrival("m2", sent=5, text="a blue table"), now=5)
        await store.add_note(ann, agent=MIA, text="blue it is", now=at(6))
        (one,) = [[(hit.kind, hit.by, hit.at, hit.seq) for hit in f.hits] for f in await store.search("table")]
        assert one == [("message", "prospect", at(5), 2)]
        (one,) = [[(hit.kind, hit.by, hit.at, hit.seq) for hit in f.hits] for f in await store.search("blue")]
        assert one == [("note", "Mia", at(6), None), ("message", "prospect", at(5), 2)]

    async def test_a_new_name_is_found_and_the_old_one_no_more(self, store: Store) -> None:
        ann = await met(store)
        await change(store, ann, profile=Profile(first_name="Ana"))
        await change(store, ann, profile=Profile(first_name="Bea"), slots={"first_name": "Beatrix"})
        assert await found(store, "ana") == []
        assert await found(store, "beatrix") == [("ann", ["Bea Beatrix"])]

    async def test_what_nobody_was_shown_is_not_found(self, store: Store) -> None:
        ann = await met(store)
        await answer(store, ann, bot("the blue table is 90 euros"))
        assert await found(store, "euros") == []
        (out,) = await claim_out(store, "w", 1)
        assert await store.mark_sending(out.message_id, worker="w", now=at(1))
        await store.mark_sent(out.message_id, now=at(1), external_id=None)
        assert await found(store, "euros") == [("ann", ["the blue table is 90 euros"])]

    @pytest.mark.parametrize("query", ["", "  ", "?!", '"', "*", "_"])
    async def test_a_query_without_a_word_finds_nothing(self, store: Store, query: str) -> None:
        await met(store)
        assert await store.search(query) == []

    @pytest.mark.parametrize(
        "query", ["o'clock", 'a "b', "a AND b", "NEAR(a", "a:b", "x-y", "ab*", "(", "e-mail ann@example.com", "!a & | b:*"]
    )
    async def test_a_query_is_words_and_never_a_language(self, store: Store, query: str) -> None:
        await met(store)
        await take(store, arrival("m2", sent=5, text=f"well, {query} it is"), now=5)
        assert [who for who, _ in await found(store, query)] == (["ann"] if query != "(" else [])

    async def test_a_long_text_is_stored_whatever_the_index_holds(self, store: Store) -> None:
        await met(store)
        long = " ".join(f"w{n}" for n in range(200_000)) + " " + "x" * 5000
        await take(store, arrival("m2", sent=5, text=long), now=5)
        assert await found(store, "w17") == [("ann", [long])]

    async def test_open_handoffs_are_listed_by_risk(self, store: Store) -> None:
        soon, late, calm, bots = [await met(store, person(name)) for name in ("soon", "late", "calm", "bots")]
        await change(store, soon, episode=handoff("e1", due=30))
        await change(store, late, episode=handoff("e2", due=10))
        held = replace(handoff("e3", due=5), status="accepted", agent=MIA, first_words_at=at(3))
        await change(store, calm, owner=Owner.AGENT, episode=held)
        everyone = await store.filtered(Filter(risk=True))
        assert [one.conversation_id for one in everyone] == [late, soon, calm]
        assert [risk_at(one) for one in everyone] == [at(10), at(30), NO_RISK]
        owed = Promise(opened_at=at(6), due_at=at(8), message_id=1)
        await change(store, calm, promise=owed)
        assert [one.conversation_id for one in await store.filtered(Filter(risk=True))] == [calm, late, soon]
        later = Clock(kind=ClockKind.FIRST_WORDS, key="e2", due_at=at(40), data={})
        loaded = await store.load(late)
        decision = Decision(state=replace(loaded.state, clocks=(later,)), set_clocks=(later,))
        await store.commit(late, version=loaded.version, decision=decision, now=at(9))
        assert [one.conversation_id for one in await store.filtered(Filter(risk=True))] == [calm, soon, late]
        assert {one.conversation_id for one in await store.filtered(Filter())} == {soon, late, calm, bots}

    @pytest.mark.parametrize("risk", [True, False])
    async def test_a_filtered_list_is_paged_without_losing_anybody(self, store: Store, risk: bool) -> None:
        ids = set()
        for n in range(5):
            ids.add(await met(store, person(f"p{n}"), now=n // 2))
        for n, conversation_id in enumerate(sorted(ids)):
            await change(store, conversation_id, episode=handoff(f"e{n}", due=n // 2))
        seen: list[str] = []
        before = None
        while page := await store.filtered(Filter(risk=risk), limit=2, before=before):
            seen += [one.conversation_id for one in page]
            before = (risk_at(page[-1]) if risk else page[-1].last_at, page[-1].conversation_id)
        assert sorted(seen) == sorted(ids)

    async def test_a_list_shows_what_fits_and_nothing_else(self, store: Store) -> None:
        mine, waits, bots = [await met(store, person(name)) for name in ("mine", "waits", "bots")]
        held = replace(handoff("e1", due=5), status="accepted", agent=MIA, team="sales", reason=Reason.COMPLAINT)
        await change(store, mine, owner=Owner.AGENT, episode=held)
        await change(store, waits, owner=Owner.WAITING, episode=handoff("e2", due=10))
        snooze = Clock(kind=ClockKind.SNOOZE, due_at=at(99), data={})
        loaded = await store.load(mine)
        decision = Decision(state=replace(loaded.state, clocks=(snooze,)), set_clocks=(snooze,))
        await store.commit(mine, version=loaded.version, decision=decision, now=at(9))
        for wanted, expected in (
            (Filter(holder="mia"), {mine}),
            (Filter(holder="sam"), set()),
            (Filter(holder=NOBODY), {waits}),
            (Filter(team="sales"), {mine}),
            (Filter(reason="complaint"), {mine}),
            (Filter(reason="asked"), {waits}),
            (Filter(channel="widget"), {mine, waits, bots}),
            (Filter(channel="facebook"), set()),
            (Filter(snoozed=True), {mine}),
            (Filter(snoozed=False), {waits, bots}),
            (Filter(risk=True, snoozed=False), {waits}),
        ):
            found = await store.filtered(wanted)
            assert {one.conversation_id for one in found} == expected, wanted
            assert all(fits(one, wanted) for one in found)

    async def test_answers_to_similar_questions_are_found(self, store: Store) -> None:
        async def asked(name: str, question: str, reply: str | None) -> str:
            conversation_id = await met(store, person(name))
            await take(store, Arrival(identity=person(name), external_id="q", sent_at=at(5), text=question), now=5)
            if reply is not None:
                await answer(store, conversation_id, Say(speaker=Speaker.AGENT, text=reply, agent=MIA, client_key="k"), now=6)
                out = next(one for one in await claim_out(store, "w", 7) if one.conversation_id == conversation_id)
                assert await store.mark_sending(out.message_id, worker="w", now=at(7))
                await store.mark_sent(out.message_id, now=at(7), external_id=None)
            return conversation_id

        await asked("a", "How long does delivery to Berlin take?", "Three days.")
        await asked("b", "Is the blue table still there?", "Yes, two of them.")
        await asked("c", "delivery to Berlin, how long?", None)
        mine = await asked("d", "how long is your delivery to berlin?", "Own answer.")
        (found,) = await store.similar_answers("How long for delivery to Berlin please", besides=mine, limit=3)
        assert (found.asked, found.text, found.by, found.at) == (
            "How long does delivery to Berlin take?",
            "Three days.",
            "Mia",
            at(7),
        )
        assert await store.similar_answers("Do you sell candles?", besides=mine, limit=3) == []
        assert await store.similar_answers("", besides=mine, limit=3) == []
