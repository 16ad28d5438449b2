"""The whole chain: a notice reaches people by the page, a push, an e-mail and the webhook, in this order and until it is seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.exceptions import InvalidTag

from bot.carriers.base import Call
from bot.carriers.push import push_keys
from bot.notifying import CLAIM_S
from bot.signing import new_secret
from bot.store import open_store
from bot.store.noticing import Notification, Notified
from bot.time import HandTime
from handoff.chain import Carrier
from tests.service.desks import Console, asks_for_a_person, console
from tests.service.outside import Browser, Mailbox, Posted, Receiver, mailbox, receiving, signed_right, vapid_of
from tests.service.serving import World, serving

SECRET = new_secret()
LADDER = """
ladder:
  - {at: 25, actions: [push]}
  - {at: 50, actions: [page]}
  - {at: 100, actions: [tell_prospect]}
supervisors: [lena@example.com]
"""


def promises(folder: Path) -> Path:
    """The shipped promises with a ladder that calls people: a push after 15 s, a page after 30 s."""
    text = (Path(__file__).resolve().parents[2] / "promises.yml").read_text(encoding="utf-8")
    before, _, rest = text.partition("ladder:\n")
    path = folder / "promises.yml"
    path.write_text(before + LADDER + "\nafter_ladder:" + rest.partition("\nafter_ladder:")[2], encoding="utf-8")
    return path


class Outside:
    """A service with everything that carries its notices."""

    def __init__(self, world: World, push: Receiver, hook: Receiver, box: Mailbox) -> None:
        self.world, self.push, self.hook, self.box = world, push, hook, box

    async def browser(self, at: Console, name: str = "b1") -> Browser:
        """A browser that takes this agent's pushes."""
        browser = Browser(f"{self.push.base}/{name}")
        status, body = await at.post("notify/devices", browser.subscription())
        assert status == 201, body
        return browser

    async def stands(self, who: Console, kind: str) -> dict[str, Notification]:
        """What became of an agent's latest notice of a kind, by carrier."""
        found = await self.world.service.store.notifications(agent_id=who.agent.agent_id)
        latest = max((one.notice_id for one in found if one.kind == kind), default=0)
        return {one.carrier: one for one in found if one.notice_id == latest}


@asynccontextmanager
async def outside(folder: Path, **settings: Any) -> AsyncIterator[Outside]:
    async with receiving() as push, receiving() as hook, mailbox() as box:
        wired = {
            "push_services": "127.0.0.1", "smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_tls": "none",
            "mail_from": "warmline@example.com", "notify_webhook_url": f"{hook.base}/hook", "notify_webhook_secret": SECRET,
            "public_url": "http://desk.example", "promises": promises(folder),
        }  # fmt: skip
        async with serving(folder, **(wired | settings)) as world:
            yield Outside(world, push, hook, box)


@pytest.fixture
async def out(tmp_path: Path) -> AsyncIterator[Outside]:
    async with outside(tmp_path) as made:
        yield made


async def test_a_push_rung_reaches_the_phones_of_people_who_are_not_there(out: Outside) -> None:
    async with console(out.world, "Sam") as sam:
        phone = await out.browser(sam)
        conversation_id = await asks_for_a_person(out.world)
        assert out.push.posted == []
        await out.world.wind(seconds=15)
        (posted,) = out.push.posted
        news = phone.read(posted.body)
        key, claims = vapid_of(posted)
    _, mine = await shown(out, sam)
    assert (news["title"], news["conversation_id"]) == ("Someone is waiting for a person", conversation_id)
    assert posted.headers["TTL"].isdigit()
    assert (posted.headers["Content-Encoding"], posted.headers["Urgency"]) == ("aes128gcm", "high")
    assert key == (await push_keys(out.world.service.store)).public
    assert (claims["aud"], claims["sub"]) == (out.push.base, "mailto:webmaster@localhost")
    assert mine["web_push"].state is Notified.SENT
    with pytest.raises((http_ece.ECEException, InvalidTag)):
        Browser(out.push.base).read(posted.body)


async def shown(out: Outside, who: Console) -> tuple[World, dict[str, Notification]]:
    return out.world, await out.stands(who, "push")


async def test_nothing_said_in_pushes_and_mails_names_anybody_or_quotes_them(out: Outside) -> None:
    async with console(out.world, "Sam") as sam:
        phone = await out.browser(sam)
        await asks_for_a_person(out.world, "my xylophone broke, can i talk to a person")
        await out.world.wind(seconds=200)
        said = [json.dumps(phone.read(one.body)) for one in out.push.posted] + [mail.as_string() for _, mail in out.box.mails]
        said += [one.body.decode() for one in out.hook.posted]
    assert len(said) >= 3
    assert not any("xylophone" in one for one in said)


async def test_words_are_quoted_where_the_installation_wants_it(tmp_path: Path) -> None:
    async with outside(tmp_path, notify_with_words=True) as out, console(out.world, "Sam") as sam:
        phone = await out.browser(sam)
        await asks_for_a_person(out.world, "my xylophone broke, can i talk to a person")
        await out.world.wind(seconds=15)
        body = phone.read(out.push.posted[0].body)["body"]
    assert body.startswith("Someone has waited 15 s.\n“")


async def test_a_page_reaches_the_supervisor_by_mail_and_the_signed_webhook_until_seen(out: Outside) -> None:
    async with console(out.world, "Lena", "admin") as lena:
        conversation_id = await asks_for_a_person(out.world)
        await out.world.wind(seconds=30 + 105)
        ((to, mail),) = [one for one in out.box.mails if "Supervisor" in str(one[1]["Subject"])]
        assert (to, mail["From"]) == (["lena@example.com"], "warmline@example.com")
        assert f"http://desk.example/console#/all/{conversation_id}" in str(mail.get_payload())
        await out.world.wind(seconds=60)
        pages = [one for one in out.hook.posted if json.loads(one.body)["kind"] == "page"]
        (hook,) = pages
        assert signed_right(hook, SECRET)
        assert not signed_right(hook, new_secret())
        assert json.loads(hook.body)["agent"]["email"] == "lena@example.com"
        page = await out.stands(lena, "page")
        assert [page[c].state for c in ("web_push", "email", "webhook")] == [Notified.FAILED, Notified.SENT, Notified.SENT]
        assert page["web_push"].error == "no_device"


async def test_what_was_seen_in_time_goes_no_further(out: Outside) -> None:
    async with console(out.world, "Sam") as sam:
        await out.browser(sam)
        async with sam.open():
            conversation_id = await asks_for_a_person(out.world)
            await out.world.wind(seconds=4)
            _, before = await sam.call("GET", "notifications")
            assert {one["carrier"]: one["state"] for one in before["items"] if one["kind"] == "offer"} == {
                "in_page": "sent", "sound": "queued", "web_push": "queued", "email": "queued", "webhook": "queued",
            }  # fmt: skip
            await sam.post(f"conversations/{conversation_id}/seen")
            await sam.post(f"conversations/{conversation_id}/take")
            await out.world.wind(seconds=30)
    offer = await out.stands(sam, "offer")
    assert offer["in_page"].state is Notified.ACTED
    assert {offer[c].state for c in ("sound", "web_push", "email", "webhook")} == {Notified.DROPPED}
    assert [one for one in out.push.posted if one.path == "/b1"] == []
    assert out.box.mails == []


async def test_an_offer_not_seen_falls_through_at_the_stated_times(out: Outside) -> None:
    async with console(out.world, "Sam") as sam:
        phone = await out.browser(sam)
        async with sam.open():
            await asks_for_a_person(out.world)
            asked_at = out.world.time.now()
            await out.world.wind(seconds=14)
            sound = (await out.stands(sam, "offer"))["sound"]
            assert (sound.state, (sound.due_at - asked_at).total_seconds()) == (Notified.SENT, 5)
            assert out.push.posted == []
            await out.world.wind(seconds=1)
            assert phone.read(out.push.posted[0].body)["title"] == "Someone needs a person"


async def test_a_push_that_fails_hands_on_and_a_browser_that_left_is_forgotten(out: Outside) -> None:
    async with console(out.world, "Lena", "admin") as lena:
        await out.browser(lena)
        out.push.answers = [410]
        await asks_for_a_person(out.world)
        await out.world.wind(seconds=15)
        stands = await out.stands(lena, "push")
        assert (stands["web_push"].state, stands["web_push"].error) == (Notified.FAILED, "gone")
        assert stands["email"].state is Notified.SENT
        assert (stands["email"].due_at - stands["web_push"].due_at).total_seconds() == 0
        assert await out.world.service.store.devices(lena.agent.agent_id) == []


async def test_what_may_pass_is_tried_again_with_growing_gaps(out: Outside) -> None:
    out.hook.answers = [500, 503, 204]
    await asks_for_a_person(out.world)
    async with console(out.world, "Lena", "admin") as lena:
        await out.world.wind(seconds=15 + 165 + 4)
        push = (await out.stands(lena, "push"))["webhook"]
        assert (push.state, push.attempts) == (Notified.SENT, 3)
        keys = [one.headers["webhook-id"] for one in out.hook.posted]
        assert len(keys) == 3
        assert len(set(keys)) == 1


async def test_a_mail_server_that_is_busy_is_tried_again_and_one_that_refuses_is_not(out: Outside) -> None:
    async with console(out.world, "Lena", "admin") as lena, console(out.world, "Sam") as sam:
        conversation_id = await asks_for_a_person(out.world, "hi")
        out.box.refusals = ["451 later"]
        await lena.post(f"conversations/{conversation_id}/note", {"text": "@Sam look"})
        await out.world.wind(seconds=110)
        email = (await out.stands(sam, "mention"))["email"]
        assert (email.state, email.attempts) == (Notified.SENT, 2)
        out.box.refusals = ["550 no such mailbox"] * 5
        await lena.post(f"conversations/{conversation_id}/note", {"text": "@Sam again"})
        await out.world.wind(seconds=110)
        email = (await out.stands(sam, "mention"))["email"]
        assert (email.state, email.error, email.attempts) == (Notified.FAILED, "smtp_550", 1)


async def test_quiet_hours_hold_back_a_push_and_let_a_page_through(out: Outside) -> None:
    quiet = {
        "sound": True, "web_push": True, "email": True, "quiet_from": "00:00", "quiet_to": "23:59", "zone": "UTC",
        "urgent_in_quiet": True,
    }  # fmt: skip
    async with console(out.world, "Lena", "admin") as lena:
        phone = await out.browser(lena)
        await lena.call("PUT", "notify", quiet)
        await asks_for_a_person(out.world)
        await out.world.wind(seconds=20)
        stands = await out.stands(lena, "push")
        assert (stands["web_push"].state, stands["web_push"].error) == (Notified.DROPPED, "quiet_hours")
        await out.world.wind(seconds=10)
        assert [phone.read(one.body)["title"] for one in out.push.posted] == ["Supervisor needed: someone is waiting"]


async def test_a_carrier_cut_off_before_it_was_recorded_is_repeated_once_under_the_same_key(out: Outside) -> None:
    """At least once: a process killed right after the post knows nothing of it any more."""
    webhook = out.world.service.notifier._carriers[Carrier.WEBHOOK]
    really, killed = webhook.carry, []

    async def carried_and_killed(call: Call) -> None:
        await really(call)
        if not killed:
            killed.append(call.key)
            raise asyncio.CancelledError

    webhook.carry = carried_and_killed  # type: ignore[method-assign]
    await asks_for_a_person(out.world)
    async with console(out.world, "Lena", "admin") as lena:
        await out.world.wind(seconds=15 + 165)
        assert [key_of(one) for one in out.hook.posted] == killed
        assert (await out.stands(lena, "push"))["webhook"].state is Notified.QUEUED
        await out.world.wind(seconds=CLAIM_S - 1)
        assert [key_of(one) for one in out.hook.posted].count(killed[0]) == 1
        await out.world.wind(seconds=CLAIM_S * 3)
        assert [key_of(one) for one in out.hook.posted].count(killed[0]) == 2
        assert (await out.stands(lena, "push"))["webhook"].state is Notified.SENT


def key_of(posted: Posted) -> str:
    """By which a receiver tells a repeat."""
    assert json.loads(posted.body)["id"] == posted.headers["webhook-id"]
    return posted.headers["webhook-id"]


async def test_a_notice_of_a_service_that_died_is_carried_by_the_next(tmp_path: Path) -> None:
    async with receiving() as hook:
        wired = {"notify_webhook_url": f"{hook.base}/hook", "notify_webhook_secret": SECRET, "promises": promises(tmp_path)}
        async with serving(tmp_path, **wired) as world:
            await asks_for_a_person(world)
            await world.service.notifier.stop(1)
            world.time.set(world.time.now() + timedelta(seconds=30))
            while not any(one.notice.kind == "page" for one in await world.service.store.fresh_notices(limit=99)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            later = world.time.now()
        assert hook.posted == []
        async with serving(tmp_path, name="next", time=HandTime(later), **wired) as world:
            await world.settle()
    assert [json.loads(one.body)["kind"] for one in hook.posted] == ["page"]


async def test_the_push_key_is_made_once_and_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'warmline.db'}"
    first, second = open_store(url), open_store(url)
    await first.migrate()
    keys = [await push_keys(store) for store in (first, second, first)]
    assert len({one.public for one in keys}) == 1
    assert len(keys[0].public) == 87
    await first.close()
    await second.close()
