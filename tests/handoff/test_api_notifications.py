"""My notifications over the console API."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.events import Decision, Notice
from bot.store.noticing import Notified, Planned
from handoff.api.notifications import allowed
from tests.handoff.conftest import Office
from tests.handoff.worlds import START

SETTINGS = {
    "sound": True, "web_push": False, "email": True, "quiet_from": "22:00", "quiet_to": "07:00",
    "zone": "Europe/Berlin", "urgent_in_quiet": False,
}  # fmt: skip
POINT = "B" + "A" * 86
DEVICE = {"endpoint": "https://fcm.googleapis.com/fcm/send/abc", "p256dh": POINT, "auth": "A" * 22, "label": "Phone"}


async def noticed(office: Office, agent_id: str) -> tuple[str, int]:
    """A conversation about which this agent was told in the page; an e-mail is still to come."""
    conversation_id = await office.waiting()
    loaded = await office.store.load(conversation_id)
    notice = Notice(kind="mention", to=(agent_id,))
    done = await office.store.commit(
        conversation_id, version=loaded.version, decision=Decision(state=loaded.state, notify=(notice,)), now=START
    )
    turns = [
        Planned(agent_id=agent_id, carrier="in_page", due_at=START, sent=True),
        Planned(agent_id=agent_id, carrier="email", due_at=START),
    ]
    await office.store.plan_notice(done.notice_ids[-1], turns, now=START)
    return conversation_id, done.notice_ids[-1]


async def states(office: Office, agent_id: str) -> list[Notified]:
    return [one.state for one in await office.store.notifications(agent_id=agent_id)]


async def test_my_settings_are_kept_and_are_mine_alone(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    status, before = await sam.get("notify")
    assert (status, before["settings"]["web_push"], before["devices"], before["ways"]["email"]) == (200, True, [], False)
    assert (await sam.post("notify", SETTINGS, method="PUT"))[1]["settings"] == SETTINGS
    assert (await sam.get("notify"))[1]["settings"] == SETTINGS
    assert (await mia.get("notify"))[1]["settings"] == before["settings"]


@pytest.mark.parametrize(("field", "value"), [("zone", "Mars/Base"), ("quiet_from", "25:00"), ("email", "yes")])
async def test_a_wrong_setting_is_named(office: Office, field: str, value: object) -> None:
    sam = await office.sign_in("Sam")
    status, body = await sam.post("notify", {**SETTINGS, field: value}, method="PUT")
    assert (status, body["error"]["field"]) == (400, field)


async def test_a_browser_is_added_shown_without_its_keys_and_dropped_by_its_owner(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    status, added = await sam.post("notify/devices", DEVICE)
    assert status == 201
    (shown,) = (await sam.get("notify"))[1]["devices"]
    assert (shown["id"], shown["label"], set(shown)) == (added["device_id"], "Phone", {"id", "label", "added_at"})
    await mia.post(f"notify/devices/{added['device_id']}", method="DELETE")
    assert len((await sam.get("notify"))[1]["devices"]) == 1
    await sam.post(f"notify/devices/{added['device_id']}", method="DELETE")
    assert (await sam.get("notify"))[1]["devices"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
        ({"endpoint": "http://fcm.googleapis.com/x"}, "endpoint"),
        ({"p256dh": "short"}, "p256dh"),
        ({"auth": "!" * 22}, "auth"),
    ],
)
async def test_a_browser_cannot_name_any_machine_or_key(office: Office, change: dict[str, Any], field: str) -> None:
    sam = await office.sign_in("Sam")
    status, body = await sam.post("notify/devices", {**DEVICE, **change})
    assert (status, body["error"]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("endpoint", "may"),
    [
        ("https://web.push.apple.com/abc", True),
        ("https://push.apple.com.evil.example/abc", False),
        ("https://evil.example/#web.push.apple.com", False),
        ("https://web.push.apple.com@evil.example/", False),
        ("http://127.0.0.1:9/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_known_push_services_are_posted_to(endpoint: str, may: bool) -> None:
    assert allowed(endpoint, ("*.push.apple.com",)) is may


async def test_what_i_saw_goes_no_further_and_only_i_can_say_so(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    _, notice_id = await noticed(office, "sam")
    assert (await mia.post(f"notices/{notice_id}/seen"))[0] == 200
    assert await states(office, "sam") == [Notified.QUEUED, Notified.SENT]
    assert (await sam.post(f"notices/{notice_id}/seen"))[0] == 200
    assert await states(office, "sam") == [Notified.DROPPED, Notified.SEEN]
    status, body = await sam.get("notifications")
    assert status == 200
    assert [(one["carrier"], one["state"], one["why"]) for one in body["items"]] == [
        ("email", "dropped", "seen"),
        ("in_page", "seen", None),
    ]
    assert (await mia.get("notifications"))[1]["items"] == []
    assert (await sam.post("notices/x/seen"))[0] == 400


async def test_looking_at_a_conversation_is_seeing_and_taking_it_is_acting(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id, _ = await noticed(office, "sam")
    assert (await sam.post(f"conversations/{conversation_id}/seen"))[0] == 200
    assert await states(office, "sam") == [Notified.DROPPED, Notified.SEEN]
    await sam.post(f"conversations/{conversation_id}/take")
    assert (await states(office, "sam"))[-1] is Notified.ACTED
    assert (await sam.post("conversations/nobody/seen"))[0] == 404


async def test_an_offer_that_was_seen_is_known_to_its_episode(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await socket.receive_json(timeout=5)
        await office.presence.settled()
        conversation_id = await office.waiting()
        (offer,) = [one for one in await office.store.fresh_notices(limit=9) if one.notice.kind == "offer"]
        await office.store.plan_notice(
            offer.notice_id, [Planned(agent_id="sam", carrier="in_page", due_at=START, sent=True)], now=START
        )
        await sam.post(f"notices/{offer.notice_id}/seen")
        episode = (await office.store.load(conversation_id)).state.episode
    assert episode is not None
    assert episode.seen_at == START


async def test_everybody_who_can_be_mentioned_is_told_to_every_agent(office: Office) -> None:
    sam, alex = await office.sign_in("Sam"), await office.sign_in("Alex", "admin")
    mia = await office.add("Mia")
    await alex.post(f"agents/{mia.agent_id}", {"disabled": True}, method="PATCH")
    assert [one["name"] for one in (await sam.get("colleagues"))[1]["agents"]] == ["Alex", "Sam"]


async def test_a_mention_in_a_note_is_noticed_by_whom_it_names(office: Office) -> None:
    sam, _ = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.prospect()
    await sam.post(f"conversations/{conversation_id}/note", {"text": "@Mia, do you know her? @Sam"})
    (one,) = await office.store.fresh_notices(limit=9)
    assert (one.notice.kind, one.notice.to, one.notice.data["agent_id"]) == ("mention", ("mia",), "sam")
    assert "know her" not in str(one)
