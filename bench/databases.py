"""Whole turns on PostgreSQL beside the same on SQLite."""

from __future__ import annotations

import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from bench.crowd import Crowd
from bench.postgres import Postgres
from bench.processes import cpu_s
from bench.rows import Row, Side, alternating, turns_text
from bench.talk import wordings
from bench.warmline import Warmline, model
from bot.fakes.graph import FakeGraph


async def on_postgresql(*, rounds: int, seconds: float, people: int) -> Row:
    """Two services, each with a brain and a platform of its own; the one that is not measured stands idle."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(Postgres(home / "server"))
        (home / "no-flows").mkdir()
        settings = {"WARMLINE_FLOWS": str(home / "no-flows"), "WARMLINE_MODEL": str(model())}
        sides = [
            await _side(stack, home, "sqlite", settings, None),
            await _side(stack, home, "postgresql", settings | {"WARMLINE_DATABASE_URL": server.url}, server),
        ]
        figures = await alternating(sides, rounds=rounds, seconds=seconds, people=people)
        database_s = cpu_s(server.family)
    ours, theirs = figures["postgresql"], figures["sqlite"]
    return Row(
        name="Whole turns on PostgreSQL",
        warmline=turns_text(ours),
        rasa=f"SQLite: {turns_text(theirs)}",
        ratio=float(str(ours["turns_per_s"])) / (float(str(theirs["turns_per_s"])) or float("nan")),
        note=f"One service on one machine, {people} people at once, no Rasa in it; median of {rounds} rounds of {seconds:g} s, in "
        "turns. Both sync every commit; PostgreSQL has its default memory and shares the processors with everything else.",
        data={**figures, "postgres_cpu_s": round(database_s, 1), "processors": os.cpu_count()},
    )


async def _side(stack: AsyncExitStack, home: Path, name: str, settings: dict[str, str], server: Postgres | None) -> Side:
    graph = await stack.enter_async_context(FakeGraph(seed=1))
    warmline = Warmline(home / name, graph_url=graph.base_url, settings=settings)
    stack.callback(warmline.end)
    await warmline.start()
    await graph.subscribe(warmline.webhook)
    return Side(
        name=name, graph=graph, crowd=Crowd(graph=graph, words=wordings(), prefix=name),
        server_pids=[warmline.started.pid, *(server.family if server else [])], brain_pids=warmline.brain_pids,
    )  # fmt: skip
