"""What Messenger does not take waits at the admin's desk, and goes out when it is sent again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.fakes.graph import FakeGraph
from tests.e2e.conftest import Install, Shot
from tests.e2e.driving import Agent
from tests.e2e.test_messenger_at_the_desk import SECRET, TOKEN, VERIFY, credentials

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = "Here is the plan we talked about."


async def test_a_refused_message_is_seen_sent_again_and_arrives(install: Install, agent: Agent, tmp_path: Path, shot: Shot) -> None:
    async with FakeGraph(app_secret=SECRET, verify_token=VERIFY, token=TOKEN) as graph:
        warmline = await install(credentials=credentials(tmp_path, f"{graph.base_url}/v25.0"))
        warmline.may_complain = True  # a paused channel is an error in the log
        await graph.subscribe(f"{warmline.address}/webhooks/facebook/webhook")
        await agent.sign_in(warmline.address, *warmline.first_sign_in)
        anna = graph.person("psid-anna", first_name="Anna", last_name="Berg")
        await anna.says("can i talk to a person?")
        await expect(agent.rows).to_have_count(1)
        await agent.rows.first.click()
        await agent.take()
        graph.faults.next("upload_failed", 2, where={"text": WORDS})
        await agent.page.get_by_label("Write to Anna").fill(WORDS)
        await agent.page.keyboard.press("Enter")

        page = agent.page
        await page.get_by_role("link", name="1 message is undelivered").click()
        parked = page.get_by_role("listitem", name="Anna Berg")
        await expect(parked).to_contain_text(WORDS)
        await expect(parked).to_contain_text("Messenger couldn't fetch the picture.")
        await shot(page, "undelivered")
        await page.get_by_role("button", name="Send again to Anna Berg").click()
        await anna.waits_until(lambda inbox: inbox[-1].text == WORDS, what="the words, sent again")
        await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
        assert [sent.text for sent in anna.inbox].count(WORDS) == 1

        graph.expire_token()
        await page.get_by_role("link", name="Back to the desk").click()
        await page.get_by_role("link", name="Mine").click()
        await agent.rows.filter(has_text="Anna").click()
        await page.get_by_label("Write to Anna").fill("Are you still there?")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="a channel is on hold").click()
        await expect(page.locator(".channels li.hold")).to_contain_text("Messenger no longer accepts the page's access token.")
        await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
        await graph.idle()
