"""What could not be delivered: who may see it, send it again, or let it go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.circuit import CLOSED, failed
from bot.core.events import Decision
from bot.core.model import Delivery, Profile, Say, Speaker
from tests.handoff.conftest import Office, frame_of
from tests.handoff.worlds import START


async def park(office: Office, who: str = "p1", text: str = "Here is the plan.", reason: str = "config") -> tuple[str, int]:
    """A message to somebody that was parked; gives conversation and message."""
    conversation_id = await office.prospect(who=who)
    loaded = await office.store.load(conversation_id)
    state = replace(loaded.state, profile=Profile(first_name="Anna", last_name="Berg"))
    heard = tuple(one.message_id for one in state.unheard)
    decision = Decision(state=replace(state, unheard=()), heard=heard, say=(Say(speaker=Speaker.BOT, text=text),))
    committed = await office.store.commit(conversation_id, version=loaded.version, decision=decision, now=office.time())
    (message_id,) = committed.message_ids
    now = office.time()
    await office.store.claim_outbox(worker="w", now=now, until=now + timedelta(seconds=30), limit=99, channels=("widget",))
    await office.store.mark_sending(message_id, worker="w", now=now)
    office.time.wind(5)
    await office.store.mark_unsendable(
        message_id, delivery=Delivery.FAILED, error=reason, detail="(#100) no", park=True, now=office.time()
    )
    return conversation_id, message_id


async def test_an_admin_sees_who_misses_what_and_why(office: Office) -> None:
    ada = await office.sign_in("Ada", "admin")
    conversation_id, message_id = await park(office)
    status, body = await ada.get("undelivered")
    assert status == 200
    assert body["messages"] == [
        {
            "id": str(message_id),
            "conversation_id": conversation_id,
            "name": "Anna Berg",
            "channel": "widget",
            "speaker": "bot",
            "agent": None,
            "text": "Here is the plan.",
            "image_url": None,
            "written_at": "2026-11-23T09:00:00.000Z",
            "parked_at": "2026-11-23T09:00:05.000Z",
            "attempts": 1,
            "reason": "config",
            "detail": "(#100) no",
        }
    ]
    assert (body["total"], body["now"]) == (1, "2026-11-23T09:00:05.000Z")


async def test_channels_tell_since_when_why_and_until_when_they_wait(office: Office) -> None:
    ada = await office.sign_in("Ada", "admin")
    office.circuits[:] = [("facebook", failed(CLOSED, "token", START, after_s=90)), ("widget", CLOSED)]
    _, body = await ada.get("undelivered")
    assert body["channels"] == [
        {
            "channel": "facebook",
            "phase": "open",
            "reason": "token",
            "since": "2026-11-23T09:00:00.000Z",
            "retry_at": "2026-11-23T09:01:30.000Z",
        },
        {"channel": "widget", "phase": "closed", "reason": None, "since": None, "retry_at": None},
    ]


async def test_sent_again_it_is_queued_once_and_the_outbox_woken(office: Office) -> None:
    ada = await office.sign_in("Ada", "admin")
    conversation_id, message_id = await park(office)
    status, first = await ada.post(f"undelivered/{message_id}/send-again")
    assert status == 200
    assert (await ada.post(f"undelivered/{message_id}/send-again"))[1] == first
    assert office.queued >= 1
    (waiting,) = await office.store.pending_messages(conversation_id)
    assert (str(waiting.message_id), waiting.text, waiting.delivery) == (first["message_id"], "Here is the plan.", Delivery.QUEUED)
    assert (await ada.get("undelivered"))[1]["messages"] == []
    lines = [line.entry for line in await office.store.journal(conversation_id)]
    assert [(e.kind, e.data.get("by")) for e in lines] == [("message.parked", None), ("message.redriven", "ada")]
    status, body = await ada.post(f"undelivered/{message_id}/let-go")
    assert (status, body["error"]["code"]) == (409, "sent_again")


async def test_let_go_it_stays_unsent(office: Office) -> None:
    ada = await office.sign_in("Ada", "admin")
    conversation_id, message_id = await park(office)
    for _ in range(2):
        assert (await ada.post(f"undelivered/{message_id}/let-go")) == (200, {})
    assert (await ada.get("undelivered"))[1]["messages"] == []
    status, body = await ada.post(f"undelivered/{message_id}/send-again")
    assert (status, body["error"]["code"]) == (409, "not_parked")
    assert await office.store.unsent_count(conversation_id) == 0


@pytest.mark.parametrize("path", ["undelivered/999999/send-again", "undelivered/999999/let-go", "undelivered/x²/let-go"])
async def test_an_unknown_message_is_not_found(office: Office, path: str) -> None:
    ada = await office.sign_in("Ada", "admin")
    assert (await ada.post(path))[0] == 404


async def test_agents_who_are_no_admins_are_kept_out(office: Office) -> None:
    sam = await office.sign_in("Sam")
    _, message_id = await park(office)
    assert (await sam.get("undelivered"))[0] == 403
    for what in ("send-again", "let-go"):
        assert (await sam.post(f"undelivered/{message_id}/{what}"))[0] == 403
    assert len(await office.store.parked()) == 1


async def test_admins_screens_hear_of_it_at_once_and_agents_do_not(office: Office) -> None:
    ada, sam = await office.sign_in("Ada", "admin"), await office.sign_in("Sam")
    _, message_id = await park(office)
    admin_screen, agent_screen = await ada.socket(), await sam.socket()
    await frame_of(admin_screen, "hello")
    await frame_of(agent_screen, "hello")
    await ada.post(f"undelivered/{message_id}/let-go")
    assert await frame_of(admin_screen, "undelivered") == {"type": "undelivered"}
    office.hub.publish("console", {"type": "presence"})
    frame = await agent_screen.receive_json(timeout=5)
    while frame["type"] != "presence":
        assert frame["type"] != "undelivered"
        frame = await agent_screen.receive_json(timeout=5)


async def test_a_list_is_whole_in_number_when_it_is_long(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.api.outbox.LIST", 2)
    ada = await office.sign_in("Ada", "admin")
    for n in range(3):
        office.time.at += timedelta(seconds=1)
        await park(office, who=f"p{n}", text=f"no {n}")
    _, body = await ada.get("undelivered")
    assert ([m["text"] for m in body["messages"]], body["total"]) == (["no 0", "no 1"], 3)
