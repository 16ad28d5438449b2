"""From a stranger's hello to a live agent and back, with everything as one command starts it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.running import Warmline
from tests.e2e.wordings import flow, phrase, response

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUMMARY = "Wants the 15-minute look on Thursday at 4 pm. People keep asking how long the candles burn."


async def test_stranger_to_agent_and_back(everyday: Warmline, visitor: Visitor, agent: Agent, shot: Shot) -> None:
    await agent.sign_in(everyday.address, *everyday.first_sign_in)
    await expect(agent.page.get_by_role("heading", name="Nobody is waiting. Nice.")).to_be_visible()
    await visitor.open(everyday.address)
    await expect(visitor.name).to_have_text("Juno")
    await expect(visitor.standing).to_have_text("Sundial's chat bot")

    await visitor.say("hey")
    await expect(visitor.dots).to_be_visible()
    await visitor.hears(flow("what"))
    await expect(visitor.bot).to_have_count(2)
    await expect(visitor.bot.first).to_have_text(flow("hello"))
    await expect(visitor.bot.first).to_contain_text("bot")
    await shot(visitor.page, "widget")

    await visitor.say("i sell handmade candles")
    await visitor.hears(flow("obstacle"))
    await expect(visitor.bot.last).to_contain_text("handmade candles")
    await shot(visitor.page, "answered")

    await visitor.say("can i talk to a person?")
    await visitor.hears(phrase("getting_someone_online"))
    await expect(visitor.standing).to_have_text("Finding a person for you…")
    await expect(agent.page).to_have_title("(1) Waiting · Warmline")
    await expect(agent.notices).to_contain_text("Someone asked for a person.")
    await expect(agent.rows).to_have_count(1)
    await expect(agent.rows.get_by_role("timer")).to_have_accessible_name(re.compile(r"^Take within 0:\d\d$"))
    await agent.open()
    await expect(agent.card.locator(".headline")).to_have_text("Someone asked for a person on the website.")
    await expect(agent.rows.get_by_text("For you", exact=True)).to_be_visible()
    await expect(agent.rows.get_by_text("Asked for a person", exact=True)).to_be_visible()
    await expect(agent.fact("Business")).to_have_text("handmade candles")
    await expect(agent.section("In the flow")).to_contain_text("welcome, at “obstacle”", ignore_case=True)
    await expect(agent.talk.locator("li.prospect .bubble")).to_have_text(
        ["hey", "i sell handmade candles", "can i talk to a person?"]
    )
    await shot(agent.page, "desk")

    await agent.take()
    await expect(agent.notices).to_have_count(0)
    await expect(visitor.name).to_have_text("Alex")
    await expect(visitor.standing).to_have_text("Alex is talking with you")
    await agent.reply.press_sequentially("Hi, Alex here!")
    await expect(visitor.dots).to_be_visible()
    await expect(visitor.widget.get_by_role("status").filter(has_text="Alex is typing")).to_be_attached()
    await agent.write("Hi, Alex here! I read along. What do people ask you most about the candles?")
    await expect(visitor.person).to_have_text(["Hi, Alex here! I read along. What do people ask you most about the candles?"])
    await expect(visitor.widget.get_by_text("Alex is here now. You're talking with a person.")).to_be_visible()
    await expect(visitor.widget.locator("li.message.agent .who")).to_have_text("Alexperson")

    await visitor.box.press_sequentially("Mostly how long")
    await expect(agent.typing).to_contain_text("Website visitor is typing")
    await visitor.say("Mostly how long they burn. Could we look at it on Thursday?")
    await expect(agent.talk.locator("li.prospect .bubble").last).to_have_text(
        "Mostly how long they burn. Could we look at it on Thursday?"
    )
    await expect(agent.page.locator(".episode").get_by_role("timer")).to_be_visible()
    await agent.write("Thursday at 4 works. I'll bring three of your chats.")
    await expect(visitor.person.last).to_have_text("Thursday at 4 works. I'll bring three of your chats.")
    await shot(agent.page, "talking")
    await agent.page.emulate_media(color_scheme="dark")
    await shot(agent.page, "desk-dark")
    await agent.page.emulate_media(color_scheme="light")
    await shot(visitor.page, "person")

    await agent.page.get_by_role("button", name="Give back").click()
    summary = agent.dialog.get_by_label("What should the bot and the next person know?")
    await expect(summary).to_have_value("")
    await summary.fill(SUMMARY)
    await shot(agent.page, "give-back")
    await agent.dialog.get_by_role("button", name="Give back", exact=True).click()
    await expect(agent.dialog).to_have_count(0)
    await visitor.hears(phrase("given_back"))
    await expect(visitor.name).to_have_text("Juno")
    await expect(agent.card).to_contain_text(SUMMARY)

    await visitor.say("how much is it?")
    await expect(visitor.bot.filter(has_text=response("utter_price_for_business"))).to_have_count(1)
    await expect(visitor.bot.filter(has_text=response("utter_price_for_business"))).to_contain_text("handmade candles")
    await expect(agent.talk.locator("li.bot .bubble").filter(has_text=response("utter_price_for_business"))).to_be_visible()
    await visitor.hears(response("utter_price_included"))
    await shot(visitor.page, "back-with-the-bot")
    assert await visitor.transcript() == await agent.talk.locator(".bubble").all_inner_texts()
