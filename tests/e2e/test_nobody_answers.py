"""A person was promised and nobody comes: the visitor hears the truth and gets a choice, the desk sees the breach."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Install, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.hosting import promising
from tests.e2e.wordings import choices, flow, phrase

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_nobody_answers(install: Install, visitor: Visitor, agent: Agent, shot: Shot, tmp_path: Path) -> None:
    warmline = await install(promises=promising(tmp_path, offer_s=1, accept_s=2, first_words_s=4))
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.asks_for_a_person()
    await expect(agent.notices.filter(has_text="Someone asked for a person.").first).to_be_visible()
    await agent.open()

    warmline.time.move(5)
    await visitor.hears(phrase("nobody_came"))
    await expect(visitor.replies).to_have_text(choices())
    await expect(visitor.standing).to_have_text("Finding a person for you…")
    await shot(visitor.page, "nobody-came")
    await expect(agent.notices.filter(has_text="Nobody came for Someone. They have been told.")).to_be_visible()
    await expect(agent.section("History")).to_contain_text("Our promise was missed: first words")
    await shot(agent.page, "breach")
    [item] = (await agent.api("GET", "conversations?view=queue"))["items"]
    assert {"accept", "first_words"} <= set(item["episode"]["breached"])
    assert item["episode"]["rung"] == 4

    await visitor.replies.get_by_text("Call me back").click()
    await visitor.hears(phrase("callback_ask"))
    await expect(visitor.replies).to_have_count(0)
    await visitor.say("0151 22")
    await visitor.hears(phrase("callback_unclear"))
    await visitor.say("+49 170 1234567")
    await visitor.hears(phrase("callback_done"))
    await expect(visitor.bot.last).to_contain_text("+491701234567")

    await expect(agent.card.locator(".headline")).to_have_text(
        "Someone asked for a person on the website, and wants to be called back."
    )
    await expect(agent.fact("Number")).to_have_text("+491701234567")
    await expect(agent.card).to_contain_text("A call back on +491701234567")
    await shot(agent.page, "call-back")

    await agent.take()
    await expect(visitor.name).to_have_text("Alex")
    await agent.write("So sorry for the wait. I'm calling you now.")
    await expect(visitor.person).to_have_text("So sorry for the wait. I'm calling you now.")
