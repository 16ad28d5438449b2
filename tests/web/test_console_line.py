"""The console while the line is down, comes back, or the service fails."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.at_the_console import holding, in_a_while, named, row, said, sign_in
from tests.web.fake.talks import now, stamp
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_what_happened_while_the_line_was_down_is_caught_up(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    await expect(row(page, "Priya")).to_be_visible()
    furnished.refuse_sockets = True
    await furnished.drop_sockets()
    await expect(page.get_by_text("Connection lost. What you write is sent when it's back.")).to_be_visible()
    furnished.add(talk, "prospect", "are you there?")
    tom = named(furnished, "Tom")
    tom.owner, tom.episode = "bot", None
    new = furnished.talk("New One")
    furnished.add(new, "prospect", "hi")
    new.owner, new.waiting_since = "waiting", stamp(now())
    furnished.refuse_sockets = False
    # Pressed if it is still there: the console tries by itself, too.
    await page.evaluate("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Try now')?.click()")
    await expect(said(page).last).to_have_text("are you there?")
    await page.get_by_role("link", name="Queue").click()
    await expect(page.locator("a.row strong")).to_have_text(["Li Na", "New One"])


async def test_what_happened_before_the_line_first_came_up_is_caught_up(page: Page, address: str, furnished: FakeWarmline) -> None:
    """The lists are there before the line is; news between the two come by no frame."""
    furnished.refuse_sockets = True
    await sign_in(page, address)
    await expect(row(page, "Priya")).to_be_visible()
    new = furnished.talk("New One")
    furnished.add(new, "prospect", "hi")
    new.owner, new.waiting_since = "waiting", stamp(now())
    furnished.refuse_sockets = False
    await expect(row(page, "New One")).to_be_visible()


async def test_what_cannot_be_fetched_right_after_the_line_came_back_is_fetched_later(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    await expect(row(page, "Priya")).to_be_visible()
    furnished.refuse_sockets = True
    await furnished.drop_sockets()
    await expect(page.get_by_text("Connection lost. What you write is sent when it's back.")).to_be_visible()
    furnished.add(talk, "prospect", "are you there?")
    the_last_of_all = asyncio.Event()

    async def away(route: Route) -> None:
        await route.abort()
        if route.request.url.endswith(f"/{talk.id}"):
            the_last_of_all.set()

    await page.route("**/api/console/conversations**", away)
    furnished.refuse_sockets = False
    await the_last_of_all.wait()
    await page.unroute("**/api/console/conversations**")
    await expect(said(page).last).to_have_text("are you there?")


async def test_words_written_without_a_connection_are_sent_later_once(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    furnished.refuse_sockets = True
    await page.context.set_offline(True)
    await furnished.drop_sockets()
    for word in ("first", "second"):
        await page.keyboard.type(word)
        await page.keyboard.press("Enter")
    await expect(page.get_by_text("Sent as soon as the connection is back")).to_have_count(2)
    furnished.refuse_sockets = False
    await page.context.set_offline(False)
    await expect(page.locator(".talk li.agent .bubble")).to_have_text(["first", "second"])
    assert [m["text"] for m in talk.messages if m["speaker"] == "agent"] == ["first", "second"]


async def test_the_banner_stays_while_the_line_keeps_failing(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.get_by_text("Nobody is waiting. Nice.")).to_be_visible()
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await expect(page.locator(".banner")).to_be_visible(timeout=2500)


async def test_an_act_whose_answer_was_lost_is_done_once(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await row(page, "Priya").click()
    furnished.lose_answers = 1
    await page.get_by_label("A note for the team").fill("Call Thursday")
    await page.get_by_role("button", name="Save note").click()
    await expect(page.get_by_label("A note for the team")).to_have_value("")
    await expect(page.locator("aside").get_by_text("Call Thursday")).to_have_count(1)
    assert [note["text"] for note in named(furnished, "Priya").notes] == ["Spoke on the phone in May, very kind.", "Call Thursday"]
    assert furnished.lose_answers == 0


async def test_presence_is_switched_and_kept_when_it_fails(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    switch = page.get_by_role("switch", name="Online")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    assert fake.person("Ana").presence == "away"
    fake.api_down = True
    await switch.click()
    await expect(page.get_by_text("You're still away. The service is busy.")).to_be_visible()
    await expect(switch).not_to_be_checked()


async def test_a_session_that_ended_leads_to_signing_in_and_back(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await row(page, "Priya").click()
    await expect(said(page).first).to_be_visible()
    furnished.sessions.clear()
    await furnished.drop_sockets()
    await expect(page.get_by_text("You were signed out. Please sign in again.")).to_be_visible()
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("sunny days")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Priya Shah")).to_be_visible()


async def test_a_service_in_trouble_is_named_and_tried_again(page: Page, address: str, furnished: FakeWarmline) -> None:
    await page.clock.install()
    furnished.api_down = True
    await page.goto(address + "/console")
    await in_a_while(page, page.get_by_text("The service is busy. Try again in a moment."))
    furnished.api_down = False
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
