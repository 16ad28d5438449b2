"""Marketers look at flows, change them, play them, and bring people in."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from bot.core.model import Identity
from bot.simulate import Setup, simulate
from bot.simulate.told import as_data
from tests.axe import HEIGHT, PHONE, violations_in_every_look
from tests.pages.conftest import Office

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PEOPLE = b"external_id,name,consent,consent_date\nann,Ann,fair,2026-01-01\nben,Ben,,2026-01-01\n"
EVENTS = b"user_id,event,event_id\nann,cart_left,c-1\nnobody,cart_left,c-2\nann,,c-3\n"


async def looks_right(page: Page) -> None:
    """In every width and theme, and nothing is wider than a phone."""
    assert await violations_in_every_look(page) == []
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    assert await page.locator(".studio").evaluate("studio => studio.scrollWidth - studio.clientWidth") <= 0


async def test_a_flow_is_found_changed_published_and_paused(office: Office) -> None:
    page = await office.look("#/flows", axe=True)
    await expect(page.locator(".cards li")).to_have_count(6)
    await expect(page.locator(".cards li").first).to_contain_text("Wrote back")
    await page.get_by_role("link", name="welcome", exact=True).press("Enter")
    await expect(page.get_by_role("heading", name="Welcome", exact=True)).to_be_visible()
    await expect(page.get_by_text("What are you working on these days?")).to_be_visible()

    await page.get_by_role("button", name="Edit").click()
    area = page.get_by_label("The flow, as YAML")
    before = await area.input_value()
    await area.fill(before.replace("purpose: delight", "purpose: delihgt", 1))
    await expect(page.get_by_text("One mistake")).to_be_visible()
    await expect(page.get_by_role("button", name="Publish…")).to_be_disabled()
    await page.get_by_role("button", name=re.compile(r"^Line \d+:\d+")).first.press("Enter")
    await expect(area).to_be_focused()
    await area.fill(before.replace("What are you working on these days?", "WHAT ARE YOU WORKING ON THESE DAYS??!!", 1))
    await expect(page.locator(".found")).to_contain_text("exclamation")
    await expect(page.get_by_role("heading", name="Steps and their words, as you write them")).to_be_visible()
    await expect(page.get_by_text("WHAT ARE YOU WORKING ON THESE DAYS??!!", exact=True)).to_be_visible()
    await looks_right(page)
    await area.fill(before.replace("What are you working on these days?", "What are you up to these days?", 1))
    await page.get_by_role("link", name="Simulate this draft").click()
    await expect(page.get_by_label("Play what I wrote and have not published")).to_be_checked()
    await page.go_back()
    await page.get_by_role("button", name="Edit").click()
    await expect(page.get_by_text("What you wrote before is still here")).to_be_visible()
    publish = page.get_by_role("button", name="Publish…")
    await expect(publish).to_be_enabled()
    await publish.click()
    dialog = page.get_by_role("dialog", name="Publish welcome")
    await expect(dialog).to_contain_text("Nobody is inside an earlier version.")
    await dialog.get_by_label("What changed?").fill("Plainer words")
    await dialog.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    await expect(page.get_by_text("What are you up to these days?")).to_be_visible()

    await page.get_by_role("button", name="Pause", exact=True).click()
    await page.get_by_label("Why?").fill("A typo")
    await page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).press("Enter")
    await expect(page.get_by_text("Paused by Alex")).to_be_visible()
    await page.get_by_role("button", name="Roll back").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Nobody is inside")
    await page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    await expect(page.get_by_text("People enter version 1 again.")).to_be_visible()
    [head] = [one for one in (await office.world.service.store.flow_book()).heads if one.flow_id == "welcome"]
    assert (head.number, head.mode.value) == (1, "paused")


async def test_the_brake_is_told_first_and_let_go(office: Office) -> None:
    from bot.core.model import FlowMode

    store, now = office.world.service.store, office.world.time.now()
    await store.rule_flow("win_back", FlowMode.PAUSED, by="brake", now=now, reason="Of 61 messages 11 did harm; 2 of 100 may.")
    page = await office.look("#/flows", axe=True)
    first = page.locator(".cards li").first
    await expect(first).to_contain_text("It paused itself")
    await expect(first).to_contain_text("11 did harm")
    await expect(first).to_contain_text("Entered")
    await looks_right(page)
    await first.get_by_role("button", name="Resume").click()
    await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    await expect(page.get_by_text("It paused itself")).to_have_count(0)


async def test_a_flow_is_played_and_talks_are_read(office: Office) -> None:
    rules = office.world.service.conversations.rules
    played = as_data(await asyncio.to_thread(simulate, rules, "welcome", Setup(people=20, days=2)))
    lines = "".join(f"{json.dumps(line)}\n" for line in ({"progress": 0.5}, {"result": played}))
    page = await office.look("#/simulation/welcome", axe=True)
    asked: list[Any] = []

    async def play(route: Route) -> None:
        asked.append(route.request.post_data_json)
        await route.fulfill(body=lines, content_type="application/x-ndjson")

    # What the service's own process would tell; starting that takes longer than all else here.
    await page.route("**/api/console/simulations", play)
    await expect(page.get_by_label("Flow")).to_have_value("welcome")
    await page.get_by_label("People", exact=True).fill("20")
    await page.get_by_label("Days").fill("2")
    await page.get_by_label("Channel").select_option("facebook")
    await page.get_by_text("Where they live").click()
    await page.get_by_role("button", name="Remove Europe/Berlin").press("Enter")
    await page.get_by_label("One more time zone").fill("asia/tokyo")
    await page.keyboard.press("Enter")
    await page.get_by_label("Languages").fill("pt, de")
    await page.get_by_role("button", name="Play it").click()
    await expect(page.get_by_role("heading", name="Talks in full")).to_be_visible()
    assert (asked[0]["people"], asked[0]["days"], asked[0]["mix"]["eager"]) == (20, 2, 20)
    assert (asked[0]["channel"], asked[0]["languages"], asked[0]["last_wrote"]) == ("facebook", ["pt", "de"], "2h")
    assert asked[0]["zones"] == ["Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo"]
    await page.locator(".talks summary").first.click()
    await expect(page.locator(".talk .us").first).to_be_visible()
    await expect(page.get_by_text("Time to a person, half")).to_be_visible()
    await looks_right(page)


async def test_contacts_are_previewed_and_taken_over_and_experiments_are_told(office: Office) -> None:
    page = await office.look("#/contacts", axe=True)
    await page.get_by_label("CSV file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE})
    await page.get_by_label("Channel").select_option("rest")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("Line 3, consent: is empty")).to_be_visible()
    await page.get_by_label("name", exact=True).select_option("first_name")
    await expect(page.get_by_text("Ann agreed").or_(page.locator("li", has_text="agreed 2026-01-01"))).to_be_visible()
    await looks_right(page)
    await page.get_by_role("button", name="Take over 1 person").click()
    await expect(page.get_by_text("1 person new, 0 known")).to_be_visible()
    await expect(page.get_by_role("link", name="Download the rejected rows")).to_be_visible()
    await page.get_by_role("link", name="Events of other systems").press("Enter")
    await expect(page.get_by_role("heading", name="Events", exact=True)).to_be_visible()
    await page.get_by_label("CSV file").set_input_files({"name": "events.csv", "mimeType": "text/csv", "buffer": EVENTS})
    await page.get_by_label("Channel").select_option("rest")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("Line 4, event: ")).to_be_visible()
    await looks_right(page)
    await page.get_by_role("button", name="Tell of 2 events").click()
    await expect(page.get_by_text("1 new, 0 known before, 2 rejected.")).to_be_visible()
    await expect(page.get_by_text("Line 3, user_id: There is no such prospect.")).to_be_visible()
    async with page.expect_download() as got:
        await page.get_by_role("link", name="Download the rejected rows").click()
    assert "There is no such prospect." in (await (await got.value).path()).read_text(encoding="utf-8")
    await page.get_by_role("link", name="Experiments").press("Enter")
    await expect(page.get_by_text("Nothing can be told yet.")).to_be_visible()
    await looks_right(page)


async def test_segments_and_sources_are_counted_and_opened(office: Office) -> None:
    came = {"url": "https://shop.example/?utm_source=insta&utm_campaign=spring"}
    for name, referral in (("ann", came), ("ben", {})):
        body = {"sender": name, "message": "hi", "metadata": {"referral": referral}}
        async with office.world.client.post("/webhooks/rest/webhook", json=body) as answer:
            assert answer.status == 200
    ann = await office.world.service.store.find_conversation(Identity(channel="rest", external_id="ann"))
    page = await office.look("#/segments", axe=True)
    card = page.locator(".cards li").first
    await expect(card).to_contain_text("Not tagged no_fit")
    await expect(card).to_contain_text("Nobody else may enter win_back (its audience)")
    await expect(card.locator("dd").first).to_have_text("2")
    await looks_right(page)
    await card.get_by_role("link", name="Not tagged no_fit").press("Enter")
    await expect(page.get_by_label("Who is in it now").locator("li")).to_have_count(2)
    await expect(page.get_by_text("These are all: 2.")).to_be_visible()
    await looks_right(page)

    await page.get_by_role("link", name="Sources").press("Enter")
    row = page.locator("tbody tr", has_text="insta")
    await expect(row.locator("td").first).to_have_text("1")
    await page.get_by_label("By", exact=True).select_option("campaign")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await looks_right(page)
    async with page.expect_download() as got:
        await page.get_by_role("link", name="Download CSV").click()
    assert "spring,1" in (await (await got.value).path()).read_text(encoding="utf-8")
    await page.locator("tbody tr", has_text="spring").get_by_role("button", name="Open").click()
    link = page.get_by_role("dialog").get_by_role("link", name="Open conversation 1")
    await expect(link).to_have_attribute("href", f"#/all/{ann}")


async def test_an_agent_does_not_get_there(office: Office) -> None:
    page = await office.look("#/flows", office.sam)
    await expect(page.get_by_role("heading", name="Flows")).to_have_count(0)
    assert await page.evaluate("performance.getEntriesByType('resource').some(({name}) => name.includes('Studio'))") is False
