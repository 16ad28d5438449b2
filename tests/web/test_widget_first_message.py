"""A visitor's very first message meets 429, 503, a broken line or a full service: the words stay, go again under the same key, and
are one message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from tests.web.fake.talks import until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WORDS = "hello, is anybody there?"


async def writes_first(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_role("button", name="Chat with us").click()
    await page.get_by_role("textbox", name="Write a message").fill(WORDS)
    await page.keyboard.press("Enter")


@asynccontextmanager
async def on_the_screen_all_the_time(page: Page) -> AsyncIterator[None]:
    """The words are seen before, meanwhile and after, once."""
    bubble = page.locator("#warmline .bubble", has_text=WORDS)
    await expect(bubble).to_have_count(1)
    yield
    await expect(bubble).to_have_count(1)
    await expect(page.locator("#warmline .fate.wait")).to_have_count(0)


async def one_message(fake: FakeWarmline, keys: list[str]) -> None:
    await until(lambda: fake.talks and fake.only.messages)
    assert [m["text"] for m in fake.only.messages] == [WORDS]
    assert len(set(keys)) == 1, "each try carried the same key"


def keys(fake: FakeWarmline) -> list[str]:
    return [frame["key"] for frame in fake.frames if frame["type"] == "say"]


@pytest.mark.parametrize("status", [429, 503])
async def test_the_socket_is_refused_at_first(page: Page, address: str, fake: FakeWarmline, status: int) -> None:
    fake.refuse_sockets, fake.refusal = True, status
    await writes_first(page, address)
    async with on_the_screen_all_the_time(page):
        await expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
        assert not fake.talks
        fake.refuse_sockets = False
        await page.evaluate("window.dispatchEvent(new Event('online'))")
        await one_message_soon(fake)
    await one_message(fake, keys(fake))


async def test_the_network_fails_at_first_and_the_page_is_even_reloaded(page: Page, address: str, fake: FakeWarmline) -> None:
    fake.refuse_sockets = True
    await writes_first(page, address)
    await expect(page.locator("#warmline .bubble", has_text=WORDS)).to_have_count(1)
    await page.context.set_offline(True)
    await page.context.set_offline(False)
    await page.reload()
    fake.refuse_sockets = False
    await page.evaluate("Warmline.open()")
    await one_message_soon(fake)
    await expect(page.locator("#warmline .bubble", has_text=WORDS)).to_have_count(1)
    await one_message(fake, keys(fake))


async def test_the_service_is_full_at_first(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.clock.install()
    fake.say_error = {"code": "try_again", "message": "That did not go through. It will be tried again."}
    await writes_first(page, address)
    async with on_the_screen_all_the_time(page):
        await until(lambda: keys(fake))
        fake.say_error = None
        await page.clock.run_for(12_000)
        await one_message_soon(fake)
    await one_message(fake, keys(fake))
    assert len(keys(fake)) >= 2


async def test_a_flood_waits_in_the_browser_and_says_why(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.clock.install()
    fake.say_error = {"code": "slow_down", "message": "That's a lot at once.", "after_s": 4}
    await writes_first(page, address)
    async with on_the_screen_all_the_time(page):
        await expect(page.get_by_text("That's a lot at once.")).to_be_visible()
        await until(lambda: keys(fake))
        fake.say_error = None
        await page.clock.run_for(4_000)
        await one_message_soon(fake)
        await expect(page.get_by_text("That's a lot at once.")).to_have_count(0)
    await one_message(fake, keys(fake))


async def test_it_was_stored_but_the_confirmation_is_lost(page: Page, address: str, fake: FakeWarmline) -> None:
    fake.hold_stored, fake.echo_own = True, False
    await writes_first(page, address)
    async with on_the_screen_all_the_time(page):
        await one_message_soon(fake)
        fake.hold_stored = False
        await fake.drop_sockets()
        await page.evaluate("window.dispatchEvent(new Event('online'))")
        await until(lambda: len(fake.only.hellos) >= 2)
    await one_message(fake, keys(fake))


async def one_message_soon(fake: FakeWarmline) -> None:
    await until(lambda: fake.talks and any(talk.messages for talk in fake.talks.values()))
