"""The list at the desk: filtered, ordered by risk, saved as a view, and smooth however long it is."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.axe import violations
from tests.e2e.conftest import DESK, PHONE, SITE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_filter_and_saved_view(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex = Agent(page=await look(DESK, bypass_csp=True))
    page = alex.page
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    other = Visitor(page=await look(SITE))
    await other.open(warmline.address)
    await other.say("hey")
    await page.get_by_role("link", name="All", exact=True).click()
    await expect(alex.rows).to_have_count(2)

    await page.get_by_role("button", name="Filter").click()
    filters = page.get_by_role("group", name="Filter the list")
    await filters.get_by_label("Show").select_option("risk")
    await expect(alex.rows).to_have_count(1)
    await filters.get_by_label("With").select_option("me")
    await expect(page.get_by_role("heading", name="Nobody fits this filter.")).to_be_visible()
    await filters.get_by_label("With").select_option("nobody")
    await expect(alex.rows).to_have_count(1)
    await filters.get_by_label("Name of this view").fill("Nobody's yet")
    await filters.get_by_label("Name of this view").press("Enter")
    chip = page.get_by_role("button", name="Nobody's yet", exact=True)
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await shot(page, "filter")
    assert await violations(page) == []

    await other.asks_for_a_person()
    await expect(alex.rows).to_have_count(2)
    await alex.open()
    await page.keyboard.press("t")
    await expect(alex.reply).to_be_focused()
    await page.get_by_role("link", name="All", exact=True).click()
    await expect(alex.rows).to_have_count(1)
    await page.reload()
    await page.get_by_role("link", name="All", exact=True).click()
    await expect(alex.rows).to_have_count(2)
    await chip.press("Enter")
    await expect(alex.rows).to_have_count(1)

    phone = Agent(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True))
    await phone.sign_in(warmline.address, *warmline.first_sign_in)
    await phone.page.get_by_role("link", name="All", exact=True).tap()
    await phone.page.get_by_role("button", name="Filter").tap()
    await phone.page.get_by_label("Show").select_option("risk")
    await expect(phone.rows).to_have_count(2)
    await shot(phone.page, "filter-phone")
    assert await violations(phone.page) == []
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
