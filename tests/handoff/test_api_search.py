"""Search over conversations, as the console asks for it."""

from __future__ import annotations

from tests.handoff.conftest import Office


async def test_what_was_said_and_noted_is_found_with_its_place(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.prospect("Is the Café table still there?")
    await office.prospect("something else", who="p2")
    office.time.wind(5)
    await sam.post(f"conversations/{conversation_id}/note", {"text": "Likes the cafe table."})
    status, body = await sam.get("search?q=CAFE+tab")
    assert status == 200
    (found,) = body["found"]
    assert found["item"]["id"] == conversation_id
    note, message = found["hits"]
    assert message == {
        "kind": "message", "text": "Is the Café table still there?", "marks": [[7, 11], [12, 15]],
        "by": "prospect", "at": "2026-11-23T09:00:00.000Z", "seq": 1,
    }  # fmt: skip
    assert (note["kind"], note["by"], note["seq"]) == ("note", "Sam", None)


async def test_nothing_is_found_for_nothing(office: Office) -> None:
    sam, _ = await office.sign_in("Sam"), await office.prospect()
    assert (await sam.get("search?q=%21"))[1]["found"] == []
    assert (await sam.get("search"))[1]["found"] == []
    status, body = await sam.get(f"search?q={'x' * 201}")
    assert (status, body["error"]["field"]) == (400, "q")


async def test_who_is_not_signed_in_finds_nothing(office: Office) -> None:
    await office.prospect("hello")
    status, body = await office.stranger().get("search?q=hello")
    assert (status, body["error"]["code"]) == (401, "sign_in")
