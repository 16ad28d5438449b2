"""Who can be offered work right now, wherever their consoles are open, and what follows when that changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.conversations import Conversations
from bot.core.events import AgentLeft, AgentsChanged, Event
from bot.core.model import State
from bot.hub import Hub
from bot.store.contract import Agent, Store, StoreError
from bot.time import Time
from handoff.desk import NO_LINE, Desk, DeskLine, Seat
from handoff.forecast import Sample
from handoff.presence import GONE_S, Presence

log = structlog.get_logger()

BEAT_S = 5.0
"""How often a service says which consoles are open at it, and looks what the others said."""

FORGET_EVERY_S = 3600.0
TRIES_KEPT = timedelta(days=1)

SAMPLE_EVERY_S = 300.0
SAMPLED, MOST_SAMPLES = timedelta(days=28), 2000
"""Waits of four weeks, so that each hour of the week has been four times; the latest of them where there are many."""

TOPIC = "staff"
"""On the wire: who is there, or how much they hold, has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    agents: tuple[Agent, ...] = ()
    load: dict[str, float] | None = None
    line: DeskLine = NO_LINE


class Staff:
    """Turns presence and load into the desk that `decide` sees, and offers waiting episodes when somebody becomes free.

    Several services may see the same change and act on it; the conversation's version lets one of them, and for the
    others there is nothing left to do.
    """

    def __init__(self, store: Store, presence: Presence, time: Time, hub: Hub, *, capacity: float) -> None:
        self._store, self._presence, self._time, self._hub, self._capacity = store, presence, time, hub, capacity
        self._known = _Known()
        self._news = asyncio.Event()
        self._forgot_at: datetime | None = None
        self._samples: tuple[Sample, ...] = ()
        self._sampled_at: datetime | None = None
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
                    capacity=agent.may_hold(self._capacity),
                )
                for agent in self._known.agents
                if agent.disabled_at is None
            ),
            line=self._known.line,
            samples=self._samples,
            capacity=self._capacity,
        )

    def follow(self, conversations: Conversations) -> None:
        """From now on changes of presence reach the conversations that wait."""
        self._conversations = conversations
        self._presence.on_own = self._say
        self._presence.on_change = self._changed
        self._presence.on_left = self._left

    def heard(self) -> None:
        """Another service says that something changed, or may have."""
        self._news.set()

    async def run(self) -> None:
        """Say and look every few seconds: presence runs out, and loads change by commits."""
        says_at = self._time.now()
        while True:
            self._news.clear()
            try:
                if self._time.now() >= says_at:
                    says_at = self._time.now() + timedelta(seconds=BEAT_S)
                    await self._store.put_consoles(self._presence.own())
                    await self._forget()
                await self._refresh()
            except StoreError as error:
                log.warning("staff.unread", error=type(error).__name__)
            self._presence.sweep()
            await self._time.wait(self._news, max(0.001, (says_at - self._time.now()).total_seconds()))

    async def leave(self) -> None:
        """This service ends, and its consoles with it."""
        self._presence.leave()
        try:
            await self._say()
        except StoreError as error:
            log.warning("staff.unsaid", error=type(error).__name__)

    async def _say(self) -> None:
        await self._store.put_consoles(self._presence.own())
        self._hub.elsewhere(TOPIC, {"type": "presence"})

    async def _forget(self) -> None:
        now = self._time.now()
        if self._forgot_at is None or (now - self._forgot_at).total_seconds() >= FORGET_EVERY_S:
            self._forgot_at = now
            rows = await self._store.forget_expired(now=now, tries_before=now - TRIES_KEPT)
            log.info("staff.forgot_expired", rows=rows)

    async def _refresh(self) -> None:
        await self._sample()
        self._known = _Known(
            agents=tuple(await self._store.agents()), load=await self._store.agent_load(), line=await self._store.line()
        )
        self._presence.learn(await self._store.consoles(), await self._store.away())

    async def _sample(self) -> None:
        """How long people lately waited, now and then: one wait more changes little."""
        now = self._time.now()
        if self._sampled_at is None or not 0 <= (now - self._sampled_at).total_seconds() < SAMPLE_EVERY_S:
            found = await self._store.first_waits(since=now - SAMPLED, now=now, limit=MOST_SAMPLES)
            self._samples, self._sampled_at = tuple(found), now

    async def _changed(self) -> None:
        await self._refresh()
        assert self._conversations is not None
        for conversation_id in await self._store.waiting_conversations():
            await self._conversations.handle(conversation_id, AgentsChanged())

    async def _left(self, agent_id: str) -> None:
        await self._refresh()
        assert self._conversations is not None

        def left(_state: State) -> Event | None:
            return AgentLeft(agent_id=agent_id) if self._presence.is_gone(agent_id) else None

        held = await self._store.overviews(view="mine", agent_id=agent_id, limit=500)
        waiting = await self._store.waiting_conversations()
        for conversation_id in dict.fromkeys([*(o.conversation_id for o in held), *waiting]):
            await self._conversations.handle(conversation_id, left)
        if self._presence.is_gone(agent_id):
            self._presence.forget(agent_id)
            await self._store.drop_consoles(agent_id, open_until=self._time.now() - timedelta(seconds=GONE_S))
