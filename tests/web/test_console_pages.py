"""The agents' console, in a browser, against the fake service."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.chromium import PATIENCE_MS
from tests.web.fake.furnished import furnish
from tests.web.fake.talks import Talk, now, stamp, until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def sign_in(page: Page, address: str, path: str = "/console") -> None:
    await page.goto(address + path)
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("sunny days")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("switch", name="Online")).to_be_visible()


async def in_a_while(page: Page, shown: Locator) -> None:
    """A page whose clock is installed looks again by itself for ten seconds before it says so; they pass quickly."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await shown.is_visible():
            await page.clock.run_for(1000)
            await asyncio.sleep(0.02)


def row(page: Page, name: str) -> Any:
    return page.locator("a.row", has_text=name)


def said(page: Page) -> Any:
    return page.locator(".talk .bubble")


def named(fake: FakeWarmline, name: str) -> Talk:
    return next(talk for talk in fake.talks.values() if talk.name.startswith(name))


@pytest.fixture
def furnished(fake: FakeWarmline) -> FakeWarmline:
    furnish(fake)
    return fake


async def holding(page: Page, address: str, fake: FakeWarmline) -> Talk:
    """Signed in, with Priya's conversation taken."""
    await sign_in(page, address)
    await row(page, "Priya").click()
    await page.get_by_role("button", name="Take").click()
    await expect(page.get_by_label("Write to Priya")).to_be_focused()
    return named(fake, "Priya")


async def test_a_wrong_password_says_so_and_keeps_the_email(page: Page, address: str) -> None:
    await page.goto(address + "/console")
    await page.get_by_label("Email").fill("ana@sundial.example")
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("That email and password don't match.")
    await expect(page.get_by_label("Email")).to_have_value("ana@sundial.example")
    await expect(page.get_by_label("Password")).to_be_focused()


async def test_an_empty_queue_says_so(page: Page, address: str) -> None:
    await sign_in(page, address)
    await expect(page.get_by_text("Nobody is waiting. Nice.")).to_be_visible()
    await expect(page).to_have_title("Warmline")


async def test_the_queue_is_sorted_by_urgency_and_counts_down(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.locator("a.row strong")).to_have_text(["Tom Becker", "Li Na", "Priya Shah"])
    await expect(page).to_have_title("(3) Waiting · Warmline")
    late, soon = row(page, "Tom").get_by_role("timer"), row(page, "Priya").get_by_role("timer")
    await expect(late).to_have_text(re.compile(r"Overdue by 0:4\d"))
    before = await soon.inner_text()
    await expect(soon).not_to_have_text(before)
    await expect(soon).to_have_text(re.compile(r"Take within 1:\d\d"))


async def test_countdowns_follow_the_services_clock_not_the_browsers(page: Page, address: str, furnished: FakeWarmline) -> None:
    await page.clock.install(time=now() + timedelta(hours=3))
    await sign_in(page, address)
    await expect(row(page, "Priya").get_by_role("timer")).to_have_text(re.compile(r"Take within 1:\d\d"))


async def test_a_new_offer_shows_at_once_with_notice_and_title(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.get_by_text("Nobody is waiting. Nice.")).to_be_visible()
    talk = fake.talk("Jo Field")
    fake.add(talk, "prospect", "person please")
    await fake.open_episode(talk)
    await expect(row(page, "Jo Field")).to_be_visible()
    await expect(page.get_by_text("Jo Field asked for a person")).to_be_visible()
    await expect(page).to_have_title("(1) Waiting · Warmline")


async def test_take_chat_and_give_back(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    assert talk.agent is furnished.person("Ana")
    await expect(page.get_by_role("link", name="Mine 1 conversations")).to_have_attribute("aria-current", "page")
    await page.keyboard.type("Hi Priya, Ana here.")
    await page.keyboard.press("Enter")
    await expect(said(page).last).to_have_text("Hi Priya, Ana here.")
    await expect(page.locator(".talk li.agent").last).to_contain_text("Sent")
    await until(lambda: any(frame == {"type": "typing", "conversation_id": talk.id} for frame in furnished.frames))
    await furnished.to_desks({"type": "typing", "conversation_id": talk.id, "who": "prospect"})
    await expect(page.get_by_text("Priya Shah is typing")).to_be_visible()
    await furnished.says(talk, "prospect", "Great, when can we talk?")
    await expect(page.get_by_text("Priya Shah is typing")).to_have_count(0)
    await expect(said(page).last).to_have_text("Great, when can we talk?")
    await page.get_by_role("button", name="Give back").click()
    summary = page.get_by_label("What should the bot and the next person know?")
    await expect(summary).to_have_value(re.compile("Wants: More orders"))
    await expect(page.get_by_label("What is promised and still open?")).to_have_value("A call before Friday")
    await summary.fill("Wants a call on Thursday.")
    await page.get_by_role("radio", name="Later").check()
    await page.get_by_role("dialog").get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("The bot has this one.")).to_be_visible()
    assert talk.notes[-1]["text"] == "Wants a call on Thursday."


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


async def test_the_keyboard_alone_is_enough(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.locator("a.row")).to_have_count(3)
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Tom Becker")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Priya Shah")).to_be_visible()
    await page.keyboard.press("k")
    await expect(page.get_by_role("heading", name="Li Na")).to_be_visible()
    note = page.get_by_label("A note for the team")
    await expect(note).to_be_visible()
    await page.keyboard.press("n")
    await expect(note).to_be_focused()
    await page.keyboard.type("Old theme, check first.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    reply = page.get_by_label("Write to Li Na")
    await expect(reply).to_be_focused()
    await page.keyboard.type("t is a letter here")
    await expect(reply).to_have_value("t is a letter here")
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await expect(reply).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await expect(page.get_by_role("dialog", name="Give Li Na back to the bot")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.get_by_label("Use the single-letter keys").uncheck()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_dialog_opened_right_after_another_stays_open(page: Page, address: str, furnished: FakeWarmline) -> None:
    await holding(page, address, furnished)
    await page.keyboard.press("Escape")
    for _ in range(5):
        await page.keyboard.press("g")
        await expect(page.get_by_role("dialog", name="Give Priya Shah back to the bot")).to_be_visible()
        await page.evaluate(
            "const key = (name) => window.dispatchEvent(new KeyboardEvent('keydown', {key: name}));"
            "document.querySelector('dialog [aria-label=Close]').click(); setTimeout(() => key('?'))"
        )
        await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_banner_stays_while_the_line_keeps_failing(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    await expect(page.get_by_text("Nobody is waiting. Nice.")).to_be_visible()
    fake.refuse_sockets = True
    await fake.drop_sockets()
    await expect(page.locator(".banner")).to_be_visible(timeout=2500)


async def test_notes_are_kept_and_a_failure_keeps_the_text(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await row(page, "Priya").click()
    await expect(page.get_by_text("Spoke on the phone in May, very kind.")).to_be_visible()
    box = page.get_by_label("A note for the team")
    furnished.api_down = True
    await box.fill("Call Thursday")
    await page.get_by_role("button", name="Save note").click()
    await expect(page.get_by_text("The note isn't saved. The service is busy. Try again in a moment.")).to_be_visible()
    await expect(box).to_have_value("Call Thursday")
    furnished.api_down = False
    await page.get_by_role("button", name="Save note").click()
    await expect(box).to_have_value("")
    assert [note["text"] for note in named(furnished, "Priya").notes] == ["Spoke on the phone in May, very kind.", "Call Thursday"]


async def test_the_card_tells_what_happened_page_by_page(page: Page, address: str, furnished: FakeWarmline) -> None:
    await sign_in(page, address)
    await row(page, "Priya").click()
    history = page.get_by_role("region", name="History")
    lines = history.get_by_role("listitem")
    await expect(lines).to_have_count(3)
    await expect(lines.first).to_contain_text("A person was needed: asked")
    furnished.api_down = True
    await history.get_by_role("button", name="Show earlier").click()
    await expect(history.get_by_role("alert")).to_contain_text("The service is busy.")
    furnished.api_down = False
    await history.get_by_role("button", name="Show earlier").click()
    await expect(lines).to_have_count(6)
    await expect(history.get_by_text("Spoke on the phone in May, very kind.")).to_be_visible()
    await expect(lines.last.get_by_role("link", name="Open that conversation")).to_have_attribute("href", "#/all/c-old")
    await expect(history.get_by_role("button", name="Show earlier")).to_have_count(0)
    priya = named(furnished, "Priya")
    priya.timeline.insert(0, {**priya.timeline[0], "id": "new", "text": "Somebody took the talk"})
    await furnished.push_item(priya)
    await expect(lines).to_have_count(7)
    await expect(lines.first).to_contain_text("Somebody took the talk")


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


async def test_a_message_that_failed_says_so_in_words(page: Page, address: str, furnished: FakeWarmline) -> None:
    talk = await holding(page, address, furnished)
    message = furnished.add(talk, "agent", "Are you still there?", delivery="failed", error="They blocked the page.")
    await furnished.push_message(talk, message)
    await expect(page.get_by_text("Not delivered: They blocked the page.")).to_be_visible()


async def test_on_a_phone_the_panes_fold_and_back_works(page: Page, address: str, furnished: FakeWarmline) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await sign_in(page, address)
    await row(page, "Priya").click()
    await expect(page.get_by_role("heading", name="Priya Shah")).to_be_focused()
    await expect(page.locator("a.row").first).not_to_be_visible()
    await page.get_by_role("link", name="Show the card").click()
    await expect(page.get_by_text("A good next question")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text("A good next question")).not_to_be_visible()
    await page.get_by_role("link", name="Back to the list").click()
    await expect(row(page, "Priya")).to_be_focused()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


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


async def test_an_admin_manages_agents(page: Page, address: str, fake: FakeWarmline, browser: Browser) -> None:
    await sign_in(page, address)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await page.get_by_role("link", name="Agents").click()
    await page.get_by_role("button", name="Add an agent").click()
    await page.get_by_label("Name").fill("Kim Doe")
    await page.get_by_label("Email").fill("sam@sundial.example")
    await page.get_by_label("Password").fill("warm and dry")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Somebody has that email already.")).to_be_visible()
    await page.get_by_label("Email").fill("kim@sundial.example")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Kim Doe can sign in now.")).to_be_visible()
    await page.get_by_label("Role of Kim Doe").select_option("admin")
    await until(lambda: fake.person("Kim").role == "admin")
    await page.get_by_role("button", name="Reset password of Kim Doe").click()
    await page.get_by_role("textbox", name="Password").fill("another one")
    await page.get_by_role("button", name="Set password", exact=True).click()
    await expect(page.get_by_text("Kim Doe has a new password.")).to_be_visible()
    assert fake.person("Kim").password == "another one"
    await page.get_by_role("button", name="Disable Kim Doe").click()
    await expect(page.get_by_role("button", name="Enable Kim Doe")).to_be_visible()
    assert fake.person("Kim").disabled


async def test_my_password_and_signing_out(page: Page, address: str, fake: FakeWarmline) -> None:
    await sign_in(page, address)
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await page.get_by_role("button", name="Change password").click()
    await page.get_by_label("Present password").fill("sunny days")
    await page.get_by_label("New password").fill("rainy days too")
    await page.get_by_role("dialog").get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Account of Ana Costa").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert fake.sessions == {}


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


async def test_an_unfinished_reply_is_there_after_a_reload(page: Page, address: str, furnished: FakeWarmline) -> None:
    await holding(page, address, furnished)
    await page.keyboard.type("half a thought")
    await page.reload()
    await expect(page.get_by_label("Write to Priya")).to_have_value("half a thought")


async def test_a_service_in_trouble_is_named_and_tried_again(page: Page, address: str, furnished: FakeWarmline) -> None:
    await page.clock.install()
    furnished.api_down = True
    await page.goto(address + "/console")
    await in_a_while(page, page.get_by_text("The service is busy. Try again in a moment."))
    furnished.api_down = False
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_earlier_messages_are_fetched_without_a_jump(page: Page, address: str, fake: FakeWarmline) -> None:
    talk = fake.talk("Long Talk")
    for i in range(1, 121):
        fake.add(talk, "prospect" if i % 2 else "bot", f"message {i}")
    await sign_in(page, address, path="/console#/all/" + talk.id)
    await expect(said(page)).to_have_count(50)
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(said(page)).to_have_count(100)
    await expect(page.get_by_text("message 71", exact=True)).to_be_in_viewport()
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(said(page)).to_have_count(120)
    await expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
