"""`warmline agents`: who answers, what they can do, and how much they may hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from bot import settings as settings_module
from bot.core.model import WarmlineError
from bot.settings import Settings
from bot.store.contract import Agent

app = typer.Typer(no_args_is_help=True, help="The people who answer.")
out = Console(highlight=False, soft_wrap=True)

FINEST, MOST = 0.25, 100.0


class NoSuchAgent(WarmlineError):
    """Nobody has this e-mail address."""


class BadOption(WarmlineError):
    """An option does not say what it should."""


@app.command("add")
def add(
    email: str,
    name: Annotated[str, typer.Option(help="The name prospects see.")],
    role: Annotated[str, typer.Option(help="agent, supervisor, marketer or admin.")] = "agent",
) -> None:
    """Add somebody who answers, and print their first password once."""
    from bot.run import add_agent_now

    password = asyncio.run(add_agent_now(settings_module.load(), email=email, name=name, role=role))
    out.print(f"{email} can sign in with the password {password}")


@app.command("list")
def list_all() -> None:
    """Who answers, one agent a line, as JSON."""
    from bot.run import all_agents

    for agent in asyncio.run(all_agents(settings_module.load())):
        out.print(json.dumps(_told(agent)))


@app.command("set")
def set_one(
    email: str,
    skill: Annotated[list[str] | None, typer.Option(help="What they can do; may be repeated. Replaces what was there.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="A language they speak, such as de; may be repeated.")] = None,
    team: Annotated[list[str] | None, typer.Option(help="A team they belong to; may be repeated.")] = None,
    capacity: Annotated[
        float | None, typer.Option(help="The weight of talks they may hold, in quarters; 0 for what the settings say.")
    ] = None,
    clear: Annotated[list[str] | None, typer.Option(help="skills, languages or teams: forget them all; may be repeated.")] = None,
) -> None:
    """Change what somebody can do and how much they may hold. What is not given stays."""
    changed = asyncio.run(_change(settings_module.load(), email, _changes(skill, language, team, capacity, clear or [])))
    out.print(json.dumps(_told(changed)))


def _changes(
    skill: list[str] | None, language: list[str] | None, team: list[str] | None, capacity: float | None, clear: list[str]
) -> Callable[[Agent], Agent]:
    from handoff.routing import names

    lists = {"skills": skill, "languages": language, "teams": team}
    if wrong := [name for name in clear if name not in lists]:
        raise BadOption(f"--clear: {wrong[0]!r} is none of skills, languages and teams")
    if capacity and (capacity % FINEST or not 0 < capacity <= MOST):
        raise BadOption(f"--capacity: {capacity:g} is no number of quarters from {FINEST:g} to {MOST:g}")
    given = {name: names(values) for name, values in lists.items() if values}
    emptied: dict[str, tuple[str, ...]] = dict.fromkeys(clear, ())

    def change(agent: Agent) -> Agent:
        held = agent.capacity if capacity is None else capacity or None
        able = {"skills": agent.skills, "languages": agent.languages, "teams": agent.teams, **emptied, **given}
        return replace(agent, capacity=held, skills=able["skills"], languages=able["languages"], teams=able["teams"])

    return change


async def _change(settings: Settings, email: str, change: Callable[[Agent], Agent]) -> Agent:
    from bot.run import migrate_only
    from bot.store import open_store

    await migrate_only(settings)
    store = open_store(settings.url)
    try:
        agent = await store.agent_by_email(email)
        if agent is None:
            raise NoSuchAgent(f"nobody has the e-mail address {email!r}; warmline agents list says who answers")
        changed = change(agent)
        await store.update_agent(changed)
        return changed
    finally:
        await store.close()


def _told(agent: Agent) -> dict[str, object]:
    return {
        "email": agent.email,
        "name": agent.name,
        "role": agent.role,
        "disabled": agent.disabled_at is not None,
        "skills": list(agent.skills),
        "languages": list(agent.languages),
        "teams": list(agent.teams),
        "capacity": agent.capacity,
    }
