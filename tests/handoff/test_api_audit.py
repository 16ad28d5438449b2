"""What admins see of the audit."""

from __future__ import annotations

from datetime import timedelta

from bot.core.audit import CHECKS, ROWS, Finding
from bot.store.auditing import AuditRun
from tests.handoff.conftest import Office, frame_of
from tests.handoff.worlds import START


async def test_only_admins_see_the_audit(office: Office) -> None:
    sam = await office.sign_in("Sam")
    status, body = await sam.get("audit")
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert (await office.stranger().get("audit"))[0] == 401


async def test_before_the_first_look_that_is_said(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    status, body = await admin.get("audit")
    assert status == 200
    assert (body["ran_at"], body["runs"], body["findings"], body["total"]) == (None, 0, [], 0)
    assert [(row["row"], row["sentence"], row["open"], row["total"]) for row in body["rows"]] == [
        (row, sentence, 0, 0) for row, sentence in ROWS.items()
    ]


async def test_findings_with_their_fate(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    store = office.store
    run = AuditRun(ran_at=START, took_s=0.0123, runs=4)
    assert await store.audit_begin(holder="a", now=START, until=START) is not None
    await store.audit_end(run, holder="a")
    lost = Finding(code="unheard_no_turn", at=START, conversation_id="c1")
    double = Finding(code="sent_twice", at=START - timedelta(seconds=9), conversation_id="c2", key="7")
    crowded = Finding(code="over_capacity", at=START, key="sam")
    await store.add_findings([lost, double, crowded], now=START)
    kept = {f.finding.code: f.finding_id for f in await store.findings(limit=9)}
    await store.end_findings([kept["unheard_no_turn"]], outcome="repaired", now=START + timedelta(seconds=1))
    office.time.wind(12)

    _, body = await admin.get("audit")

    assert (body["ran_at"], body["now"]) == ("2026-11-23T09:00:00.000Z", "2026-11-23T09:00:12.000Z")
    assert (body["runs"], body["took_ms"], body["every_s"], body["behind"], body["total"]) == (4, 12.3, 15.0, False, 3)
    states = {f["code"]: (f["row"], f["state"], f["conversation_id"], f["about"]) for f in body["findings"]}
    assert states == {
        "over_capacity": ("I9", "open", None, "sam"),
        "sent_twice": ("I4", "past", "c2", "7"),
        "unheard_no_turn": ("I1", "repaired", "c1", None),
    }
    first = next(f for f in body["findings"] if f["code"] == "unheard_no_turn")
    assert first["sentence"] == CHECKS["unheard_no_turn"].sentence
    assert first["ended_at"] == "2026-11-23T09:00:01.000Z"
    assert {row["row"]: row["open"] for row in body["rows"] if row["total"]} == {"I1": 0, "I4": 0, "I9": 1}


async def test_what_still_holds_is_shown_however_much_came_after(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    held = Finding(code="over_capacity", at=START, key="sam")
    await office.store.add_findings([held], now=START)
    later = [Finding(code="sent_twice", at=START, conversation_id="c", key=str(n)) for n in range(120)]
    await office.store.add_findings(later, now=START + timedelta(seconds=1))
    _, body = await admin.get("audit")
    assert body["findings"][-1]["code"] == "over_capacity"
    assert len(body["findings"]) == 101


async def test_admins_screens_hear_of_each_look(office: Office) -> None:
    admin, sam = await office.sign_in("Alex", "admin"), await office.sign_in("Sam")
    async with await admin.socket() as alexs, await sam.socket() as sams:
        await frame_of(alexs, "hello")
        await frame_of(sams, "hello")
        office.hub.publish("console", {"type": "audit"})
        office.hub.publish("console", {"type": "presence"})
        assert await frame_of(alexs, "audit") == {"type": "audit"}
        assert (await sams.receive_json(timeout=5))["type"] != "audit"
