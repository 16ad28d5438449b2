"""Who may read which conversation, by the agents there are. `bot.store.sight` has the rule."""

from __future__ import annotations

from collections.abc import Iterable

from bot.store.contract import Agent, Overview, Store
from bot.store.sight import SEE_ALL, Sight, sight_of


def sight_among(agent: Agent, agents: Iterable[Agent]) -> Sight | None:
    """What is hidden from an agent; None where nothing is."""
    teams = (team for one in agents if one.disabled_at is None for team in one.teams)
    return sight_of(agent.agent_id, agent.role, agent.teams, teams)


async def sight(store: Store, agent: Agent) -> Sight | None:
    """The same, by the agents that the store knows."""
    return None if agent.role in SEE_ALL or not agent.teams else sight_among(agent, await store.agents())


def sees(sight: Sight | None, overview: Overview) -> bool:
    """Whether somebody with this sight may read the conversation."""
    return sight is None or sight.sees(episode=overview.episode, slots=overview.slots, clocks=overview.clocks)
