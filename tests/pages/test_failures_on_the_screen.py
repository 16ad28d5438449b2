"""What goes wrong elsewhere at the handoff, as the visitor and the desk see it here."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bot.errors import BrainTimeout
from handoff.presence import FLAP_S, GONE_S
from tests.e2e.wordings import phrase
from tests.pages.conftest import Office
from tests.service.desks import Console
from tests.service.test_coming_and_going import asked, until
from tests.service.test_nobody_there import closed_at_this_hour

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

FINDING = "Finding a person for you…"


def standing(chat: Page) -> Locator:
    return chat.locator("#warmline .standing")


def said_by(chat: Page, speaker: str) -> Locator:
    return chat.locator(f"#warmline li.message.{speaker} .bubble")


async def say(chat: Page, text: str) -> None:
    await chat.get_by_role("textbox", name="Write a message").fill(text)
    await chat.keyboard.press("Enter")
    await expect(said_by(chat, "prospect").last).to_have_text(text)


async def conversation(office: Office) -> str:
    (overview,) = await office.world.service.store.overviews(view="all")
    return overview.conversation_id


async def take(office: Office, agent: Console) -> str:
    conversation_id = await conversation(office)
    assert (await agent.post(f"conversations/{conversation_id}/take"))[0] == 200
    return conversation_id


async def test_a_bot_that_does_not_answer_is_told_a_person_is_called_and_the_bot_goes_on_afterwards(office: Office) -> None:
    desk, chat = await office.look("#/queue", office.sam), await office.chat()
    office.world.brain.error = BrainTimeout("no answer")
    await say(chat, "how much is it")
    await expect(standing(chat)).to_have_text(FINDING)
    await expect(said_by(chat, "bot")).to_have_count(1)
    await expect(desk.locator("a.row")).to_contain_text("The bot is away")
    office.world.brain.error = None
    conversation_id = await take(office, office.sam)
    await expect(standing(chat)).to_have_text("Sam is talking with you")
    await office.sam.post(f"conversations/{conversation_id}/give-back", {"summary": "", "outcome": "returned", "slots": {}})
    await say(chat, "thanks")
    await expect(said_by(chat, "bot").last).to_have_text("thanks: thanks")


async def test_words_of_the_bot_that_come_after_a_person_took_over_are_never_shown(office: Office) -> None:
    chat = await office.chat()
    office.world.brain.held = asyncio.Event()
    await say(chat, "how much is it")
    await office.world.brain.was_asked.wait()
    conversation_id = await take(office, office.sam)
    office.world.brain.held.set()
    await office.world.settle()
    await office.sam.post(f"conversations/{conversation_id}/say", {"text": "Hi, Sam here.", "key": "sam-key-1"})
    await expect(said_by(chat, "agent")).to_have_text(["Hi, Sam here."])
    await expect(said_by(chat, "bot").filter(has_text="ask_price")).to_have_count(0)


async def test_whoever_does_not_react_or_vanishes_is_followed_by_the_next_again_and_again(office: Office) -> None:
    pages = {"Sam": await office.look("#/queue", office.sam), "Alex": await office.look("#/queue", office.alex)}
    mine = {name: page.locator("a.row").get_by_text("For you", exact=True) for name, page in pages.items()}
    chat = await office.chat()
    await say(chat, "can i talk to a person")
    for page in pages.values():
        await expect(page.locator("a.row")).to_be_visible()
    await office.world.settle()
    first = "Sam" if await asked(office.world, await conversation(office)) == "a_sam" else "Alex"
    second = "Alex" if first == "Sam" else "Sam"
    await expect(mine[first]).to_be_visible()
    await expect(mine[second]).to_have_count(0)
    await office.world.wind(seconds=21)
    await expect(mine[second]).to_be_visible()
    await expect(mine[first]).to_have_count(0)
    await office.world.wind(seconds=10)
    await expect(mine[first]).to_be_visible()

    agents = {"Sam": office.sam, "Alex": office.alex}
    await take(office, agents[first])
    await expect(standing(chat)).to_have_text(f"{first} is talking with you")
    await pages[first].context.close()
    await until(lambda: _no_console(office, agents[first]))
    for gone_s, stands in ((FLAP_S + 1, f"{first} is talking with you"), (GONE_S - FLAP_S, FINDING)):
        await office.world.wind(seconds=gone_s)
        await office.world.service.presence.settled()
        await expect(standing(chat)).to_have_text(stands)
    await expect(mine[second]).to_be_visible()


async def _no_console(office: Office, agent: Console) -> bool:
    return not any(one.sockets for one in office.world.service.presence.own() if one.agent_id == agent.agent.agent_id)


async def test_nobody_is_there_and_whoever_signs_in_is_asked_at_once(office: Office) -> None:
    chat = await office.chat()
    await say(chat, "can i talk to a person")
    await expect(standing(chat)).to_have_text(FINDING)
    await expect(said_by(chat, "bot").last).to_have_text(phrase("getting_someone_offline"))
    await say(chat, "thanks")
    await expect(said_by(chat, "bot").last).to_have_text("thanks: thanks")
    desk = await office.look("#/queue", office.sam)
    await expect(desk.locator("a.row").get_by_text("For you", exact=True)).to_be_visible()


async def test_out_of_hours_it_is_said_when_somebody_is_there_and_a_number_can_be_left(office: Office, tmp_path: Path) -> None:
    version = (await office.alex.get("promises"))["version"]
    closed = Path(closed_at_this_hour(tmp_path)).read_text(encoding="utf-8")
    assert (await office.alex.call("PUT", "promises", {"text": closed, "version": version}))[0] == 200
    chat = await office.chat()
    await say(chat, "can i talk to a person")
    await expect(said_by(chat, "bot").last).to_contain_text("Monday at 9 am")
    await chat.get_by_role("group", name="Quick replies").get_by_text("Call me back").click()
    await say(chat, "+49 170 1234567")
    await expect(said_by(chat, "bot").last).to_contain_text("+491701234567")


async def test_a_handoff_after_a_day_asked_for_twice_late_and_again_has_a_clock_of_its_own_each_time(office: Office) -> None:
    desk, chat = await office.look("#/queue", still=True), await office.chat()
    row = desk.locator("a.row")
    await say(chat, "hi")
    await expect(said_by(chat, "bot")).not_to_have_count(0)
    await office.world.wind(hours=24)
    for _ in range(2):
        await say(chat, "can i talk to a person")
    await expect(row).to_have_count(1)
    await expect(row.get_by_role("timer")).to_have_accessible_name("Take within 0:20")
    for text in ("hello?", "anybody?", "still there?"):
        await office.world.wind(seconds=25)
        await say(chat, text)
    conversation_id = await take(office, office.alex)
    await desk.goto(f"{office.address}/console#/mine/{conversation_id}")
    missed = desk.locator("aside.card").get_by_text("Our promise was missed: first words")
    await expect(missed).to_have_count(1)
    await office.alex.post(f"conversations/{conversation_id}/say", {"text": "Sorry, here I am.", "key": "alex-key-1"})
    await expect(said_by(chat, "agent")).to_have_text(["Sorry, here I am."])
    await office.alex.post(f"conversations/{conversation_id}/give-back", {"summary": "", "outcome": "returned", "slots": {}})
    await say(chat, "can i talk to a person")
    await expect(standing(chat)).to_have_text(FINDING)
    await desk.goto(f"{office.address}/console#/queue")
    await expect(row).to_have_count(1)
    await expect(row.get_by_role("timer")).to_have_accessible_name("Take within 0:20")
