"""What every store must do for marketers' reports and programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.core.model import Say, Speaker
from bot.store.contract import AlreadyExists, NotFound, Store
from bot.store.marketing import ApiKey, FlowSend
from tests.contract.acts import BEN, T0, answer, at, bot, claim_out, commit, met, sold

KEY = ApiKey(key_id="k1", name="shop", token_sha256="ab" * 32, created_at=T0)


def tip(number: int) -> Say:
    return Say(speaker=Speaker.FLOW, text="a tip", wording=f"welcome/tip#{number}", enrolment_id="e1")


async def sends(store: Store, *, after: int = 0, limit: int = 9, since: datetime = T0) -> list[FlowSend]:
    return await store.flow_sends(after=after, limit=limit, since=since)


class TestMarket:
    """What flows sent, conversions, and keys of the API."""

    async def test_flow_sends_are_paged_by_id_and_tell_what_became_of_them(self, store: Store) -> None:
        ann = await met(store)
        told = await answer(store, ann, tip(1), bot("not a flow's"), tip(2), now=5)
        for _ in range(2):
            [out] = await claim_out(store, "me", 6)
            await store.mark_sending(out.message_id, worker="me", now=at(6))
            await store.mark_sent(out.message_id, now=at(7), external_id=f"x{out.message_id}")
        await store.mark_delivered(ann, up_to=at(6), now=at(9))
        await store.mark_delivered(ann, up_to=at(8), now=at(11))
        await store.mark_read(ann, up_to_seq=2, now=at(10))
        first, second = await sends(store)
        assert first == FlowSend(
            message_id=told.message_ids[0], conversation_id=ann, enrolment_id="e1", wording="welcome/tip#1",
            delivery=first.delivery, at=at(7), delivered_at=at(9), read_at=at(10),
        )  # fmt: skip
        assert (first.delivery.value, second.delivery.value, second.delivered_at, second.read_at) == ("sent", "queued", None, None)
        assert await sends(store, limit=1) == [first]
        assert await sends(store, after=first.message_id) == [second]
        assert await sends(store, since=at(6)) == []
        await store.mark_delivered("nobody", up_to=at(6), now=at(9))

    async def test_a_conversion_is_told_once_and_refused_with_all_that_came_with_it(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        await commit(store, ann, sold("order-1"))
        version = (await store.load(ben)).version
        with pytest.raises(AlreadyExists):
            await commit(store, ben, sold("order-2"), sold("order-1"))
        assert (await store.load(ben)).version == version
        assert [line.entry.kind for line in await store.journal(ben)] == []
        known = await store.conversion("order-1")
        assert known is not None
        assert (known.conversation_id, known.entry) == (ann, sold("order-1"))
        assert await store.conversion("order-2") is None
        await commit(store, ben, sold("order-2"))
        assert await store.channels_of([ann, ben, "nobody"]) == {ann: "widget", ben: "widget"}

    async def test_a_key_opens_until_it_is_revoked(self, store: Store) -> None:
        later = replace(KEY, key_id="k2", token_sha256="cd" * 32, created_at=at(1))
        await store.add_key(later)
        await store.add_key(KEY)
        assert await store.api_keys() == [KEY, later]
        assert await store.api_key(token_sha256="ab" * 32) == KEY
        assert await store.api_key(token_sha256="ef" * 32) is None
        await store.revoke_key("k1", now=at(2))
        await store.revoke_key("k1", now=at(3))
        assert await store.api_key(token_sha256="ab" * 32) is None
        assert (await store.api_keys())[0].revoked_at == at(2)
        with pytest.raises(NotFound):
            await store.revoke_key("k3", now=at(3))
        with pytest.raises(AlreadyExists):
            await store.add_key(replace(KEY, key_id="k4"))
