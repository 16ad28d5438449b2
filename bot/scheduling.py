"""`warmline flows schedule`: when scheduled flows begin next."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bot import settings
from bot.core.model import WarmlineError
from bot.marketing import holding, with_store
from bot.time import SystemTime
from nurture.book import Nurture
from nurture.flow import Flow
from nurture.schedule import next_occurrence
from nurture.timing import known_zone

COMING = 3
"""How many occurrences of a flow are told."""


class UnknownZone(WarmlineError):
    """There is no such time zone."""


def schedule(
    flow: Annotated[str | None, typer.Argument(help="A flow's id; else every flow that begins by itself.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="A person's time zone, such as Europe/Lisbon; else the flow's or the service's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """When scheduled flows begin next for somebody in a time zone, and which begin by silence."""
    from bot.parts import load_rules

    if zone is not None and known_zone(zone).key != zone:
        raise UnknownZone(f"--zone: {zone} is not a time zone; write for example Europe/Lisbon")
    chosen = settings.load()
    files = load_rules(chosen).nurture
    rows = list(coming(with_store(lambda store: holding(store, files)), flow, zone, SystemTime().now()))
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    table = Table("Flow", "Begins", "Next", "Zone", "State", box=None)
    for row in rows:
        table.add_row(row["flow"], row["begins"], ", ".join(row["next"]) or "-", row["zone"], row["mode"])
    Console(highlight=False, soft_wrap=True).print(table if rows else "No flow begins by itself.")


def coming(nurture: Nurture, only: str | None, zone: str | None, now: datetime) -> Iterator[dict[str, Any]]:
    """What begins by itself, by flow: the rule in words and the next wall times."""
    for flow_id, flow in sorted(nurture.flows.items()):
        if only in (None, flow_id):
            there = known_zone(zone, flow.zone, nurture.default_zone)
            told = {"flow": flow_id, "zone": there.key, "mode": nurture.ruling(flow_id).mode.value}
            yield from ({**told, **row} for row in _of(flow, there, now))


def _of(flow: Flow, zone: ZoneInfo, now: datetime) -> Iterator[dict[str, Any]]:
    for trigger in flow.triggers:
        if trigger.schedule:
            at, names = now, list[str]()
            while len(names) < COMING and (found := next_occurrence(trigger.schedule, at, zone)) is not None:
                at, names = found.at, [*names, found.name.replace("T", " ")]
            yield {"begins": f"{trigger.schedule.in_words}, over {_length(trigger.schedule.spread)}", "next": names}
        elif trigger.segment and trigger.segment.silence:
            yield {"begins": f"after {_length(trigger.segment.silence)} of silence", "next": list[str]()}


def _length(length: timedelta) -> str:
    days, minutes = length.days, length.seconds // 60
    parts = ((days, "d"), (minutes // 60, "h"), (minutes % 60, "m"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0m"
