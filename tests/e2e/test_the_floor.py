"""A busy moment as everybody in it sees it: three prospects, two agents and a supervisor at one service.

Pia and Rob are on the website, Quinn is on a phone. Alex works with the keyboard alone, Sam on a phone, Vera watches the board.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Request, Route, expect

from handoff.presence import GONE_S
from tests.axe import violations, violations_in_every_look
from tests.e2e.conftest import DESK, NOT_SIGNED_IN, PHONE, SITE, Install, Look, Shot
from tests.e2e.driving import Agent, Visitor
from tests.e2e.hands import ByKeys, ByTouch
from tests.e2e.hosting import Hosted, promising
from tests.e2e.wordings import phrase, response

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL_DAY = {"reply_s": 3600, "offer_s": 3600, "accept_s": 3600, "first_words_s": 7200, "next_words_s": 7200}
"""Nothing falls due by itself, however slow the machine."""
FIRST = {"Pia": "hey", "Quinn": "how much is it?", "Rob": "how long does it take to set up?"}
"""By what each is known at the desk."""


@pytest.fixture
def forgiven() -> list[str]:
    """Browsers complain of each answer that is a refusal; here one is asked for."""
    return [NOT_SIGNED_IN, "Failed to load resource: the server responded with a status of 409"]


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Everybody, each in a browser of their own, and which conversation is whose."""

    warmline: Hosted
    pia: Visitor
    quinn: Visitor
    rob: Visitor
    alex: ByKeys
    sam: ByTouch
    vera: Agent
    sams_email: str
    ids: dict[str, str] = field(default_factory=dict)

    def on_board(self, name: str) -> Locator:
        """A prospect's line on the supervisor's board."""
        return self.vera.page.locator(".page li", has=self.vera.page.locator(f'a[href$="{self.ids[name]}"]'))


@pytest_asyncio.fixture(loop_scope="session")
async def floor(install: Install, look: Look, tmp_path: Path) -> Floor:
    warmline = await install(promises=promising(tmp_path, **ALL_DAY))
    sam_is, vera_is = await warmline.add("Sam"), await warmline.add("Vera", "supervisor")
    pia, rob, quinn = [
        Visitor(page=await look(SITE, bypass_csp=True)),
        Visitor(page=await look(SITE)),
        Visitor(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True)),
    ]
    alex = ByKeys(page=await look(DESK, bypass_csp=True))
    sam = ByTouch(page=await look(PHONE, "dark", has_touch=True, is_mobile=True, bypass_csp=True))
    vera = Agent(page=await look(DESK, bypass_csp=True))
    made = Floor(warmline=warmline, pia=pia, quinn=quinn, rob=rob, alex=alex, sam=sam, vera=vera, sams_email=sam_is[0])
    await asyncio.gather(
        alex.sign_in(warmline.address, *warmline.first_sign_in),
        sam.sign_in(warmline.address, *sam_is),
        vera.sign_in(warmline.address, *vera_is),
        *(one.open(warmline.address) for one in (pia, quinn, rob)),
    )
    return made


async def test_a_busy_moment(floor: Floor, shot: Shot) -> None:
    await three_ask_at_once(floor)
    await two_reach_for_one(floor)
    await the_others_are_answered(floor, shot)
    await the_supervisor_steps_in(floor, shot)
    await words_cross(floor, shot)
    await nothing_is_out_of_reach(floor, shot)
    await one_vanishes(floor)
    await the_bot_goes_on(floor)


async def three_ask_at_once(floor: Floor) -> None:
    """The supervisor is away, so the agents share them; everybody sees all three, each with a clock."""
    away = floor.vera.page.get_by_role("switch", name="Online")
    await away.click()
    await expect(away).not_to_be_checked()
    await floor.vera.page.goto(f"{floor.warmline.address}/console#/board")
    await expect(floor.vera.page.get_by_text("Nobody waits and nobody talks")).to_be_visible()
    await expect(floor.alex.page.get_by_text("Sam is here too")).to_be_visible()

    async def greets(visitor: Visitor, first: str) -> None:
        await visitor.say(first)
        await expect(visitor.bot).not_to_have_count(0)

    async def ask() -> None:
        """One right after the other, so that each is offered knowing who is asked about the others."""
        for visitor in (floor.pia, floor.quinn, floor.rob):
            await visitor.asks_for_a_person()

    # Notices pass, so they are waited for while what they tell of happens.
    async def is_told(agent: Agent) -> None:
        await expect(agent.notices.filter(has_text="Someone asked for a person.")).not_to_have_count(0, timeout=60_000)

    await asyncio.gather(*(greets(getattr(floor, name.lower()), first) for name, first in FIRST.items()))
    await asyncio.gather(ask(), is_told(floor.alex), is_told(floor.sam))
    for item in (await floor.vera.api("GET", "conversations?view=queue"))["items"]:
        detail = await floor.vera.api("GET", f"conversations/{item['id']}")
        floor.ids.update({name: item["id"] for name, first in FIRST.items() if detail["messages"][0]["text"] == first})
        assert not item["episode"]["offered_to_me"]
    assert len(floor.ids) == len(FIRST)
    for agent in (floor.alex, floor.sam):
        await expect(agent.rows).to_have_count(3)
        await expect(agent.rows.filter(has_text="For you").get_by_role("timer").first).to_contain_text("Take within")
    for name in FIRST:
        await expect(floor.on_board(name).get_by_role("timer")).to_contain_text("First words in")


async def two_reach_for_one(floor: Floor) -> None:
    """Both press Take before either knows of the other: one has it, and the other is told who and may still help."""
    alex, sam, pia = floor.alex, floor.sam, floor.pia
    await asyncio.gather(alex.open_one(floor.ids["Pia"]), sam.open_one(floor.ids["Pia"]))
    pressed, decided = asyncio.Event(), asyncio.Event()

    async def second(route: Route) -> None:
        pressed.set()
        await decided.wait()
        await route.continue_()

    def finished(request: Request) -> None:
        if request.url.endswith("/take"):
            decided.set()

    await sam.page.route("**/take", second)
    alex.page.on("requestfinished", finished)
    await sam.page.get_by_role("button", name="Take").dispatch_event("click")
    await pressed.wait()
    await alex.take()
    await expect(sam.notices.filter(has_text="Alex has it already.")).to_be_visible()
    await expect(pia.name).to_have_text("Alex")
    await pia.hears(phrase("agent_joined"))
    await expect(sam.reply).to_have_count(0)
    await expect(sam.page.get_by_text("Alex has it. You can read along and leave a note.")).to_be_visible()
    await sam.page.unroute("**/take")

    await sam.leave_note("She called last week about invoices.")
    await expect(alex.section("Notes")).to_contain_text("She called last week about invoices.")
    await alex.write("Hi, Alex here.\nHow can I help?")
    await expect(pia.person).to_have_text(["Hi, Alex here.\nHow can I help?"])
    assert "invoices" not in " ".join(await pia.transcript())


async def the_others_are_answered(floor: Floor, shot: Shot) -> None:
    """Sam takes Quinn by touch, Alex takes Rob with the keyboard, passes him on by a slip, and takes that back."""
    alex, sam = floor.alex, floor.sam
    await sam.open_one(floor.ids["Quinn"])
    await asyncio.gather(sam.take(), alex.open_one(floor.ids["Rob"]))
    await asyncio.gather(sam.write("Hi, Sam here."), alex.take())
    await expect(floor.quinn.name).to_have_text("Sam")
    await expect(floor.quinn.person).to_have_text(["Hi, Sam here."])
    await expect(floor.rob.standing).to_have_text("Alex is talking with you")
    await alex.pass_on("Sam", "Asks about setting up.")
    await expect(alex.notices.filter(has_text="is passed on to Sam.").get_by_role("button", name="Undo")).to_be_visible()
    await alex.page.keyboard.press("u")
    await expect(alex.reply).to_be_visible()
    await expect(floor.rob.standing).to_have_text("Alex is talking with you")
    await shot(sam.page, "floor-agent-phone")
    await shot(floor.quinn.page, "floor-widget-phone")


async def the_supervisor_steps_in(floor: Floor, shot: Shot) -> None:
    """She sees who has whom and who is owed words, whispers to one, and gives his other prospect to the colleague."""
    alex, sam, vera = floor.alex, floor.sam, floor.vera
    await expect(floor.on_board("Pia")).to_contain_text("Alex has it")
    await expect(floor.on_board("Quinn")).to_contain_text("Sam has it")
    await expect(floor.on_board("Rob").get_by_role("timer")).to_contain_text("First words in")
    await floor.on_board("Rob").get_by_role("button", name="Whisper").click()
    await vera.dialog.get_by_label("What should Alex know?").fill("Offer him the discount.")
    await shot(vera.page, "floor-whisper")
    await vera.dialog.get_by_role("button", name="Whisper", exact=True).click()
    # He has Rob's conversation open, where he sees it: whether a notice comes too is a matter of which is faster.
    await expect(alex.section("Notes")).to_contain_text("Offer him the discount.")
    await expect(vera.dialog).to_have_count(0)

    await floor.on_board("Rob").get_by_role("button", name="Reassign").click()
    await vera.dialog.get_by_role("radio", name="Sam").press("Space")
    await vera.dialog.get_by_label("What should they know?").fill("Asks about setting up.")
    assert await violations(vera.page) == []
    await vera.dialog.get_by_role("button", name="Pass on").click()
    await expect(vera.dialog).to_have_count(0)
    await sam.notices.filter(has_text="Vera passes").get_by_role("link", name="Open").tap()
    await expect(alex.reply).to_have_count(0)
    await expect(floor.rob.standing).to_have_text("Finding a person for you…")
    await floor.rob.hears(phrase("passed_on"))
    await sam.take()
    await expect(floor.rob.name).to_have_text("Sam")
    await expect(floor.on_board("Rob")).to_contain_text("Sam has it")


async def words_cross(floor: Floor, shot: Shot) -> None:
    """Pia writes while Alex answers: he sees it before his words leave, and says something better."""
    alex, pia = floor.alex, floor.pia
    await alex.open_one(floor.ids["Pia"], view="Mine")
    await alex.compose("Thursday at 4, then.")
    await expect(pia.widget.get_by_role("status").filter(has_text="Alex is typing")).to_be_attached()
    await pia.say("Could it be Friday?")
    crossed = alex.page.get_by_role("region", name="Said while you were writing")
    await expect(crossed).to_contain_text("Website visitor wrote while you were writing.")
    await expect(crossed).to_contain_text("Could it be Friday?")
    await alex.page.keyboard.press("Enter")
    await expect(crossed.get_by_role("alert")).to_have_text("Not sent yet. Does your answer still fit?")
    await expect(crossed.get_by_role("button", name="Send it as it is")).to_be_focused()
    await shot(alex.page, "floor-crossed")
    await alex.page.emulate_media(color_scheme="dark")
    await shot(alex.page, "floor-crossed-dark")
    await alex.page.emulate_media(color_scheme="light")
    assert await violations(alex.page) == []
    await alex.page.keyboard.press("Escape")
    await expect(alex.reply).to_have_value("Thursday at 4, then.")
    await alex.page.keyboard.press("ControlOrMeta+a")
    await alex.page.keyboard.type("Friday at 4, then.")
    await alex.page.keyboard.press("Enter")
    await expect(pia.person.last).to_have_text("Friday at 4, then.")
    await expect(pia.person).to_have_count(2)


async def nothing_is_out_of_reach(floor: Floor, shot: Shot) -> None:
    """axe finds nothing, and nothing is wider than a phone."""
    for name, size in (("floor-board", DESK), ("floor-board-phone", PHONE)):
        await floor.vera.page.set_viewport_size(size)
        await shot(floor.vera.page, name)
    assert await violations_in_every_look(floor.vera.page) == []
    for page in (floor.sam.page, floor.quinn.page, floor.pia.page):
        assert await violations(page) == []
    for page in (floor.sam.page, floor.quinn.page):
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def one_vanishes(floor: Floor) -> None:
    """Sam's phone dies. Rob, who is owed words, comes back and Alex has him; Vera takes Quinn, who is owed none."""
    await expect(floor.on_board("Rob").get_by_role("timer")).to_contain_text("First words in")
    await floor.sam.page.context.close()
    await floor.warmline.misses(floor.sams_email)
    floor.warmline.time.move(GONE_S + 1)
    await expect(floor.rob.standing).to_have_text("Finding a person for you…")
    await expect(floor.on_board("Rob")).not_to_contain_text("Sam has it")
    await expect(floor.on_board("Quinn")).to_contain_text("Sam has it")
    await floor.alex.open_one(floor.ids["Rob"])
    await floor.alex.take()
    await floor.alex.write("Hi Rob, Alex again.")
    await expect(floor.rob.person).to_have_text(["Hi Rob, Alex again."])
    await floor.on_board("Quinn").get_by_role("button", name="Take over").click()
    await expect(floor.quinn.name).to_have_text("Vera")
    await expect(floor.vera.reply).to_be_visible()


async def the_bot_goes_on(floor: Floor) -> None:
    """Pia is given back, and the bot answers what she asks next."""
    await floor.alex.open_one(floor.ids["Pia"], view="Mine")
    await floor.alex.give_back()
    await floor.pia.hears(phrase("given_back"))
    await expect(floor.pia.name).to_have_text("Juno")
    await floor.pia.say("how much is it?")
    await expect(floor.pia.bot.filter(has_text=response("utter_price_included"))).not_to_have_count(0)
