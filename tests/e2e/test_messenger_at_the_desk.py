"""A person on Messenger and a visitor of the website wait in one queue and are answered from one desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect
from ruamel.yaml import YAML

from bot.fakes.graph import FakeGraph
from tests.e2e.conftest import Install, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.wordings import phrase

pytestmark = pytest.mark.asyncio(loop_scope="session")

VERIFY, SECRET, TOKEN = "open-sesame", "app-secret", "page-token"


def credentials(folder: Path, graph_url: str) -> str:
    """Widget and Messenger, with the Graph API at `graph_url`."""
    path = folder / "credentials.yml"
    facebook = {"verify": VERIFY, "secret": SECRET, "page-access-token": TOKEN, "graph-url": graph_url}
    with path.open("w") as out:
        YAML(typ="safe").dump({"widget": None, "facebook": facebook}, out)
    return str(path)


async def test_messenger_and_website_in_one_queue(
    install: Install, agent: Agent, visitor: Visitor, tmp_path: Path, shot: Shot
) -> None:
    async with FakeGraph(app_secret=SECRET, verify_token=VERIFY, token=TOKEN) as graph:
        warmline = await install(credentials=credentials(tmp_path, f"{graph.base_url}/v25.0"))
        await graph.subscribe(f"{warmline.address}/webhooks/facebook/webhook")
        await agent.sign_in(warmline.address, *warmline.first_sign_in)
        anna = graph.person("psid-anna", first_name="Anna", last_name="Berg")
        await anna.says("hey")
        await anna.waits_for(2)
        await anna.says("can i talk to a person?")
        await visitor.open(warmline.address)
        await visitor.asks_for_a_person()
        await expect(agent.rows).to_have_count(2)
        await expect(agent.rows.filter(has_text="Anna")).to_have_count(1)
        await expect(agent.rows.filter(has_text="Website visitor")).to_have_count(1)

        await agent.rows.filter(has_text="Anna").click()
        await expect(agent.title).to_contain_text("Anna")
        await expect(agent.page.locator(".title .hint")).to_contain_text("Messenger")
        await expect(agent.page.locator(".title .hint")).to_contain_text("closes in")
        await agent.take()
        heard = len(anna.inbox)
        await agent.write("Hi Anna, Alex here. What can I do?")
        await anna.waits_until(lambda inbox: inbox[-1].text == "Hi Anna, Alex here. What can I do?", what="Alex's words")
        assert [sent.text for sent in anna.inbox[heard:]].count("Hi Anna, Alex here. What can I do?") == 1
        await anna.says("Do you do gift boxes?")
        await expect(agent.talk.locator("li.prospect .bubble").last).to_have_text("Do you do gift boxes?")
        await shot(agent.page, "messenger")
        await expect(visitor.person).to_have_count(0)

        await agent.give_back("Wants gift boxes; Alex sends her pictures.")
        back = phrase("given_back")
        await anna.waits_until(lambda inbox: any(back.match(sent.text) for sent in inbox), what="the bot")
        await graph.idle()
        assert not graph.audit().doubles
