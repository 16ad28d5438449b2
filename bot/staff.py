"""Who can be offered work right now, and what follows when that changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from bot.conversations import Conversations
from bot.core.events import AgentLeft, AgentsChanged
from bot.store.contract import Agent, Store, StoreError
from bot.time import Time
from handoff.desk import Desk, Seat
from handoff.presence import Presence

log = structlog.get_logger()

SWEEP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    agents: tuple[Agent, ...] = ()
    load: dict[str, int] | None = None


class Staff:
    """Turns presence and load into the desk that `decide` sees, and offers waiting episodes when somebody becomes free."""

    def __init__(self, store: Store, presence: Presence, time: Time, *, capacity: int) -> None:
        self._store, self._presence, self._time, self._capacity = store, presence, time, capacity
        self._known = _Known()
        self._conversations: Conversations | None = None

    def desk(self) -> Desk:
        """Everybody known, with presence and load as last seen."""
        load = self._known.load or {}
        return Desk(
            seats=tuple(
                Seat(
                    agent_id=agent.agent_id,
                    name=agent.name,
                    presence=self._presence.of(agent.agent_id),
                    load=load.get(agent.agent_id, 0),
                    capacity=self._capacity,
                )
                for agent in self._known.agents
                if agent.disabled_at is None
            )
        )

    def follow(self, conversations: Conversations) -> None:
        """From now on changes of presence reach the conversations that wait."""
        self._conversations = conversations
        self._presence.on_change = self._changed
        self._presence.on_left = self._left

    async def run(self) -> None:
        """Look at the time every few seconds: presence runs out, and loads change by commits."""
        while True:
            try:
                await self._refresh()
            except StoreError as error:
                log.warning("staff.unread", error=type(error).__name__)
            self._presence.sweep()
            await self._time.wait(asyncio.Event(), SWEEP_S)

    async def _refresh(self) -> None:
        self._known = _Known(agents=tuple(await self._store.agents()), load=await self._store.agent_load())

    async def _changed(self) -> None:
        await self._refresh()
        assert self._conversations is not None
        for conversation_id in await self._store.waiting_conversations():
            await self._conversations.handle(conversation_id, AgentsChanged())

    async def _left(self, agent_id: str) -> None:
        await self._refresh()
        assert self._conversations is not None
        held = await self._store.overviews(view="mine", agent_id=agent_id, limit=500)
        waiting = await self._store.waiting_conversations()
        for conversation_id in dict.fromkeys([*(o.conversation_id for o in held), *waiting]):
            await self._conversations.handle(conversation_id, AgentLeft(agent_id=agent_id))
