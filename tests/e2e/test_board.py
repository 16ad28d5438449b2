"""The supervisor's board: who is at risk, taken over from the agent who has it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.axe import violations
from tests.e2e.conftest import DESK, PHONE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

VERA = {"name": "Vera", "email": "vera@example.com", "role": "supervisor", "password": "four words are enough"}


async def test_board(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex = Agent(page=await look(DESK))
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await alex.api("POST", "agents", VERA)
    vera = Agent(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True))
    page = vera.page
    await vera.sign_in(warmline.address, VERA["email"], VERA["password"])
    await page.get_by_role("button", name="Account of Vera").tap()
    await page.get_by_role("link", name="Live board").tap()
    await expect(page.get_by_text("Nobody waits and nobody talks")).to_be_visible()
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await expect(page.locator(".page li")).to_have_count(1)
    await alex.open()
    await alex.take()
    await expect(page.locator(".page li")).to_contain_text("Alex has it")
    await shot(page, "board-phone")
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.get_by_role("button", name=re.compile("^Whisper")).tap()
    await page.get_by_label("What should Alex know?").fill("Offer her the discount.")
    await shot(page, "whisper-phone")
    assert await violations(page) == []
    await page.get_by_role("button", name="Whisper", exact=True).tap()
    await expect(page.get_by_text("Alex is told.")).to_be_visible()
    await expect(alex.section("Notes")).to_contain_text("Offer her the discount.")
    await expect(alex.page.get_by_text("Vera mentioned you in a note").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Take over")).tap()
    await expect(visitor.name).to_have_text("Vera")
    await expect(vera.reply).to_be_visible()
    await expect(alex.page.get_by_text("Vera has it.").first).to_be_visible()
