"""`warmline flows`: the shape of a flow file, a flow played to people who do not exist, and who does not get on in one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot import settings as settings_module
from bot.copy_cli import lint_flows
from bot.publishing import add_commands as add_flow_commands
from bot.scheduling import schedule

if TYPE_CHECKING:
    from bot.core.model import Standing

flows = typer.Typer(no_args_is_help=True, help="Nurture flows.")
add_flow_commands(flows)
flows.command("lint")(lint_flows)
flows.command("schedule")(schedule)
console = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


class Reads(StrEnum):
    """Who reads what people write in a simulation."""

    RECORDED = "recorded"
    REAL = "real"


@flows.command("schema")
def flow_schema() -> None:
    """The JSON Schema of a flow file, for editors."""
    from nurture.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")


@flows.command("simulate")
def simulate_flow(
    flow: Annotated[str, typer.Argument(help="The flow's id.")],
    people: Annotated[int, typer.Option(help="How many people come into it.")] = 1000,
    days: Annotated[int, typer.Option(help="For how many days it is played.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed and settings give the same result.")] = 1,
    start: Annotated[str, typer.Option(help="The first day, such as 2026-03-02.")] = "2026-03-02",
    mix: Annotated[
        str, typer.Option(help="Who they are, such as eager=2,busy=3,angry=1; docs/simulate.md says who they are.")
    ] = "",
    channel: Annotated[str | None, typer.Option(help="The channel; the flow's own, else facebook.")] = None,
    zone: Annotated[list[str] | None, typer.Option(help="A time zone in which people live; may be given again.")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="A language that people's channel tells of them, such as pt; may be given again.")
    ] = None,
    entering: Annotated[int | None, typer.Option(help="Over how many days they come.")] = None,
    last_wrote: Annotated[str, typer.Option(help="When people last wrote, where the flow is begun for them.")] = "2h",
    agents: Annotated[int, typer.Option(help="How many people answer while promises.yml says that somebody is there.")] = 3,
    transcripts: Annotated[int, typer.Option(help="How many talks are told in full.")] = 4,
    brain: Annotated[Reads, typer.Option(help="recorded readings, or the real brain that runs now.")] = Reads.RECORDED,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one number a row.")] = False,
) -> None:
    """Play a flow to people who do not exist: who gets how far, what is sent when, what is held and why, who leaves over what."""
    from bot.simulate.characters import MIX, parse_mix
    from bot.simulate.command import played, setup_of, shown, tell

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    try:
        characters = parse_mix(mix) if mix else dict(MIX)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--mix") from error
    chosen = settings_module.load()
    asked = {
        "people": people,
        "days": days,
        "seed": seed,
        "start": start,
        "mix": characters,
        "channel": channel,
        "agents": agents,
        "last_wrote": last_wrote,
        "transcripts": transcripts,
        "entering": entering,
        "capacity": chosen.agent_capacity,
    }
    setup = setup_of({**asked, **({"zones": zone} if zone else {}), "languages": language or []})
    with shown(console) as progress:
        result = played(chosen, flow, setup, brain=brain.value, progress=progress)
    sys.stdout.write(tell(result, "json" if as_json else "csv" if as_csv else "text"))


@flows.command("held")
def held_flows(
    flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One enrolment a line, as JSON.")] = False,
) -> None:
    """Who is held back in a flow: at which step, why, and until when."""
    asyncio.run(_tell_standings(flow, as_json, lambda standing: standing.held_reason))


@flows.command("stalled")
def stalled_flows(
    flow: Annotated[str | None, typer.Argument(help="Only this flow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One enrolment a line, as JSON.")] = False,
) -> None:
    """Who will not get on by themselves, and why. Exit code 1 if there is anybody."""
    from bot.run import published_now
    from bot.time import SystemTime
    from nurture.standing import stalled

    known, now = asyncio.run(published_now(settings_module.load())), SystemTime().now()
    found = asyncio.run(_tell_standings(flow, as_json, lambda standing: stalled(standing, known.flow_of(standing.enrolment), now)))
    raise typer.Exit(1 if found else 0)


async def _tell_standings(flow: str | None, as_json: bool, why: Callable[[Standing], str | None]) -> int:
    """Print the enrolments that there is a reason for, and give their number."""
    from bot.run import standings_now

    table = Table("Flow", "Step", "Reason", "Next look", "Conversation", box=None)
    found = 0
    async for standing in standings_now(settings_module.load(), flow):
        if (reason := why(standing)) is None:
            continue
        found += 1
        enrolment, due_at = standing.enrolment, standing.due_at
        if as_json:
            line = {
                "flow": enrolment.flow_id,
                "step": enrolment.step_id,
                "reason": reason,
                "due_at": due_at.isoformat() if due_at else None,
                "conversation_id": standing.conversation_id,
                "enrolment_id": enrolment.enrolment_id,
            }
            out.print(json.dumps(line))
        else:
            shown = f"{due_at:%Y-%m-%d %H:%M}Z" if due_at else "never"
            table.add_row(enrolment.flow_id, enrolment.step_id, reason, shown, standing.conversation_id)
    if not as_json:
        out.print(table if found else "Nobody.")
    return found
