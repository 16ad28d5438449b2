"""`warmline flows publish`, `pause`, `resume`, `drain`, `stop`, `versions`, `diff`, `rollback`, `export` and `import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from bot.core.model import FlowMode
from bot.publishing_tools import (
    Tools,
    ask_to,
    confirm,
    known_flow,
    moving_of,
    out,
    plan_data,
    print_json,
    published_flows,
    published_version,
    run_with,
    show_plan,
    tell_dry,
    tell_outcome,
)

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
        moving = moving_of(move, choices)
        chosen = [known_flow(tools, flow)] if flow else list(tools.flows.values())
        told = []
        for one in chosen:
            plan = await tools.publishing.preview(one, moving)
            if not as_json:
                show_plan(plan)
            if dry_run:
                told.append({"plan": plan_data(plan), "published": False})
                continue
            confirm(plan, move=move, yes=yes)
            outcome = await tools.publishing.publish(one, moving, by=BY, reason=reason)
            told.append(tell_outcome(outcome, quiet=as_json))
        print_json(told, as_json)
        if dry_run:
            tell_dry(quiet=as_json)

    run_with(run)


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
        await published_version(tools, flow, number)
        moving = moving_of(move, choices)
        plan = await tools.publishing.preview(await tools.publishing.flow(flow, number), moving)
        if not as_json:
            show_plan(plan)
        if dry_run:
            print_json([{"plan": plan_data(plan), "published": False}], as_json)
            tell_dry(quiet=as_json)
            return
        confirm(plan, move=move, yes=yes)
        outcome = await tools.publishing.roll_back(flow, number, moving, by=BY, reason=reason)
        print_json([tell_outcome(outcome, quiet=as_json)], as_json)

    run_with(run)


def versions(flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None, as_json: Json = False) -> None:
    """Every version: which one people enter, when and by whom it was published, how many are inside."""

    async def run(tools: Tools) -> None:
        await published_flows(tools, *([flow] if flow else []))
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
            print_json(rows, as_json)
            return
        table = Table(Column("Flow", overflow="fold"), "Version", "", "Inside", "Published", "By", box=None)
        for row in rows:
            mode = f"{row['mode']}{': ' + row['reason'] if row['reason'] else ''}" if row["entered"] else ""
            at = f"{row['published_at'][:16].replace('T', ' ')}Z"
            table.add_row(row["flow"], str(row["version"]), mode, str(row["people"]), at, row["published_by"])
        out.print(table if rows else "Nothing is published.")

    run_with(run)


def diff(
    flow: FlowId,
    old: Annotated[int | None, typer.Argument(help="A version; the one that people enter if left out.")] = None,
    new: Annotated[int | None, typer.Argument(help="Another version; the file if left out.")] = None,
) -> None:
    """What changed between two versions of a flow, or from a version to the file. Exit code 1 if anything did."""
    from bot.published import text_of

    async def run(tools: Tools) -> None:
        await published_flows(tools, flow)
        entered = next(head.number for head in (await tools.store.flow_book()).heads if head.flow_id == flow)
        before = entered if old is None else old
        for number in (before, *([] if new is None else [new])):
            await published_version(tools, flow, number)
        file = text_of(known_flow(tools, flow)) if new is None else None
        told = await tools.publishing.difference(flow, before, new, file)
        sys.stdout.write(told)
        if told:
            raise typer.Exit(1)

    run_with(run)


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
        ask_to(f"Everybody inside {flow} leaves it for good. Stop it?")
    _rule(flow, FlowMode.STOPPED, reason, "stopped")


def export(
    flows: Annotated[list[str] | None, typer.Argument(help="Flows' ids; all if left out.")] = None,
    to: Annotated[Path | None, typer.Option(help="Into this folder; the folder of flows if left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that differ from what is published.")] = False,
) -> None:
    """Write what people enter to files, byte for byte as it was published. Prints every file that it wrote."""
    from studio.flow_files import entered, files_of, write

    async def run(tools: Tools) -> None:
        await published_flows(tools, *(flows or ()))
        for path in write(to or tools.folder, files_of(await entered(tools.store, flows or ())), force=force):
            out.print(str((to or tools.folder) / path), markup=False)

    run_with(run)


def import_(
    flows: Annotated[list[str] | None, typer.Argument(help="Flows' ids; all if left out.")] = None, reason: Why = ""
) -> None:
    """Publish files that differ from what people enter; those inside finish their versions. Like `publish`, without a plan."""

    async def run(tools: Tools) -> None:
        for one in [known_flow(tools, name) for name in flows] if flows else tools.flows.values():
            outcome = await tools.publishing.publish(one, by=BY, reason=reason)
            tell_outcome(outcome, quiet=False)

    run_with(run)


def secret() -> None:
    """The secret that `webhook` steps sign with, for the program that checks the signature."""
    from bot.calling import secret_of

    async def run(tools: Tools) -> None:
        out.print(await secret_of(tools.store), markup=False)

    run_with(run)


def _rule(flow: str, mode: FlowMode, reason: str, told: str) -> None:
    async def run(tools: Tools) -> None:
        await published_flows(tools, flow)
        left = await tools.publishing.rule(flow, mode, by=BY, reason=reason)
        out.print(f"{flow} is {told}{f'; {left} left it' if mode is FlowMode.STOPPED else ''}.", markup=False)

    run_with(run)
