"""Lists, one conversation, and what agents do with it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from bot.core.model import ClockKind, Delivery, Profile, Reason, Window
from handoff.api.shapes import episode_shape
from tests.handoff.conftest import Office
from tests.handoff.worlds import MIA, POLICY, SAM, START, World, desk


async def test_the_queue_shows_who_waits_and_until_when(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.waiting()
    status, body = await sam.get("conversations?view=queue")
    assert status == 200
    (item,) = body["items"]
    assert item == {
        "id": conversation_id,
        "name": None,
        "picture_url": None,
        "channel": "widget",
        "owner": "waiting",
        "owner_version": 2,
        "preview": {"speaker": "prospect", "text": "hi there", "at": "2026-11-23T09:00:00.000Z"},
        "last_at": "2026-11-23T09:00:00.000Z",
        "waiting_since": "2026-11-23T09:00:00.000Z",
        "tags": [],
        "episode": {
            "id": "ep1",
            "reason": "asked",
            "detail": "",
            "status": "waiting",
            "requested_at": "2026-11-23T09:00:00.000Z",
            "accepted_at": None,
            "agent": None,
            "rung": 0,
            "breached": [],
            "offered_to_me": False,
            "clock": {"kind": "first_words", "due_at": "2026-11-23T09:01:00.000Z", "started_at": "2026-11-23T09:00:00.000Z"},
        },
        "window_closes_at": None,
        "human_until": None,
        "snoozed_until": None,
    }
    assert (await sam.get("conversations?view=mine"))[1]["items"] == []


async def test_taking_answering_and_giving_back(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    status, body = await sam.post(f"conversations/{conversation_id}/take")
    assert (status, body["item"]["owner"], body["item"]["episode"]["agent"]["name"]) == (200, "agent", "Sam")
    assert [i["id"] for i in (await sam.get("conversations?view=mine"))[1]["items"]] == [conversation_id]

    status, body = await sam.post(f"conversations/{conversation_id}/say", {"text": "Hi, I'm Sam.", "key": "key-0001"})
    assert (status, body["message"]["text"], body["message"]["delivery"]) == (200, "Hi, I'm Sam.", "queued")
    status, body = await sam.get(f"conversations/{conversation_id}")
    assert [m["text"] for m in body["messages"]] == ["hi there"]
    assert body["pending"][-1]["text"] == "Hi, I'm Sam."
    assert body["item"]["episode"]["clock"] is None
    assert body["card"]["headline"] == "Someone asked for a person on the website."

    give_back = {"summary": "Wants a quote.", "outcome": "later", "slots": {"goal": "more sales", "urgent": True}}
    status, body = await sam.post(f"conversations/{conversation_id}/give-back", give_back)
    assert (status, body["item"]["owner"], body["item"]["episode"]) == (200, "bot", None)
    state = (await office.store.load(conversation_id)).state
    assert state.slots["goal"] == "more sales"
    tail = [json.loads(event) for event in await office.store.tracker_tail(conversation_id, limit=10)]
    assert {e["name"] for e in tail} == {"goal", "urgent", "handoff_summary", "handoff_promised", "handoff_outcome"}


async def test_two_agents_press_take_together_and_one_is_told_who_was_faster(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    answers = await asyncio.gather(*(c.post(f"conversations/{conversation_id}/take") for c in (sam, mia)))
    assert sorted(status for status, _ in answers) == [200, 409]
    winner = next(body for status, body in answers if status == 200)["item"]["episode"]["agent"]["name"]
    loser = next(body for status, body in answers if status == 409)
    assert loser == {"error": {"code": "taken", "message": f"{winner} has it already."}}


async def test_words_sent_twice_after_a_lost_answer_are_one_message(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    words = {"text": "One moment.", "key": "key-0001"}
    first = await sam.post(f"conversations/{conversation_id}/say", words)
    again = await sam.post(f"conversations/{conversation_id}/say", words)
    assert first == again
    pending = await office.store.pending_messages(conversation_id)
    assert [m.text for m in pending if m.agent] == ["One moment."]
    await sam.post(f"conversations/{conversation_id}/give-back")
    assert (await sam.post(f"conversations/{conversation_id}/say", words))[1] == first[1]


async def test_words_that_had_not_seen_the_latest_are_refused_with_it_and_go_out_on_a_second_word(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    await office.prospect("no wait, blue ones")
    words = {"text": "Red ones are here.", "key": "key-0001", "seen": 1}
    status, body = await sam.post(f"conversations/{conversation_id}/say", words)
    assert (status, body["error"]["code"], body["error"]["message"]) == (409, "wrote_meanwhile", "The prospect wrote meanwhile.")
    assert [(m["speaker"], m["text"]) for m in body["error"]["messages"]] == [("prospect", "no wait, blue ones")]
    assert not [m for m in await office.store.pending_messages(conversation_id) if m.agent]

    seen = body["error"]["messages"][-1]["seq"]
    status, body = await sam.post(f"conversations/{conversation_id}/say", {**words, "seen": seen})
    assert (status, body["message"]["text"]) == (200, "Red ones are here.")
    await office.prospect("and green")
    assert (await sam.post(f"conversations/{conversation_id}/say", words))[1] == body


async def test_only_the_holder_speaks(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    words = {"text": "hello", "key": "key-0001"}
    assert (await mia.post(f"conversations/{conversation_id}/say", words))[1]["error"]["code"] == "not_yours"
    await sam.post(f"conversations/{conversation_id}/take")
    status, body = await mia.post(f"conversations/{conversation_id}/say", words)
    assert (status, body["error"]) == (409, {"code": "not_yours", "message": "Sam has it."})
    assert (await mia.post(f"conversations/{conversation_id}/give-back"))[0] == 409


async def test_a_prospect_does_not_speak_in_an_agents_name_by_reusing_a_key(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    shown = await office.store.messages(conversation_id)
    key = shown[0].client_key or "key-0001"
    status, body = await sam.post(f"conversations/{conversation_id}/say", {"text": "Hi.", "key": key})
    assert (status, body["message"]["speaker"], body["message"]["text"]) == (200, "agent", "Hi.")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("say", {"text": "  ", "key": "key-0001"}, "text"),
        ("say", {"text": "x" * 4001, "key": "key-0001"}, "text"),
        ("say", {"text": "hi", "key": "short"}, "key"),
        ("say", {"text": "hi"}, "key"),
        ("say", {"text": "hi", "key": "key-0001", "seen": -1}, "seen"),
        ("note", {"text": ""}, "text"),
        ("give-back", {"outcome": "vanished"}, "outcome"),
        ("give-back", {"slots": {"Bad Name": "x"}}, "slots.Bad Name.[key]"),
        ("give-back", {"slots": {"goal": ["a"]}}, "slots.goal.constrained-str"),
    ],
)
async def test_a_wrong_command_names_the_field_and_changes_nothing(
    office: Office, path: str, body: dict[str, object], field: str
) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    before = await office.store.load(conversation_id)
    status, answer = await sam.post(f"conversations/{conversation_id}/{path}", body)
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (400, "bad_field", field)
    assert await office.store.load(conversation_id) == before


async def test_a_conversation_that_does_not_exist_is_404(office: Office) -> None:
    sam = await office.sign_in("Sam")
    for path in ("conversations/none", "conversations/none/messages"):
        assert (await sam.get(path))[0] == 404
    for path in ("take", "give-back"):
        assert (await sam.post(f"conversations/none/{path}"))[0] == 404
    assert (await sam.post("conversations/none/say", {"text": "hi", "key": "key-0001"}))[0] == 404
    assert (await sam.post("conversations/none/note", {"text": "hi"}))[0] == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [("view=everything", "view"), ("view=all&cursor=yesterday", "cursor"), ("view=all&cursor=MjAyNi0xMS0yMyBj", "cursor")],
)
async def test_a_wrong_query_names_the_field(office: Office, query: str, field: str) -> None:
    sam = await office.sign_in("Sam")
    status, body = await sam.get(f"conversations?{query}")
    assert (status, body["error"]["field"]) == (400, field)


async def test_older_conversations_and_messages_come_in_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.api.talks.LIST", 2)
    sam = await office.sign_in("Sam")
    ids = []
    for number in range(3):
        ids.append(await office.prospect(who=f"p{number}"))
        # Less apart than the times in the answers tell.
        office.time.wind(0.0001)
    latest = (await sam.get("conversations?view=all"))[1]
    older = (await sam.get(f"conversations?view=all&cursor={latest['next']}"))[1]
    assert [[i["id"] for i in page["items"]] for page in (latest, older)] == [[ids[2], ids[1]], [ids[0]]]
    assert older["next"] is None

    for number in range(3):
        office.time.wind(1)
        await office.prospect(f"line {number}", who="p0")
    page = (await sam.get(f"conversations/{ids[0]}/messages?before=4"))[1]["messages"]
    assert [(m["seq"], m["text"]) for m in page] == [(1, "hi there"), (2, "line 0"), (3, "line 1")]
    assert (await sam.get(f"conversations/{ids[0]}/messages?before=zero"))[0] == 400


async def test_notes_are_kept_for_the_team(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.prospect()
    status, body = await sam.post(f"conversations/{conversation_id}/note", {"text": " Prefers mail. "})
    assert (status, body["note"]["agent"], body["note"]["text"]) == (200, {"id": "sam", "name": "Sam"}, "Prefers mail.")
    assert (await mia.get(f"conversations/{conversation_id}"))[1]["notes"] == [body["note"]]


async def test_the_window_and_the_name_are_shown(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    window = Window(opened_at=START, closes_at=START + timedelta(hours=24))
    profile = Profile(first_name="Ana", last_name="Ruiz")
    await office.conversations.do(conversation_id, lambda d: d.set(window=window, profile=profile))
    item = (await sam.get(f"conversations/{conversation_id}"))[1]["item"]
    assert (item["name"], item["window_closes_at"]) == ("Ana Ruiz", "2026-11-24T09:00:00.000Z")


# ---- which clock counts


def clock_for(world: World, me: str = "sam") -> dict[str, object] | None:
    clock: dict[str, object] | None = episode_shape(world.episode, world.state.clocks, me)["clock"]
    return clock


def test_whoever_is_asked_sees_how_long_they_have_to_accept() -> None:
    world = World(desk(SAM))
    world.open()
    assert clock_for(world) == {
        "kind": "accept",
        "due_at": "2026-11-23T09:00:20.000Z",
        "started_at": "2026-11-23T09:00:00.000Z",
    }
    assert (clock_for(world, "mia") or {})["kind"] == "first_words"
    shown = episode_shape(world.episode, world.state.clocks, "sam")
    assert shown["offered_to_me"]


def test_late_first_words_keep_showing_how_late_they_are() -> None:
    world = World(desk())
    world.open()
    world.wait(300)
    assert (clock_for(world) or {})["due_at"] == "2026-11-23T09:01:00.000Z"
    world.take(SAM)
    world.wait(5)
    assert (clock_for(world) or {})["due_at"] == "2026-11-23T09:01:00.000Z"


def test_next_words_are_timed_from_the_oldest_unanswered_message() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    assert clock_for(world) is None
    world.prospect_writes("how much?")
    world.wait(POLICY.targets.next_words_s + 10)
    assert clock_for(world) == {
        "kind": "next_words",
        "due_at": "2026-11-23T09:02:00.000Z",
        "started_at": "2026-11-23T09:00:00.000Z",
    }


def test_everybody_is_asked_once_the_whole_team_is() -> None:
    world = World(desk())
    world.open(Reason.COMPLAINT)
    world.wait(46)
    assert episode_shape(world.episode, world.state.clocks, MIA.agent_id)["offered_to_me"]
    assert world.clock(ClockKind.ACCEPT) is None


async def test_a_failed_message_is_shown_with_its_reason(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    message = (await sam.post(f"conversations/{conversation_id}/say", {"text": "Hi.", "key": "key-0001"}))[1]["message"]
    await office.store.mark_unsendable(int(message["id"]), delivery=Delivery.FAILED, error="unreachable", now=office.time())
    pending = (await sam.get(f"conversations/{conversation_id}"))[1]["pending"]
    assert [(m["delivery"], m["error"]) for m in pending if m["id"] == message["id"]] == [("failed", "unreachable")]


async def test_a_whisper_is_told_to_whoever_holds_the_talk_and_kept_as_a_note(office: Office) -> None:
    sam, vera = await office.sign_in("Sam"), await office.sign_in("Vera", "supervisor")
    conversation_id = await office.waiting()
    path = f"conversations/{conversation_id}/note"
    assert (await vera.post(path, {"text": "for whoever comes", "whisper": True}))[0] == 200
    assert (await sam.post(f"conversations/{conversation_id}/take"))[0] == 200
    assert (await vera.post(path, {"text": "offer the discount", "whisper": True}))[0] == 200
    assert (await sam.post(path, {"text": "I'll do so", "whisper": True}))[0] == 200
    told = [one.notice for one in await office.store.fresh_notices(limit=9) if one.notice.kind == "mention"]
    assert [(notice.to, notice.data["agent_id"]) for notice in told] == [(("sam",), "vera")]
    _, body = await sam.get(f"conversations/{conversation_id}")
    assert [note["text"] for note in body["notes"]] == ["for whoever comes", "offer the discount", "I'll do so"]
