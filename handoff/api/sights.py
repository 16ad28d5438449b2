"""Paths about one conversation are for those who may read it."""

from __future__ import annotations

from aiohttp import web

from bot.store.contract import Agent, NotFound, Store
from bot.store.readers import sees, sight
from handoff.api.sessions import SignedIn, SignedInHandler


async def must_see(store: Store, agent: Agent, conversation_id: str) -> None:
    """Raises `NotFound` for a conversation that the agent may not read: as if there were none."""
    held_back = await sight(store, agent)
    if held_back is not None and not sees(held_back, await store.overview(conversation_id)):
        raise NotFound("conversation", conversation_id)


def within_sight(handler: SignedInHandler, store: Store) -> SignedInHandler:
    """The handler of a path with a conversation's `id`, for those who may read that conversation."""

    async def seen(request: web.Request, me: SignedIn) -> web.StreamResponse:
        await must_see(store, me.agent, request.match_info["id"])
        return await handler(request, me)

    seen.__doc__ = handler.__doc__
    return seen
