"""axe on every page, light and dark, phone and desktop: no violations of WCAG 2.2 A and AA."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.web.fake_warmline import FakeWarmline, audit_report, found, furnish, misdeliver

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("scheme", ["light", "dark"]),
    pytest.mark.parametrize("width", [390, 1360]),
]

type Scheme = Literal["light", "dark"]
OPTIONS: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page, options=OPTIONS)
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


async def look(browser: Browser, width: int, scheme: Scheme) -> Page:
    size: ViewportSize = {"width": width, "height": 860}
    return await browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)


async def test_widget_and_demo(browser: Browser, address: str, fake: FakeWarmline, width: int, scheme: Scheme) -> None:
    page = await look(browser, width, scheme)
    await page.goto(address)
    assert await violations(page) == []
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_text("Hi, I'm Mia.")).to_be_visible()
    assert await violations(page) == []
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
    assert await violations(page) == []
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
    assert await violations(page) == []
    await page.close()


async def test_console(browser: Browser, address: str, fake: FakeWarmline, width: int, scheme: Scheme) -> None:
    furnish(fake)
    page = await look(browser, width, scheme)
    await page.goto(address + "/console")
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("sunny days")
    await page.keyboard.press("Enter")
    await expect(page.locator("a.row")).to_have_count(3)
    assert await violations(page) == []
    await page.locator("a.row", has_text="Priya").click()
    await page.get_by_role("button", name="Take").click()
    await page.get_by_label("Write to Priya").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator("li.agent")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Account of Ana Costa").click()
    assert await violations(page) == []
    await page.get_by_role("link", name="Agents").click()
    await expect(page.get_by_role("button", name="Reset password of Sam Reyes")).to_be_visible()
    assert await violations(page) == []
    await page.goto(address + "/console#/audit")
    await expect(page.get_by_text("Nothing is wrong.")).to_be_visible()
    assert await violations(page) == []
    fake.audit = audit_report(found("turn_overdue", "open", conversation_id="c1"), found("sent_twice", "past"))
    await fake.to_desks({"type": "audit"})
    await expect(page.get_by_text("One thing is wrong right now.")).to_be_visible()
    assert await violations(page) == []
    await page.goto(address + "/console#/undelivered")
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
    assert await violations(page) == []
    misdeliver(fake)
    await fake.to_desks({"type": "undelivered"})
    await expect(page.get_by_role("button", name="Send again to Tom Becker")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Let go of the message to Tom Becker").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
    await page.close()
