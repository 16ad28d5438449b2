"""axe on the pages as they stand in a running service: no violations of WCAG 2.2 A and AA."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import DESK, PHONE, SITE, Look, Scheme, Shot
from tests.e2e.driving import Agent, Visitor, violations
from tests.e2e.running import Warmline
from tests.e2e.wordings import flow

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKS = [("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark")]
HANDS: dict[str, dict[str, bool]] = {"wide": {}, "phone": {"has_touch": True, "is_mobile": True}}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_demo_and_open_widget(instant: Warmline, look: Look, width: str, scheme: Scheme) -> None:
    visitor = Visitor(page=await look(SITE if width == "wide" else PHONE, scheme, bypass_csp=True, **HANDS[width]))
    await visitor.page.goto(instant.address)
    assert await violations(visitor.page) == []
    await visitor.open(instant.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.say("i sell handmade candles")
    await expect(visitor.replies).to_have_count(3)
    assert await violations(visitor.page) == []
    await visitor.asks_for_a_person()
    assert await violations(visitor.page) == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_console(instant: Warmline, look: Look, visitor: Visitor, shot: Shot, width: str, scheme: Scheme) -> None:
    agent = Agent(page=await look(DESK if width == "wide" else PHONE, scheme, bypass_csp=True, **HANDS[width]))
    page = agent.page
    await page.goto(f"{instant.address}/console")
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await violations(page) == []
    await agent.sign_in(instant.address, *instant.first_sign_in)
    await visitor.open(instant.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.say("i sell handmade candles")
    await visitor.hears(flow("obstacle"))
    await visitor.asks_for_a_person()
    await agent.open_newest()
    assert await violations(page) == []
    await agent.take()
    await agent.write("Hi, Alex here. What would you like to look at first?")
    await visitor.say("Why people go quiet, please.")
    await expect(agent.talk.locator("li.prospect .bubble").last).to_have_text("Why people go quiet, please.")
    await shot(page, "desk-dark" if (width, scheme) == ("wide", "dark") else f"desk-{width}-{scheme}")
    assert await violations(page) == []
    await page.get_by_role("button", name="Give back").click()
    await expect(agent.dialog).to_be_visible()
    await shot(page, f"give-back-{width}-{scheme}")
    assert await violations(page) == []
    await agent.dialog.get_by_label("What should the bot and the next person know?").fill("We talked it through.")
    await agent.dialog.get_by_role("button", name="Give back", exact=True).click()
    await expect(agent.dialog).to_have_count(0)
    await page.goto(f"{instant.address}/console#/agents")
    await expect(page.get_by_role("button", name="Add an agent")).to_be_visible()
    await expect(page.get_by_text("admin@example.com")).to_be_visible()
    await shot(page, f"agents-{width}-{scheme}")
    assert await violations(page) == []
    await page.get_by_role("button", name="Add an agent").click()
    await expect(agent.dialog).to_be_visible()
    assert await violations(page) == []
