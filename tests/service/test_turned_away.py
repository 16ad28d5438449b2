"""What a channel told while nobody could store it comes again later: a send of unknown outcome waits anew for its echo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.fakes.graph import FakeGraph
from bot.hearing import PATIENCE, SETTLE_SPREAD
from bot.pulse import BEAT_S, Pulse
from bot.store.contract import StoreUnavailable
from bot.time import HandTime
from tests.service.paging import PATH, Page, open_page
from tests.service.serving import SECRET, START, TOKEN, VERIFY, serving


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async for page in open_page(tmp_path, START, tries_again=False):
        yield page


async def test_after_a_restart_a_send_of_unknown_outcome_waits_for_the_echo_that_found_nobody(tmp_path: Path) -> None:
    time, comes_again = HandTime(START), asyncio.Event()

    async def until_then(_: float) -> None:
        await comes_again.wait()

    graph = FakeGraph(
        app_secret=SECRET,
        verify_token=VERIFY,
        token=TOKEN,
        now=time.now,
        any_recipient=True,
        echo_delay_s=1.0,
        sleep=until_then,
    )
    async with graph:
        async with serving(tmp_path, facebook=f"{graph.base_url}/v25.0", time=time) as world:
            await graph.subscribe(str(world.client.make_url(PATH)))
            graph.faults.next("drop", 1)
            await graph.person("psid-anna").says("how much is it")
            await world.settle()
        time.set(START + timedelta(minutes=1))
        async with serving(tmp_path, facebook=f"{graph.base_url}/v25.0", time=time) as world:
            await graph.subscribe(str(world.client.make_url(PATH)))
            await world.settle()
            comes_again.set()
            await graph.idle()
            await world.wind(minutes=5)
            shown = await Page(world=world, graph=graph).conversation("psid-anna")
            assert (await world.state(shown)).unsent == ()
        assert not graph.audit().doubles


async def test_with_the_database_away_the_wait_for_an_echo_begins_anew(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.graph.faults.next("drop", 1)
    told: list[str] = []

    async def away(*, key: str, external_id: str, now: datetime) -> None:
        told.append(key)
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(page.world.service.store, "settle_by_echo", away)
        await page.graph.person("psid-anna").says("how much is it")
        await page.world.settle()
        page.world.time.set(START + timedelta(seconds=10))
        with contextlib.suppress(StoreUnavailable):
            await page.world.service.intake.echo(key="any", external_id="m_1")
    before = len(page.texts("psid-anna"))
    page.world.time.set(START + timedelta(seconds=20))
    await page.world.settle()

    assert told
    assert len(page.texts("psid-anna")) == before, "sent again although its echo was turned away ten seconds ago"
    await page.world.wind(seconds=10)
    assert len(page.texts("psid-anna")) > before


@pytest.mark.parametrize("where", ["here", "at another service"])
async def test_an_echo_that_was_not_served_in_time_is_waited_for_anew(page: Page, where: str) -> None:
    page.graph.faults.next("drop", 1)
    await page.graph.person("psid-anna").says("how much is it")
    page.graph.webhooks.subscribed = False
    await page.world.settle()
    page.world.time.set(START + timedelta(seconds=10))
    service = page.world.service
    (service.gate.turned_away if where == "here" else service.delivery.turned_away_elsewhere)()
    before = len(page.texts("psid-anna"))
    page.world.time.set(START + timedelta(seconds=20))
    await page.world.settle()

    assert len(page.texts("psid-anna")) == before, "sent again although its echo was turned away ten seconds ago"
    await page.world.wind(seconds=10)
    assert len(page.texts("psid-anna")) > before


async def test_a_flood_without_end_keeps_no_message_back_for_good(page: Page) -> None:
    """Anybody can send bodies that drip, and so bring about that something is turned away all the time."""
    page.graph.faults.next("drop_before", 1)
    await page.graph.person("psid-anna").says("how much is it")
    page.graph.webhooks.subscribed = False
    await page.world.settle()
    before = len(page.texts("psid-anna"))
    settle_s = page.world.service.settings.settle_s
    for _ in range(int((PATIENCE + SETTLE_SPREAD + 1) * settle_s)):
        page.world.service.gate.turned_away()
        await page.world.wind(seconds=1)
    assert len(page.texts("psid-anna")) > before


async def test_a_service_that_stood_still_waits_anew_for_the_echo_it_may_have_missed(page: Page) -> None:
    time, service = page.world.time, page.world.service
    pulse = asyncio.create_task(Pulse(time, service.delivery.not_heard).run())
    page.graph.faults.next("drop", 1)
    await page.graph.person("psid-anna").says("how much is it")
    page.graph.webhooks.subscribed = False
    await page.world.settle()
    before = len(page.texts("psid-anna"))

    time.set(time.now() + timedelta(minutes=1))
    await page.world.settle()
    for _ in range(10):
        await page.world.wind(seconds=1)
    assert len(page.texts("psid-anna")) == before, "sent again although its echo could be told for ten seconds only"
    for _ in range(10):
        await page.world.wind(seconds=1)
    assert len(page.texts("psid-anna")) > before
    pulse.cancel()


@pytest.mark.parametrize(("late_s", "missed"), [(0.0, 0), (1.4, 0), (1.6, 1), (3600.0, 1)])
async def test_a_beat_that_comes_much_too_late_is_missed(late_s: float, missed: int) -> None:
    time, found = HandTime(START), []
    pulse = asyncio.create_task(Pulse(time, lambda: found.append(1)).run())
    await asyncio.sleep(0)
    time.set(START + timedelta(seconds=BEAT_S + late_s))
    for _ in range(5):
        await asyncio.sleep(0)
    pulse.cancel()
    assert len(found) == missed
