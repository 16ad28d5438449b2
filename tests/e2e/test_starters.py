"""Starters and similar answers: an admin writes one, an agent begins with it by keyboard, and sends it himself."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.axe import violations
from tests.e2e.conftest import DESK, NOT_SIGNED_IN, PHONE, SITE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def forgiven() -> list[str]:
    """A starter with a hole is refused."""
    return [NOT_SIGNED_IN, "Failed to load resource: the server responded with a status of 400"]


async def test_starters(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex = Agent(page=await look(DESK, bypass_csp=True))
    page = alex.page
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await page.goto(f"{warmline.address}/console#/starters")
    # Keys are lost on a button that is not enabled yet.
    await expect(page.get_by_role("button", name="Add a starter")).to_be_enabled()
    await page.get_by_role("button", name="Add a starter").press("Enter")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Hello")
    await page.get_by_label("Words").fill("Hi {first_name}, I'm {agent|here}.")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("say what stands there if it isn't known")
    await shot(page, "starters-wrong")
    assert await violations(page) == []
    await page.get_by_label("Words").fill("Hi {first_name|there}, I'm {agent|here}.")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_text("Saved. Agents have them")).to_be_visible()
    assert await violations(page) == []

    await page.goto(f"{warmline.address}/console#/queue")
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await alex.open()
    await alex.take()
    await visitor.say("How long does delivery to Berlin take?")
    await page.keyboard.type("/")
    await expect(page.get_by_role("group", name="Begin with").get_by_role("button").first).to_be_focused()
    await shot(page, "starters")
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await expect(alex.reply).to_have_value("Hi there, I'm Alex.")
    await expect(alex.reply).to_be_focused()
    await expect(visitor.person).to_have_count(0)
    await alex.write("Three days to Berlin.")

    second = Visitor(page=await look(SITE))
    await second.open(warmline.address)
    await second.asks_for_a_person()
    phone = Agent(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True))
    await phone.sign_in(warmline.address, *warmline.first_sign_in)
    await phone.open_newest()
    await phone.page.get_by_role("button", name="Take").tap()
    await second.say("how long is delivery to berlin?")
    await expect(phone.talk.locator(".bubble", has_text="how long is delivery")).to_be_visible()
    await phone.page.get_by_role("button", name="Begin with a starter").tap()
    await expect(phone.page.get_by_text("Answers to similar questions")).to_be_visible()
    await shot(phone.page, "similar-phone")
    assert await violations(phone.page) == []
    await phone.page.get_by_role("button", name="Three days to Berlin.").tap()
    await expect(phone.reply).to_have_value("Three days to Berlin.")
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
