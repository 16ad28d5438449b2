"""`python -m bench`: figures beside the alternatives, everything started and measured in one run on this machine.

Prints a table and writes results/bench.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bench import rows
from bench.databases import on_postgresql
from bench.deciding import step_decisions
from bench.full_desk import full_desk
from bench.handoffs import handoffs
from bench.hanging import hang
from bench.linting import lint_lines
from bench.processes import ROOT
from bench.reminders import reminders
from bench.rows import Row, Stage
from bench.simulation import played_flow, simulation
from bench.sla_clock import sla_clock
from bench.stopped_store import stopped_store
from bench.to_screen import to_screen

ROWS = (
    "turns", "slow-graph", "flood", "hang", "start-up", "reminders", "postgresql", "clocks", "sleepers", "procrastinate",
    "stopped-store", "sla-clock", "handoffs", "to-screen", "full-desk", "simulation", "flow", "steps", "widget", "lint",
)  # fmt: skip
BESIDE_RASA = frozenset({"turns", "slow-graph", "flood", "hang", "start-up"})
"""Rows that need both sides up."""


async def _measure(wanted: Sequence[str], console: Console, *, rounds: int, seconds: float, people: int) -> list[Row]:
    found: list[Row] = []

    def keep(*measured: Row) -> None:
        for row in measured:
            found.append(row)
            console.print(f"  {row.name}: {row.warmline}  |  {row.rasa}", markup=False)

    if BESIDE_RASA & set(wanted):
        console.print("Starting Warmline, then Rasa ...")
        async with Stage() as pair:
            for name in wanted:
                if name in BESIDE_RASA:
                    keep(await _beside_rasa(name, pair, rounds=rounds, seconds=seconds, people=people))
    for name in wanted:
        if name not in BESIDE_RASA:
            keep(*await _alone(name, rounds=rounds, seconds=seconds, people=people))
    return found


async def _beside_rasa(name: str, pair: rows.Pair, *, rounds: int, seconds: float, people: int) -> Row:
    match name:
        case "turns":
            return await rows.turns(pair, rounds=rounds, seconds=seconds, people=people, name="Whole turns through Messenger")
        case "slow-graph":
            return await rows.slow_graph(pair, rounds=2, seconds=seconds, people=8, call_s=0.1)
        case "flood":
            return await rows.flood(pair, people=200)
        case "hang":
            return await hang(pair, seconds=30.0, per_s=20.0)
        case _:
            return rows.start_up(pair)


async def _alone(name: str, *, rounds: int, seconds: float, people: int) -> list[Row]:
    match name:
        case "reminders":
            return [await reminders(people=100)]
        case "postgresql":
            return [await on_postgresql(rounds=rounds, seconds=seconds, people=people)]
        case "clocks":
            return [await rows.clocks(sleeping=10_000, episodes=500, spread_s=20, lead_s=40)]
        case "sleepers" | "procrastinate":
            from bench import due  # what it compares with is in the dependency group `bench`

            return await due.measured((name,))
        case "stopped-store":
            return [await stopped_store()]
        case "sla-clock":
            return [await asyncio.to_thread(sla_clock)]
        case "handoffs":
            return [await handoffs()]
        case "to-screen":
            return [await to_screen()]
        case "full-desk":
            return [await full_desk()]
        case "simulation":
            return [await asyncio.to_thread(simulation)]
        case "steps":
            return [await asyncio.to_thread(step_decisions)]
        case "flow":
            return [await asyncio.to_thread(played_flow)]
        case "lint":
            return [lint_lines()]
        case _:
            return [rows.widget_bytes()]


def _table(found: Sequence[Row]) -> Table:
    table = Table("", "Warmline", "Rasa 3.6.21, or as said", "Ratio", box=None, pad_edge=False, padding=(0, 2))
    for row in found:
        table.add_row(row.name, row.warmline, row.rasa, "" if row.ratio is None else f"{row.ratio:.1f} x")
    return table


def _machine() -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Rows to measure: {', '.join(ROWS)}.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of each side, taken in turns.")] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a round.")] = 10.0,
    people: Annotated[int, typer.Option(help="People who talk at the same time.")] = 32,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = ROOT / "results" / "bench.json",
) -> None:
    """Measure, print, write."""
    wanted = tuple(only or ROWS)
    for name in wanted:
        if name not in ROWS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(ROWS)}", param_hint="--only")
    console, machine = Console(highlight=False, soft_wrap=True), _machine()
    if os.getloadavg()[0] > (os.cpu_count() or 1) / 2:
        console.print(f"This machine is busy (load {os.getloadavg()[0]:.1f}): the figures will be worse than they could be.")
    found = uvloop.run(_measure(wanted, console, rounds=rounds, seconds=seconds, people=people))
    console.print()
    console.print(_table(found))
    for row in found:
        console.print(f"{row.name}: {row.note}", markup=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in found]}, indent=2) + "\n")
    console.print(f"Written to {out}", markup=False)


if __name__ == "__main__":
    typer.run(main)
