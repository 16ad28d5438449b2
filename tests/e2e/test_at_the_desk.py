"""The desk under agents' hands: two who reach for one conversation, presence, notes, keyboard, phone, sign-in."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import NOT_SIGNED_IN, PHONE, SITE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.wordings import flow, phrase

pytestmark = pytest.mark.asyncio(loop_scope="session")

SAM = {"name": "Sam", "email": "sam@example.com", "role": "agent", "password": "four words are enough"}


@pytest.fixture
def forgiven() -> list[str]:
    """Browsers complain of each answer that is a refusal; here some are asked for."""
    return [NOT_SIGNED_IN, *(f"Failed to load resource: the server responded with a status of {code}" for code in (403, 409))]


async def add_sam(admin: Agent) -> None:
    """The admin adds a colleague on the agents page and returns to the desk."""
    await admin.page.get_by_role("button", name="Account of Alex").click()
    await admin.page.get_by_role("link", name="Agents").click()
    await admin.page.get_by_role("button", name="Add an agent").click()
    await admin.dialog.get_by_label("Name").fill(SAM["name"])
    await admin.dialog.get_by_label("Email").fill(SAM["email"])
    await admin.dialog.get_by_label("Password").fill(SAM["password"])
    await admin.dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(admin.page.get_by_text("Sam can sign in now.")).to_be_visible()
    await expect(admin.page.get_by_role("button", name="Reset password of Sam")).to_be_visible()


async def both_at_once(first: Agent, second: Agent) -> None:
    """Both press Take, and neither request goes out before the other was made."""
    both = asyncio.Barrier(2)

    async def hold(route: Route) -> None:
        await both.wait()
        await route.continue_()

    for one in (first, second):
        await one.page.route("**/take", hold)
    await asyncio.gather(*(one.page.get_by_role("button", name="Take").click() for one in (first, second)))


async def test_two_agents(install: Install, look: Look, agent: Agent, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    alex, sam = agent, Agent(page=await look())
    await alex.sign_in(warmline.address, *warmline.first_sign_in)
    await add_sam(alex)
    await shot(alex.page, "agents")
    await alex.page.get_by_role("link", name="Back to the desk").click()
    await sam.sign_in(warmline.address, SAM["email"], SAM["password"])
    await expect(alex.page.get_by_text("Sam is here too")).to_be_visible()

    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await alex.open()
    await sam.open()
    await both_at_once(alex, sam)
    await expect(visitor.name).to_have_text(re.compile("^(Alex|Sam)$"))
    winner, loser = (alex, sam) if await visitor.name.inner_text() == "Alex" else (sam, alex)
    name = await visitor.name.inner_text()
    await expect(winner.reply).to_be_focused()
    await expect(loser.notices.filter(has_text=f"{name} has it already.")).to_be_visible()
    await expect(loser.reply).to_have_count(0)
    await expect(loser.page.get_by_text(f"{name} has it. You can read along and leave a note.")).to_be_visible()
    await shot(loser.page, "lost")

    await loser.page.keyboard.press("n")
    await expect(loser.card.get_by_label("A note for the team")).to_be_focused()
    await loser.page.keyboard.type("She called last week about invoices.")
    await loser.card.get_by_role("button", name="Save note").click()
    await expect(loser.section("Notes")).to_contain_text("She called last week about invoices.")
    await winner.page.reload()
    await expect(winner.section("Notes")).to_contain_text("She called last week about invoices.")
    assert "invoices" not in " ".join(await visitor.transcript())

    await winner.page.get_by_role("switch", name="Online").click()
    await expect(winner.page.get_by_role("switch", name="Online")).not_to_be_checked()
    await expect(loser.page.get_by_text(f"{name} is here too")).to_have_count(0)
    second = Visitor(page=await look(SITE))
    await second.open(warmline.address)
    await second.asks_for_a_person()
    await second.hears(phrase("getting_someone_online"))
    await expect(loser.notices.filter(has_text="Someone asked for a person.")).to_be_visible()
    [waiting] = (await loser.api("GET", "conversations?view=queue"))["items"]
    assert waiting["episode"]["offered_to_me"]
    [waiting] = (await winner.api("GET", "conversations?view=queue"))["items"]
    assert not waiting["episode"]["offered_to_me"]
    await expect(winner.notices.filter(has_text="Someone asked for a person.")).to_have_count(0)

    await loser.page.get_by_role("switch", name="Online").click()
    await expect(loser.page.get_by_role("switch", name="Online")).not_to_be_checked()
    third = Visitor(page=await look(SITE))
    await third.open(warmline.address)
    await third.asks_for_a_person()
    await third.hears(phrase("getting_someone_offline"))
    await winner.page.get_by_role("switch", name="Online").click()
    await expect(winner.notices.filter(has_text="Someone asked for a person.")).not_to_have_count(0)


async def test_everything_by_keyboard_alone(install: Install, agent: Agent, visitor: Visitor) -> None:
    warmline = await install()
    page = agent.page
    await page.goto(f"{warmline.address}/console")
    email, password = warmline.first_sign_in
    await page.get_by_label("Email").focus()
    await page.keyboard.type(email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("switch", name="Online")).to_be_checked()
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await expect(agent.rows).to_have_count(1)

    await page.keyboard.press("j")
    await expect(agent.title).to_have_text("Website visitor")
    await expect(agent.talk.locator(".bubble").first).to_be_visible()
    await page.keyboard.press("t")
    await expect(agent.reply).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(agent.reply).not_to_be_focused()
    await page.keyboard.press("r")
    await expect(agent.reply).to_be_focused()
    await page.keyboard.type("jt? Just typing")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("on two lines")
    await page.keyboard.press("Enter")
    await expect(visitor.person).to_have_text(["jt? Just typing\non two lines"])
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await expect(agent.dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(agent.dialog).to_have_count(0)
    await page.keyboard.press("?")
    await expect(agent.dialog.get_by_role("heading", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await agent.dialog.get_by_label("What should the bot and the next person know?").focus()
    await page.keyboard.type("We talked it through.")
    await agent.dialog.get_by_role("button", name="Give back", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(agent.dialog).to_have_count(0)
    await visitor.hears(phrase("given_back"))


async def test_panes_replace_each_other_on_a_phone(install: Install, look: Look, visitor: Visitor, shot: Shot) -> None:
    warmline = await install()
    agent = Agent(page=await look(PHONE, has_touch=True, is_mobile=True))
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.asks_for_a_person()
    await expect(agent.rows).to_have_count(1)
    await shot(agent.page, "phone-list")
    await agent.rows.first.tap()
    await expect(agent.title).to_be_focused()
    await expect(agent.rows.first).to_be_hidden()
    await agent.page.get_by_role("button", name="Take").tap()
    await agent.write("Hi, Alex here.")
    await shot(agent.page, "phone-talk")
    await agent.page.get_by_role("link", name="Show the card").tap()
    await expect(agent.card).to_be_visible()
    await expect(agent.card.get_by_text("Someone asked for a person on the website.")).to_be_visible()
    await shot(agent.page, "phone-card")
    await agent.page.get_by_role("link", name="Back to the conversation").tap()
    await expect(agent.card).to_be_hidden()
    await agent.page.get_by_role("link", name="Back to the list").tap()
    await expect(agent.rows.first).to_be_focused()
    wide = await agent.page.evaluate("document.documentElement.scrollWidth")
    assert wide == PHONE["width"]
