"""`warmline flows publish`, `pause`, `resume`, `drain`, `stop`, `versions`, `diff`, `rollback`, `export` and `import`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot import settings as settings_module
from bot.core.model import FlowMode, WarmlineError
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.store.contract import Store
    from nurture.flow import Flow
    from nurture.moving import Plan
    from studio.publishing import Moving, Outcome, Publishing

out = Console(highlight=False, soft_wrap=True)
console = Console(stderr=True, highlight=False, soft_wrap=True)
BY = "command line"

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the log of the flow.")]
Move = Annotated[bool, typer.Option("--move", help="Move those inside to the new version; without it they finish theirs.")]
Choices = Annotated[
    list[str] | None, typer.Option("--map", help="Where people at a step go: STEP=OTHER, or STEP=exit. May be given several times.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, even where steps fall due at once.")]
FlowId = Annotated[str, typer.Argument(help="A flow's id: its file's name without the ending.")]


class CannotAsk(WarmlineError):
    """A question cannot be put because nobody is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the commands work with, outside any service: whoever runs goes by the database, so it need not be told."""

    store: Store
    publishing: Publishing
    flows: dict[str, Flow]
    folder: Path


def add_commands(app: typer.Typer) -> None:
    """Put these commands beside the others about flows."""
    app.command("publish")(publish)
    app.command("versions")(versions)
    app.command("diff")(diff)
    app.command("rollback")(rollback)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("drain")(drain)
    app.command("stop")(stop)
    app.command("export")(export)
    app.command("import")(import_)
    app.command("secret")(secret)


def publish(
    flow: Annotated[str | None, typer.Argument(help="A flow's id; every flow whose file differs if left out.")] = None,
    move: Move = False,
    choices: Choices = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Let people enter flows as their files are now, and say who inside stays, moves or leaves, and what falls due."""

    async def run(tools: Tools) -> None:
        moving = _moving(move, choices)
        chosen = [_known(tools, flow)] if flow else list(tools.flows.values())
        told = []
        for one in chosen:
            plan = await tools.publishing.preview(one, moving)
            if not as_json:
                _show(plan)
            if dry_run:
                told.append({"plan": _plan_data(plan), "published": False})
                continue
            _confirm(plan, move=move, yes=yes)
            outcome = await tools.publishing.publish(one, moving, by=BY, reason=reason)
            told.append(_done(outcome, quiet=as_json))
        _print_json(told, as_json)

    _run(run)


def rollback(
    flow: FlowId,
    number: Annotated[int, typer.Argument(help="The version that people should enter again.")],
    move: Move = False,
    choices: Choices = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Let people enter an earlier version again. Files stay as they are; `flows export` brings them in step."""

    async def run(tools: Tools) -> None:
        moving = _moving(move, choices)
        plan = await tools.publishing.preview(await tools.publishing.flow(flow, number), moving)
        if not as_json:
            _show(plan)
        if dry_run:
            _print_json([{"plan": _plan_data(plan), "published": False}], as_json)
            return
        _confirm(plan, move=move, yes=yes)
        outcome = await tools.publishing.roll_back(flow, number, moving, by=BY, reason=reason)
        _print_json([_done(outcome, quiet=as_json)], as_json)

    _run(run)


def versions(flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None, as_json: Json = False) -> None:
    """Every version: which one people enter, when and by whom it was published, how many are inside."""

    async def run(tools: Tools) -> None:
        people: dict[tuple[str, int], int] = {}
        for one in await tools.store.inside():
            people[one.flow_id, one.version] = people.get((one.flow_id, one.version), 0) + one.people
        rows: list[dict[str, Any]] = []
        for head in (await tools.store.flow_book()).heads:
            if flow not in (None, head.flow_id):
                continue
            for version in await tools.store.flow_versions(head.flow_id):
                entered = version.number == head.number
                rows.append(
                    {
                        "flow": head.flow_id,
                        "version": version.number,
                        "entered": entered,
                        "mode": head.mode.value if entered else None,
                        "reason": head.reason if entered else "",
                        "people": people.get((head.flow_id, version.number), 0),
                        "published_at": version.published_at.isoformat(),
                        "published_by": version.published_by,
                        "digest": version.digest,
                    }
                )
        if as_json:
            _print_json(rows, as_json)
            return
        table = Table("Flow", "Version", "", "Inside", "Published", "By", box=None)
        for row in rows:
            mode = f"{row['mode']}{': ' + row['reason'] if row['reason'] else ''}" if row["entered"] else ""
            at = f"{row['published_at'][:16].replace('T', ' ')}Z"
            table.add_row(row["flow"], str(row["version"]), mode, str(row["people"]), at, row["published_by"])
        out.print(table if rows else "Nothing is published.")

    _run(run)


def diff(
    flow: FlowId,
    old: Annotated[int | None, typer.Argument(help="A version; the one that people enter if left out.")] = None,
    new: Annotated[int | None, typer.Argument(help="Another version; the file if left out.")] = None,
) -> None:
    """What changed between two versions of a flow, or from a version to the file. Exit code 1 if anything did."""
    from bot.published import text_of
    from bot.store.contract import NotFound

    async def run(tools: Tools) -> None:
        entered = next((head.number for head in (await tools.store.flow_book()).heads if head.flow_id == flow), None)
        before = entered if old is None else old
        if before is None:
            raise NotFound("flow", flow)
        file = text_of(_known(tools, flow)) if new is None else None
        told = await tools.publishing.difference(flow, before, new, file)
        sys.stdout.write(told)
        if told:
            raise typer.Exit(1)

    _run(run)


def pause(flow: FlowId, reason: Why = "") -> None:
    """Nobody starts and nobody goes on, until `flows resume`. Clocks are kept; nothing bursts when it goes on."""
    _rule(flow, FlowMode.PAUSED, reason, "paused: nobody starts, nobody goes on")


def resume(flow: FlowId, reason: Why = "") -> None:
    """Let a flow that was paused, drained or stopped be entered again, and those in a pause go on, spread over an hour."""
    _rule(flow, FlowMode.LIVE, reason, "live")


def drain(flow: FlowId, reason: Why = "") -> None:
    """Nobody starts; those inside finish."""
    _rule(flow, FlowMode.DRAINING, reason, "draining: nobody starts, those inside finish")


def stop(flow: FlowId, reason: Why = "", yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Everybody inside leaves now, with the reason in their journal, and nobody starts."""
    if not yes:
        _ask(f"Everybody inside {flow} leaves it for good. Stop it?")
    _rule(flow, FlowMode.STOPPED, reason, "stopped")


def export(
    flows: Annotated[list[str] | None, typer.Argument(help="Flows' ids; all if left out.")] = None,
    to: Annotated[Path | None, typer.Option(help="Into this folder; the folder of flows if left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that differ from what is published.")] = False,
) -> None:
    """Write what people enter to files, byte for byte as it was published. Prints every file that it wrote."""
    from studio.flow_files import entered, files_of, write

    async def run(tools: Tools) -> None:
        for path in write(to or tools.folder, files_of(await entered(tools.store, flows or ())), force=force):
            out.print(str((to or tools.folder) / path), markup=False)

    _run(run)


def import_(
    flows: Annotated[list[str] | None, typer.Argument(help="Flows' ids; all if left out.")] = None, reason: Why = ""
) -> None:
    """Publish files that differ from what people enter; those inside finish their versions. Like `publish`, without a plan."""

    async def run(tools: Tools) -> None:
        for one in [_known(tools, name) for name in flows] if flows else tools.flows.values():
            outcome = await tools.publishing.publish(one, by=BY, reason=reason)
            _done(outcome, quiet=False)

    _run(run)


def secret() -> None:
    """The secret that `webhook` steps sign with, for the program that checks the signature."""
    from bot.calling import secret_of

    async def run(tools: Tools) -> None:
        out.print(await secret_of(tools.store), markup=False)

    _run(run)


# ---- inside ---------------------------------------------------------------------------------------------------------


def _run(command: Callable[[Tools], Awaitable[None]]) -> None:
    async def run() -> None:
        async with _tools(settings_module.load()) as tools:
            await command(tools)

    asyncio.run(run())


@asynccontextmanager
async def _tools(settings: Settings) -> AsyncIterator[Tools]:
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


def _known(tools: Tools, flow_id: str) -> Flow:
    from bot.run import UnknownFlow

    if flow_id not in tools.flows:
        raise UnknownFlow(f"there is no flow {flow_id} in {tools.folder}; there are {', '.join(tools.flows)}")
    return tools.flows[flow_id]


def _moving(move: bool, choices: Sequence[str] | None) -> Moving:
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


def _rule(flow: str, mode: FlowMode, reason: str, told: str) -> None:
    async def run(tools: Tools) -> None:
        left = await tools.publishing.rule(flow, mode, by=BY, reason=reason)
        out.print(f"{flow} is {told}{f'; {left} left it' if mode is FlowMode.STOPPED else ''}.", markup=False)

    _run(run)


def _show(plan: Plan) -> None:
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


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        **asdict(plan),
        "due_at_once": plan.due_at_once,
        "due_next_hour": plan.due_next_hour,
        "due_next_day": plan.due_next_day,
    }


def _confirm(plan: Plan, *, move: bool, yes: bool) -> None:
    from nurture.moving import Fate

    if yes or not move:
        return
    if leaving := plan.people(Fate.EXIT):
        _ask(f"{leaving} people leave {plan.flow_id}. Publish?")
    elif plan.due_at_once:
        _ask(f"{plan.due_at_once} steps of {plan.flow_id} fall due at once and go out spread over an hour. Publish?")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise CannotAsk(f"{question} Say so with --yes")
    typer.confirm(question, abort=True)


def _done(outcome: Outcome, *, quiet: bool) -> dict[str, Any]:
    version = outcome.version
    if not quiet:
        told = "is what people enter now" if outcome.new else "is what people enter already"
        moved = f"; {outcome.moved} went over" if outcome.moved or outcome.left else ""
        left = f"; {outcome.left} could not be moved now, so run it again" if outcome.left else ""
        out.print(f"{version.flow_id} version {version.number} {told}{moved}{left}.", markup=False)
    return {
        "plan": _plan_data(outcome.plan),
        "published": outcome.new,
        "version": version.number,
        "moved": outcome.moved,
        "left": outcome.left,
    }


def _print_json(data: object, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
