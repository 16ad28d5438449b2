"""Webhooks as others get them wrong: lost from batches, doubled, out of order, acknowledged too late or untruly."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.model import Speaker
from bot.fakes.fixtures import fixture_names, load_fixture
from bot.fakes.graph import events
from bot.store.contract import Message, StoreUnavailable
from tests.service.paging import PATH, Page, open_page
from tests.service.serving import SECRET

SEPTEMBER = datetime(2026, 9, 21, 14, 0, tzinfo=UTC)
NAMES = [name for name in fixture_names() if name != "not_a_page"]
BATCHES = [name for name in NAMES if name.startswith("batch_")]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """At the fixtures' time; bursts are waited for, so nothing is answered before the clock is wound."""
    async for page in open_page(tmp_path, SEPTEMBER, pacing="human", burst_wait_s=10, page_sends_per_s=10_000):
        yield page


def said(body: Any) -> Iterator[tuple[str, str, int]]:
    """(person, message id, timestamp) of everything that people said in a webhook's body, by the shape alone."""
    for entry in body["entry"]:
        for event in [*entry.get("messaging", []), *entry.get("standby", [])]:
            what = event.get("message") or event.get("postback") or {}
            person = (event.get("sender") or {}).get("id")
            if person and what.get("mid") and not what.get("is_echo"):
                yield person, what["mid"], event["timestamp"]


def wanted(names: list[str]) -> dict[str, list[str]]:
    """Each person's message ids in the order in which they were sent."""
    by_person: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        for person, mid, at in said(load_fixture(name)):
            by_person[person].append((at, mid))
    return {person: [mid for _, mid in sorted(found)] for person, found in by_person.items()}


async def stored(page: Page, person: str) -> list[Message]:
    """What this person said, in the order in which it was stored."""
    shown = await page.world.service.store.messages(await page.conversation(person), limit=500)
    return [m for m in shown if m.speaker is Speaker.PROSPECT]


async def mids(page: Page, person: str) -> list[str]:
    """The ids of what this person said, in the order in which it was sent."""
    by_time = sorted(await stored(page, person), key=lambda m: m.at)
    return [m.client_key for m in by_time if m.client_key and m.client_key.startswith("m_")]


def text_of(psid: str, mid: str, second: float, text: str = "hey") -> dict[str, Any]:
    """A webhook with one message."""
    at_ms = events.millis(SEPTEMBER + timedelta(seconds=second))
    thread = events.Thread(psid=psid, page_id="104857600000001")
    return events.payload("104857600000001", at_ms, [events.message(thread, at_ms, mid=mid, text=text)])


class TestNothingIsLostOrDoubled:
    def test_there_are_events_of_every_kind(self) -> None:
        assert len(NAMES) >= 36
        assert len(BATCHES) >= 5

    @pytest.mark.parametrize("seed", [1, 2, 3])
    async def test_every_kind_of_event_twice_and_shuffled_counts_once(self, page: Page, seed: int) -> None:
        posts = NAMES * 2
        random.Random(seed).shuffle(posts)
        assert [await page.post(load_fixture(name)) for name in posts] == [200] * len(posts)

        for person, expected in wanted(NAMES).items():
            assert await mids(page, person) == expected
        referrals = [m for m in await stored(page, "6120000000000017") if not (m.client_key or "").startswith("m_")]
        assert len(referrals) == 3

    @pytest.mark.parametrize("name", NAMES)
    async def test_an_event_posted_twice_at_the_same_moment_counts_once(self, page: Page, name: str) -> None:
        body = load_fixture(name)
        assert await asyncio.gather(page.post(body), page.post(body)) == [200, 200]
        for person, expected in wanted([name]).items():
            assert await mids(page, person) == expected

    async def test_three_calls_of_one_message_and_one_call_of_three_and_two_people_in_a_call(self, page: Page) -> None:
        singles = [text_of("psid-solo", f"m_solo{n}", n) for n in range(3)]
        for body in [*singles, *singles, *(load_fixture(name) for name in BATCHES * 2)]:
            assert await page.post(body) == 200
        assert await mids(page, "psid-solo") == ["m_solo0", "m_solo1", "m_solo2"]
        for person, expected in wanted(BATCHES).items():
            assert await mids(page, person) == expected

    async def test_a_whole_storm_is_answered_and_nobody_crashes(self, page: Page) -> None:
        posts = NAMES * 2
        random.Random(7).shuffle(posts)
        statuses = await asyncio.gather(*(page.post(load_fixture(name)) for name in posts))
        assert set(statuses) == {200}
        await page.world.wind(minutes=2)
        for person in wanted(NAMES):
            assert (await page.world.state(await page.conversation(person))).unheard == ()


class TestOrder:
    @pytest.mark.parametrize("seed", [1, 2])
    async def test_webhooks_that_arrive_in_the_wrong_order_are_heard_in_the_order_they_were_written(
        self, page: Page, seed: int
    ) -> None:
        lines = [f"line {n}" for n in range(8)]
        bodies = [text_of("psid-anna", f"m_{n}", n, text) for n, text in enumerate(lines)] * 2
        random.Random(seed).shuffle(bodies)
        for body in bodies:
            assert await page.post(body) == 200
        await page.world.wind(seconds=30)

        [ask] = page.world.brain.asked
        assert [heard.text for heard in ask.messages] == lines


class TestTheAcknowledgement:
    async def test_it_comes_while_the_brain_hangs(self, page: Page) -> None:
        page.world.brain.held = asyncio.Event()
        await page.post(text_of("psid-first", "m_first", 0))
        page.world.time.set(SEPTEMBER + timedelta(seconds=11))
        page.world.service.clocks.wake()
        await asyncio.wait_for(page.world.brain.was_asked.wait(), 10)

        bodies = [text_of(f"psid-{n}", f"m_{n}", n % 10) for n in range(60)]
        statuses = await asyncio.wait_for(asyncio.gather(*map(page.post, bodies)), 20)
        assert statuses == [200] * 60
        assert await page.post(text_of("psid-first", "m_again", 5)) == 200
        assert await mids(page, "psid-first") == ["m_first", "m_again"]
        assert page.world.service.clocks.in_hand >= 1, "the brain still thinks"
        page.world.brain.held.set()

    async def test_it_is_true_while_the_graph_api_is_down(self, page: Page) -> None:
        await page.graph.stop()
        assert await page.post(text_of("psid-anna", "m_1", 0)) == 200
        assert await mids(page, "psid-anna") == ["m_1"]
        await page.graph.start()

    async def test_a_read_only_database_acknowledges_nothing_and_keeps_nothing(self, page: Page) -> None:
        write = page.world.service.store._write._runner  # type: ignore[attr-defined]

        def only_read(driver: sqlite3.Connection, _record: object) -> None:
            driver.execute("PRAGMA query_only = ON")

        sa.event.listen(write._engine, "connect", only_read)
        write._executor.submit(write._drop).result()
        body = load_fixture("batch_three_entries_seven_events")
        raw = json.dumps(body).encode()
        headers = {"X-Hub-Signature-256": signature(raw)}
        async with page.world.client.post(PATH, data=raw, headers=headers) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) >= 1
        sa.event.remove(write._engine, "connect", only_read)
        write._executor.submit(write._drop).result()

        assert await page.post(body) == 200
        for person, expected in wanted(["batch_three_entries_seven_events"]).items():
            assert await mids(page, person) == expected

    async def test_the_same_message_twice_out_of_order_and_during_a_database_error_is_one_row_in_its_place(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = text_of("psid-anna", "m_1", 1, "first"), text_of("psid-anna", "m_2", 2, "second")
        store = page.world.service.store
        real, failures = store.take_in, iter([True, False, True, True, False, False])

        async def failing(*given: Any, **more: Any) -> Any:
            if next(failures, False):
                raise StoreUnavailable("the disk is full")
            return await real(*given, **more)

        monkeypatch.setattr(store, "take_in", failing)
        told: list[int] = []
        for body in (second, second, first, second, first, first):
            status = await page.post(body)
            told.append(status)
        assert told == [503, 200, 503, 503, 200, 200]
        assert await mids(page, "psid-anna") == ["m_1", "m_2"]
        await page.world.wind(seconds=30)
        [ask] = page.world.brain.asked
        assert [heard.text for heard in ask.messages] == ["first", "second"]

    async def test_one_call_that_cannot_be_stored_does_not_fail_those_stored_with_it(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.intake.STORED_WITHIN_S", 60)
        page.world.service.gate._served_within_s = 60
        store = page.world.service.store
        real, sizes = store.take_in, []

        async def choking(arrivals: Any, **more: Any) -> Any:
            sizes.append(len(arrivals))
            if len(sizes) == 1:
                await asyncio.sleep(0.2)  # the others gather behind it
            if any(a.text == "poison" for a in arrivals):
                raise ValueError("no database takes this")
            return await real(arrivals, **more)

        monkeypatch.setattr(store, "take_in", choking)
        bodies = [text_of(f"psid-{n}", f"m_{n}", n, "poison" if n == 3 else "hey") for n in range(8)]
        statuses = await asyncio.gather(*map(page.post, bodies))
        assert max(sizes) > 1, "they were stored together"
        assert statuses == [500 if n == 3 else 200 for n in range(8)]
        for n in (0, 1, 2, 4, 5, 6, 7):
            assert await mids(page, f"psid-{n}") == [f"m_{n}"]

    async def test_a_database_that_hangs_is_not_waited_for_beyond_the_sender_s_patience(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.intake.STORED_WITHIN_S", 0.2)
        store, back = page.world.service.store, asyncio.Event()
        real = store.take_in

        async def hanging(*given: Any, **more: Any) -> Any:
            await back.wait()
            return await real(*given, **more)

        monkeypatch.setattr(store, "take_in", hanging)
        bodies = [text_of("psid-anna", f"m_{n}", n) for n in range(5)]
        assert await asyncio.gather(*map(page.post, bodies)) == [503] * 5
        assert page.world.service.gate.in_hand == 0
        waiting = page.world.service.intake.in_hand
        assert await page.post(bodies[0]) == 503
        assert page.world.service.intake.in_hand == waiting, "meanwhile nobody is let in to wait"
        back.set()
        async with asyncio.timeout(10):
            while page.world.service.intake.in_hand:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await asyncio.gather(*map(page.post, bodies)) == [200] * 5
        assert await mids(page, "psid-anna") == [f"m_{n}" for n in range(5)]
        assert page.world.service.intake.in_hand == 0


def signature(raw: bytes, *, secret: str = SECRET, kind: str = "sha256") -> str:
    return f"{kind}=" + hmac.new(secret.encode(), raw, kind).hexdigest()


class TestSignatures:
    RAW = json.dumps(text_of("psid-anna", "m_1", 0, "größer 🌻")).encode()

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-Hub-Signature": signature(RAW, kind="sha1")},
            {"X-Hub-Signature-256": signature(RAW, kind="sha1")},
            {"X-Hub-Signature-256": signature(RAW, kind="md5")},
            {"X-Hub-Signature-256": signature(RAW, secret="another")},
            {"X-Hub-Signature-256": signature(json.dumps(json.loads(RAW), separators=(",", ":")).encode())},
            {"X-Hub-Signature-256": signature(json.dumps(json.loads(RAW), ensure_ascii=False).encode())},
            {"X-Hub-Signature-256": hashlib.sha256(RAW).hexdigest()},
            {"X-Hub-Signature-256": signature(RAW)[:-1]},
            {"X-Hub-Signature-256": "sha256=größer"},
        ],
    )
    async def test_what_is_not_signed_over_exactly_these_bytes_is_refused(self, page: Page, headers: dict[str, str]) -> None:
        async with page.world.client.post(PATH, data=self.RAW, headers=headers) as response:
            assert response.status == 403
        assert await page.world.service.store.overviews(view="all") == []

    async def test_escaped_unicode_passes_as_it_was_signed(self, page: Page) -> None:
        assert b"\\ud83c" in self.RAW
        async with page.world.client.post(PATH, data=self.RAW, headers={"X-Hub-Signature-256": signature(self.RAW)}) as response:
            assert response.status == 200
        [message] = await stored(page, "psid-anna")
        assert message.text == "größer 🌻"
