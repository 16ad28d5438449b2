"""Reports over the console API."""

from __future__ import annotations

import csv
import io

import pytest

from bot.core.audit import CHECKS, Finding
from tests.handoff.conftest import Office
from tests.handoff.worlds import START

RANGE = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"


async def test_only_admins_see_reports(office: Office) -> None:
    sam = await office.sign_in("Sam")
    for path in ("reports/handoff", "reports/handoff/behind"):
        assert (await sam.get(f"{path}?{RANGE}"))[0] == 403
        assert (await office.stranger().get(f"{path}?{RANGE}"))[0] == 401


async def test_an_empty_range_says_so_in_numbers(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    status, body = await admin.get(f"reports/handoff?{RANGE}")
    assert (status, body["rows"], body["total"]["episodes"], body["dead"]) == (200, [], 0, [])
    assert body["total"]["segments"]["first_words"]["p95_s"] is None


async def test_from_the_request_to_its_number_and_back_to_the_conversation(office: Office) -> None:
    admin, sam = await office.sign_in("Alex", "admin"), await office.sign_in("Sam")
    waiting = await office.waiting()
    office.time.wind(30)
    await sam.post(f"conversations/{waiting}/take")
    office.time.wind(12)
    assert (await sam.post(f"conversations/{waiting}/say", {"text": "Hi, Sam here", "key": "sam-key-1"}))[0] == 200
    still = await office.waiting(who="p2")
    office.time.wind(400)

    _, body = await admin.get(f"reports/handoff?{RANGE}&by=agent")

    rows = {row["key"]: row for row in body["rows"]}
    assert set(rows) == {"-", "sam"}
    assert rows["sam"]["segments"]["first_words"]["worst_s"] == 42.0
    assert rows["-"]["segments"]["first_words"]["unfinished"] == 1
    assert rows["-"]["segments"]["first_words"]["missed"] == 1
    _, opened = await admin.get(f"reports/handoff/behind?{RANGE}&by=agent&key=-")
    assert {wait["conversation_id"] for wait in opened["waits"]} == {still}
    assert opened["waits"][0]["waited_s"] == 400.0
    _, everything = await admin.get(f"reports/handoff/behind?{RANGE}&by=agent")
    assert {wait["conversation_id"] for wait in everything["waits"]} == {waiting, still}
    async with admin.client.get(f"/api/console/reports/handoff?{RANGE}&by=agent&format=csv") as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        assert [row["key"] for row in csv.DictReader(io.StringIO(await response.text()))] == ["-", "sam", "total"]


async def test_dead_conversations_are_named(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    dead = Finding(code="unheard_no_turn", at=START, conversation_id="c1")
    await office.store.add_findings([dead, Finding(code="over_capacity", at=START, key="sam")], now=START)
    _, body = await admin.get(f"reports/handoff?{RANGE}")
    (told,) = body["dead"]
    assert (told["conversation_id"], told["sentence"]) == ("c1", CHECKS["unheard_no_turn"].sentence)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("to=2026-11-24T00:00:00Z", "from"),
        ("from=2026-11-23&to=2026-11-24T00:00:00Z", "from"),
        ("from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z", "to"),
        ("from=2020-11-24T00:00:00Z&to=2026-11-24T00:00:00Z", "to"),
        (f"{RANGE}&by=mood", "by"),
        (f"{RANGE}&format=pdf", "format"),
        (f"{RANGE}&zone=Mars/Base", "zone"),
    ],
)
async def test_a_wrong_parameter_is_named(office: Office, query: str, field: str) -> None:
    admin = await office.sign_in("Alex", "admin")
    status, body = await admin.get(f"reports/handoff?{query}")
    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "bad_field", field)
    status, body = await admin.get(f"reports/handoff/behind?{RANGE}&key=nobody-such")
    assert (status, body["error"]["field"]) == (400, "key")
