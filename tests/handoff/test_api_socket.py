"""The console's socket."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from bot.core.events import AgentsChanged
from tests.handoff.conftest import Office, frame_of


async def test_a_socket_needs_a_session(office: Office) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await office.stranger().socket()
    assert refused.value.status == 401


async def test_hello_tells_who_is_at_the_desk(office: Office) -> None:
    await office.add("Mia")
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        hello = await socket.receive_json(timeout=5)
    assert hello == {
        "type": "hello",
        "now": "2026-11-23T09:00:00.000Z",
        "agents": [{"id": "sam", "name": "Sam", "presence": "online", "load": 0}],
    }


async def test_an_agent_who_comes_online_is_offered_what_waits(office: Office) -> None:
    conversation_id = await office.waiting()
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        notice = await frame_of(socket, "notice", kind="offer")
        assert notice["conversation_id"] == conversation_id
        assert notice["text"] == "Someone asked for a person."
        item = (await frame_of(socket, "conversation"))["item"]
        assert item["episode"]["offered_to_me"]
        assert item["episode"]["clock"]["kind"] == "accept"


async def test_an_offer_is_told_to_the_one_who_is_asked(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    async with await mia.socket() as mias, await sam.socket() as sams:
        await frame_of(sams, "hello")
        await frame_of(mias, "hello")
        await office.waiting()
        assert (await frame_of(mias, "notice"))["kind"] == "offer"
        assert (await frame_of(mias, "conversation"))["item"]["episode"]["offered_to_me"]
        office.hub.publish("console", {"type": "notice", "kind": "alarm", "to": [], "conversation_id": "c", "text": "end"})
        notices = []
        while (notice := await frame_of(sams, "notice"))["text"] != "end":
            notices.append(notice)
        assert notices == []


async def test_work_goes_back_when_a_console_stays_away_for_ninety_seconds(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.waiting()
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        await sam.post(f"conversations/{conversation_id}/take")
    mia = await office.sign_in("Mia")
    async with await mia.socket() as socket:
        await frame_of(socket, "hello")
        office.time.wind(30)
        office.presence.sweep()
        await office.presence.settled()
        assert (await office.store.overview(conversation_id)).owner == "agent"
        office.time.wind(60)
        office.presence.sweep()
        notice = await frame_of(socket, "notice", kind="offer")
        assert notice["conversation_id"] == conversation_id
    assert (await office.store.overview(conversation_id)).owner == "waiting"


async def test_messages_reach_every_console_once_they_are_shown(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect()
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        frame = {"type": "message", "conversation_id": conversation_id, "message_id": 1, "seq": 1}
        office.hub.publish("console", frame)
        told = await frame_of(socket, "message")
    assert (told["conversation_id"], told["message"]["text"], told["message"]["seq"]) == (conversation_id, "hi there", 1)


async def test_typing_is_told_to_colleagues_and_the_holders_to_the_prospect(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    topic = f"conversation:{conversation_id}"
    async with await sam.socket() as sams, await mia.socket() as mias, office.hub.subscribe(topic) as prospect:
        await frame_of(sams, "hello")
        await frame_of(mias, "hello")
        await mias.send_json({"type": "typing", "conversation_id": conversation_id})
        assert (await frame_of(sams, "typing"))["who"] == "Mia"
        await sams.send_json({"type": "typing", "conversation_id": conversation_id})
        assert (await frame_of(mias, "typing"))["who"] == "Sam"
        assert await prospect.get() == {"type": "typing", "on": True, "agent_id": "sam"}
        office.hub.publish("console", {"type": "typing", "conversation_id": conversation_id, "agent_id": None})
        assert (await frame_of(sams, "typing"))["who"] == "prospect"


async def test_a_ping_is_answered_with_the_time(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await socket.send_json({"type": "ping"})
        assert (await frame_of(socket, "pong"))["now"] == "2026-11-23T09:00:00.000Z"


@pytest.mark.parametrize("frame", ["{", "[]", "5"])
async def test_a_frame_that_is_none_closes_the_socket(office: Office, frame: str) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        await socket.send_str(frame)
        assert await close_code(socket) == 1003


async def test_an_unknown_frame_or_conversation_is_harmless(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        for frame in (
            {"type": "dance"},
            {"type": "typing", "conversation_id": "none"},
            {"type": "typing", "conversation_id": 7},
            {},
        ):
            await socket.send_json(frame)
        await socket.send_json({"type": "ping"})
        assert await frame_of(socket, "pong")


async def test_a_disabled_agent_sees_nothing_more(office: Office) -> None:
    admin, sam = await office.sign_in("Alex", "admin"), await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        await admin.post("agents/sam", {"disabled": True}, method="PATCH")
        assert await close_code(socket) == 1008


async def test_signing_out_closes_that_console_and_no_other(office: Office) -> None:
    here, there = await office.sign_in("Sam"), await office.sign_in("Sam")
    async with await here.socket() as closing, await there.socket() as staying:
        await frame_of(closing, "hello")
        await frame_of(staying, "hello")
        await here.post("logout")
        assert await close_code(closing) == 1008
        await staying.send_json({"type": "ping"})
        assert await frame_of(staying, "pong")


async def test_a_session_that_ran_out_closes_the_console_at_the_next_ping(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        office.time.wind(14 * 86_400)
        await socket.send_json({"type": "ping"})
        assert await close_code(socket) == 1008


async def test_a_console_that_missed_news_is_closed_so_that_it_fetches_anew(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        office.hub.publish("console", {"type": "lagged"})
        assert await close_code(socket) == 1013


async def test_a_feed_that_stumbles_goes_on_for_the_next_console(office: Office) -> None:
    sam = await office.sign_in("Sam")
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        office.hub.publish("console", {"type": "conversation", "conversation_id": "gone"})
        assert await close_code(socket) == 1013
    conversation_id = await office.prospect()
    async with await sam.socket() as socket:
        await frame_of(socket, "hello")
        office.hub.publish("console", {"type": "conversation", "conversation_id": conversation_id})
        assert (await frame_of(socket, "conversation"))["item"]["id"] == conversation_id


async def test_an_agent_who_is_away_is_not_offered_work_and_is_once_back(office: Office) -> None:
    sam = await office.sign_in("Sam")
    await sam.post("presence", {"presence": "away"})
    async with await sam.socket() as socket:
        assert (await frame_of(socket, "hello"))["agents"][0]["presence"] == "away"
        conversation_id = await office.waiting()
        await office.conversations.handle(conversation_id, AgentsChanged())
        episode = (await office.store.overview(conversation_id)).episode
        assert episode is not None
        assert episode.offered_to == ()
        await sam.post("presence", {"presence": "online"})
        told: dict[str, Any] = {}
        while "notice" not in told or told["presence"]["agents"][0]["presence"] != "online":
            # Who was away is told first, and told again.
            frame = await socket.receive_json(timeout=5)
            told = {"presence": {"agents": [{"presence": "away"}]}, **told, frame["type"]: frame}
        assert (told["notice"]["kind"], told["notice"]["conversation_id"]) == ("offer", conversation_id)
        assert told["presence"]["agents"][0]["presence"] == "online"


async def close_code(socket: Any) -> int:
    """The code the socket closes with, passing over frames that were under way."""
    while not (await socket.receive(timeout=5)).type.name.startswith("CLOS"):
        pass
    return int(socket.close_code)
