"""What tests of the console's pages do again and again: sign in, find a row, hold a conversation."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.chromium import PATIENCE_MS
from tests.web.fake.talks import Talk
from tests.web.fake.warmline import FakeWarmline


async def sign_in(page: Page, address: str, path: str = "/console") -> None:
    await page.goto(address + path)
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("sunny days")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("switch", name="Online")).to_be_visible()


async def in_a_while(page: Page, shown: Locator) -> None:
    """A page whose clock is installed looks again by itself for ten seconds before it says so; they pass quickly."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await shown.is_visible():
            await page.clock.run_for(1000)
            await asyncio.sleep(0.02)


def row(page: Page, name: str) -> Any:
    return page.locator("a.row", has_text=name)


def said(page: Page) -> Any:
    return page.locator(".talk .bubble")


def named(fake: FakeWarmline, name: str) -> Talk:
    return next(talk for talk in fake.talks.values() if talk.name.startswith(name))


async def holding(page: Page, address: str, fake: FakeWarmline) -> Talk:
    """Signed in, with Priya's conversation taken."""
    await sign_in(page, address)
    await row(page, "Priya").click()
    await page.get_by_role("button", name="Take").click()
    await expect(page.get_by_label("Write to Priya")).to_be_focused()
    return named(fake, "Priya")
