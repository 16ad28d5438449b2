"""The accounts of a run held against each other: what people asked, what reached them, and what the database holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.invariants import judge_database
from bench.judging import (
    Calendar,
    Fault,
    Finding,
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
from bench.prospects import Prospect
from bench.talk import QUESTIONS, Wordings
from bench.trail import trails
from bench.witness import Database, Sight, moment, plain, sights
from bot.channels.facebook.translate import OURS
from bot.fakes.graph import FakeGraph, FaultKind, Sent

_OF = "FROM messages m JOIN conversations c ON c.conversation_id = m.conversation_id"
_STORED = f"SELECT c.external_id, m.external_id {_OF} WHERE m.speaker = 'prospect' ORDER BY m.seq"
_STATUS = f"SELECT c.external_id, m.status {_OF} WHERE m.speaker = 'prospect'"
_LINES = (
    f"SELECT c.external_id, m.message_id, m.status, m.key, m.created_at {_OF} WHERE m.speaker <> 'prospect' ORDER BY m.message_id"
)
_JOURNAL = (
    "SELECT c.external_id, j.kind, j.data FROM journal j JOIN conversations c ON c.conversation_id = j.conversation_id"
    " ORDER BY j.journal_id"
)
_TRACKER = (
    "SELECT c.external_id, t.event FROM tracker_events t JOIN conversations c ON c.conversation_id = t.conversation_id"
    " WHERE CAST(t.event AS TEXT) LIKE '%parse_data%' ORDER BY t.event_id"
)
CLOCKS = {"rung.climbed": "rung", "promise.broken": "promise"}
SLOW = frozenset({FaultKind.SLOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is wrong, and the figures."""

    findings: tuple[Finding, ...]
    figures: Mapping[str, object]
    trails: Mapping[str, Sequence[str]]


async def read(
    database: Database,
    graph: FakeGraph,
    prospects: Sequence[Prospect],
    words: Wordings,
    outages: Sequence[Outage],
    *,
    settle_s: float,
    rested_at: datetime,
) -> Account:
    """Hold everything against everything, once all has come to rest, which was at `rested_at`."""
    stored = _grouped(await database.rows(_STORED))
    status = {person: Counter(found) for person, found in _grouped(await database.rows(_STATUS)).items()}
    lines = [
        Line(message_id=n, person=who, status=how, key=key, after=moment(created_at) > rested_at)
        for who, n, how, key, created_at in await database.rows(_LINES)
    ]
    journal = [Noted(person=who, kind=kind, data=plain(data)) for who, kind, data in await database.rows(_JOURNAL)]
    together = _asked_together(await database.rows(_TRACKER))
    excused = _failed(journal)
    arrived, unavoidable = what_arrived(graph.sent, graph.lost_echoes)
    talks = [
        Talk(
            person=(psid := prospect.person.psid),
            asked=prospect.questions,
            greetings=prospect.greetings,
            left=frozenset(prospect.left),
            heard=tuple(words.name(sent.text) for sent in arrived.get(psid, ())),
            excused=excused[psid] + together[psid],
            sent_ids=frozenset(prospect.sent_ids),
            stored_ids=tuple(stored.get(psid, ())),
            unheard=status.get(psid, Counter())["unheard"],
        )
        for prospect in prospects
    ]
    keys = {person: [_key(sent) for sent in inbox] for person, inbox in arrived.items()}
    happened = [*_bubbles(arrived, seen := await sights(database)), *acted_upon(seen)]
    heard = {person: counts["heard"] for person, counts in status.items()}
    findings = [finding for talk in talks for finding in judge(talk)]
    findings += judge_delivery(lines, keys) + judge_early(happened) + judge_journal(journal, heard)
    findings += await judge_database(database)
    answered = sum(len(prospect.waits) for prospect in prospects)
    attempts = graph.webhooks.attempts
    questions = sum(len(talk.asked) for talk in talks)
    figures = {
        "people": len(talks),
        "inbound_messages": sum(len(talk.sent_ids) for talk in talks),
        "questions": questions,
        "answered_while_they_waited": answered,
        "told_the_truth_instead": sum(excused.values()),
        "asked_together": sum(together.values()),
        "outgoing_messages": sum(map(len, keys.values())),
        "platform_faults": dict(Counter(str(struck.kind) for struck in graph.struck)),
        "webhook_posts": len(attempts),
        "webhook_posts_failed": sum(not attempt.acknowledged for attempt in attempts),
        "webhooks_lost": len(graph.webhooks.lost),
        "echoes_lost": len(graph.lost_echoes),
        "doubled_since_the_echo_was_lost": unavoidable,
        "promises_broken": sum(line.kind == "promise.broken" for line in journal),
        **{fault: sum(finding.fault == fault for finding in findings) for fault in Fault},
        "late": _late(graph, prospects, happened, outages, settle_s=settle_s),
    }
    keys_at_fault = {finding.key for finding in findings if finding.key is not None}
    return Account(findings=tuple(findings), figures=figures, trails=trails(graph, keys_at_fault))


def _grouped(rows: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for person, value in rows:
        groups.setdefault(person, []).append(value)
    return groups


def _failed(journal: Sequence[Noted]) -> Counter[str]:
    """Per person, how many messages were in turns that the brain failed: the journal has turn.heard, then brain.failed."""
    counts: Counter[str] = Counter()
    heard: dict[str, int] = {}
    for line in journal:
        if line.kind == "turn.heard":
            heard[line.person] = int(str(line.data["messages"]))
        elif line.kind == "brain.failed":
            counts[line.person] += heard.get(line.person, 1)
    return counts


def _asked_together(rows: Sequence[tuple[str, object]]) -> Counter[str]:
    """Per person, how many questions were heard in one burst with another one: a burst is answered once."""
    counts: Counter[str] = Counter()
    for person, event in rows:
        told = plain(event)
        if told.get("event") == "user":
            asked = sum(question.text in str(told.get("text") or "") for question in QUESTIONS)
            counts[person] += max(0, asked - 1)
    return counts


def _key(sent: Sent) -> str:
    return (sent.metadata or "no key").removeprefix(OURS)


def what_arrived(sends: Iterable[Sent], lost_echoes: Collection[str]) -> tuple[dict[str, list[Sent]], int]:
    """What reached whom, in order; and how often the same bubble came again because nothing told that it had come: the echo was
    lost, and the answer to the call too. Such a one is counted apart and left out."""
    arrived: dict[str, list[Sent]] = defaultdict(list)
    first: dict[str, Sent] = {}
    unavoidable = 0
    for sent in sends:
        if not sent.delivered:
            continue
        before = first.setdefault(_key(sent), sent)
        if before is not sent and before.mid in lost_echoes:
            unavoidable += 1
            continue
        arrived[sent.recipient].append(sent)
    return arrived, unavoidable


def _bubbles(arrived: Mapping[str, Sequence[Sent]], seen: Sequence[Sight]) -> Iterator[Timed]:
    due = {sight.key: sight.at for sight in seen if sight.what == "bubble"}
    for person, inbox in arrived.items():
        for sent in inbox:
            if _key(sent) in due:
                yield Timed(what="bubble", person=person, due_at=due[_key(sent)], at=sent.at)


def acted_upon(seen: Sequence[Sight]) -> Iterator[Timed]:
    """Clocks that were acted upon. A commit ends or moves the clock, then notes in the journal what it decided, and when.

    While the brain thinks, further messages move the clock of a burst. A turn is held against the clock as the last message that it
    heard had set it."""
    ended: dict[tuple[str, str, str], datetime] = {}
    armed: defaultdict[str, list[Sight]] = defaultdict(list)
    for sight in seen:
        if sight.what == "armed":
            armed[sight.person].append(sight)
        elif sight.what == "clock":
            ended[sight.person, sight.kind, sight.key] = sight.at
        elif sight.kind == "turn.heard":
            heard = [one for one in armed[sight.person] if one.messages <= sight.messages]
            if heard:
                del armed[sight.person][: len(heard)]
                yield Timed(what="turn", person=sight.person, due_at=heard[-1].at, at=sight.at)
        elif sight.what == "journal":
            kind = CLOCKS[sight.kind]
            key = str(plain(sight.key)["episode_id"]) if kind == "rung" else ""
            due_at = ended.pop((sight.person, kind, key), None)
            if due_at is not None:
                yield Timed(what=kind, person=sight.person, due_at=due_at, at=sight.at)


def _late(
    graph: FakeGraph, prospects: Sequence[Prospect], happened: Sequence[Timed], outages: Sequence[Outage], *, settle_s: float
) -> dict[str, object]:
    faults: dict[str, list[datetime]] = defaultdict(list)
    for struck in graph.struck:
        if struck.recipient is not None and struck.kind not in SLOW:
            faults[struck.recipient].append(struck.at)
    calendar = Calendar(outages, faults, after_s=2 * settle_s)
    waits = [wait for prospect in prospects for wait in prospect.waits]
    parts = [("answer", calendar.name(w.person, w.since, w.until), (w.until - w.since).total_seconds()) for w in waits]
    parts += [
        (one.what, calendar.name(one.person, one.due_at, one.at), max(0.0, (one.at - one.due_at).total_seconds()))
        for one in happened
    ]
    return dict(lateness(parts))
