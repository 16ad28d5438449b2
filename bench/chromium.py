"""Chromium without a window, for figures that only a browser can tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from bench.processes import ROOT

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PATIENCE_MS = 60_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser that `make test` uses too. Raises what Playwright raises if there is none."""
    found = next((path for path in (ROOT / ".tools" / "chromium", Path("/usr/bin/chromium")) if path.exists()), None)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """An agent at the console, online."""
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{base}/console")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("switch", name="Online")).to_be_checked()


async def open_chat(page: Page, base: str) -> None:
    """A visitor on the demo page with the chat open."""
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(base)
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_visible()


async def say(page: Page, text: str) -> None:
    """A visitor writes."""
    await page.get_by_role("textbox", name="Write a message").fill(text)
    await page.keyboard.press("Enter")
