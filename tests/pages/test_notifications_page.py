"""An agent says how to be notified, and a real service worker shows what the push service delivers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.store.noticing import Notified
from tests.axe import HEIGHT, PHONE, violations_in_every_look
from tests.pages.conftest import Office
from tests.service.desks import asks_for_a_person
from tests.service.outside import Browser as PushBrowser

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# No push service is reached from a test, so the browser's own subscription is stood in for; everything behind it is real.
SUBSCRIBED = """subscription => {
  PushManager.prototype.subscribe = async function (options) {
    window.subscribedTo = [...new Uint8Array(options.applicationServerKey)];
    const keys = { p256dh: subscription.p256dh, auth: subscription.auth };
    return { toJSON: () => ({ endpoint: subscription.endpoint, keys }) };
  };
}"""

GONE_AWAY = "performance.now = ((now) => () => now() + 60_000)(performance.now.bind(performance))"
"""A minute has passed since anybody moved or typed."""


async def told_here(office: Office, page: Page) -> PushBrowser:
    """This browser is added; gives what can read its pushes."""
    browser = PushBrowser(f"{office.push.base}/phone")
    await page.context.grant_permissions(["notifications"], origin=office.address)
    await page.evaluate(SUBSCRIBED, browser.subscription())
    await page.get_by_role("button", name="Tell this browser").click()
    await expect(page.get_by_text("This browser is told from now on.")).to_be_visible()
    return browser


async def test_a_push_is_shown_by_the_service_worker_and_a_tap_opens_the_conversation(office: Office) -> None:
    page = await office.look("#/notifications", office.sam)
    phone = await told_here(office, page)
    await expect(page.get_by_text("this one")).to_be_visible()
    key: list[int] = await page.evaluate("window.subscribedTo")
    assert (len(key), key[0]) == (65, 4)
    await page.evaluate(GONE_AWAY)
    conversation_id = await asks_for_a_person(office.world)
    await office.world.wind(seconds=16)
    news = phone.read(office.push.posted[0].body)
    assert news["title"] == "Someone needs a person"

    session = await page.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"] == f"{office.address}/console" and not registered.done():
                registered.set_result(one["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", heard)
    await session.send("ServiceWorker.enable")
    registration = await asyncio.wait_for(registered, 5)
    delivery = {"origin": office.address, "registrationId": registration, "data": json.dumps(news)}
    await session.send("ServiceWorker.deliverPushMessage", delivery)
    shown = """async () => {
      const registration = await navigator.serviceWorker.getRegistration("/console");
      for (let tries = 0; tries < 100; tries++) {
        const [one] = await registration.getNotifications();
        if (one) return { title: one.title, body: one.body, tag: one.tag, data: one.data };
        await new Promise((done) => setTimeout(done, 30));
      }
      return null;
    }"""
    notification = await page.evaluate(shown)
    assert (notification["title"], notification["tag"]) == ("Someone needs a person", conversation_id)
    assert notification["data"] == {"id": news["id"], "conversation_id": conversation_id}
    # A tap tells every open console to go there.
    opened = {"type": "open", "conversation": conversation_id}
    await page.evaluate("data => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data }))", opened)
    await expect(page.locator("#conversation-title")).to_be_visible()


async def test_what_somebody_at_the_desk_sees_goes_no_further_and_an_empty_chair_sees_nothing(office: Office) -> None:
    page = await office.look("#/queue", office.sam)
    store, sam = office.world.service.store, office.sam.agent.agent_id

    async def states() -> dict[str, Notified]:
        found = [one for one in await store.notifications(agent_id=sam) if one.kind == "offer"]
        latest = max((one.notice_id for one in found), default=0)
        return {one.carrier: one.state for one in found if one.notice_id == latest}

    async def becomes(carrier: str, state: Notified) -> None:
        async with asyncio.timeout(5):
            while (await states()).get(carrier) is not state:  # noqa: ASYNC110
                await asyncio.sleep(0.03)

    await page.mouse.move(300, 300)
    await asks_for_a_person(office.world)
    await becomes("in_page", Notified.SEEN)
    assert (await states())["web_push"] is Notified.DROPPED
    # Nobody moves or types for a while: an open tab alone has seen nothing.
    await page.evaluate(GONE_AWAY)
    await asks_for_a_person(office.world)
    await expect(page.locator("a.row")).to_have_count(2)
    await becomes("in_page", Notified.SENT)
    await page.mouse.move(320, 320)
    await becomes("in_page", Notified.SEEN)


async def test_a_push_that_fails_is_told_with_its_reason(office: Office) -> None:
    page = await office.look("#/notifications", office.sam)
    await told_here(office, page)
    office.push.answers = [410]
    await page.evaluate(GONE_AWAY)
    await asks_for_a_person(office.world)
    await office.world.wind(seconds=16)
    await page.reload()
    await expect(page.locator(".fate.failed").first).to_contain_text("Failed by push")
    await expect(page.get_by_role("button", name="Remove")).to_have_count(0)


async def test_settings_are_kept(office: Office) -> None:
    page = await office.look("#/notifications", office.sam)
    await page.get_by_role("checkbox", name="A sound").uncheck()
    await page.get_by_role("checkbox", name="No pushes and e-mails").check()
    await page.get_by_label("From").fill("21:30")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("checkbox", name="A sound")).not_to_be_checked()
    await expect(page.get_by_label("From")).to_have_value("21:30")
    await expect(page.get_by_role("checkbox", name="E-mail not set up here")).to_be_disabled()


async def test_a_browser_is_removed(office: Office) -> None:
    page = await office.look("#/notifications", office.sam)
    await told_here(office, page)
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("No more pushes there.")).to_be_visible()
    await expect(page.get_by_role("button", name="Tell this browser")).to_be_visible()
    assert await office.world.service.store.devices(office.sam.agent.agent_id) == []


async def test_axe_finds_nothing_and_it_fits(office: Office) -> None:
    page = await office.look("#/notifications", office.sam, axe=True)
    await told_here(office, page)
    await asks_for_a_person(office.world)
    await office.world.wind(seconds=20)
    await page.get_by_role("checkbox", name="No pushes and e-mails").check()
    await page.reload()
    await page.get_by_role("checkbox", name="No pushes and e-mails").check()
    await expect(page.get_by_text("Someone needed a person").first).to_be_visible()
    assert await violations_in_every_look(page) == []
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    spill = await page.evaluate("document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth")
    assert spill <= 0
