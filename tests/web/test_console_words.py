"""What an agent writes and does in the console: sent once, taken back, and never over somebody else's."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.at_the_console import holding, named, row, said, sign_in
from tests.web.fake.talks import until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_my_words_show_once_whichever_is_faster(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    for word in ("one", "two", "three"):
        await page.keyboard.type(word)
        await page.keyboard.press("Enter")
    await until(lambda: len([m for m in talk.messages if m["speaker"] == "agent"]) == 3)
    await expect(page.locator(".talk li.agent .bubble")).to_have_text(["one", "two", "three"])
    await expect(page.locator(".talk .local")).to_have_count(0)
    assert [m["text"] for m in talk.messages[-3:]] == ["one", "two", "three"]


async def test_refused_words_say_why_and_can_be_sent_again_under_the_same_key(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    furnished.say_status = (409, "not_yours", "You don't have this conversation any more.")
    await page.keyboard.type("hello?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Not sent. You don't have this conversation any more.")).to_be_visible()
    furnished.say_status = None
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".talk li.agent .bubble")).to_have_text(["hello?"])
    assert [m["text"] for m in talk.messages if m["speaker"] == "agent"] == ["hello?"]


async def test_words_that_overtook_each_other_are_sent_only_on_a_second_word(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    furnished.add(talk, "prospect", "actually, forget the candles")
    await page.keyboard.type("candles it is")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Not sent yet. Priya Shah wrote meanwhile.")).to_be_visible()
    await expect(page.locator(".talk").get_by_text("actually, forget the candles")).to_be_visible()
    assert [m["text"] for m in talk.messages if m["speaker"] == "agent"] == []
    await page.get_by_role("button", name="Send anyway").click()
    await expect(page.locator(".talk li.agent .bubble")).to_have_text(["candles it is"])


async def test_what_others_say_while_i_write_is_shown_and_asked_about_before_it_is_sent(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    await page.keyboard.type("The red candles are here")
    await furnished.says(talk, "prospect", "no wait, blue ones")
    while_writing = page.get_by_role("status").filter(has_text="Priya Shah wrote while you were writing.")
    await expect(while_writing).to_be_visible()
    await expect(page.locator(".collision")).to_contain_text("no wait, blue ones")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Not sent yet. Does your answer still fit?")).to_be_visible()
    await expect(page.get_by_role("button", name="Send it as it is")).to_be_focused()
    assert [m for m in talk.messages if m["speaker"] == "agent"] == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Write to Priya")).to_be_focused()
    await expect(page.locator(".collision")).to_have_count(0)
    await page.get_by_label("Write to Priya").fill("The blue candles are here")
    await furnished.says(talk, "agent", "I can take this one", name="Sam Reyes")
    await expect(page.locator(".collision")).to_contain_text("Sam Reyes")
    await page.get_by_label("Write to Priya").press("Enter")
    await page.get_by_role("button", name="Send it as it is").press("Enter")
    await expect(page.locator(".talk li.agent .bubble").last).to_have_text("The blue candles are here")


async def test_sent_words_come_back_into_the_box_while_they_have_not_left(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    furnished.undo_send_s = 60
    talk = await holding(page, address, furnished)
    reply = page.get_by_label("Write to Priya")
    await page.keyboard.type("Hi Pria, Ana here.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".leaving")).to_contain_text(re.compile(r"Leaves in (60|59|58) s"))
    await page.locator(".leaving").get_by_role("button", name="Undo").click()
    await expect(reply).to_have_value("Hi Pria, Ana here.")
    await expect(reply).to_be_focused()
    await expect(page.locator(".talk li.agent")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.locator(".leaving")).to_be_visible()
    await page.keyboard.press("Control+z")
    await expect(reply).to_have_value("Hi Pria, Ana here.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".leaving")).to_be_visible()
    talk.pending.clear()
    await page.keyboard.press("Escape")
    await page.keyboard.press("u")
    await expect(page.get_by_text("Too late: it is on its way to them already.")).to_be_visible()
    assert [one["act"] for one in furnished.undone] == ["send", "send", "send"]


async def test_taking_giving_back_and_snoozing_are_undone_where_that_is_true(
    page: Page, address: str, furnished: FakeWarmline
) -> None:
    talk = await holding(page, address, furnished)
    done = page.locator(".notice.done")
    await expect(done).to_contain_text("You have Priya Shah now.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("u")
    await expect(page.get_by_role("button", name="Take")).to_be_visible()
    await expect(done).to_have_count(0)
    assert talk.owner == "waiting"
    await page.keyboard.press("t")
    await expect(page.get_by_label("Write to Priya")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await page.get_by_role("dialog").get_by_role("listitem").first.get_by_role("button").click()
    await expect(done).to_contain_text("Priya Shah is snoozed.")
    await done.get_by_role("button", name="Undo").click()
    await until(lambda: talk.snoozed_until is None)
    furnished.undo_error = (409, "wrote", "Priya has written since, and the bot answers. Step in to go on with it.")
    await page.get_by_role("button", name="Give back").click()
    await page.get_by_role("dialog").get_by_role("button", name="Give back").click()
    await done.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Priya has written since, and the bot answers.")).to_be_visible()


async def test_somebody_else_was_faster(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await row(page, "Tom").click()
    talk = named(furnished, "Tom")
    talk.agent = furnished.person("Sam")
    await page.get_by_role("button", name="Take").click()
    await expect(page.get_by_text("Sam Reyes has it already.")).to_be_visible()


async def test_an_answer_that_is_older_than_the_news_puts_nothing_back(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    talk = named(furnished, "Tom")
    read, goes_on, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        until_then = over if read.is_set() else goes_on
        answer = await route.fetch()
        read.set()
        await until_then.wait()
        await route.fulfill(response=answer)

    await page.route(f"**/conversations/{talk.id}", hold)
    await row(page, "Tom").click()
    await read.wait()
    await furnished.take(talk, furnished.person("Sam"))
    await expect(page.get_by_text("Sam Reyes has it. You can read along")).to_be_visible()
    goes_on.set()
    await expect(said(page).first).to_be_visible()
    await expect(page.get_by_text("Sam Reyes has it. You can read along")).to_be_visible()
    await expect(page.get_by_role("button", name="Take")).to_have_count(0)
    over.set()
    await page.unroute_all(behavior="wait")


async def test_a_message_that_failed_says_so_in_words(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    message = furnished.add(talk, "agent", "Are you still there?", delivery="failed", error="They blocked the page.")
    await furnished.push_message(talk, message)
    await expect(page.get_by_text("Not delivered: They blocked the page.")).to_be_visible()


async def test_an_unfinished_reply_is_there_after_a_reload(page: Page, address: str, furnished: FakeWarmline) -> None:
    await holding(page, address, furnished)
    await page.keyboard.type("half a thought")
    await page.reload()
    await expect(page.get_by_label("Write to Priya")).to_have_value("half a thought")
