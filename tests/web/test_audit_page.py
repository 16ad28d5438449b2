"""The console's page of the audit, in a browser, against the fake service."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.web.at_the_console import in_a_while, sign_in
from tests.web.fake.audit import audit_report, found
from tests.web.fake.furnished import furnish
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

LOST, DOUBLE = "A message was stored and nothing was going to answer it.", "One message reached the channel twice."


async def test_an_admin_finds_it_in_the_menu_and_reads_that_all_is_well(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await page.get_by_role("link", name="Audit").click()
    await expect(page.get_by_text(re.compile(r"Checked \d seconds? ago. Nothing is wrong."))).to_be_visible()
    await expect(page.get_by_text("No findings.")).to_be_visible()
    await expect(page.get_by_text("every 15 seconds, so far 4,242 times")).to_be_visible()
    await expect(page.locator(".rows li")).to_have_count(10)
    await expect(page.locator(".rows li").first).to_contain_text("Whoever writes is answered")
    await expect(page.locator(".rows li").first).to_contain_text("Holds")
    await expect(page).to_have_title("Audit · Warmline")


async def test_an_agent_does_not_see_it(page: Page, address: str, fake: FakeWarmline) -> None:
    fake.person("Ana").role = "agent"
    await sign_in(page, address, "/console#/audit")
    await expect(page.get_by_role("heading", name="Audit")).to_have_count(0)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    assert ("GET", "audit") not in fake.requests


async def test_findings_come_live_with_what_became_of_them_and_lead_to_the_conversation(
    page: Page, address: str, fake: FakeWarmline
) -> None:
    furnish(fake)
    tom = next(talk for talk in fake.talks.values() if talk.name.startswith("Tom"))
    await sign_in(page, address, "/console#/audit")
    await expect(page.get_by_text("No findings.")).to_be_visible()
    open_one = found("over_capacity", "open", about="a_sam")
    fake.audit = audit_report(
        open_one, found("unheard_no_turn", "repaired", conversation_id=tom.id), found("sent_twice", "past", about="7")
    )
    await fake.to_desks({"type": "audit"})
    await expect(page.get_by_text("One thing is wrong right now.")).to_be_visible()
    await expect(page.locator(".findings li", has_text=LOST)).to_contain_text("Repaired at once")
    await expect(page.locator(".findings li", has_text=DOUBLE)).to_contain_text("Can't be undone")
    crowded = page.locator(".findings li", has_text="more conversations than they can")
    await expect(crowded).to_contain_text("Still so")
    await expect(crowded.get_by_role("link")).to_have_count(0)
    await expect(page.locator(".rows li", has_text="I9")).to_contain_text("1 open")
    await expect(page.locator(".rows li", has_text="I4")).to_contain_text("Holds again · 1 so far")
    fake.audit = audit_report({**open_one, "state": "over", "ended_at": open_one["at"]})
    await fake.to_desks({"type": "audit"})
    await expect(page.get_by_text("Nothing is wrong.")).to_be_visible()
    fake.audit = audit_report(found("unheard_no_turn", "repaired", conversation_id=tom.id))
    await fake.to_desks({"type": "audit"})
    await page.get_by_role("link", name=f"Open the conversation: {LOST}").press("Enter")
    await expect(page.get_by_role("heading", name="Tom Becker")).to_be_visible()


async def test_it_says_when_nothing_was_checked_and_when_it_was_long_ago(page: Page, address: str, fake: FakeWarmline) -> None:
    fake.audit = audit_report(seconds_ago=None, runs=0)
    await sign_in(page, address, "/console#/audit")
    await expect(page.get_by_text("Not checked yet. The first check comes within 15 seconds.")).to_be_visible()
    await expect(page.locator(".rows li").first).to_contain_text("Not checked yet")
    fake.audit = audit_report(seconds_ago=301, behind=True)
    await fake.to_desks({"type": "audit"})
    await expect(page.get_by_text("Checked 5 minutes ago. It should be every 15 seconds: is the service running?")).to_be_visible()
    await expect(page.get_by_text("it is catching up")).to_be_visible()


async def test_a_service_that_fails_is_told_and_tried_again(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.clock.install()
    await sign_in(page, address)
    fake.api_down = True
    await page.goto(address + "/console#/audit")
    await in_a_while(page, page.get_by_text("The service is busy. Try again in a moment."))
    fake.api_down = False
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Nothing is wrong.")).to_be_visible()
    fake.api_down = True
    await fake.to_desks({"type": "audit"})
    await in_a_while(page, page.get_by_role("alert").get_by_text("The service is busy."))
    await expect(page.locator(".rows li")).to_have_count(10)


async def test_it_fits_a_phone(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    about = "notes 123456789012345678901234567890"
    fake.audit = audit_report(found("stray_row", "past", about=about), found("turn_overdue", "open", conversation_id="c1"))
    await sign_in(page, address, "/console#/audit")
    await expect(page.get_by_text("One thing is wrong right now.")).to_be_visible()
    width = await page.evaluate("document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth")
    assert width <= 0
