"""Admins edit the promises in the console."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.axe import HEIGHT, PHONE, violations_in_every_look
from tests.pages.conftest import Office

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def replace(page: Page, old: str, new: str) -> None:
    """Somebody changes the text."""
    area = page.get_by_label("Promises, as YAML")
    text = await area.input_value()
    assert old in text
    await area.fill(text.replace(old, new, 1))


async def test_a_promise_is_changed_checked_compared_and_saved_by_keys_alone(office: Office) -> None:
    page = await office.look("#/promises")
    await expect(page.get_by_text("Fine")).to_be_visible()
    save = page.get_by_role("button", name="Save")
    await expect(save).to_be_disabled()
    await replace(page, "first_words_s: 60", "first_wrods_s: 60")
    await expect(page.get_by_text("One mistake")).to_be_visible()
    await expect(save).to_be_disabled()
    mistake = page.get_by_role("button", name=re.compile(r"Line \d+:3\s*targets.first_wrods_s\s*.*first_words_s"))
    await mistake.press("Enter")
    area = page.get_by_label("Promises, as YAML")
    await expect(area).to_be_focused()
    caret: int = await area.evaluate("area => area.selectionStart")
    assert (await area.input_value())[caret:].startswith("first_wrods_s")
    await replace(page, "first_wrods_s: 60", "first_words_s: 90")
    await expect(page.get_by_text("Fine")).to_be_visible()
    changes = page.get_by_role("region", name="What you changed")
    await expect(changes.locator(".out")).to_contain_text("first_words_s: 60")
    await expect(changes.locator(".in")).to_contain_text("first_words_s: 90")
    await save.press("Enter")
    await expect(page.get_by_text("Saved. The service goes by it from now on.")).to_be_visible()
    assert "first_words_s: 90" in office.promises.read_text(encoding="utf-8")
    assert office.world.service.conversations.rules.policy.targets.first_words_s == 90


async def test_the_preview_follows_the_text_before_it_is_saved(office: Office) -> None:
    page = await office.look("#/promises")
    await page.get_by_label("A person is needed at").fill("2026-11-23T10:00")
    told = page.locator(".told")
    await expect(told).to_contain_text("First words by (1 min)10:01:00")
    await replace(page, "first_words_s: 60", "first_words_s: 90")
    await expect(told).to_contain_text("First words by (1 min 30 s)10:01:30")
    assert "first_words_s: 60" in office.promises.read_text(encoding="utf-8")


async def test_a_contradiction_is_told_and_does_not_keep_from_saving(office: Office) -> None:
    page = await office.look("#/promises")
    await replace(page, "actions: [supervisor]", "actions: [page]")
    await expect(page.get_by_text("Can be read; one thing makes no sense")).to_be_visible()
    await expect(page.get_by_text("`supervisors` names nobody").first).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_be_enabled()


async def test_a_file_changed_underneath_is_shown_before_it_is_replaced(office: Office) -> None:
    page = await office.look("#/promises")
    await replace(page, "first_words_s: 60", "first_words_s: 90")
    await expect(page.get_by_text("Fine")).to_be_visible()
    office.promises.write_text(office.promises.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="The file changed while you wrote")).to_be_visible()
    theirs = page.get_by_role("region", name="Yours compared with the file as it is now")
    await expect(theirs.locator(".out", has_text="# by hand")).to_be_visible()
    assert "first_words_s: 60" in office.promises.read_text(encoding="utf-8")
    await page.get_by_role("button", name="Replace it with mine").click()
    await expect(page.get_by_text("Saved. The service")).to_be_visible()
    assert "# by hand" not in office.promises.read_text(encoding="utf-8")


async def test_an_older_version_is_compared_and_put_back(office: Office) -> None:
    page = await office.look("#/promises")
    await replace(page, "first_words_s: 60", "first_words_s: 90")
    await expect(page.get_by_text("Fine")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. The service")).to_be_visible()
    await page.get_by_role("button", name="Compare").click()
    before = page.get_by_role("region", name="What putting it back would change")
    await expect(before.locator(".in")).to_contain_text("first_words_s: 60")
    await page.get_by_role("button", name="Put back").click()
    await expect(page.get_by_text("Put back. The service goes by it from now on.")).to_be_visible()
    assert "first_words_s: 60" in office.promises.read_text(encoding="utf-8")


async def test_a_file_broken_by_hand_is_told(office: Office) -> None:
    office.promises.write_text("ladder: [\n", encoding="utf-8")
    page = await office.look("#/promises")
    await expect(page.get_by_text("The file cannot be read as it is.")).to_be_visible()
    await expect(page.get_by_text("One mistake")).to_be_visible()


async def test_an_agent_does_not_get_there(office: Office) -> None:
    page = await office.look("#/promises", office.sam)
    await expect(page.get_by_role("heading", name="Promises")).to_have_count(0)


async def test_axe_finds_nothing_and_it_fits(office: Office) -> None:
    page = await office.look("#/promises", axe=True)
    await expect(page.locator(".told")).to_be_visible()
    await replace(page, "first_words_s: 60", "first_wrods_s: 60")
    await expect(page.get_by_text("One mistake")).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    spill = await page.evaluate("document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth")
    assert spill <= 0
