"""What every store must do about the keys of requests."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.store.answering import ACTING_FOR, ANSWERS_KEPT, Begun, Known
from bot.store.contract import Store
from tests.contract.acts import T0, at

SECOND = timedelta(seconds=1)
NEW, ACTING, OTHER = Begun(known=Known.NEW), Begun(known=Known.ACTING), Begun(known=Known.OTHER)


class TestAnswers:
    """Answers by the key of their request."""

    async def test_a_key_is_taken_once_and_gives_the_first_answer(self, store: Store) -> None:
        assert await store.begin_answer("sam", "key-1", request="a", now=T0) == NEW
        assert await store.begin_answer("sam", "key-1", request="a", now=at(1)) == ACTING
        await store.keep_answer("sam", "key-1", status=201, body="{}")
        answered = Begun(known=Known.ANSWERED, status=201, body="{}")
        assert await store.begin_answer("sam", "key-1", request="a", now=at(2)) == answered
        assert await store.begin_answer("sam", "key-1", request="b", now=at(2)) == OTHER

    async def test_a_key_is_its_agent_s_own(self, store: Store) -> None:
        assert await store.begin_answer("sam", "key-1", request="a", now=T0) == NEW
        assert await store.begin_answer("mia", "key-1", request="b", now=T0) == NEW

    async def test_of_many_at_once_one_acts(self, store: Store) -> None:
        begun = await asyncio.gather(*(store.begin_answer("sam", "key-1", request="a", now=T0) for _ in range(8)))
        assert sorted(one.known for one in begun) == [Known.ACTING] * 7 + [Known.NEW]

    async def test_what_did_nothing_frees_its_key_and_what_was_answered_does_not(self, store: Store) -> None:
        await store.begin_answer("sam", "key-1", request="a", now=T0)
        await store.drop_answer("sam", "key-1")
        assert await store.begin_answer("sam", "key-1", request="b", now=T0) == NEW
        await store.keep_answer("sam", "key-1", status=200, body="{}")
        await store.drop_answer("sam", "key-1")
        assert (await store.begin_answer("sam", "key-1", request="b", now=T0)).known is Known.ANSWERED

    async def test_who_died_acting_holds_a_key_for_a_minute(self, store: Store) -> None:
        await store.begin_answer("sam", "key-1", request="a", now=T0)
        assert await store.begin_answer("sam", "key-1", request="a", now=T0 + ACTING_FOR - SECOND) == ACTING
        assert await store.begin_answer("sam", "key-1", request="a", now=T0 + ACTING_FOR) == NEW

    async def test_a_key_is_known_for_a_day(self, store: Store) -> None:
        await store.begin_answer("sam", "key-1", request="a", now=T0)
        await store.keep_answer("sam", "key-1", status=200, body="{}")
        assert (await store.begin_answer("sam", "key-1", request="a", now=T0 + ANSWERS_KEPT - SECOND)).known is Known.ANSWERED
        assert await store.begin_answer("sam", "key-1", request="b", now=T0 + ANSWERS_KEPT) == NEW
