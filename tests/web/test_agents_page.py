"""What agents are asked about, how much they hold, and what the console says of it, in a browser against the fake service."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.axe import violations
from tests.web.at_the_console import holding, sign_in
from tests.web.fake.talks import until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_an_admin_says_what_an_agent_is_asked_about_and_how_much_they_hold(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    await sign_in(page, address)
    await page.goto(address + "/console#/agents")
    await page.get_by_role("button", name="Skills and room of Sam Reyes").click()
    dialog = page.get_by_role("dialog", name="What Sam Reyes is asked about")
    await dialog.get_by_label("Teams").fill("sales, support")
    await dialog.get_by_label("Languages").fill("en, de")
    await dialog.get_by_label("Skills").fill("pricing")
    await dialog.get_by_label("Holds at most").fill("2.5")
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Kept what Sam Reyes is asked about.")).to_be_visible()
    sam = furnished.person("Sam")
    assert (sam.teams, sam.languages, sam.skills, sam.capacity) == (["sales", "support"], ["en", "de"], ["pricing"], 2.5)
    await expect(page.get_by_text("Team sales, support · speaks en, de · can do pricing · holds up to 2.5")).to_be_visible()
    await page.get_by_role("button", name="Skills and room of Sam Reyes").click()
    await dialog.get_by_label("Holds at most").fill("")
    await page.keyboard.press("Enter")
    await until(lambda: sam.capacity is None)


async def test_an_admin_whose_hands_are_full_takes_one_all_the_same_and_says_why(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    furnished.person("Ana").capacity = 0
    await sign_in(page, address)
    waiting = next(talk for talk in furnished.talks.values() if talk.owner == "waiting")
    await page.goto(address + f"/console#/queue/{waiting.id}")
    await page.get_by_role("button", name="Take").click()
    dialog = page.get_by_role("dialog", name="Take it above your capacity?")
    await expect(dialog.get_by_text("Your hands are full: you have 0 of 0.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Take it")).to_be_disabled()
    assert await violations(page) == []
    await dialog.get_by_label("Why must it be you, now?").fill("nobody else is here")
    await page.keyboard.press("Enter")
    await until(lambda: waiting.agent is furnished.person("Ana"))
    await expect(page.get_by_label("Write to")).to_be_focused()


async def test_the_card_says_who_was_asked_and_why(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    talk = next(one for one in furnished.talks.values() if one.card.get("asked"))
    await page.goto(address + f"/console#/all/{talk.id}/card")
    await expect(page.get_by_role("heading", name="Asked: you")).to_be_visible()
    await expect(page.get_by_text("talked with them before")).to_be_visible()


async def test_giving_back_says_what_was_promised_and_where_the_bot_goes_on(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    talk.resume = [{"flow": "welcome", "name": "Welcome", "step": step} for step in ("hello", "offer_a_call")]
    await page.reload()
    await page.get_by_role("button", name="Give back").click()
    await page.get_by_label("What is promised and still open?").fill("A call on Friday\n\nThe price list")
    await page.get_by_label("Where does the bot go on?").select_option("Welcome: offer a call")
    assert await violations(page) == []
    await page.get_by_label("Won").check()
    await expect(page.get_by_label("Where does the bot go on?")).to_have_count(0)
    await page.get_by_label("Answered").check()
    await page.get_by_role("dialog").get_by_role("button", name="Give back").click()
    await until(lambda: bool(talk.given_back))
    assert talk.given_back["promised"] == ["A call on Friday", "The price list"]
    assert talk.given_back["resume"] == {"flow": "welcome", "step": "offer_a_call"}


async def test_an_agent_who_is_no_admin_has_no_agents_page(page: Page, address: str, furnished: FakeWarmline) -> None:
    furnished.person("Ana").role = "agent"
    await sign_in(page, address)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await expect(page.get_by_role("link", name="Agents")).to_have_count(0)
    await page.goto(address + "/console#/agents")
    await expect(page.locator("a.row").first).to_be_visible()
    await expect(page.get_by_role("button", name="Add an agent")).to_have_count(0)
    assert ("GET", "agents") not in furnished.requests
