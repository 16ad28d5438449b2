"""A visitor who waits books a time, is talked with after all, rates the talk and keeps a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect
from ruamel.yaml import YAML

from tests.e2e.conftest import PHONE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.running import ROOT
from tests.e2e.wordings import choices, flow, phrase

pytestmark = pytest.mark.asyncio(loop_scope="session")


def hurried(folder: Path) -> str:
    """The promises that come with Warmline, with little time, and no hours in which nobody is asked anything."""
    yaml = YAML(typ="safe")
    promises = yaml.load((ROOT / "promises.yml").read_text())
    promises["targets"] |= {"offer_s": 1, "accept_s": 2, "first_words_s": 4}
    promises["waiting"]["quiet_hours"] = "none"
    path = folder / "promises.yml"
    with path.open("w") as out:
        yaml.dump(promises, out)
    return str(path)


async def test_booked_talked_rated_and_kept(install: Install, look: Look, agent: Agent, shot: Shot, tmp_path: Path) -> None:
    warmline = await install(promises=hurried(tmp_path))
    visitor = Visitor(page=await look(PHONE))
    await agent.sign_in(warmline.address, *warmline.first_sign_in)
    await visitor.open(warmline.address)
    await visitor.say("hey")
    await visitor.hears(flow("what"))
    await visitor.say("i sell handmade candles on etsy")
    await visitor.hears(flow("obstacle"))
    await shot(visitor.page, "phone")
    await visitor.asks_for_a_person()
    warmline.time.move(5)
    await expect(visitor.replies).to_have_text(choices())
    await shot(visitor.page, "choices-phone")

    await visitor.replies.get_by_text("Book a time").click()
    await visitor.hears(phrase("times_ask"))
    await expect(visitor.replies).to_have_count(3)
    await shot(visitor.page, "times-phone")
    await visitor.say("the second one")
    await visitor.hears(phrase("booked_firm"))
    await shot(visitor.page, "booked-phone")

    await agent.open()
    await agent.take()
    await expect(visitor.name).to_have_text("Alex")
    await agent.write("I had a minute already. How can I help?")
    await expect(visitor.person).to_have_text("I had a minute already. How can I help?")
    await agent.page.get_by_role("button", name="Give back").click()
    dialog = agent.page.get_by_role("dialog")
    await dialog.locator("#summary").fill("Wants a quote for ten.")
    await dialog.get_by_label("Won").check()
    await dialog.get_by_label("What is it worth?").fill("250.50")
    await shot(agent.page, "give-back-worth")
    await dialog.get_by_role("button", name="Give back").click()
    await expect(dialog).to_have_count(0)

    warmline.time.move(21)
    await visitor.hears(phrase("rating_ask"))
    await shot(visitor.page, "rating-phone")
    await visitor.replies.get_by_text("Great").click()
    await visitor.hears(phrase("rating_thanks"))

    async with visitor.page.expect_download() as saving:
        await visitor.widget.get_by_role("button", name="Save this conversation").click()
    saved = await (await saving.value).path()
    assert "Alex: I had a minute already." in saved.read_text()
    async with agent.page.expect_download() as exporting:
        await agent.page.get_by_role("link", name="Save the transcript").click()
    exported = await (await exporting.value).path()
    assert "Alex: I had a minute already." in exported.read_text()
