"""The service dies in the middle of a conversation and comes back: nothing is lost and nothing doubled."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import NOT_SIGNED_IN, SITE, Install, Look, Shot
from tests.e2e.driving import ARRIVED, Agent, Visitor
from tests.e2e.running import Warmline
from tests.e2e.wordings import either, flow, response

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def forgiven() -> list[str]:
    return [NOT_SIGNED_IN, "WebSocket connection to", "Failed to load resource: net::"]


async def stored(agent: Agent) -> list[tuple[str, str]]:
    """(speaker, text) of the only conversation, as the desk has it."""
    [item] = (await agent.api("GET", "conversations?view=all"))["items"]
    messages = (await agent.api("GET", f"conversations/{item['id']}"))["messages"]
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    return [(m["speaker"], m["text"]) for m in messages]


async def test_killed_in_mid_conversation(install: Install, visitor: Visitor, agent: Agent, shot: Shot) -> None:
    warmline = await install(pacing="human")
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))

    await visitor.say("i sell handmade candles")
    await expect(visitor.widget.locator(".fate.wait")).to_have_count(0)
    await warmline.kill()
    await expect(visitor.widget.get_by_text("Connection lost. Trying again…")).to_be_visible()
    await visitor.say("how long does it take to set up?")
    await expect(visitor.widget.get_by_text("Sent as soon as the connection is back")).to_be_visible()
    await expect(agent.page.get_by_text("Connection lost. What you write is sent when it's back.")).to_be_visible()
    await shot(visitor.page, "service-away")
    await shot(agent.page, "desk-away")

    await warmline.start()
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
    assert [text for _, text in await stored(agent)] == said

    await visitor.page.reload()
    await visitor.page.get_by_role("button", name="Chat with us").click()
    await expect(visitor.bubbles).to_have_text(said)


async def test_a_message_written_before_the_first_connection_is_sent_once(install: Install, look: Look, agent: Agent) -> None:
    """The chat is opened while the service is gone, so the token comes only with the service."""
    warmline = await install()
    page: Page = await look(SITE)
    visitor = Visitor(page=page)
    await page.goto(warmline.address)
    await warmline.kill()
    await page.get_by_role("button", name="Chat with us").click()
    await visitor.say("is anybody there?")
    await warmline.start()
    await expect(visitor.widget.locator(".fate.wait")).to_have_count(0)
    await expect(visitor.bot).not_to_have_count(0)
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    said = [text for speaker, text in await stored(agent) if speaker == "prospect"]
    assert said == ["is anybody there?"]


async def test_what_an_agent_writes_while_the_service_is_away_is_sent_once(
    install: Install, visitor: Visitor, agent: Agent
) -> None:
    warmline: Warmline = await install()
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.asks_for_a_person()
    await agent.open()
    await agent.take()
    await agent.write("Hi, Alex here.")
    await warmline.kill()
    await agent.reply.fill("Are you still there?")
    await agent.reply.press("Enter")
    await expect(agent.talk.get_by_text("Sent as soon as the connection is back")).to_be_visible()
    await warmline.start()
    await expect(agent.talk.locator("li.agent", has_text="Are you still there?")).to_contain_text(ARRIVED)
    await expect(visitor.person).to_have_text(["Hi, Alex here.", "Are you still there?"])
