"""Putting a conversation aside: by keyboard, never past what is owed, back on time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.axe import violations
from tests.e2e.conftest import DESK, NOT_SIGNED_IN, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def forgiven() -> list[str]:
    """A refusal is asked for."""
    return [NOT_SIGNED_IN, "Failed to load resource: the server responded with a status of 409"]


async def test_snooze(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex = Agent(page=await look(DESK, bypass_csp=True))
    page = alex.page
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await alex.open()
    await alex.take()

    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await expect(alex.dialog.get_by_role("heading")).to_contain_text("Snooze")
    await shot(page, "snooze")
    assert await violations(page) == []
    await alex.dialog.get_by_role("button", name="In an hour").press("Enter")
    await expect(alex.dialog.get_by_role("alert")).to_have_text("They are waiting for your answer. Answer first, then snooze.")
    await page.keyboard.press("Escape")
    await alex.write("Hi, I'm Alex. I'll look it up.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await expect(alex.dialog.get_by_text("No colleague is online")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await alex.dialog.get_by_role("button", name="Tomorrow morning").press("Enter")
    await expect(alex.dialog).to_have_count(0)
    await expect(alex.rows.first).to_contain_text("Snoozed until tomorrow 09:00")
    await shot(page, "snoozed")
    await visitor.say("one more thing")
    await expect(alex.rows.first).not_to_contain_text("Snoozed")
    await alex.write("Sure, go on.")
    mine = (await alex.api("GET", "conversations?view=mine"))["items"][0]["id"]
    soon = (warmline.time.now() + timedelta(seconds=60)).isoformat()
    await alex.api("POST", f"conversations/{mine}/snooze", {"until": soon})
    await expect(alex.rows.first).to_contain_text("Snoozed")
    await page.get_by_role("link", name="Queue", exact=True).click()
    warmline.time.move(61)
    await expect(alex.notices.filter(has_text="Back from snooze")).to_be_visible()
    await alex.notices.get_by_role("link", name="Open").click()
    await page.get_by_role("link", name=re.compile("^Mine")).click()
    await expect(alex.rows.first).not_to_contain_text("Snoozed")
