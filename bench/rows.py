"""The rows of the table: each measures one thing and gives figures with the words that say how they came about."""

from __future__ import annotations

import asyncio
import gzip
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import aiohttp

from bench.crowd import Crowd, Round, percentile
from bench.lateness import FIRST_WORDS_S, arm, ladder_settings, read_lateness
from bench.processes import ROOT, cpu_s
from bench.rasa_server import Rasa
from bench.talk import QUESTIONS, wordings
from bench.warmline import Warmline, model
from bot.fakes.graph import FakeGraph
from bot.fakes.graph.faults import Call, FaultKind

ACK_LIMIT_S = 5.0  # "200 OK within 5 seconds or less" (Meta, Webhooks, 5 May 2026)
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `ratio` says how many times better Warmline is, where both do the same thing."""

    name: str
    warmline: str
    rasa: str
    ratio: float | None
    note: str
    data: Mapping[str, object]


@dataclass(kw_only=True)
class Side:
    """One of the two, with a fake platform of its own in this process."""

    name: str
    graph: FakeGraph
    crowd: Crowd
    server_pids: list[int]
    brain_pids: list[int]


class Pair:
    """Both sides, up at the same time on the same model; the one that is not measured stands idle."""

    def __init__(self, warmline: Warmline, rasa: Rasa, sides: tuple[Side, Side], start_s: tuple[float, float]) -> None:
        self.warmline, self.rasa, self.start_s = warmline, rasa, start_s
        self.ours, self.theirs = sides


class Stage:
    """`async with Stage() as pair`: starts both sides one after the other, stops both at the end."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = dict(settings or {})
        self._folder = tempfile.TemporaryDirectory()
        # Rasa gets no echoes, as its users would not subscribe to them; Warmline needs them, so it has to bear them.
        self._graphs = (FakeGraph(seed=1), FakeGraph(seed=1, echoes=False))

    async def __aenter__(self) -> Pair:
        home, words = Path(self._folder.name), wordings()
        (home / "no-flows").mkdir()
        ours, theirs = self._graphs
        for graph in self._graphs:
            await graph.start()
        trained = model()
        settings = {"WARMLINE_FLOWS": str(home / "no-flows"), "WARMLINE_MODEL": str(trained), **self._settings}
        self._warmline = Warmline(home / "warmline", graph_url=ours.base_url, settings=settings)
        self._rasa = Rasa(home / "rasa", graph_url=theirs.base_url, model=trained)
        start_s = (await self._warmline.start(), await self._rasa.start())
        await ours.subscribe(self._warmline.webhook)
        await theirs.subscribe(self._rasa.webhook)
        sides = (
            Side(
                name="warmline", graph=ours, crowd=Crowd(graph=ours, words=words, prefix="w"),
                server_pids=[self._warmline.started.pid], brain_pids=self._warmline.brain_pids,
            ),
            Side(
                name="rasa", graph=theirs, crowd=Crowd(graph=theirs, words=words, prefix="r"),
                server_pids=self._rasa.server.family, brain_pids=self._rasa.actions.family,
            ),
        )  # fmt: skip
        return Pair(self._warmline, self._rasa, sides, start_s)

    async def __aexit__(self, *_: object) -> None:
        self._warmline.end()
        self._rasa.end()
        for graph in self._graphs:
            await graph.stop()
        self._folder.cleanup()


async def turns(pair: Pair, *, rounds: int, seconds: float, people: int, name: str) -> Row:
    """Whole turns: from pressing send to the last bubble of the answer. Alternates A B A B; the medians count."""
    figures = await alternating((pair.ours, pair.theirs), rounds=rounds, seconds=seconds, people=people)
    ours, theirs = figures["warmline"], figures["rasa"]
    return Row(
        name=name,
        warmline=turns_text(ours),
        rasa=turns_text(theirs),
        ratio=float(str(ours["turns_per_s"])) / (float(str(theirs["turns_per_s"])) or float("nan")),
        note=f"{people} people at once, each waits for the answer; median of {rounds} rounds of {seconds:g} s, taken in turns. "
        f"Calls to Graph per turn: Warmline {ours['calls_per_turn']}; Rasa {theirs['calls_per_turn']}. "
        f"Durable: Warmline's SQLite, synced; Rasa keeps trackers in memory.",
        data=figures,
    )


async def alternating(sides: Sequence[Side], *, rounds: int, seconds: float, people: int) -> dict[str, dict[str, object]]:
    """Rounds of talk, the sides taking turns after a warm-up of each; the figures of each side by its name."""
    done: dict[str, list[tuple[Round, float, float, float]]] = {side.name: [] for side in sides}
    for side in sides:
        await side.crowd.talk(people=people, seconds=min(3.0, seconds))
    for _ in range(rounds):
        for side in sides:
            before = (cpu_s(side.server_pids), cpu_s(side.brain_pids), cpu_s([os.getpid()]))
            result = await side.crowd.talk(people=people, seconds=seconds)
            after = (cpu_s(side.server_pids), cpu_s(side.brain_pids), cpu_s([os.getpid()]))
            cpu_ms = [(late - early) / max(1, result.turns) * 1000 for late, early in zip(after, before, strict=True)]
            done[side.name].append((result, cpu_ms[0], cpu_ms[1], cpu_ms[2]))
    return {name: _figures([part[0] for part in parts], parts) for name, parts in done.items()}


def _figures(rounds: Sequence[Round], parts: Sequence[tuple[Round, float, float, float]]) -> dict[str, object]:
    total = max(1, sum(r.turns for r in rounds))
    calls = {"messages": round(sum(r.bubbles for r in rounds) / total, 2)}
    for action in sorted({kind for r in rounds for kind in r.actions}):
        calls[action] = round(sum(r.actions.get(action, 0) for r in rounds) / total, 2)
    return {
        "turns_per_s": round(median(r.turns_per_s for r in rounds), 1),
        "turns_per_s_of_each_round": [round(r.turns_per_s, 1) for r in rounds],
        "p50_ms": round(median(r.latency_ms(0.5) for r in rounds), 1),
        "p99_ms": round(median(r.latency_ms(0.99) for r in rounds), 1),
        "turns": total,
        "unanswered": sum(r.unanswered for r in rounds),
        "webhooks_not_acknowledged_in_5_s": sum(r.webhooks_failed for r in rounds),
        "calls_per_turn": calls,
        "server_cpu_ms_per_turn": round(median(part[1] for part in parts), 2),
        "brain_or_actions_cpu_ms_per_turn": round(median(part[2] for part in parts), 2),
        "crowd_cpu_ms_per_turn": round(median(part[3] for part in parts), 2),
    }


def turns_text(figures: Mapping[str, object]) -> str:
    """The figures of `alternating` in words."""
    return f"{figures['turns_per_s']} turns/s, p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms"


async def slow_graph(pair: Pair, *, rounds: int, seconds: float, people: int, call_s: float) -> Row:
    """The same when each call to the Graph API takes as long as it does over the internet."""

    def every(_: Call) -> bool:
        return True

    sides = (pair.ours, pair.theirs)
    for side in sides:
        side.graph.faults.random(FaultKind.SLOW, 1.0, every, delay_s=call_s)
    try:
        return await turns(pair, rounds=rounds, seconds=seconds, people=people, name=f"Graph API answers in {call_s * 1000:g} ms")
    finally:
        for side in sides:
            side.graph.faults.clear()


async def flood(pair: Pair, *, people: int) -> Row:
    """Everybody writes at the same moment, once: how long until all are answered."""
    data = {side.name: await _flood(side, people) for side in (pair.ours, pair.theirs)}
    texts = {
        name: f"{f['answered']}/{people} answered in {f['seconds']} s, acknowledged p99 {f['ack_p99_ms']} ms, "
        f"{f['answered_more_than_once']} answered twice"
        for name, f in data.items()
    }
    return Row(
        name=f"{people} people write at once", warmline=texts["warmline"], rasa=texts["rasa"],
        ratio=float(str(data["rasa"]["seconds"])) / float(str(data["warmline"]["seconds"])),
        note="Open loop. A webhook that is not acknowledged within 5 s is posted again, as Meta does.", data=data,
    )  # fmt: skip


async def _flood(side: Side, people: int) -> dict[str, object]:
    question = QUESTIONS[1]
    crowd = [side.graph.person(f"flood-{side.name}-{n}") for n in range(people)]
    started = perf_counter()

    async def once(number: int) -> float | None:
        waiting = asyncio.create_task(side.crowd.ask(crowd[number], question, patience_s=PATIENCE_S))
        try:
            await waiting
        except TimeoutError:
            return None
        return perf_counter() - started

    first = len(side.graph.webhooks.attempts)
    answered = [took for took in await asyncio.gather(*map(once, range(people))) if took is not None]
    await side.graph.idle()
    attempts = side.graph.webhooks.attempts[first:]
    acks = sorted(
        min(ACK_LIMIT_S, (a.at.timestamp() - _sent_at(a.payload))) for a in attempts if a.number == 1 and is_persons_own(a.payload)
    )
    twice = sum(len([s for s in person.inbox if _is_answer(side, s.text, question.answer)]) > 1 for person in crowd)
    return {
        "answered": len(answered), "seconds": round(max(answered, default=PATIENCE_S), 2), "answered_more_than_once": twice,
        "ack_p50_ms": round(percentile(acks, 0.5) * 1000, 1), "ack_p99_ms": round(percentile(acks, 0.99) * 1000, 1),
    }  # fmt: skip


def _is_answer(side: Side, text: str | None, answer: str) -> bool:
    return (side.crowd.words.name(text) or "").startswith(answer)


def is_persons_own(payload: Mapping[str, object]) -> bool:
    """Whether a webhook body carries a person's message (and not an echo)."""
    entries = payload["entry"]
    assert isinstance(entries, list)
    return not entries[0]["messaging"][0].get("message", {}).get("is_echo")


def _sent_at(payload: Mapping[str, object]) -> float:
    entries = payload["entry"]
    assert isinstance(entries, list)
    return float(entries[0]["messaging"][0]["timestamp"]) / 1000


def start_up(pair: Pair) -> Row:
    """From the command to the first turn that can be served, model trained, nothing else running."""
    ours, theirs = pair.start_s
    return Row(
        name="Start-up", warmline=f"{ours:.1f} s", rasa=f"{theirs:.1f} s", ratio=theirs / ours,
        note="Warmline on a new home, migration included; Rasa with its action server beside it.",
        data={"warmline_s": round(ours, 2), "rasa_s": round(theirs, 2)},
    )  # fmt: skip


async def clocks(*, sleeping: int, episodes: int, spread_s: float, lead_s: float) -> Row:
    """How late a ladder's rungs fire among many armed clocks."""
    promises = ROOT / "promises.yml"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        trained = model()
        async with FakeGraph() as graph:
            settings = {**ladder_settings(home, promises), "WARMLINE_MODEL": str(trained)}
            # Filling the store takes a while, so first how long.
            began = datetime.now(UTC)
            await arm(home, promises, sleeping=sleeping, episodes=0, starts_at=began, spread_s=0)
            armed = await arm(
                home, promises, sleeping=0, episodes=episodes, spread_s=spread_s,
                starts_at=datetime.now(UTC) + timedelta(seconds=lead_s),
            )  # fmt: skip
            warmline = Warmline(home, graph_url=graph.base_url, settings=settings)
            try:
                await warmline.start()
                await asyncio.sleep(max(0.0, (armed.last_due_at - datetime.now(UTC)).total_seconds() + 2))
                async with aiohttp.ClientSession() as client, client.get(f"{warmline.base_url}/metrics") as page:
                    lateness = read_lateness(await page.text())
            finally:
                warmline.end()
    total = 2 * sleeping + armed.clocks
    half, most = (f"{lateness.bound_s(share) * 1000:g} ms" for share in (0.5, 0.99))
    return Row(
        name=f"Clock lateness, {total:,} clocks armed",
        warmline=f"{lateness.fired} fired, 50 % within {half}, 99 % within {most}",
        rasa="reminders live in memory",
        ratio=None,
        note=f"{episodes} ladders climb within {spread_s + FIRST_WORDS_S:g} s, nobody takes them; buckets of /metrics.",
        data={"armed": total, "fired": lateness.fired, "share_within_s": {str(k): round(v, 4) for k, v in lateness.within.items()}},
    )


def widget_bytes() -> Row:
    """What a website loads."""
    path = ROOT / "web" / "dist" / "widget.js"
    raw = path.read_bytes()
    packed = len(gzip.compress(raw, 9))
    return Row(
        name="widget.js", warmline=f"{packed / 1024:.1f} kB gzipped", rasa="none of its own", ratio=None,
        note=f"{len(raw) / 1024:.1f} kB unpacked; one file, no framework.", data={"gzip_bytes": packed, "bytes": len(raw)},
    )  # fmt: skip
