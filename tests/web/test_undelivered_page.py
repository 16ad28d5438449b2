"""The page of what could not be delivered, in a browser, against the fake service."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.fake.furnished import misdeliver
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def sign_in(page: Page, address: str, who: str = "ana", word: str = "sunny days", path: str = "#/undelivered") -> None:
    await page.goto(f"{address}/console{path}")
    await page.get_by_label("Email").fill(f"{who}@sundial.example")
    await page.get_by_label("Password").fill(word)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("switch", name="Online")).to_be_visible()


def message(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=name)


async def test_an_admin_finds_it_from_the_account_and_nothing_there_is_good_news(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    await sign_in(page, address, path="")
    await expect(page.get_by_role("link", name="undelivered")).to_have_count(0)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await page.get_by_role("link", name="Undelivered").click()
    await expect(page.get_by_role("heading", name="Undelivered")).to_be_visible()
    await expect(page).to_have_title("Undelivered · Warmline")
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
    await expect(page.locator(".channels li")).to_have_text([re.compile("Website.*Sending"), re.compile("Messenger.*Sending")])


async def test_what_is_parked_shows_live_with_reason_and_remedy(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
    misdeliver(furnished)
    await furnished.to_desks({"type": "undelivered"})
    priya = message(page, "Priya Shah")
    await expect(priya).to_contain_text("Here are three openers")
    await expect(priya).to_contain_text("Messenger doesn't take this kind of message from the page.")
    await expect(priya).to_contain_text("Check the page's settings and permissions there.")
    await expect(priya).to_contain_text("(#100) Param tag must be one of {HUMAN_AGENT}")
    await expect(priya).to_contain_text("written by a flow")
    await expect(message(page, "Tom Becker")).to_contain_text("after 8 tries")
    await expect(message(page, "Someone on Messenger")).to_contain_text("A picture")
    await expect(page.get_by_role("link", name="3 messages are undelivered, and a channel is on hold")).to_be_visible()
    held = page.locator(".channels li.hold")
    await expect(held).to_contain_text("Messenger no longer accepts the page's access token.")
    await expect(held).to_contain_text("On hold since")
    before = await held.locator(".next").inner_text()
    await expect(held.locator(".next")).not_to_have_text(before)
    await expect(held.locator(".next")).to_have_text(re.compile(r"Next try in 1:\d\d"))


async def test_send_again_with_the_keyboard_alone(page: Page, address: str, furnished: FakeWarmline) -> None:
    misdeliver(furnished)
    first = furnished.parked[0]["id"]
    await sign_in(page, address)
    await page.get_by_role("button", name="Send again to Priya Shah").focus()
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_role("status").filter(has_text="Sent again to Priya Shah, as the latest of the conversation.")
    ).to_be_visible()
    await expect(message(page, "Priya Shah")).to_have_count(0)
    await expect(page.get_by_role("button", name="Send again to Tom Becker")).to_be_focused()
    assert furnished.sent_again == [first]


async def test_letting_go_asks_once_and_escape_keeps_it(page: Page, address: str, furnished: FakeWarmline) -> None:
    furnished.park(next(iter(furnished.talks.values())), "Only this one", "rejected")
    await sign_in(page, address)
    button = page.get_by_role("button", name="Let go of the message to Priya Shah")
    await button.click()
    await expect(page.get_by_role("dialog", name="Let this message go?")).to_contain_text("Only this one")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(message(page, "Priya Shah")).to_be_visible()
    await button.click()
    await page.get_by_role("dialog").get_by_role("button", name="Let go").click()
    await expect(page.get_by_text("Priya Shah won't get that message.")).to_be_visible()
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Undelivered")).to_be_focused()
    assert furnished.sent_again == []


async def test_a_refusal_is_said_and_the_list_is_fresh(page: Page, address: str, furnished: FakeWarmline) -> None:
    misdeliver(furnished)
    await sign_in(page, address)
    furnished.act_error = (409, "not_parked", "That message doesn't wait here any more.")
    del furnished.parked[0]
    await page.get_by_role("button", name="Send again to Priya Shah").click()
    await expect(page.get_by_role("alert")).to_have_text("That message doesn't wait here any more.")
    await expect(message(page, "Priya Shah")).to_have_count(0)
    await expect(message(page, "Tom Becker")).to_be_visible()


async def test_it_opens_the_conversation(page: Page, address: str, furnished: FakeWarmline) -> None:
    misdeliver(furnished)
    await sign_in(page, address)
    await page.get_by_role("link", name="Open the conversation with Tom Becker").click()
    await expect(page.locator("#conversation-title")).to_contain_text("Tom Becker")


async def test_a_service_that_does_not_answer_is_said_and_tried_again(page: Page, address: str, furnished: FakeWarmline) -> None:
    await page.route("**/api/console/undelivered", lambda route: route.abort())
    await sign_in(page, address)
    await expect(page.get_by_role("alert").filter(has_text="The service can't be reached right now.")).to_be_visible()
    await page.unroute("**/api/console/undelivered")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Everything was delivered.")).to_be_visible()


async def test_an_agent_who_is_no_admin_sees_none_of_it(page: Page, address: str, furnished: FakeWarmline) -> None:
    misdeliver(furnished)
    await sign_in(page, address, "sam", "sunny nights")
    await expect(page.get_by_role("heading", name="Undelivered")).to_have_count(0)
    await expect(page.locator("a.row").first).to_be_visible()
    await expect(page.get_by_role("link", name="undelivered")).to_have_count(0)
    assert ("GET", "undelivered") not in furnished.requests
