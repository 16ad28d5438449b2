"""Admins read how long people waited."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.core.audit import Finding
from tests.axe import HEIGHT, PHONE, violations_in_every_look
from tests.pages.conftest import Office
from tests.service.desks import asks_for_a_person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def a_day_of_work(office: Office) -> tuple[str, str]:
    """Sam answers one person after 42 s; another is not answered within the promised time."""
    world = office.world
    helped = await asks_for_a_person(world)
    await world.wind(seconds=30)
    await office.sam.post(f"conversations/{helped}/take")
    await world.wind(seconds=12)
    await office.sam.post(f"conversations/{helped}/say", {"text": "Hi", "key": "sam-key-1"})
    await world.wind(seconds=60)
    await office.sam.post(f"conversations/{helped}/give-back", {"summary": "", "outcome": "returned", "slots": {}})
    left = await asks_for_a_person(world)
    await world.wind(seconds=100)
    return helped, left


async def test_numbers_lead_to_the_conversations_behind_them(office: Office) -> None:
    await a_day_of_work(office)
    page = await office.look("#/reports")
    # The service's clock stands in November 2026, whatever the browser's says.
    await page.get_by_label("When").select_option("days")
    await page.get_by_label("From").fill("2026-11-20")
    await page.get_by_label("To", exact=True).fill("2026-11-20")
    await expect(page.get_by_text("No dead conversations.")).to_be_visible()
    await page.get_by_label("By", exact=True).select_option("agent")
    row = page.get_by_role("row", name=re.compile("^Sam"))
    await expect(row).to_contain_text("42 s")
    await expect(page.get_by_role("row", name=re.compile("^Nobody"))).to_contain_text("(1 open)")
    await expect(page.get_by_text("Nobody was free")).to_be_visible()
    await row.get_by_role("button", name="Open").press("Enter")
    await expect(page.get_by_role("dialog").get_by_text("42 s")).to_be_visible()
    await page.get_by_role("link", name="Open the conversation with this wait").press("Enter")
    await expect(page.locator("#conversation-title")).to_be_visible()


async def test_staffing_is_worked_out_on_demand(office: Office) -> None:
    await a_day_of_work(office)
    page = await office.look("#/reports")
    await page.get_by_label("When").select_option("days")
    await page.get_by_label("From").fill("2026-11-20")
    await page.get_by_label("To", exact=True).fill("2026-11-20")
    await page.get_by_label("Percent in time").fill("90")
    await page.get_by_role("button", name="Work it out").click()
    needed = page.get_by_role("region", name="Agents needed by hour")
    await expect(needed.get_by_role("row", name=re.compile("^15:00"))).to_contain_text("1 min", timeout=30_000)


async def test_dead_conversations_are_listed(office: Office) -> None:
    conversation_id = await asks_for_a_person(office.world)
    now = office.world.time.now()
    await office.world.service.store.add_findings(
        [Finding(code="unheard_no_turn", at=now, conversation_id=conversation_id)], now=now
    )
    page = await office.look("#/reports")
    await expect(page.get_by_text("One dead conversation.")).to_be_visible()
    await page.get_by_role("link", name=re.compile("Open the conversation: ")).click()
    await expect(page.locator("#conversation-title")).to_be_visible()


async def test_an_agent_does_not_get_there(office: Office) -> None:
    page = await office.look("#/reports", office.sam)
    await expect(page.get_by_role("heading", name="Reports")).to_have_count(0)


async def test_axe_finds_nothing_and_it_fits(office: Office) -> None:
    await a_day_of_work(office)
    page = await office.look("#/reports", axe=True)
    await page.get_by_label("When").select_option("days")
    await page.get_by_label("From").fill("2026-11-20")
    await page.get_by_label("To", exact=True).fill("2026-11-20")
    await expect(page.get_by_role("region", name="Waits by hour")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    spill = await page.evaluate("document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth")
    assert spill <= 0
