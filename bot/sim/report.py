"""Tells people what a simulation did and found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bot.errors import SettingsError
from bot.settings import Settings
from bot.sim.torture import Shortest, Tortured, shortest, torture

SHOWN_AFTER_S = 2.0
"""Shorter runs show no progress."""

SHOWN_LINES = 120


def torture_and_tell(
    seeds: Iterable[int], *, hours: float, people: int, settings: Settings, out: Console, told: Path | None
) -> bool:
    """Simulate these seeds one after the other and print what came of it; True if nothing broke.

    `told` is a file that every history is written to. Raises `SettingsError` if it cannot be written, or for flows and promises
    that cannot be read.
    """
    whole, runs = True, 0
    spent_s, lived_h = 0.0, 0.0
    _write(told, "", mode="w")
    for seed in seeds:
        done = _watched(seed, hours=hours, people=people, settings=settings)
        _write(told, done.history.text(), mode="a")
        out.print(_line(seed, done), markup=False)
        runs, spent_s, lived_h = runs + 1, spent_s + done.took_s, lived_h + done.conversation_hours
        if done.history.breaks:
            whole = False
            _explain(out, seed, done, hours=hours, people=people, settings=settings)
    if runs > 1:
        out.print(f"{runs} seeds: {lived_h:.0f} conversation-hours, {lived_h / max(spent_s, 1e-9):.0f} a second")
    return whole


def _watched(seed: int, *, hours: float, people: int, settings: Settings) -> Tortured:
    """One seed, with progress on a terminal once it takes a while."""
    console, started = Console(stderr=True), perf_counter()
    bar = Progress(TextColumn(f"seed {seed}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task("", total=1.0)

    def progress(share: float) -> None:
        if perf_counter() - started > SHOWN_AFTER_S and console.is_terminal:
            bar.start()
            bar.update(task, completed=share)

    try:
        return torture(seed, hours=hours, people=people, settings=settings, progress=progress)
    finally:
        bar.stop()


def _line(seed: int, done: Tortured) -> str:
    figures = done.history.figures
    return (
        f"seed {seed}: {len(done.plan.people)} people, {figures.heard} messages heard, {figures.delivered} delivered, "
        f"{figures.commits} decisions, {figures.kills} kills, {figures.lives} lives, {figures.excused} unavoidable doubles, "
        f"{figures.full} times no room, "
        f"{len(done.history.breaks)} breaks; {done.per_s:.0f} conversation-hours a second"
    )


def _explain(out: Console, seed: int, done: Tortured, *, hours: float, people: int, settings: Settings) -> None:
    """The first break of each kind, and the shortest history of the very first."""
    first = {b.kind: b for b in reversed(done.history.breaks)}
    for found in reversed(first.values()):
        out.print(f"  {found.who}: {found.what}", markup=False)
    short = shortest(done.plan, done.history.breaks[0], settings=settings)
    out.print(_shown(short), markup=False)
    out.print(f"Again: warmline simulate torture --seed {seed} --hours {hours:g} --people {people}", markup=False)


def _shown(short: Shortest) -> str:
    lines = [str(line) for line in short.history.lines]
    if len(lines) > SHOWN_LINES:
        lines = [*lines[: SHOWN_LINES // 2], f"... {len(lines) - SHOWN_LINES} lines ...", *lines[-SHOWN_LINES // 2 :]]
    plan = [f"  {part}" for parts in (short.plan.people, short.plan.agents, short.plan.troubles) for part in parts]
    return "\n".join([f"The shortest history found ({short.tries} tries), of this plan:", *plan, "", *lines])


def _write(path: Path | None, text: str, *, mode: str) -> None:
    if path is None:
        return
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SettingsError(f"--history: {path} cannot be written: {error.strerror}") from error
