"""The widget under a visitor's hands: keyboard, badge, two tabs, dark and phone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PHONE, SITE, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.running import Warmline
from tests.e2e.wordings import either, flow, phrase, response

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_everything_by_keyboard(instant: Warmline, visitor: Visitor) -> None:
    page = visitor.page
    await page.goto(instant.address)
    launcher = page.get_by_role("button", name="Chat with us")
    await launcher.focus()
    await page.keyboard.press("Enter")
    await expect(visitor.box).to_be_focused()
    await page.keyboard.type("hey")
    await page.keyboard.press("Enter")
    await visitor.hears(flow("what"))
    await page.keyboard.type("i sell handmade candles")
    await page.keyboard.press("Enter")
    await visitor.hears(flow("obstacle"))
    await expect(visitor.replies).to_have_text(["Slow replies", "People go quiet", "No time"])

    await page.keyboard.press("Shift+Tab")
    await expect(visitor.replies.last).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await expect(visitor.widget.locator("li.prospect .bubble").last).to_have_text("People go quiet")
    await visitor.hears(flow("useful"))
    await expect(visitor.replies).to_have_text(["Yeah, I'll try", "Not really"])
    await expect(visitor.box).to_be_focused()

    await page.keyboard.press("Escape")
    await expect(visitor.box).to_be_hidden()
    await expect(launcher).to_be_focused()
    await page.keyboard.press("Space")
    await expect(visitor.box).to_be_focused()


async def test_an_answer_to_a_closed_chat_shows_on_the_badge(instant: Warmline, visitor: Visitor, agent: Agent, shot: Shot) -> None:
    await agent.sign_in(instant.address, *instant.first_sign_in)
    await visitor.open(instant.address)
    await visitor.asks_for_a_person()
    await agent.open_newest()
    await agent.take()
    await expect(visitor.name).to_have_text("Alex")
    await visitor.hears(phrase("agent_joined"))
    await visitor.page.keyboard.press("Escape")
    await agent.write("Here I am.")
    await agent.write("Tell me a bit about your shop?")
    launcher = visitor.page.get_by_role("button", name="Chat with us, 2 unread messages")
    await expect(launcher).to_be_visible()
    await expect(visitor.widget.locator(".badge")).to_have_text("2")
    await shot(visitor.page, "badge")
    await visitor.page.reload()
    await launcher.click()
    await expect(visitor.person).to_have_text(["Here I am.", "Tell me a bit about your shop?"])
    await expect(visitor.widget.locator(".badge")).to_be_hidden()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("button", name="Chat with us", exact=True)).to_be_focused()
    await agent.give_back()


async def test_two_tabs_of_one_visitor_stay_in_step(instant: Warmline, visitor: Visitor) -> None:
    await visitor.open(instant.address)
    other = Visitor(page=await visitor.page.context.new_page())
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await other.open(instant.address)
    await expect(other.bubbles).to_have_text(await visitor.transcript())
    await other.say("how much is it?")
    await other.hears(response("utter_price_included"))
    await expect(visitor.bubbles).to_have_text(await other.transcript())
    await visitor.replies.get_by_text("Talk to a person").click()
    await visitor.hears(either(phrase("getting_someone_offline"), phrase("getting_someone_online")))
    await expect(other.bubbles).to_have_text(await visitor.transcript())
    await expect(other.standing).to_have_text("Finding a person for you…")


async def test_words_of_a_stranger_stay_words(instant: Warmline, visitor: Visitor) -> None:
    await visitor.open(instant.address)
    await visitor.say('<img src=x onerror="window.bad=1"><b>hi</b>')
    await expect(visitor.bot).not_to_have_count(0)
    assert await visitor.page.evaluate("window.bad") is None


async def test_one_visitor_never_sees_another(instant: Warmline, visitor: Visitor, look: Look) -> None:
    await visitor.open(instant.address)
    await visitor.say("my secret is 4711")
    await expect(visitor.bot).not_to_have_count(0)
    other = Visitor(page=await look(SITE))
    await other.open(instant.address)
    await expect(other.widget.get_by_role("heading", name="Hi, I'm Juno.")).to_be_visible()
    await expect(other.bubbles).to_have_count(0)


async def test_on_a_phone_it_fills_the_screen_and_gives_it_back(instant: Warmline, look: Look, shot: Shot) -> None:
    visitor = Visitor(page=await look(PHONE, has_touch=True, is_mobile=True))
    await visitor.open(instant.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.say("i sell handmade candles on etsy")
    await visitor.hears(flow("obstacle"))
    panel = await visitor.page.get_by_role("dialog", name="Sundial").bounding_box()
    assert panel == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert await visitor.page.locator("#main").evaluate("(main) => main.inert")
    await shot(visitor.page, "phone")
    await visitor.page.get_by_role("button", name="Close chat").first.click()
    assert not await visitor.page.locator("#main").evaluate("(main) => main.inert")
    await shot(visitor.page, "phone-closed")


async def test_dark_follows_the_visitors_system(instant: Warmline, look: Look, shot: Shot) -> None:
    visitor = Visitor(page=await look(SITE, "dark"))
    await visitor.open(instant.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    panel = visitor.page.get_by_role("dialog", name="Sundial")
    red, green, blue = (await panel.evaluate("(p) => getComputedStyle(p).backgroundColor.match(/[\\d.]+/g).map(Number)"))[:3]
    assert max(red, green, blue) < 80
    await shot(visitor.page, "widget-dark")
