"""A colleague is mentioned in a note, by keys alone, and hears of it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages.conftest import Office
from tests.service.desks import asks_for_a_person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_colleague_is_chosen_mentioned_and_told_in_their_console(office: Office) -> None:
    conversation_id = await asks_for_a_person(office.world, "hi")
    sam = await office.look("#/queue", office.sam)
    alex = await office.look(f"#/all/{conversation_id}", office.alex)
    note = alex.get_by_label("A note for the team")
    await note.press_sequentially("please look @sa")
    names = alex.get_by_role("group", name="Mention a colleague")
    await expect(names.get_by_role("button")).to_have_text(["@Sam"])
    await note.press("Tab")
    await alex.keyboard.press("Enter")
    await expect(note).to_have_value("please look @Sam ")
    await expect(note).to_be_focused()
    await alex.get_by_role("button", name="Save note").press("Enter")
    await expect(alex.locator("li strong", has_text="@Sam")).to_be_visible()
    told = sam.locator(".notices .mention")
    await expect(told).to_contain_text("Alex mentioned you in a note about Someone.")
    await told.get_by_role("link", name="Open").press("Enter")
    await expect(sam.locator("li strong", has_text="@Sam")).to_be_visible()
