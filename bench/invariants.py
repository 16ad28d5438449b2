"""What may never be true of the database once everything has come to rest: queries that SQLite and PostgreSQL both answer.

Each gives the people it is true of. The numbers are those of the design's table.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.judging import Fault, Finding
from bench.witness import Database

OUTGOING = "m.speaker <> 'prospect'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A row of the table, as a query."""

    row: str
    words: str
    fault: Fault
    query: str


def _of(condition: str, tables: str = "") -> str:
    return f"SELECT DISTINCT c.external_id FROM conversations c {tables} WHERE {condition}"


def _no_clock(kind: str, key: str = "''") -> str:
    return (
        f"NOT EXISTS (SELECT 1 FROM clocks k WHERE k.conversation_id = c.conversation_id AND k.kind = '{kind}' AND k.key = {key})"
    )


NEVER = (
    Never(
        row="I1", words="a message is unheard and no turn is planned", fault=Fault.LOST,
        query=_of(f"m.speaker = 'prospect' AND m.status = 'unheard' AND {_no_clock('turn')}",
                  "JOIN messages m ON m.conversation_id = c.conversation_id"),
    ),
    Never(
        row="I1", words="a message is stored twice", fault=Fault.DOUBLED,
        query="SELECT c.external_id FROM conversations c JOIN messages m ON m.conversation_id = c.conversation_id"
              " WHERE m.speaker = 'prospect' GROUP BY c.external_id, m.external_id HAVING count(*) > 1",
    ),
    Never(
        row="I2", words="a promise is open and no clock runs for it", fault=Fault.LOST,
        query=_of(f"c.promise_due_at IS NOT NULL AND {_no_clock('promise')}"),
    ),
    Never(
        row="I2", words="somebody waits for a person and no episode is open", fault=Fault.LOST,
        query=_of("c.owner = 'waiting' AND NOT EXISTS (SELECT 1 FROM episodes e WHERE e.conversation_id = c.conversation_id"
                  " AND e.status <> 'closed')"),
    ),
    Never(
        row="I4", words="a later message was shown before an earlier one", fault=Fault.REORDERED,
        query="SELECT DISTINCT c.external_id FROM conversations c JOIN messages m ON m.conversation_id = c.conversation_id"
              " JOIN messages n ON n.conversation_id = m.conversation_id AND n.message_id > m.message_id AND n.seq < m.seq"
              f" WHERE {OUTGOING} AND n.speaker <> 'prospect' AND m.status = 'sent' AND n.status = 'sent'",
    ),
    Never(
        row="I4", words="two messages have one place in the talk, or a place is empty", fault=Fault.LOST,
        query="SELECT c.external_id FROM conversations c JOIN messages m ON m.conversation_id = c.conversation_id"
              " WHERE m.seq IS NOT NULL GROUP BY c.conversation_id, c.external_id, c.last_seq"
              " HAVING count(*) <> c.last_seq OR count(DISTINCT m.seq) <> c.last_seq",
    ),
    Never(
        row="I5", words="something was queued after an opt-out and sent", fault=Fault.DOUBLED,
        query=_of(f"c.opted_out_at IS NOT NULL AND {OUTGOING} AND m.status = 'sent' AND m.speaker = 'flow'"
                  " AND m.created_at > c.opted_out_at", "JOIN messages m ON m.conversation_id = c.conversation_id"),
    ),
    Never(
        row="I7", words="a flow goes on, nobody talks to them, and no step is planned", fault=Fault.LOST,
        query=_of(f"e.status = 'live' AND c.owner = 'bot' AND {_no_clock('step', 'e.enrolment_id')}",
                  "JOIN enrolments e ON e.conversation_id = c.conversation_id"),
    ),
    Never(
        row="I9", words="two episodes are open at once", fault=Fault.DOUBLED,
        query="SELECT c.external_id FROM conversations c JOIN episodes e ON e.conversation_id = c.conversation_id"
              " WHERE e.status <> 'closed' GROUP BY c.external_id HAVING count(*) > 1",
    ),
    Never(
        row="I9", words="somebody waits for a person and nothing will remind anybody", fault=Fault.LOST,
        query=_of(f"e.status = 'waiting' AND {_no_clock('rung', 'e.episode_id')}",
                  "JOIN episodes e ON e.conversation_id = c.conversation_id"),
    ),
)  # fmt: skip


async def judge_database(database: Database) -> list[Finding]:
    """Everything in the database that may never be."""
    found = []
    for never in NEVER:
        rows = await database.rows(never.query)
        found += [Finding(fault=never.fault, person=person, detail=f"{never.row}: {never.words}") for (person,) in rows]
    return found
