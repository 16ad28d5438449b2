"""Searching at the desk: as you type, in what was said and noted, by keyboard alone, down to the message that was found."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.axe import violations
from tests.e2e.conftest import DESK, PHONE, SITE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.wordings import flow

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_search(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex = Agent(page=await look(DESK, bypass_csp=True))
    page = alex.page
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    # Words that no answer takes up, and no flow that asks what somebody sells: only they are found.
    await visitor.asks_for_a_person()
    await visitor.say("is the Café with all the candles yours?")
    other = Visitor(page=await look(SITE))
    await other.open(warmline.address)
    await other.asks_for_a_person()
    await alex.open()
    await page.keyboard.press("n")
    await page.keyboard.type("Knows our candles from the fair.")
    await alex.card.get_by_role("button", name="Save note").click()
    await expect(alex.section("Notes")).to_contain_text("from the fair")
    await page.keyboard.press("Escape")

    await page.locator("body").click(position={"x": 600, "y": 10})
    await page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    await expect(box).to_be_focused()
    await page.keyboard.type("cafe cand")
    results = page.locator("#found a")
    await expect(results).to_have_count(1)
    await expect(results.locator("mark")).to_have_text(["Café", "cand"])
    await page.keyboard.press("Control+a")
    await page.keyboard.type("candles")
    await expect(results.locator(".hit")).to_have_count(2)
    await expect(results.locator(".hit").first).to_contain_text("Note")
    await shot(page, "search")
    assert await violations(page) == []
    await page.keyboard.press("ArrowDown")
    await expect(results.first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("li.found")).to_contain_text("is the Café with all the candles yours?")
    await expect(page.locator("li.found")).to_be_focused()
    await shot(page, "search-found")
    assert await violations(page) == []
    await page.keyboard.press("/")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("zebra")
    await expect(page.get_by_role("heading", name="Nothing found.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("navigation", name="Views")).to_be_visible()

    phone = Agent(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True))
    await phone.sign_in(warmline.address, *warmline.first_sign_in)
    await phone.page.get_by_role("searchbox").fill("candles")
    await expect(phone.page.locator("#found a")).to_have_count(1)
    await shot(phone.page, "search-phone")
    assert await violations(phone.page) == []
    await phone.page.locator("#found a").tap()
    await expect(phone.page.locator("li.found")).to_be_in_viewport()
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
