"""What the commands about publishing work with, and how they ask and tell."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from bot import settings as settings_module
from bot.core.model import WarmlineError
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.store.contract import Store
    from nurture.flow import Flow
    from nurture.moving import Plan
    from studio.publishing import Moving, Outcome, Publishing


out = Console(highlight=False, soft_wrap=True)


class CannotAsk(WarmlineError):
    """A question cannot be put because nobody is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the commands work with, outside any service: whoever runs goes by the database, so it need not be told."""

    store: Store
    publishing: Publishing
    flows: dict[str, Flow]
    folder: Path


def run_with(command: Callable[[Tools], Awaitable[None]]) -> None:
    """Open the database, do this, and close it again."""

    async def run() -> None:
        async with _opened(settings_module.load()) as tools:
            await command(tools)

    asyncio.run(run())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Tools]:
    """The database with what decides about it. Raises `YamlFileError` for a flow file that cannot be read."""
    from bot.brain import SocketBrain
    from bot.conversations import Conversations
    from bot.hub import Hub
    from bot.parts import load_rules, mint
    from bot.published import Published
    from bot.run import migrate_only
    from bot.store import open_store
    from bot.time import SystemTime
    from handoff.desk import Desk
    from studio.publishing import Publishing

    rules = load_rules(settings.model_copy(update={"flows_publish": "start"}))
    await migrate_only(settings)
    store, time = open_store(settings.url), SystemTime()
    # Nothing that happens here asks the brain.
    brain = SocketBrain(settings.brain_socket, timeout_s=settings.brain_timeout_s)
    published = Published(store, rules.nurture, at_start=False)
    conversations = Conversations(
        store, brain, Hub(), time, rules, desk=lambda: Desk(()), rng=Random(), new_id=mint,
        tracker_events=settings.tracker_events, published=published,
    )  # fmt: skip
    try:
        await published.refresh()
        publishing = Publishing(store, conversations, published, now=time.now)
        yield Tools(store=store, publishing=publishing, flows=dict(sorted(rules.nurture.flows.items())), folder=settings.flows)
    finally:
        await brain.close()
        await store.close()


def known_flow(tools: Tools, flow_id: str) -> Flow:
    """The flow as its file is now. Raises `UnknownFlow`."""
    from bot.run import UnknownFlow

    if flow_id not in tools.flows:
        raise UnknownFlow(f"there is no flow {flow_id} in {tools.folder}; there are {', '.join(tools.flows)}")
    return tools.flows[flow_id]


async def published_flows(tools: Tools, *flow_ids: str) -> None:
    """Raises `UnknownFlow` if one of these was never published."""
    from bot.run import check_published

    await check_published(tools.store, flow_ids)


async def published_version(tools: Tools, flow_id: str, number: int) -> None:
    """Raises `UnknownFlow` if the flow was never published, or has no such version."""
    from bot.run import UnknownFlow

    await published_flows(tools, flow_id)
    numbers = [version.number for version in await tools.store.flow_versions(flow_id)]
    if number not in numbers:
        raise UnknownFlow(f"there is no version {number} of {flow_id}; there are {', '.join(map(str, numbers))}")


def tell_dry(*, quiet: bool) -> None:
    """Print that nothing was done, unless `quiet`."""
    if not quiet:
        out.print("Nothing was published.")


def moving_of(move: bool, choices: Sequence[str] | None) -> Moving:
    """What becomes of those inside, as the options say. Raises `typer.BadParameter`."""
    from studio.publishing import Moving

    chosen = {}
    for choice in choices or ():
        step, sign, target = choice.partition("=")
        if not (step and sign and target):
            raise typer.BadParameter(f"{choice} is not STEP=OTHER or STEP=exit", param_hint="--map")
        chosen[step] = target
    if chosen and not move:
        raise typer.BadParameter("where people go is only asked if they move: add --move", param_hint="--map")
    return Moving(move=move, choices=chosen)


def show_plan(plan: Plan) -> None:
    """Print who stays, moves or leaves, and what falls due."""
    from nurture.moving import Fate

    out.print(f"{plan.flow_id} version {plan.version}", markup=False)
    if not plan.groups:
        out.print("  Nobody is inside.")
        return
    table = Table("Version", "Step", "People", "What becomes of them", "Due at once", "in an hour", "in a day", box=None)
    for group in plan.groups:
        became = {
            Fate.STAY: f"stay in version {group.version}",
            Fate.MOVE: "move" if group.to_step == group.step_id else f"move to {group.to_step}",
            Fate.EXIT: "leave",
        }[group.fate]
        why = f" ({group.why})" if group.why else ""
        due = (str(group.due_at_once), str(group.due_next_hour), str(group.due_next_day))
        table.add_row(str(group.version), group.step_id, str(group.people), f"{became}{why}", *due)
    out.print(table)
    fates = ", ".join(f"{plan.people(fate)} {fate.value}" for fate in Fate)
    out.print(f"  {fates}; {plan.due_at_once} due at once, {plan.due_next_hour} in an hour, {plan.due_next_day} in a day")


def plan_data(plan: Plan) -> dict[str, Any]:
    """The same as JSON."""
    return {
        **asdict(plan),
        "due_at_once": plan.due_at_once,
        "due_next_hour": plan.due_next_hour,
        "due_next_day": plan.due_next_day,
    }


def confirm(plan: Plan, *, move: bool, yes: bool) -> None:
    """Ask before people leave or steps fall due at once."""
    from nurture.moving import Fate

    if yes or not move:
        return
    if leaving := plan.people(Fate.EXIT):
        ask_to(f"{leaving} people leave {plan.flow_id}. Publish?")
    elif plan.due_at_once:
        ask_to(f"{plan.due_at_once} steps of {plan.flow_id} fall due at once and go out spread over an hour. Publish?")


def ask_to(question: str) -> None:
    """Go on if whoever is there says yes. Raises `CannotAsk` if nobody is, `typer.Abort` for a no."""
    if not sys.stdin.isatty():
        raise CannotAsk(f"{question} Say so with --yes")
    typer.confirm(question, abort=True)


def tell_outcome(outcome: Outcome, *, quiet: bool) -> dict[str, Any]:
    """Print what was done, unless `quiet`; gives the same as JSON."""
    version = outcome.version
    if not quiet:
        told = "is what people enter now" if outcome.new else "is what people enter already"
        moved = f"; {outcome.moved} went over" if outcome.moved or outcome.left else ""
        left = f"; {outcome.left} could not be moved now, so run it again" if outcome.left else ""
        out.print(f"{version.flow_id} version {version.number} {told}{moved}{left}.", markup=False)
    return {
        "plan": plan_data(outcome.plan),
        "published": outcome.new,
        "version": version.number,
        "moved": outcome.moved,
        "left": outcome.left,
    }


def print_json(data: object, as_json: bool) -> None:
    """Print it, if JSON was asked for."""
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
