"""How much of a conversation's life a second of simulation holds: of the torture, with what breaks in it, and of a flow played."""

from __future__ import annotations

from time import process_time

from bench.processes import ROOT
from bench.rows import Row
from bot.parts import load_rules
from bot.settings import Settings
from bot.sim.torture import torture
from bot.simulate import Setup, simulate


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


def played_flow(*, people: int = 1000, days: int = 30) -> Row:
    """A thousand people in the welcome flow for a month, every flow live, recorded readings; processor time of one process."""
    rules = load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml"))
    simulate(rules, "welcome", Setup(people=20, days=days))
    started = process_time()
    told = simulate(rules, "welcome", Setup(people=people, days=days))
    took_s = process_time() - started
    data = {
        "people": people,
        "days": days,
        "cpu_s": round(took_s, 2),
        "person_days_per_s": round(people * days / took_s),
        "messages_written": told.messages_written,
        "entered": told.entered,
    }
    return Row(
        name=f"A flow played, {people:,} people for {days} days",
        warmline=f"{took_s:.1f} s, {data['person_days_per_s']:,} person-days/s",
        rasa="has none",
        ratio=None,
        note=f"`warmline flows simulate welcome --people {people} --days {days}`; {told.messages_written} messages written.",
        data=data,
    )
