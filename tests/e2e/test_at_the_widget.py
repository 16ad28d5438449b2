"""The widget under a visitor's hands: badge, two tabs, two people."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import SITE, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.hosting import Hosted
from tests.e2e.wordings import either, flow, phrase, response

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_answer_to_a_closed_chat_shows_on_the_badge(instant: Hosted, visitor: Visitor, agent: Agent, shot: Shot) -> None:
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


async def test_two_tabs_of_one_visitor_stay_in_step_and_another_visitor_sees_nothing(
    instant: Hosted, visitor: Visitor, look: Look
) -> None:
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
    stranger = Visitor(page=await look(SITE))
    await stranger.open(instant.address)
    await expect(stranger.widget.get_by_role("heading", name="Hi, I'm Juno.")).to_be_visible()
    await expect(stranger.bubbles).to_have_count(0)
