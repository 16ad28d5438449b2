"""The torture's own judgement: it must see each kind of fault, or its clean result means nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.invariants import NEVER, judge_database
from bench.judging import (
    Calendar,
    Fault,
    Line,
    Noted,
    Outage,
    Talk,
    Timed,
    judge,
    judge_delivery,
    judge_early,
    judge_journal,
    lateness,
)
from bench.ledger import acted_upon, what_arrived
from bench.talk import QUESTIONS
from bench.witness import Sight, SqliteDatabase
from bot.core.model import Arrival, Identity
from bot.fakes.graph import Sent
from bot.store import open_store

PRICE, HOW = QUESTIONS[0], QUESTIONS[1]
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
WHOLE = Talk(
    person="p",
    asked=(PRICE, HOW),
    greetings=1,
    heard=("utter_greet", None, "utter_price", "utter_price_included", "utter_how_it_works"),
    excused=0,
    sent_ids=frozenset({"m1", "m2", "m3"}),
    stored_ids=("m1", "m2", "m3"),
    unheard=0,
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def faults(talk: Talk) -> list[Fault]:
    return [finding.fault for finding in judge(talk)]


def test_a_whole_talk_has_no_findings():
    assert faults(WHOLE) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"heard": WHOLE.heard[:-1]}, Fault.LOST),
        ({"stored_ids": ("m1", "m2")}, Fault.LOST),
        ({"unheard": 1}, Fault.LOST),
        ({"stored_ids": ("m1", "m2", "m3", "m3")}, Fault.DOUBLED),
        ({"heard": (*WHOLE.heard, "utter_how_it_works")}, Fault.DOUBLED),
        ({"heard": ("utter_greet", *WHOLE.heard)}, Fault.DOUBLED),
        ({"heard": ("utter_price", "utter_price_for_business", "utter_price_included", "utter_how_it_works")}, Fault.DOUBLED),
        ({"heard": ("utter_how_it_works", "utter_price", "utter_price_included")}, Fault.REORDERED),
        ({"heard": ("utter_price_included", "utter_price", "utter_how_it_works")}, Fault.REORDERED),
    ],
)
def test_each_fault_is_seen(change, fault):
    assert faults(replace(WHOLE, **change)) == [fault]


def test_the_rest_of_an_answer_may_follow_the_next_one_if_the_person_did_not_wait_for_it():
    interrupted = replace(WHOLE, heard=("utter_price", "utter_how_it_works", "utter_price_included"))
    assert faults(interrupted) == [Fault.REORDERED]
    assert faults(replace(interrupted, left=frozenset({PRICE.text}))) == []
    swapped = ("utter_price_included", "utter_how_it_works", "utter_price")
    assert faults(replace(interrupted, heard=swapped, left=frozenset({PRICE.text}))) == [Fault.REORDERED]


def test_an_honest_line_excuses_one_answer_and_no_more():
    without = replace(WHOLE, heard=("phrase.brain_away",))
    assert faults(replace(without, excused=2)) == []
    assert faults(replace(without, excused=1)) == [Fault.LOST]


@pytest.mark.parametrize(
    ("statuses", "arrived", "expected"),
    [
        (("sent", "sent"), ["k1", "k2"], []),
        (("sent", "sent"), ["k2", "k1"], [Fault.REORDERED]),
        (("sent", "sent"), ["k1"], [Fault.LOST]),
        (("sent", "queued"), ["k1"], [Fault.LOST]),
        (("sent", "sent"), ["k1", "k2", "k2"], [Fault.DOUBLED]),
    ],
)
def test_the_store_is_held_against_what_arrived(statuses, arrived, expected):
    lines = [Line(message_id=n, person="p", status=status, key=f"k{n}") for n, status in enumerate(statuses, start=1)]
    assert [finding.fault for finding in judge_delivery(lines, {"p": arrived})] == expected


@pytest.mark.parametrize(("after_rest", "expected"), [(False, [Fault.LOST]), (True, [])])
def test_what_is_under_way_at_the_end_is_lost_unless_it_was_decided_after_all_had_come_to_rest(after_rest, expected):
    line = Line(message_id=1, person="p", status="sending", key="k1", after=after_rest)
    assert [finding.fault for finding in judge_delivery([line], {})] == expected


# ---- early and late


@pytest.mark.parametrize(("came_s", "early"), [(-0.1, True), (-0.001, False), (0.0, False), (5.0, False)])
def test_what_comes_before_its_time_is_early(came_s, early):
    found = judge_early([Timed(what="bubble", person="p", due_at=NOON, at=after(came_s))])
    assert [finding.fault for finding in found] == ([Fault.EARLY] if early else [])


def seen(*lines: tuple[str, str, str, float] | tuple[str, str, str, float, int]) -> list[Sight]:
    """Lines of (what, kind, key, at in seconds, messages stored or heard, 1 if not told)."""
    return [
        Sight(what=what, person="p", kind=kind, key=key, at=after(at), messages=(*messages, 1)[0])
        for what, kind, key, at, *messages in lines
    ]


@pytest.mark.parametrize(
    ("lines", "late_s"),
    [
        (seen(("armed", "turn", "", 1), ("journal", "turn.heard", "{}", 3)), [2]),
        (seen(("armed", "turn", "", 5), ("journal", "turn.heard", "{}", 3)), [-2]),
        (seen(("clock", "rung", "e1", 4), ("journal", "rung.climbed", '{"episode_id":"e1","rung":0}', 3)), [-1]),
        # Stopped, not acted upon; and another episode's.
        (seen(("armed", "turn", "", 5)), []),
        (seen(("clock", "rung", "e2", 4), ("journal", "rung.climbed", '{"episode_id":"e1","rung":0}', 3)), []),
        # A burst that grew moved its clock, and the turn that heard all of it had to wait for that.
        (seen(("armed", "turn", "", 1, 1), ("armed", "turn", "", 2, 2), ("journal", "turn.heard", "{}", 3, 2)), [1]),
        (seen(("armed", "turn", "", 2, 1), ("armed", "turn", "", 4, 2), ("journal", "turn.heard", "{}", 3, 2)), [-1]),
        # Two messages moved the clock while the brain thought: the next turn is held against what they made of it.
        (
            seen(
                ("armed", "turn", "", 2, 1),
                ("armed", "turn", "", 5, 2),
                ("armed", "turn", "", 6, 3),
                ("journal", "turn.heard", "{}", 3, 1),
                ("journal", "turn.heard", "{}", 7, 3),
            ),
            [1, 1],
        ),
    ],
)
def test_a_decision_is_held_against_the_clock_that_it_ended(lines, late_s):
    assert [(one.at - one.due_at).total_seconds() for one in acted_upon(lines)] == late_s


def test_late_is_told_apart_by_what_was_the_matter():
    calendar = Calendar(
        [Outage(kind="database", since=after(10), until=after(20))], {"ann": [after(100)], "bea": [after(5)]}, after_s=5
    )
    names = [calendar.name("ann", after(since), after(until)) for since, until in ((0, 9), (0, 11), (24, 30), (26, 30), (99, 101))]
    assert names == ["quiet", "outage", "outage", "quiet", "platform"]
    assert calendar.name("ann", after(104), after(106)) == "platform"
    assert calendar.name("bea", after(99), after(101)) == "quiet"


def test_late_has_figures():
    parts = [("answer", "quiet", float(n)) for n in range(100)] + [("answer", "outage", 7.0)]
    assert lateness(parts)["answer"] == {
        "outage": {"n": 1, "p50_s": 7.0, "p99_s": 7.0, "worst_s": 7.0},
        "quiet": {"n": 100, "p50_s": 50.0, "p99_s": 99.0, "worst_s": 99.0},
    }


# ---- echoes that never come


def sent(mid: str, key: str, *, delivered: bool = True) -> Sent:
    return Sent(
        recipient="p", message={"text": key}, metadata=key, tag=None, messaging_type="RESPONSE", persona_id=None, at=NOON, mid=mid,
        delivered=delivered,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sends", "lost_echoes", "keys", "unavoidable"),
    [
        ([sent("m1", "k1"), sent("m2", "k1")], set(), ["k1", "k1"], 0),
        ([sent("m1", "k1"), sent("m2", "k1")], {"m1"}, ["k1"], 1),
        ([sent("m1", "k1"), sent("m2", "k1")], {"m2"}, ["k1", "k1"], 0),
        ([sent("m1", "k1", delivered=False), sent("m2", "k1")], set(), ["k1"], 0),
    ],
)
def test_a_double_is_excused_only_when_the_first_echo_was_lost(sends, lost_echoes, keys, unavoidable):
    arrived, excused = what_arrived(sends, lost_echoes)
    assert [one.metadata for one in arrived["p"]] == keys
    assert excused == unavoidable


# ---- the journal


def noted(kind: str, **data: object) -> Noted:
    return Noted(person="p", kind=kind, data=data)


@pytest.mark.parametrize(
    ("lines", "heard", "expected"),
    [
        ([noted("turn.heard", messages=2), noted("turn.heard", messages=1)], 3, []),
        ([noted("turn.heard", messages=2), noted("turn.heard", messages=2)], 3, [Fault.DOUBLED]),
        ([noted("turn.heard", messages=2)], 3, [Fault.LOST]),
        ([noted("rung.climbed", episode_id="e", rung=0), noted("rung.climbed", episode_id="e", rung=1)], 0, []),
        ([noted("rung.climbed", episode_id="e", rung=0), noted("rung.climbed", episode_id="e", rung=0)], 0, [Fault.DOUBLED]),
        ([noted("episode.closed", episode_id="e"), noted("episode.closed", episode_id="e")], 0, [Fault.DOUBLED]),
        ([noted("flow.started", enrolment="f"), noted("flow.started", enrolment="f")], 0, [Fault.DOUBLED]),
    ],
)
def test_a_decision_with_two_effects_is_seen_in_the_journal(lines, heard, expected):
    assert [finding.fault for finding in judge_journal(lines, {"p": heard})] == expected


# ---- the database


@pytest.fixture
async def at_rest(tmp_path: Path) -> Path:
    """A database with one person, who was answered."""
    path = tmp_path / "warmline.db"
    store = open_store(f"sqlite:///{path}")
    await store.migrate()
    arrival = Arrival(identity=Identity(channel="facebook", external_id="p"), external_id="m1", sent_at=NOON, text="hey")
    await store.take_in([arrival], now=NOON, answer_at=NOON, promise_due_at=after(20))
    await store.close()
    return path


async def broken_rows(path: Path, *statements: str) -> list[str]:
    db = sqlite3.connect(path)
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()
    return [finding.detail[:2] for finding in await judge_database(SqliteDatabase(path))]


OUTGOING = (
    "INSERT INTO messages (conversation_id, seq, speaker, status, at, created_at, text, body, due_at, key)"
    " SELECT conversation_id, {seq}, '{speaker}', 'sent', '2026-11-25T13:00:00+00:00', '2026-11-25T13:00:00+00:00', 'hi', '{{}}',"
    " '2026-11-25T13:00:00+00:00', 'k{seq}' FROM conversations"
)
REPEAT = (
    "INSERT INTO messages (conversation_id, seq, speaker, status, at, created_at, text, body, due_at, external_id)"
    " SELECT conversation_id, 2, speaker, status, at, created_at, text, body, due_at, external_id FROM messages"
)
ENROLMENT = (
    "INSERT INTO enrolments (enrolment_id, conversation_id, flow_id, flow_version, step_id, status, entered_at)"
    " SELECT 'f', conversation_id, 'welcome', 1, 'hello', 'live', created_at FROM conversations"
)
EPISODE = (
    "INSERT INTO episodes (episode_id, conversation_id, status, requested_at, first_words_due_at, doc)"
    " SELECT '{key}', conversation_id, '{status}', created_at, created_at, '{{}}' FROM conversations"
)


@pytest.mark.parametrize(
    ("statements", "rows"),
    [
        ((), []),
        (("DELETE FROM clocks WHERE kind = 'turn'",), ["I1"]),
        (("DELETE FROM clocks WHERE kind = 'promise'",), ["I2"]),
        (("UPDATE conversations SET owner = 'waiting'",), ["I2"]),
        (
            (
                OUTGOING.format(seq=3, speaker="bot"),
                OUTGOING.format(seq=2, speaker="bot"),
                "UPDATE conversations SET last_seq = 3",
            ),
            ["I4"],
        ),
        (("UPDATE conversations SET last_seq = 5",), ["I4"]),
        (
            (
                OUTGOING.format(seq=2, speaker="flow"),
                "UPDATE conversations SET last_seq = 2, opted_out_at = '2026-11-25T12:30:00+00:00'",
            ),
            ["I5"],
        ),
        (
            (ENROLMENT,),
            ["I7"],
        ),
        (
            (
                "DROP INDEX ix_episodes_open",
                EPISODE.format(key="e1", status="assigned"),
                EPISODE.format(key="e2", status="assigned"),
            ),
            ["I9"],
        ),
        ((EPISODE.format(key="e1", status="waiting"), "UPDATE conversations SET owner = 'waiting'"), ["I9"]),
        (
            (
                "DROP INDEX ix_messages_inbound",
                REPEAT,
                "UPDATE conversations SET last_seq = 2",
            ),
            ["I1"],
        ),
    ],
)
async def test_the_database_is_asked_for_what_may_never_be(at_rest: Path, statements: Sequence[str], rows: list[str]):
    assert await broken_rows(at_rest, *statements) == rows


async def test_postgresql_is_asked_the_same(postgres_url: str):
    from bench.witness import PostgresDatabase

    database = PostgresDatabase(postgres_url)
    await database.watch()
    assert await judge_database(database) == []
    assert len(NEVER) >= 10
