"""The agents' console, in a browser, against the fake service."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.web.at_the_console import holding, named, row, said, sign_in
from tests.web.fake.talks import now, until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


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
