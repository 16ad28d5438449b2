"""Requests that are sent again over the console API, and messages that were missed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.core.model import CommandRefused
from tests.handoff.conftest import CSRF, Console, Office

KEY = "a-key-of-the-client"


async def post(console: Console, path: str, body: object, key: str = KEY) -> tuple[int, dict[str, Any], bool]:
    """Status, answer, and whether it is the first one again."""
    headers = {**CSRF, "Idempotency-Key": key}
    async with console.client.post(f"/api/console/{path}", json=body, headers=headers) as response:
        return response.status, await response.json(), response.headers.get("Idempotency-Replayed") == "true"


async def test_a_note_that_is_sent_again_is_written_once(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect()
    first = await post(sam, f"conversations/{conversation_id}/note", {"text": "call back"})
    again = await post(sam, f"conversations/{conversation_id}/note", {"text": "call back"})
    assert (first[0], first[2]) == (200, False)
    assert (again[0], again[1], again[2]) == (200, first[1], True)
    assert len(await office.store.notes(conversation_id)) == 1


async def test_of_the_same_request_ten_times_at_once_one_acts(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect()
    sent = [post(sam, f"conversations/{conversation_id}/note", {"text": "call back"}) for _ in range(10)]
    answers = await asyncio.gather(*sent)
    assert {status for status, _, _ in answers} <= {200, 409}
    assert {body["error"]["code"] for status, body, _ in answers if status == 409} <= {"in_progress"}
    assert len(await office.store.notes(conversation_id)) == 1
    assert (await post(sam, f"conversations/{conversation_id}/note", {"text": "call back"}))[2]


@pytest.mark.parametrize("change", ["body", "path"])
async def test_a_key_of_another_request_is_refused(office: Office, change: str) -> None:
    sam = await office.sign_in("Sam")
    one, two = await office.prospect(), await office.prospect(who="p2")
    await post(sam, f"conversations/{one}/note", {"text": "call back"})
    where, text = (one, "or not") if change == "body" else (two, "call back")
    status, body, _ = await post(sam, f"conversations/{where}/note", {"text": text})
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "key_reused", "Idempotency-Key")
    assert [len(await office.store.notes(each)) for each in (one, two)] == [1, 0]


async def test_a_key_is_its_agent_s_own_and_known_for_a_day(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.prospect()
    path = f"conversations/{conversation_id}/note"
    await post(sam, path, {"text": "from sam"})
    assert (await post(mia, path, {"text": "from mia"}))[0] == 200
    office.time.wind(24 * 3600 - 1)
    assert (await post(sam, path, {"text": "from sam"}))[2]
    office.time.wind(1)
    assert not (await post(sam, path, {"text": "from sam"}))[2]
    assert len(await office.store.notes(conversation_id)) == 3


async def test_a_refusal_is_not_kept_so_the_same_key_may_try_again(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    await mia.post(f"conversations/{conversation_id}/take")
    assert (await post(sam, f"conversations/{conversation_id}/take", {}))[0] == 409
    await mia.post(f"conversations/{conversation_id}/give-back", {"summary": "", "outcome": "returned", "slots": {}})
    assert (await post(sam, f"conversations/{conversation_id}/take", {}))[0] == 200


async def test_a_failure_frees_the_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.waiting()

    async def refuse(*_: object) -> None:
        raise CommandRefused("busy", "Not now.")

    with monkeypatch.context() as patched:
        patched.setattr(office.conversations, "handle", refuse)
        assert (await post(sam, f"conversations/{conversation_id}/take", {}))[0] == 409
    assert (await post(sam, f"conversations/{conversation_id}/take", {}))[0] == 200


async def test_a_service_that_comes_after_knows_the_key_too(office: Office) -> None:
    """The store keeps it, so a restart and another service on the same database answer alike."""
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect()
    status, body, _ = await post(sam, f"conversations/{conversation_id}/note", {"text": "call back"})
    begun = await office.store.begin_answer("sam", KEY, request="anything else", now=office.time())
    assert (status, begun.known) == (200, "other")
    assert "call back" in body["note"]["text"]


@pytest.mark.parametrize("key", ["short", "with a space in it", "x" * 201])
async def test_a_key_that_is_none_is_named(office: Office, key: str) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect()
    status, body, _ = await post(sam, f"conversations/{conversation_id}/note", {"text": "hi"}, key)
    assert (status, body["error"]["field"]) == (400, "Idempotency-Key")


async def test_a_reconnect_misses_nothing_and_shows_nothing_twice(office: Office) -> None:
    """By the cursor of a conversation, its seq: everything after the last one known, page by page, beside what the socket tells."""
    sam = await office.sign_in("Sam")
    conversation_id = await office.prospect("0")
    known = [one["seq"] for one in (await sam.get(f"conversations/{conversation_id}"))[1]["messages"]]
    for number in range(1, 251):
        office.time.wind(1)
        await office.prospect(str(number))
    caught: list[dict[str, Any]] = []
    after = known[-1]
    while page := (await sam.get(f"conversations/{conversation_id}/messages?after={after}"))[1]["messages"]:
        caught += page
        after = page[-1]["seq"]
    assert [one["text"] for one in caught] == [str(number) for number in range(1, 251)]
    assert [one["seq"] for one in caught] == list(range(2, 252))
    assert len({one["id"] for one in caught}) == 250
    for wrong in ("-1", "x"):
        status, body = await sam.get(f"conversations/{conversation_id}/messages?after={wrong}")
        assert (status, body["error"]["field"]) == (400, "after")
