"""The widget on the demo page, in a browser, against the fake service."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.web.fake.talks import Talk, until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def opened(page: Page, address: str) -> None:
    """The demo page with the chat open and the service's welcome received."""
    await page.goto(address)
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_visible()
    await expect(page.locator("#warmline h2")).to_have_text("Mia")


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Write a message").fill(text)
    await page.keyboard.press("Enter")


async def height(locator: Locator) -> float:
    box = await locator.bounding_box()
    assert box is not None
    return box["height"]


def bubbles(page: Page) -> Any:
    return page.locator("#warmline .bubble")


async def talk_of(fake: FakeWarmline) -> Talk:
    await until(lambda: fake.talks)
    return fake.only


async def test_no_socket_is_opened_before_a_stranger_opens_the_chat(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.goto(address)
    await expect(page.get_by_role("button", name="Chat with us")).to_be_visible()
    assert fake.frames == []


async def test_words_go_out_and_an_answer_comes_in(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address + "/?utm_source=insta&ref=spring&order=ann%40example.com#top")
    await say(page, "hello\nthere")
    talk = await talk_of(fake)
    await until(lambda: talk.messages)
    assert talk.messages[0]["text"] == "hello\nthere"
    hello = talk.hellos[0]
    assert (hello["token"], hello["after"], hello["locale"], hello["zone"]) == (None, 0, "en-GB", "Europe/Berlin")
    assert hello["page"] == hello["landing"] == {"url": f"{address}/?utm_source=insta&ref=spring", "referrer": ""}
    await fake.to_prospect(talk, {"type": "typing", "on": True, "name": "Mia"})
    await expect(page.get_by_text("Mia is typing")).to_be_attached()
    await fake.says(talk, "bot", "Hi! What are you working on?")
    await expect(bubbles(page)).to_have_text(["hello\nthere", "Hi! What are you working on?"])
    await expect(page.get_by_text("Mia is typing")).not_to_be_attached()
    await until(lambda: talk.read_up_to == 2)


async def test_enter_sends_and_shift_enter_starts_a_line(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    box = page.get_by_role("textbox", name="Write a message")
    low = await height(box)
    await box.press_sequentially("one")
    await page.keyboard.press("Shift+Enter")
    await box.press_sequentially("two")
    assert await height(box) > low
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["one\ntwo"])
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()


async def test_quick_replies_are_buttons_of_the_last_message_only(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    replies = [{"title": "A bakery", "payload": '/trade{"kind": "bakery"}'}, {"title": "Something else", "payload": "/trade"}]
    await fake.says(talk, "bot", "What do you sell?", quick_replies=replies)
    await page.get_by_role("textbox", name="Write a message").focus()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Something else")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="A bakery")).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()
    await until(lambda: len(talk.messages) == 2)
    assert (talk.messages[1]["text"], talk.messages[1]["payload"]) == ("A bakery", '/trade{"kind": "bakery"}')


async def test_a_person_is_told_from_the_bot(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    await fake.says(talk, "bot", "I can get somebody.")
    await fake.open_episode(talk)
    await expect(page.locator("#warmline .standing")).to_have_text("Finding a person for you…")
    await fake.take(talk, fake.person("Sam"))
    await expect(page.locator("#warmline h2")).to_have_text("Sam Reyes")
    await fake.says(talk, "agent", "Hi, Sam here.")
    await expect(page.get_by_text("Sam Reyes is here now. You're talking with a person.")).to_be_visible()
    await expect(page.locator("#warmline .who")).to_have_text(["Miabot", "Sam Reyesperson"])


async def test_words_written_offline_are_sent_once_when_the_line_is_back(
    page: Page, address: str, fake: FakeWarmline, context: BrowserContext
) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    await say(page, "before")
    await until(lambda: len(talk.messages) == 1)
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await context.set_offline(True)
    await expect(page.get_by_text("You're offline. Keep writing")).to_be_visible()
    await say(page, "while away 1")
    await say(page, "while away 2")
    await expect(page.locator("#warmline .fate.wait")).to_have_count(2)
    fake.add(talk, "bot", "Written while you were away")
    fake.refuse_sockets = False
    await context.set_offline(False)
    await until(lambda: len(talk.messages) == 4)
    await expect(page.locator("#warmline .fate.wait")).to_have_count(0)
    await expect(bubbles(page)).to_have_text(["before", "Written while you were away", "while away 1", "while away 2"])
    assert [m["text"] for m in talk.messages] == ["before", "Written while you were away", "while away 1", "while away 2"]


async def test_a_confirmation_lost_with_the_line_doubles_nothing(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    fake.hold_stored = True
    fake.echo_own = False
    await say(page, "did you get this?")
    await until(lambda: len(talk.messages) == 1)
    await expect(page.get_by_text("Sending…")).to_be_visible()
    fake.hold_stored = False
    await fake.drop_sockets()
    await expect(page.get_by_text("Sending…")).to_have_count(0)
    await expect(bubbles(page)).to_have_text(["did you get this?"])
    assert len(talk.messages) == 1


async def test_frames_that_come_twice_or_crossed_show_once_and_in_order(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    one, two, three = (fake.add(talk, "bot", text) for text in ("one", "two", "three"))
    for message in (two, one, two, three, one, three):
        await fake.push_message(talk, message)
    await expect(bubbles(page)).to_have_text(["one", "two", "three"])


async def test_a_gap_is_asked_for_again_after_a_loss(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    first, _missed, third = (fake.add(talk, "bot", text) for text in ("one", "two", "three"))
    await fake.push_message(talk, first)
    await fake.push_message(talk, third)
    await expect(bubbles(page)).to_have_text(["one", "three"])
    await fake.drop_sockets()
    await expect(bubbles(page)).to_have_text(["one", "two", "three"])
    assert talk.hellos[-1]["after"] == 1


async def test_the_talk_is_there_again_after_a_reload(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    await say(page, "hello")
    await until(lambda: len(talk.messages) == 1)
    await page.get_by_role("button", name="Close chat").first.click()
    await fake.says(talk, "bot", "Still there?")
    await fake.says(talk, "bot", "I have an idea.")
    await expect(page.get_by_role("button", name="Chat with us, 2 unread messages")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Chat with us, 2 unread messages").click()
    await expect(bubbles(page)).to_have_text(["hello", "Still there?", "I have an idea."])
    assert [hello["token"] for hello in talk.hellos] == [None, talk.token]
    await until(lambda: talk.read_up_to == 3)
    await page.reload()
    await expect(page.get_by_role("button", name="Chat with us", exact=True)).to_be_visible()


async def test_unsent_words_survive_a_reload(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
    await say(page, "kept")
    await page.reload()
    fake.refuse_sockets = False
    await until(lambda: talk.messages)
    assert [m["text"] for m in talk.messages] == ["kept"]


async def test_two_tabs_stay_in_step(page: Page, address: str, fake: FakeWarmline, context: BrowserContext) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    other = await context.new_page()
    await opened(other, address)
    await say(page, "from the first")
    await say(other, "from the second")
    await fake.says(talk, "bot", "to both")
    for tab in (page, other):
        await expect(bubbles(tab)).to_have_text(["from the first", "from the second", "to both"])
    assert len(fake.talks) == 1
    assert len(talk.messages) == 3


async def test_two_tabs_stay_in_step_when_the_service_tells_only_one(
    page: Page, address: str, fake: FakeWarmline, context: BrowserContext
) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    told = set(talk.sockets)
    other = await context.new_page()
    await opened(other, address)
    await until(lambda: len(talk.sockets) == 2)
    talk.sockets &= told
    await say(page, "hi")
    await fake.says(talk, "bot", "hello")
    await expect(bubbles(other)).to_have_text(["hi", "hello"])


async def test_two_tabs_that_open_at_once_become_one_person(address: str, fake: FakeWarmline, context: BrowserContext) -> None:
    tabs = [await context.new_page() for _ in range(3)]
    await asyncio.gather(*(tab.goto(address) for tab in tabs))
    await asyncio.gather(*(tab.evaluate("Warmline.open()") for tab in tabs))
    for tab in tabs:
        await expect(tab.locator("#warmline h2")).to_have_text("Mia")
    assert len(fake.talks) == 1


async def test_refused_words_say_why_and_can_be_tried_again(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    fake.say_error = {"code": "empty", "message": "That was a lot at once. Give it a moment."}
    await say(page, "quick")
    await expect(page.get_by_text("That was a lot at once. Give it a moment.")).to_be_visible()
    fake.say_error = None
    await page.get_by_role("button", name="Try again").click()
    await until(lambda: talk.messages)
    await expect(page.get_by_text("That was a lot at once")).to_have_count(0)
    said = [frame["key"] for frame in fake.frames if frame["type"] == "say"]
    assert len(set(said)) == 1


async def test_a_token_the_service_forgot_starts_a_new_talk(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    await fake.says(await talk_of(fake), "bot", "old words")
    await expect(bubbles(page)).to_have_text(["old words"])
    fake.talks.clear()
    await page.reload()
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_text("Hi, I'm Mia.")).to_be_visible()
    await expect(bubbles(page)).to_have_count(0)


async def test_untrusted_words_stay_words(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    text = '<img src=x onerror="window.bad=1"> <b>bold</b> javascript:alert(1) https://ok.example/a?b=1.'
    await fake.says(talk, "bot", text, image_url="javascript:alert(1)", quick_replies=[{"title": "<i>tap</i>", "payload": "/x"}])
    await expect(bubbles(page)).to_have_text([text])
    await expect(page.get_by_role("button", name="<i>tap</i>")).to_be_visible()
    link = page.locator("#warmline .bubble a")
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute("href", "https://ok.example/a?b=1")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(page.locator("#warmline .image")).to_have_count(0)
    await say(page, text)
    await expect(bubbles(page)).to_have_text([text, text])
    assert await page.evaluate("window.bad") is None


async def test_escape_closes_and_gives_the_focus_back(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_role("button", name="Chat with us").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()
    await page.keyboard.type("hey")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["hey"])
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Chat with us")).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()


async def test_new_words_are_read_out_and_history_is_not(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    log = page.locator("#warmline [role=log]")
    await say(page, "hello")
    await expect(log).to_have_attribute("aria-live", "polite")
    await until(lambda: fake.only.messages)
    fake.refuse_sockets = True
    await page.reload()
    await expect(bubbles(page)).to_have_text(["hello"])
    await expect(log).to_have_attribute("aria-live", "off")
    fake.refuse_sockets = False
    await fake.drop_sockets()
    await page.get_by_role("button", name="Chat with us").click()
    await say(page, "again")
    await expect(log).to_have_attribute("aria-live", "polite")


async def test_on_a_phone_the_chat_covers_the_page(address: str, fake: FakeWarmline, page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await opened(page, address)
    box = await page.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert await page.evaluate("document.querySelector('main').inert") is True
    await page.get_by_role("button", name="Close chat").click()
    assert await page.evaluate("document.querySelector('main').inert") is False
    assert await page.evaluate("document.documentElement.style.overflow") == ""


async def test_the_page_does_not_move_when_the_chat_comes_and_opens(page: Page, address: str) -> None:
    await page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.shift += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    await opened(page, address)
    await page.evaluate("new Promise((done) => setTimeout(done, 200))")
    assert await page.evaluate("window.shift") == 0


async def test_the_title_counts_unread_while_nobody_looks(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    talk = await talk_of(fake)
    title = await page.title()
    await page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    await fake.says(talk, "bot", "Are you there?")
    await expect(page).to_have_title(f"(1) {title}")
    assert talk.read_up_to == 0
    await page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page).to_have_title(title)
    await until(lambda: talk.read_up_to == 1)


async def test_the_page_can_open_close_and_listen(page: Page, address: str, fake: FakeWarmline) -> None:
    await page.goto(address)
    await page.evaluate(
        "window.heard = []; for (const e of ['open', 'close', 'message', 'owner']) Warmline.on(e, () => heard.push(e))"
    )
    await page.evaluate("Warmline.open()")
    talk = await talk_of(fake)
    await expect(page.locator("#warmline h2")).to_have_text("Mia")
    await fake.says(talk, "bot", "hi")
    await expect(bubbles(page)).to_have_count(1)
    await page.evaluate("Warmline.close()")
    assert await page.evaluate("heard") == ["open", "message", "close"]


async def test_a_page_in_an_old_encoding_changes_no_letter(page: Page, address: str, fake: FakeWarmline) -> None:
    old = '<!doctype html><meta charset="windows-1252"><title>x</title><body><script src="/widget.js" defer></script></body>'
    await page.route("**/", lambda route: route.fulfill(body=old, content_type="text/html; charset=windows-1252"))
    await page.goto(address)
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_placeholder("Write a message…")).to_be_visible()


async def test_too_long_a_text_is_not_sent_and_not_lost(page: Page, address: str, fake: FakeWarmline) -> None:
    await opened(page, address)
    await say(page, "x" * 4003)
    await expect(page.get_by_text("That's 3 characters too long for one message.")).to_be_visible()
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert [frame for frame in fake.frames if frame["type"] == "say"] == []
