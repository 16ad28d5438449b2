"""What every store must do for people at the desk. Part of `StoreContract`."""

from __future__ import annotations

import pytest

from bot.core.model import Profile
from bot.store.contract import Store
from tests.contract.store_contract import BEN, MIA, answer, arrival, at, bot, change, claim_out, met, take


async def found(store: Store, query: str) -> list[tuple[str, list[str]]]:
    """Whose conversations, and what was found there."""
    return [(one.overview.identity.external_id, [hit.text for hit in one.hits]) for one in await store.search(query)]


class DeskContract:
    """See the module."""

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
