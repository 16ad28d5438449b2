"""`warmline flows simulate`: a flow played from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bot.core.decide import Rules
from bot.parts import load_rules
from bot.published import from_data
from bot.settings import Settings
from bot.simulate.brains import SimulatedBrain
from bot.simulate.result import Simulated
from bot.simulate.running import RunningBrain
from bot.simulate.setup import BadSetup, Setup
from bot.simulate.standing import as_it_stands
from bot.simulate.told import as_csv, as_data, as_text
from bot.simulate.world import simulate
from bot.supervisor import socket_path
from bot.yamlfile import YamlFileError, parse_duration
from nurture.flow import Flow
from nurture.load import read_flow

SHOWN_AFTER_S = 2.0
"""Progress is shown of what takes longer."""


def setup_of(told: Mapping[str, Any]) -> Setup:
    """A setup from plain data, as the command line and the API give it: `start` and `last_wrote` are texts. Raises `BadSetup`."""
    fields = dict(told)
    for name in fields:
        if name not in Setup.__dataclass_fields__:
            raise BadSetup(name, "there is no such setting")
    if isinstance(fields.get("start"), str):
        fields["start"] = _moment(fields["start"])
    if isinstance(fields.get("last_wrote"), str):
        try:
            fields["last_wrote"] = parse_duration(fields["last_wrote"])
        except ValueError as error:
            raise BadSetup("last_wrote", str(error)) from None
    for name in ("zones", "languages"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return Setup(**fields)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadSetup("start", f'"{text}" is not a moment; write for example 2026-03-02 or 2026-03-02T09:00+01:00') from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@contextmanager
def brain_of(name: str, settings: Settings) -> Iterator[SimulatedBrain | None]:
    """The brain of this name: `recorded` (None), or `real`, the one that runs now. Raises `BrainError` if none does."""
    if name == "recorded":
        yield None
        return
    brain = RunningBrain(socket_path(settings), timeout_s=settings.brain_timeout_s, tracker_events=settings.tracker_events)
    try:
        brain.check()
        yield brain
    finally:
        brain.close()


def played(
    settings: Settings,
    flow_id: str,
    setup: Setup,
    *,
    brain: str = "recorded",
    holds: Mapping[str, Any] | None = None,
    draft: Flow | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Simulated:
    """Play a flow of the project: as its files say and with what was ruled in the database of these settings; or, with `holds` (see
    `bot.published.as_data`), as a service says that it is published. A `draft` takes the place of its flow. Raises `BadSetup`, and
    what a brain raises that is away."""
    rules = load_rules(settings)
    rules = as_it_stands(settings, rules) if holds is None else _as_told(rules, holds)
    if draft is not None:
        rules = replace(rules, nurture=replace(rules.nurture, flows={**rules.nurture.flows, draft.flow_id: draft}))
    with brain_of(brain, settings) as reads:
        return simulate(rules, flow_id, setup, brain=reads, progress=progress)


def drafted(flow_id: str, text: str | None, blocks: Mapping[str, str]) -> Flow | None:
    """A flow as somebody writes it; None without a text. Raises `BadSetup` naming file and line."""
    if text is None:
        return None
    try:
        return read_flow(Path(f"{flow_id}.yml"), text, blocks)[1]
    except YamlFileError as error:
        raise BadSetup("text", str(error)) from error


def _as_told(rules: Rules, holds: Mapping[str, Any]) -> Rules:
    return replace(rules, nurture=from_data(holds, rules.nurture))


@contextmanager
def shown(console: Console) -> Iterator[Callable[[float], None]]:
    """A progress bar, once it takes long."""
    began = monotonic()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = None

        def tell_share(share: float) -> None:
            nonlocal task
            if task is None and monotonic() - began > SHOWN_AFTER_S:
                task = bar.add_task("Playing", total=1.0)
            if task is not None:
                bar.update(task, completed=share)

        yield tell_share


def tell(result: Simulated, form: str) -> str:
    """The result as `text`, `json` or `csv`."""
    if form == "json":
        return json.dumps(as_data(result), indent=2, ensure_ascii=False) + "\n"
    return as_csv(result) if form == "csv" else "\n".join(as_text(result)) + "\n"
