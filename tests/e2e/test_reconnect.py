"""The service dies in the middle of a conversation and comes back: nothing is lost and nothing doubled."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import NOT_SIGNED_IN, SITE, Look, Shot
from tests.e2e.driving import ARRIVED, Agent, Visitor
from tests.e2e.running import Warmline
from tests.e2e.wordings import either, flow, response

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def forgiven() -> list[str]:
    return [NOT_SIGNED_IN, "WebSocket connection to", "Failed to load resource: net::"]


async def stored(agent: Agent, first: str) -> list[tuple[str, str]]:
    """(speaker, text) of the conversation that the prospect began with `first`, as the desk has it."""
    found = []
    for item in (await agent.api("GET", "conversations?view=all"))["items"]:
        messages = (await agent.api("GET", f"conversations/{item['id']}"))["messages"]
        assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
        if messages[0]["text"] == first:
            found.append([(m["speaker"], m["text"]) for m in messages])
    (only,) = found
    return only


async def hurry(*pages: Page) -> None:
    """The network is back: nobody waits for the end of a back-off."""
    for page in pages:
        await page.evaluate("window.dispatchEvent(new Event('online'))")


async def test_killed_in_mid_conversation(mortal: Warmline, look: Look, visitor: Visitor, agent: Agent, shot: Shot) -> None:
    """One visitor talks with the bot, one with Alex, and one opens the chat only when nobody is there to give a token."""
    helped, newcomer = Visitor(page=await look(SITE)), Visitor(page=await look(SITE))
    await agent.sign_in(mortal.address, *mortal.first_sign_in)
    await helped.open(mortal.address)
    await helped.asks_for_a_person()
    await agent.open()
    await agent.take()
    await agent.write("Hi, Alex here.")
    await newcomer.page.goto(mortal.address)
    await visitor.open(mortal.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.say("i sell handmade candles")
    await expect(visitor.widget.locator(".fate.wait")).to_have_count(0)
    await mortal.kill()

    await expect(visitor.widget.get_by_text("Connection lost. Trying again…")).to_be_visible()
    await visitor.say("how long does it take to set up?")
    await expect(visitor.widget.get_by_text("Sent as soon as the connection is back")).to_be_visible()
    await newcomer.page.get_by_role("button", name="Chat with us").click()
    await newcomer.say("is anybody there?")
    await expect(agent.page.get_by_text("Connection lost. What you write is sent when it's back.")).to_be_visible()
    await agent.reply.fill("Are you still there?")
    await agent.reply.press("Enter")
    await expect(agent.talk.get_by_text("Sent as soon as the connection is back")).to_be_visible()
    await shot(visitor.page, "service-away")
    await shot(agent.page, "desk-away")

    await mortal.start()
    await hurry(visitor.page, helped.page, newcomer.page, agent.page)
    await expect(visitor.widget.get_by_text("Connection lost. Trying again…")).to_have_count(0)
    await expect(visitor.bot.filter(has_text=response("utter_time"))).to_have_count(1)
    await visitor.hears(either(flow("obstacle"), flow("obstacle", again=True)))
    await expect(agent.page.get_by_text("Connection lost. What you write is sent when it's back.")).to_have_count(0)
    await shot(visitor.page, "service-back")
    said = await visitor.transcript()
    assert said.count("i sell handmade candles") == 1
    assert said.count("how long does it take to set up?") == 1
    assert len([one for one in said if response("utter_time").match(one)]) == 1
    assert len(set(said)) == len(said)
    assert [text for _, text in await stored(agent, "hey")] == said
    await visitor.page.reload()
    await visitor.page.get_by_role("button", name="Chat with us").click()
    await expect(visitor.bubbles).to_have_text(said)

    await expect(agent.talk.locator("li.agent", has_text="Are you still there?")).to_contain_text(ARRIVED)
    await expect(helped.person).to_have_text(["Hi, Alex here.", "Are you still there?"])

    await expect(newcomer.widget.locator(".fate.wait")).to_have_count(0)
    await expect(newcomer.bot).not_to_have_count(0)
    heard = [text for speaker, text in await stored(agent, "is anybody there?") if speaker == "prospect"]
    assert heard == ["is anybody there?"]
