"""axe on every page, light and dark, phone and desktop: no violations of WCAG 2.2 A and AA."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.axe import DESK, HEIGHT, violations_in_every_look
from tests.web.fake.audit import audit_report, found
from tests.web.fake.furnished import furnish, misdeliver
from tests.web.fake.talks import now, stamp
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": DESK, "height": HEIGHT}, reduced_motion="reduce", bypass_csp=True)
    yield page
    await page.close()


async def test_widget_and_demo(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.goto(address)
    assert await violations_in_every_look(page) == []
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_text("Hi, I'm Mia.")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.emulate_media(color_scheme="dark")
    panel = page.get_by_role("dialog", name="Sundial")
    channels = "(p) => getComputedStyle(p).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    assert max(await panel.evaluate(channels)) < 80, "dark follows the visitor's system"
    talk = fake.only
    await fake.says(talk, "bot", "Hello! See https://sundial.example/guide")
    fake.say_error = {"code": "no", "message": "Not this one."}
    await page.get_by_role("textbox", name="Write a message").fill("refused")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Not this one.")).to_be_visible()
    await fake.take(talk, fake.person("Sam"))
    await fake.says(talk, "agent", "Sam here", quick_replies=[{"title": "Hi Sam", "payload": "/hi"}])
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("button", name="Hi Sam")).to_be_visible()
    await fake.to_prospect(talk, {"type": "typing", "on": True, "name": "Sam"})
    assert await violations_in_every_look(page) == []
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
    assert await violations_in_every_look(page) == []


async def test_console(page: Page, address: str, fake: FakeWarmline) -> None:
    furnish(fake)
    await page.goto(address + "/console")
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("sunny days")
    await page.keyboard.press("Enter")
    await expect(page.locator("a.row")).to_have_count(3)
    assert await violations_in_every_look(page) == []
    talk = next(talk for talk in fake.talks.values() if talk.name == "Priya Shah")
    talk.window_closes_at, fake.undo_send_s = stamp(now() + timedelta(hours=1)), 600
    await page.locator("a.row", has_text="Priya").click()
    await page.get_by_role("button", name="Take").click()
    await page.get_by_label("Write to Priya").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator("li.agent .leaving")).to_be_visible()
    await page.get_by_label("Write to Priya").fill("The red ones")
    await fake.says(talk, "prospect", "no, the blue ones")
    await fake.to_desks(
        {"type": "notice", "kind": "brake", "conversation_id": talk.id, "text": "The flow welcome has paused itself. Why."}
    )
    await page.get_by_text("Why, and what to do").click()
    await page.get_by_label("Write to Priya").press("Enter")
    await expect(page.get_by_role("button", name="Send it as it is")).to_be_focused()
    assert await violations_in_every_look(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Dismiss: The flow welcome").click()
    await page.get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Account of Ana Costa").click()
    assert await violations_in_every_look(page) == []
    await page.get_by_role("link", name="Agents").click()
    await expect(page.get_by_role("button", name="Reset password of Sam Reyes")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.get_by_role("button", name="Add an agent").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.keyboard.press("Escape")
    await page.goto(address + "/console#/audit")
    await expect(page.get_by_text("Nothing is wrong.")).to_be_visible()
    assert await violations_in_every_look(page) == []
    fake.audit = audit_report(found("turn_overdue", "open", conversation_id="c1"), found("sent_twice", "past"))
    await fake.to_desks({"type": "audit"})
    await expect(page.get_by_text("One thing is wrong right now.")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.goto(address + "/console#/undelivered")
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
    assert await violations_in_every_look(page) == []
    misdeliver(fake)
    await fake.to_desks({"type": "undelivered"})
    await expect(page.get_by_role("button", name="Send again to Tom Becker")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.get_by_role("button", name="Let go of the message to Tom Becker").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations_in_every_look(page) == []
