"""A console that was cut off catches up by its cursors."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.core.events import AgentWrote
from tests.pages.conftest import Office
from tests.service.desks import asks_for_a_person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

MISSED = 130
"""More than a conversation shows at once."""


async def test_what_was_said_while_the_console_was_cut_off_shows_once_and_in_order(office: Office) -> None:
    world = office.world
    conversation_id = await asks_for_a_person(world)
    await office.sam.post(f"conversations/{conversation_id}/take")
    page = await office.look(f"#/mine/{conversation_id}", office.sam)
    await expect(page.locator("#conversation-title")).to_be_visible()
    await page.context.set_offline(True)
    world.service.close_consoles()
    await expect(page.get_by_text("Connection lost").or_(page.get_by_text("offline")).first).to_be_visible()
    for number in range(MISSED):
        said = AgentWrote(agent=office.sam.agent.ref, text=f"missed {number}.", client_key=f"missed-key-{number:04}")
        await world.service.conversations.handle(conversation_id, said)
    await world.settle()
    await page.context.set_offline(False)
    await expect(page.get_by_text(f"missed {MISSED - 1}.", exact=True)).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("missed 0.", exact=True)).to_have_count(1)
    shown = [text for text in await page.get_by_text("missed ").all_inner_texts() if text.startswith("missed ")]
    assert shown == [f"missed {number}." for number in range(MISSED)]
