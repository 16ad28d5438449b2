"""The built pages in a real browser against the fake service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.chromium import PATIENCE_MS
from tests.web.fake.furnished import furnish
from tests.web.fake.warmline import FakeWarmline

EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource")


@pytest_asyncio.fixture(loop_scope="session")
async def fake() -> FakeWarmline:
    return FakeWarmline()


@pytest_asyncio.fixture(loop_scope="session")
async def address(fake: FakeWarmline) -> AsyncIterator[str]:
    async with fake.serve() as where:
        yield where


@pytest_asyncio.fixture(loop_scope="session")
async def complaints() -> AsyncIterator[list[str]]:
    """What the pages' own consoles complain about; a test must leave it empty."""
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, complaints: list[str]) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_NOISE):
            complaints.append(message.text)

    context.on("console", heard)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture
def furnished(fake: FakeWarmline) -> FakeWarmline:
    furnish(fake)
    return fake
