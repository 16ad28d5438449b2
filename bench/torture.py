"""Kills the service and the brain at random points of many conversations, and counts what was lost, doubled or reordered.

    python -m bench.torture --people 300 --seed 7

People write to a real `warmline up` through the fake Messenger Platform, which posts webhooks twice now and then, sends echoes
late and retries what was not acknowledged. Meanwhile the service and the brain are killed with SIGKILL and come back. At the
end what people asked, what reached them and what the store holds are compared. Exit code 1 if anything is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from bench.judging import Finding, Line, Talk, judge, judge_delivery
from bench.processes import POLL_S, alive, free_port, send_signal
from bench.talk import QUESTIONS, Question, Wordings, wordings
from bench.warmline import BrainApart, Warmline, model
from bot.channels.facebook.translate import OURS
from bot.fakes.graph import FakeGraph, Person, Sent, Weather

DUPLICATE_RATE = 0.2
ECHO_DELAY_S = 0.05
SETTLE_S = 6.0
# Shorter than Meta's, so that a run does not last an hour; each gap is shorter than SETTLE_S, as in real life.
RETRY_GAPS_S = (0.0, 0.2, 0.5, 1.0, 1.0, *[2.0] * 60)
PATIENCE_S = 60.0
PATIENCE_IN_OUTAGE_S = 8.0
HELLO_RATE = 0.2
BRAIN_SHARE = 0.4
WHOLE_BRAIN_SHARE = 0.3
HONEST = "phrase."


class Acknowledged:
    """Which messages the app has taken: one that it has not may still be overtaken by a later one, as on Messenger."""

    def __init__(self, graph: FakeGraph) -> None:
        self._graph, self._seen = graph, 0
        self._mids: set[str] = set()

    async def wait_for(self, mid: str) -> None:
        """Until the webhook with this message has been answered with 200."""
        while mid not in self._mids:
            fresh = self._graph.webhooks.attempts[self._seen :]
            self._seen += len(fresh)
            self._mids |= {mid for attempt in fresh if attempt.acknowledged for mid in _mids(attempt.payload)}
            await asyncio.sleep(POLL_S)


def _mids(payload: Mapping[str, Any]) -> Iterator[str]:
    for entry in payload["entry"]:
        yield from (event["message"]["mid"] for event in entry.get("messaging", ()) if "message" in event)


@dataclass(kw_only=True)
class Prospect:
    """Somebody with questions to ask, one after the other, each as soon as the last one is settled."""

    person: Person
    questions: tuple[Question, ...]
    words: Wordings
    acknowledged: Acknowledged
    rng: Random
    think_s: float
    sent_ids: set[str] = field(default_factory=set)
    greetings: int = 0
    gave_up: int = 0

    async def talk(self) -> None:
        """Ask everything."""
        await asyncio.sleep(self.rng.uniform(0, self.think_s))
        for question in self.questions:
            heard = len(self.person.inbox)
            if self.rng.random() < HELLO_RATE:
                self.greetings += 1
                self.sent_ids.add(await self.person.says("hey"))
            self.sent_ids.add(mid := await self.person.says(question.text))
            await self.acknowledged.wait_for(mid)
            await self._settled(heard, question)
            await asyncio.sleep(self.rng.uniform(0, self.think_s))

    async def _settled(self, heard: int, question: Question) -> None:
        """Wait for the answer; in an outage, once the honest line has come, not for long."""
        try:
            await self.person.waits_until(
                lambda inbox: self._answered(inbox[heard:], question) or self._told(inbox), timeout_s=PATIENCE_S
            )
            if not self._answered(self.person.inbox[heard:], question):
                await self.person.waits_until(lambda inbox: self._answered(inbox[heard:], question), timeout_s=PATIENCE_IN_OUTAGE_S)
        except TimeoutError:
            self.gave_up += 1

    def _answered(self, fresh: Sequence[Sent], question: Question) -> bool:
        return any(name.startswith(question.answer) for name in self._names(fresh))

    def _told(self, inbox: Sequence[Sent]) -> bool:
        """Whether the latest of the bot's own words is that it cannot answer now."""
        return next((name.startswith(HONEST) for name in reversed(list(self._names(inbox)))), False)

    def _names(self, inbox: Sequence[Sent]) -> Iterator[str]:
        return (name for sent in inbox if (name := self.words.name(sent.text)))


@dataclass(kw_only=True)
class Killer:
    """kill -9 at moments that the seed decides. A killed service is started again; the brain comes back by itself."""

    warmline: Warmline
    brain_pids: Callable[[], list[int]]
    rng: Random
    pause_s: tuple[float, float]
    kills: Counter[str] = field(default_factory=Counter)

    async def rage(self) -> None:
        """Until cancelled. Some kills hit a service that is still starting."""
        while True:
            await asyncio.sleep(self.rng.uniform(*self.pause_s))
            if self.rng.random() < BRAIN_SHARE:
                self._kill_brain()
                continue
            await self._kill_service()
            if self.rng.random() < 0.25:
                await asyncio.sleep(self.rng.uniform(0, 3))
                await self._kill_service()
            await self.warmline.ready()

    def _kill_brain(self) -> None:
        pids = self.brain_pids()
        if pids:
            whole = self.rng.random() < WHOLE_BRAIN_SHARE
            send_signal(pids[:1] if whole else [self.rng.choice(pids)], signal.SIGKILL)
            self.kills["brain" if whole else "one of the brain's processes"] += 1

    async def _kill_service(self) -> None:
        self.warmline.started.kill()
        self.kills["service"] += 1
        await asyncio.sleep(self.rng.uniform(0, 1))
        self.warmline.spawn()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found."""

    findings: tuple[Finding, ...]
    figures: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does. `think_s` is the longest a person waits between answer and next question; with `apart` the brain
    is not the service's child, so it lives on when the service is killed."""

    people: int
    questions: int
    think_s: float
    pause_s: tuple[float, float]
    seed: int
    apart: bool


async def torture(home: Path, plan: Plan) -> Outcome:
    """One run, in `home`."""
    async with contextlib.AsyncExitStack() as stack:
        settings = {"WARMLINE_SETTLE_S": f"{SETTLE_S:g}"}
        if not plan.apart:
            return await _torture(home, plan, settings, None)
        brain = await stack.enter_async_context(BrainApart(home / "apart", model()))
        return await _torture(home, plan, settings | {"WARMLINE_BRAIN_SOCKET": str(brain.socket)}, brain)


async def _torture(home: Path, plan: Plan, settings: Mapping[str, str], brain: BrainApart | None) -> Outcome:
    seed, rng, words = plan.seed, Random(plan.seed), wordings()
    graph = FakeGraph(
        seed=seed, echo_delay_s=ECHO_DELAY_S, weather=Weather(duplicate_rate=DUPLICATE_RATE), retry_gaps_s=RETRY_GAPS_S
    )
    async with graph:
        warmline = Warmline(home, graph_url=graph.base_url, port=free_port(), settings=settings)
        killer = Killer(
            warmline=warmline, brain_pids=lambda: brain.pids if brain else warmline.brain_pids, rng=Random(rng.random()),
            pause_s=plan.pause_s,
        )  # fmt: skip
        try:
            await warmline.start()
            await graph.subscribe(warmline.webhook)
            acknowledged = Acknowledged(graph)
            prospects = [
                Prospect(
                    person=graph.person(f"psid-{number}"),
                    questions=tuple(rng.sample(QUESTIONS, plan.questions)),
                    words=words,
                    acknowledged=acknowledged,
                    rng=Random(rng.random()),
                    think_s=plan.think_s,
                )
                for number in range(plan.people)
            ]
            started = monotonic()
            raging = asyncio.create_task(killer.rage())
            await asyncio.gather(*(prospect.talk() for prospect in prospects))
            raging.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await raging
            seconds = monotonic() - started
            await _come_to_rest(warmline, graph)
        finally:
            orphans = warmline.brain_pids
            warmline.end()
            send_signal(alive(orphans), signal.SIGKILL)
        return _compare(home / "warmline.db", graph, prospects, words, killer, seconds)


async def _come_to_rest(warmline: Warmline, graph: FakeGraph) -> None:
    """Wait until the service is up, every webhook has arrived and nothing is left to hear or to send."""
    await warmline.ready()
    await graph.idle()
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        with _reading(warmline.home / "warmline.db") as db:
            (left,) = db.execute("SELECT count(*) FROM messages WHERE status IN ('unheard', 'queued', 'sending')").fetchone()
        if not left:
            return
        await asyncio.sleep(0.1)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        yield db


def _compare(
    path: Path, graph: FakeGraph, prospects: Sequence[Prospect], words: Wordings, killer: Killer, seconds: float
) -> Outcome:
    with _reading(path) as db:
        stored = _grouped(db, "SELECT c.external_id, m.external_id FROM messages m JOIN conversations c USING (conversation_id)"
                              " WHERE speaker = 'prospect' ORDER BY m.seq")  # fmt: skip
        unheard = _grouped(db, "SELECT c.external_id, m.external_id FROM messages m JOIN conversations c USING (conversation_id)"
                               " WHERE speaker = 'prospect' AND status = 'unheard'")  # fmt: skip
        excused = _excused(db)
        lines = [
            Line(person=person, message_id=message_id, status=status, key=key)
            for person, message_id, status, key in db.execute(
                "SELECT c.external_id, m.message_id, m.status, m.key FROM messages m JOIN conversations c USING (conversation_id)"
                " WHERE speaker <> 'prospect' ORDER BY m.message_id"
            )
        ]
    talks = [
        Talk(
            person=(psid := prospect.person.psid),
            asked=prospect.questions,
            greetings=prospect.greetings,
            heard=tuple(words.name(sent.text) for sent in prospect.person.inbox),
            excused=excused.get(psid, 0),
            sent_ids=frozenset(prospect.sent_ids),
            stored_ids=tuple(stored.get(psid, ())),
            unheard=len(unheard.get(psid, ())),
        )
        for prospect in prospects
    ]
    arrived: dict[str, list[str]] = {}
    for sent in graph.sent:
        if sent.delivered:
            arrived.setdefault(sent.recipient, []).append((sent.metadata or "no key").removeprefix(OURS))
    findings = [finding for talk in talks for finding in judge(talk)] + judge_delivery(lines, arrived)
    answered = sum(
        any(name and name.startswith(question.answer) for name in talk.heard) for talk in talks for question in talk.asked
    )
    attempts = graph.webhooks.attempts
    figures = {
        "people": len(talks),
        "inbound_messages": sum(len(talk.sent_ids) for talk in talks),
        "questions": sum(len(talk.asked) for talk in talks),
        "answered": answered,
        "given_to_a_person_while_the_brain_was_away": sum(len(talk.asked) for talk in talks) - answered,
        "outgoing_messages": sum(len(keys) for keys in arrived.values()),
        "kills": dict(killer.kills),
        "webhook_posts": len(attempts),
        "webhook_posts_failed": sum(not attempt.acknowledged for attempt in attempts),
        "webhooks_lost": len(graph.webhooks.lost),
        "seconds": round(seconds, 1),
        **{fault: sum(finding.fault == fault for finding in findings) for fault in ("lost", "doubled", "reordered")},
    }
    return Outcome(findings=tuple(findings), figures=figures)


def _grouped(db: sqlite3.Connection, query: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for person, value in db.execute(query):
        groups.setdefault(person, []).append(value)
    return groups


def _excused(db: sqlite3.Connection) -> dict[str, int]:
    """Per person, how many messages were in turns that the brain failed: the journal has turn.heard, then brain.failed."""
    counts: Counter[str] = Counter()
    heard: dict[str, int] = {}
    query = (
        "SELECT c.external_id, j.kind, j.data FROM journal j JOIN conversations c USING (conversation_id)"
        " WHERE j.kind IN ('turn.heard', 'brain.failed') ORDER BY j.journal_id"
    )
    for person, kind, data in db.execute(query):
        if kind == "turn.heard":
            heard[person] = json.loads(data)["messages"]
        else:
            counts[person] += heard.get(person, 1)
    return dict(counts)


def main(
    people: Annotated[int, typer.Option(help="Conversations.")] = 300,
    questions: Annotated[int, typer.Option(min=1, max=len(QUESTIONS), help="Questions in each.")] = 6,
    think: Annotated[float, typer.Option(help="Longest pause of a person, in seconds.")] = 20.0,
    pause: Annotated[tuple[float, float], typer.Option(help="Shortest and longest time between kills, in seconds.")] = (2.0, 6.0),
    seed: Annotated[int, typer.Option(help="Decides who asks what and when is killed.")] = 1,
    apart: Annotated[bool, typer.Option(help="Run the brain apart, so that a killed service does not take it along.")] = True,
    keep: Annotated[Path | None, typer.Option(help="Home to use and keep, for a look afterwards.")] = None,
) -> None:
    """Torture a real Warmline and say what became of it."""
    console = Console(highlight=False)
    model()
    plan = Plan(people=people, questions=questions, think_s=think, pause_s=pause, seed=seed, apart=apart)
    with tempfile.TemporaryDirectory() as folder:
        outcome = uvloop.run(torture(keep or Path(folder), plan))
    for finding in outcome.findings:
        console.print(f"{finding.fault}: {finding.person}: {finding.detail}", markup=False)
    console.print(json.dumps({"seed": seed, "apart": apart, **outcome.figures}), markup=False, soft_wrap=True)
    raise typer.Exit(1 if outcome.findings else 0)


if __name__ == "__main__":
    typer.run(main)
