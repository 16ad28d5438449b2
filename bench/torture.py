"""Kills services, brains and the database at random points of many conversations, and counts what was lost, doubled, reordered,
early and late.

    python -m bench.torture --messages 50000 --minutes 10 --openers 6 --seed 7

People write to real services through the fake Messenger Platform, which posts webhooks twice now and then, delays them, sends
echoes late, fails calls and retries what was not acknowledged. Meanwhile what serves them is killed or suspended and comes back.
At the end what people asked, what reached them and what the database holds are compared. Exit code 1 if anything is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from time import monotonic
from typing import Annotated, Literal

import typer
import uvloop
from rich.console import Console

from bench import ledger
from bench.judging import Fault, Finding
from bench.killer import DECK, Blow, Killer
from bench.postgres import Postgres
from bench.processes import alive, cpu_s, free_port, send_signal
from bench.prospects import OPENERS, Acknowledged, Prospect
from bench.talk import QUESTIONS, Wordings, wordings
from bench.warmline import AGAIN_WITHIN_S, BrainApart, Kept, Warmline, model
from bench.witness import Database, PostgresDatabase, SqliteDatabase
from bot.fakes.graph import FakeGraph, FaultKind, Weather

DUPLICATE_RATE = 0.2
WEBHOOK_DELAY_S = 0.3
ECHO_DELAY_S = 0.05
SETTLE_S = 15.0  # the default of `WARMLINE_SETTLE_S`
ACK_TIMEOUT_S = 5.0  # as Meta waits
# Shorter than Meta's, so that a run does not last an hour; a time-out and a gap are shorter than SETTLE_S, as in real life.
RETRY_GAPS_S = (0.0, 0.2, 0.5, 1.0, 1.0, *[2.0] * 120)
REST_WITHIN_S = 120.0
# Share of sends, and seconds for those that take time. A call is given up after 10 s, so `late` comes after that.
FAULTS: Sequence[tuple[FaultKind, float, float]] = (
    (FaultKind.UNKNOWN, 0.005, 0.0),
    (FaultKind.TEMPORARY, 0.005, 0.0),
    (FaultKind.SEND_FAILED, 0.002, 0.0),
    (FaultKind.BAD_GATEWAY, 0.003, 0.0),
    (FaultKind.PAGE_RATE, 0.001, 0.0),
    (FaultKind.DROP, 0.005, 0.0),
    (FaultKind.DROP_BEFORE, 0.003, 0.0),
    (FaultKind.GARBLED, 0.002, 0.0),
    (FaultKind.HANG, 0.001, 0.0),
    (FaultKind.LATE, 0.001, 12.0),
    (FaultKind.SLOW, 0.05, 0.5),
)
LEASES_SUSPENDED = 1.6
SAID_EVERY_S = 15.0
_OVERDUE = "SELECT kind || ' overdue', count(*) FROM clocks WHERE due_at < CURRENT_TIMESTAMP GROUP BY kind ORDER BY kind"
ANSWER_S = 8.0
"""About how long a person waits for an answer, to spread the people over the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does. People start within `minutes`, so that about `messages` are written by its end; each asks `questions`,
    with up to `openers` lines ("hey", "quick question") before each, and pauses up to `think_s` before the next. With `apart` the
    brain is nobody's child, so it lives on when a service is killed; else each service has its own. `lost_echoes` is the share of
    echoes that never come."""

    messages: int
    minutes: float
    seed: int
    questions: int = len(QUESTIONS)
    think_s: float = 10.0
    openers: int = 1
    pause_s: tuple[float, float] = (6.0, 14.0)
    apart: bool = True
    database: Literal["postgresql", "sqlite"] = "postgresql"
    services: int = 2
    pacing: Literal["human", "instant"] = "human"
    faults: bool = True
    lost_echoes: float = 0.0
    lease_s: float = 5.0
    deck: Sequence[Blow] = DECK

    @property
    def people(self) -> int:
        """How many it takes."""
        return max(1, round(self.messages / (self.questions * (1 + self.openers / 2))))

    @property
    def starts_within_s(self) -> float:
        """In which time people come, so that the last ones are done at the end."""
        return max(0.0, self.minutes * 60 - self.questions * (ANSWER_S + self.think_s / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found, and what the platform saw of each message at fault."""

    findings: tuple[Finding, ...]
    figures: Mapping[str, object]
    trails: Mapping[str, Sequence[str]]


async def torture(home: Path, plan: Plan, said: Callable[[str], None] = lambda _line: None) -> Outcome:
    """One run, in `home`. `said` is given a line on how far it is, every `SAID_EVERY_S` seconds."""
    rng = Random(plan.seed)
    graph = FakeGraph(
        seed=plan.seed,
        echo_delay_s=ECHO_DELAY_S,
        weather=Weather(duplicate_rate=DUPLICATE_RATE, max_delay_s=WEBHOOK_DELAY_S, echo_loss_rate=plan.lost_echoes),
        ack_timeout_s=ACK_TIMEOUT_S,
        retry_gaps_s=RETRY_GAPS_S,
    )
    if plan.faults:
        for kind, rate, delay_s in FAULTS:
            graph.faults.random(kind, rate, delay_s=delay_s)
    async with graph, contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(Postgres(home / "postgres")) if plan.database == "postgresql" else None
        database = PostgresDatabase(server.url) if server else SqliteDatabase(home / "warmline.db")
        settings = {
            "WARMLINE_SETTLE_S": f"{SETTLE_S:g}",
            "WARMLINE_LEASE_S": f"{plan.lease_s:g}",
            "WARMLINE_PACING": plan.pacing,
            "WARMLINE_DATABASE_URL": database.url,
            "WARMLINE_MODEL": str(model()),
        }
        brain = await stack.enter_async_context(BrainApart(home / "apart", model())) if plan.apart else None
        if brain:
            settings["WARMLINE_BRAIN_SOCKET"] = str(brain.socket)
        services = [
            Warmline(home / name, graph_url=graph.base_url, port=free_port(), settings=settings)
            for name in "ABCDEFGH"[: plan.services]
        ]
        async with _running(services):
            await database.watch()
            await graph.subscribe(services[0].webhook)
            graph.webhooks.also = tuple(service.webhook for service in services[1:])
            killer = Killer(
                services=services,
                brains=lambda: [brain.pids] if brain else [service.brain_pids for service in services],
                database=server,
                rng=Random(rng.random()),
                pause_s=plan.pause_s,
                suspended_s=plan.lease_s * LEASES_SUSPENDED,
                deck=plan.deck,
            )
            words = wordings()
            prospects = _people(plan, graph, words, rng)
            measured = await _rage(services, database, graph, prospects, killer, said)
            rested_s, rested_at = await _come_to_rest(services, database, graph)
        account = await ledger.read(database, graph, prospects, words, killer.outages, settle_s=SETTLE_S, rested_at=rested_at)
    ended = getrusage(RUSAGE_CHILDREN)
    cpu = {"cpu_s_of_all_that_was_started": round(ended.ru_utime + ended.ru_stime, 1)}
    figures = {**measured, "seconds_to_come_to_rest": round(rested_s, 1), **cpu, "blows": dict(killer.blows), **account.figures}
    return Outcome(findings=account.findings, figures=figures, trails=account.trails)


@contextlib.asynccontextmanager
async def _running(services: Sequence[Warmline]) -> AsyncIterator[None]:
    """All of them, kept running inside the block; whatever they started is gone after it."""
    try:
        for service in services:
            service.spawn()
        await asyncio.gather(*(service.ready(AGAIN_WITHIN_S) for service in services))
        async with Kept(services):
            yield
    finally:
        orphans = [pid for service in services for pid in service.brain_pids]
        for service in services:
            service.end()
        send_signal(alive(orphans), signal.SIGKILL)


def _people(plan: Plan, graph: FakeGraph, words: Wordings, rng: Random) -> list[Prospect]:
    acknowledged = Acknowledged(graph)
    return [
        Prospect(
            person=graph.person(f"psid-{number}"),
            questions=tuple(rng.sample(QUESTIONS, plan.questions)),
            words=words,
            acknowledged=acknowledged,
            rng=Random(rng.random()),
            starts_s=rng.uniform(0, plan.starts_within_s),
            think_s=plan.think_s,
            openers=plan.openers,
        )
        for number in range(plan.people)
    ]


async def _rage(
    services: Sequence[Warmline],
    database: Database,
    graph: FakeGraph,
    prospects: Sequence[Prospect],
    killer: Killer,
    said: Callable[[str], None],
) -> dict[str, object]:
    """Everybody talks while the killer kills. What this took."""
    own_cpu_s, began = cpu_s([os.getpid()]), monotonic()
    load = [round(value, 2) for value in os.getloadavg()]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(killer.rage(over))
        group.create_task(_tell(prospects, killer, database, said, over))
        for talk in [group.create_task(prospect.talk()) for prospect in prospects]:
            await talk
        seconds = monotonic() - began
        over.set()
    return {
        "seconds": round(seconds, 1),
        "load_before": load,
        "load_after": [round(value, 2) for value in os.getloadavg()],
        "share_of_a_core_of_people_and_platform": round((cpu_s([os.getpid()]) - own_cpu_s) / seconds, 2),
    }


async def _tell(
    prospects: Sequence[Prospect], killer: Killer, database: Database, said: Callable[[str], None], over: asyncio.Event
) -> None:
    """Say every now and then how far the run is, until `over` is set."""
    began = monotonic()
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAID_EVERY_S):
                await over.wait()
        written, answered = sum(len(one.sent_ids) for one in prospects), sum(len(one.waits) for one in prospects)
        gone = sum(one.gave_up for one in prospects)
        line = f"{monotonic() - began:.0f} s: {written} written, {answered} answered, {gone} not waited for"
        said(f"{line}, {killer.blows.total()} blows; {await _backlog(database)}")


async def _backlog(database: Database) -> str:
    """What waits in the database: messages to hear and to send, and clocks that are overdue."""
    try:
        async with asyncio.timeout(SAID_EVERY_S):
            messages = await database.rows(
                "SELECT status, count(*) FROM messages WHERE status IN ('unheard', 'queued', 'sending') GROUP BY status"
            )
            clocks = await database.rows(_OVERDUE)
    except Exception as error:  # the database is one of those that are killed
        return f"database: {type(error).__name__}"
    return ", ".join(f"{count} {what}" for what, count in (*messages, *clocks)) or "nothing waits"


async def _come_to_rest(services: Sequence[Warmline], database: Database, graph: FakeGraph) -> tuple[float, datetime]:
    """Wait until all is up, every webhook has arrived and nothing is left to hear or to send. Gives the seconds, and when."""
    began = monotonic()
    await asyncio.gather(*(service.ready_again() for service in services))
    await graph.idle()
    while True:
        looked_at = datetime.now(UTC)
        [(left,)] = await database.rows("SELECT count(*) FROM messages WHERE status IN ('unheard', 'queued', 'sending')")
        if not left or monotonic() - began > REST_WITHIN_S:
            return monotonic() - began, looked_at
        await asyncio.sleep(0.2)


def main(
    messages: Annotated[int, typer.Option(help="About how many messages people write.")] = 10_000,
    minutes: Annotated[float, typer.Option(help="In which time.")] = 10.0,
    questions: Annotated[int, typer.Option(min=1, max=len(QUESTIONS), help="Questions each person asks.")] = len(QUESTIONS),
    think: Annotated[float, typer.Option(help="Longest pause of a person, in seconds.")] = 10.0,
    openers: Annotated[int, typer.Option(min=0, max=len(OPENERS), help="Most lines right before a question.")] = 1,
    pause: Annotated[tuple[float, float], typer.Option(help="Shortest and longest time between blows, in seconds.")] = (6.0, 14.0),
    seed: Annotated[int, typer.Option(help="Decides who asks what and when is killed.")] = 1,
    database: Annotated[
        str, typer.Option(help="postgresql, a server of its own; or sqlite, a file and one service.")
    ] = "postgresql",
    services: Annotated[int, typer.Option(min=1, max=8, help="Services on that database.")] = 2,
    apart: Annotated[bool, typer.Option(help="Run one brain apart; else each service has its own, which dies with it.")] = True,
    pacing: Annotated[str, typer.Option(help="human or instant.")] = "human",
    faults: Annotated[bool, typer.Option(help="Let calls to the platform fail.")] = True,
    lost_echoes: Annotated[float, typer.Option(min=0, max=1, help="Share of echoes that never come.")] = 0.0,
    keep: Annotated[Path | None, typer.Option(help="Home to use and keep, for a look afterwards.")] = None,
) -> None:
    """Torture real processes and say what became of it."""
    if database not in ("postgresql", "sqlite"):
        raise typer.BadParameter(f"{database!r} is neither postgresql nor sqlite", param_hint="--database")
    if pacing not in ("human", "instant"):
        raise typer.BadParameter(f"{pacing!r} is neither human nor instant", param_hint="--pacing")
    console = Console(highlight=False)
    plan = Plan(
        messages=messages, minutes=minutes, questions=questions, think_s=think, openers=openers, pause_s=pause, seed=seed,
        apart=apart, database=database, services=services if database == "postgresql" else 1, pacing=pacing, faults=faults,
        lost_echoes=lost_echoes,
    )  # type: ignore[arg-type]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        said = partial(Console(stderr=True, highlight=False).print, markup=False, soft_wrap=True)
        outcome = uvloop.run(torture(keep or Path(folder), plan, said))
    for finding in outcome.findings:
        console.print(f"{finding.fault}: {finding.person}: {finding.detail}", markup=False)
        for line in outcome.trails.get(finding.key or "", ()):
            console.print(f"    {line}", markup=False)
    console.print(json.dumps({"seed": seed, "database": database, "apart": apart, **outcome.figures}), markup=False, soft_wrap=True)
    counts = Counter(finding.fault for finding in outcome.findings)
    console.print(", ".join(f"{counts[fault]} {fault}" for fault in Fault), markup=False)
    raise typer.Exit(1 if outcome.findings else 0)


if __name__ == "__main__":
    typer.run(main)
