"""Paths about one conversation are for those who may read it."""

from __future__ import annotations

from aiohttp import web

from bot.core.model import AgentRef, ClockKind
from bot.store.contract import Agent, NotFound, Overview, Store
from bot.store.readers import sees, sight
from handoff.api.sessions import SignedIn, SignedInHandler


async def must_see(store: Store, agent: Agent, conversation_id: str, *, had: bool = False) -> None:
    """Raises `NotFound` for a conversation that the agent may not read: as if there were none. With `had` whoever had its latest
    handoff, or just passed it on, may, too."""
    held_back = await sight(store, agent)
    if held_back is None:
        return
    overview = await store.overview(conversation_id)
    holder = overview.episode.agent if overview.episode else None
    theirs = had and (_had(holder, agent) or _passed_on_by(agent, overview))
    if not theirs and not sees(held_back, overview):
        raise NotFound("conversation", conversation_id)


def _had(holder: AgentRef | None, agent: Agent) -> bool:
    return holder is not None and holder.agent_id == agent.agent_id


def _passed_on_by(agent: Agent, overview: Overview) -> bool:
    return any(clock.kind is ClockKind.PASSED and clock.data.get("agent_id") == agent.agent_id for clock in overview.clocks)


def within_sight(handler: SignedInHandler, store: Store, *, had: bool = False) -> SignedInHandler:
    """The handler of a path with a conversation's `id`, for those who may read that conversation; `had` as in `must_see`."""

    async def seen(request: web.Request, me: SignedIn) -> web.StreamResponse:
        await must_see(store, me.agent, request.match_info["id"], had=had)
        return await handler(request, me)

    seen.__doc__ = handler.__doc__
    return seen
