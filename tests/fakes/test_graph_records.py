"""The record of truth: the audit, and the log on disk."""

from datetime import UTC, datetime

import pytest

from bot.fakes.graph import Double, Sent, audit, read_sent
from bot.fakes.graph.errors import FakeGraphError


def sent(mid, *, recipient="anna", metadata=None, delivered=True):
    return Sent(
        recipient=recipient,
        message={"text": "hi"},
        metadata=metadata,
        tag=None,
        messaging_type="RESPONSE",
        persona_id=None,
        at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        mid=mid,
        delivered=delivered,
    )


def test_audit_finds_what_reached_the_same_person_twice():
    report = audit(
        [
            sent("m1", metadata="a"),
            sent("m2", metadata="a"),
            sent("m3", metadata="b"),
            sent("m4", metadata="b", delivered=False),
            sent("m5", metadata="a", recipient="ben"),
            sent("m6"),
            sent("m7"),
        ]
    )
    assert report.doubles == (Double(recipient="anna", metadata="a", mids=("m1", "m2")),)
    assert report.delivered == {"anna": 5, "ben": 1}
    assert report.unmarked == 2


async def test_log_holds_sends_actions_and_refusals_and_is_read_back(make_graph, make_client, tmp_path):
    log = tmp_path / "graph.jsonl"
    graph = await make_graph(any_recipient=True, log_path=log)
    client = make_client(graph)
    await client.says("anna", "schön", "out-1")
    await client.send("anna", sender_action="typing_on")
    await client.says("anna", "", "out-2")
    assert len(log.read_text().splitlines()) == 3
    assert list(read_sent(log)) == graph.sent


async def test_log_is_appended_to_by_the_next_run(make_graph, make_client, tmp_path):
    log = tmp_path / "graph.jsonl"
    for seed in (1, 2):
        graph = await make_graph(any_recipient=True, log_path=log, seed=seed)
        await make_client(graph).says("anna", "hi", "out-1")
        await graph.stop()
    [double] = audit(read_sent(log)).doubles
    assert len(set(double.mids)) == 2


def test_log_whose_last_line_was_torn_is_read_up_to_there(tmp_path):
    log = tmp_path / "graph.jsonl"
    log.write_bytes(b'{"kind":"action","recipient":"anna"}\n{"kind":"sent","recip')
    assert list(read_sent(log)) == []


def test_log_broken_in_the_middle_is_reported_with_its_line(tmp_path):
    log = tmp_path / "graph.jsonl"
    log.write_bytes(b'{"kind":"action"}\n{"kind":"sent","recip\n{"kind":"action"}\n')
    with pytest.raises(FakeGraphError, match=r"graph\.jsonl:2: not a record"):
        list(read_sent(log))
