"""How much of a conversation's life a second of simulation holds, and whether anything breaks in it."""

from __future__ import annotations

from bench.rows import Row
from bot.sim.torture import torture


def simulation(*, seeds: int = 6, hours: float = 336.0, people: int = 400) -> Row:
    """`seeds` worlds of `people` over `hours`; the figure is simulated conversation-hours per real second, all seeds together."""
    runs = [torture(seed, hours=hours, people=people) for seed in range(1, seeds + 1)]
    lived_h, took_s = sum(run.conversation_hours for run in runs), sum(run.took_s for run in runs)
    breaks = [f"seed {run.plan.seed}: {b.who}: {b.what}" for run in runs for b in run.history.breaks]
    figures = [run.history.figures for run in runs]
    data = {
        "conversation_hours": lived_h,
        "seconds": round(took_s, 1),
        "per_second": round(lived_h / took_s),
        "messages": sum(f.heard for f in figures),
        "delivered": sum(f.delivered for f in figures),
        "decisions": sum(f.commits for f in figures),
        "kills": sum(f.kills for f in figures),
        "unavoidable_doubles": sum(f.excused for f in figures),
        "breaks": breaks,
    }
    return Row(
        name="Simulation",
        warmline=f"{data['per_second']} conversation-hours/s, {len(breaks)} breaks",
        rasa="has none",
        ratio=None,
        note=f"{seeds} seeds of {people} people over {hours:.0f} h, {data['kills']} kills; `warmline simulate torture` plays one.",
        data=data,
    )
