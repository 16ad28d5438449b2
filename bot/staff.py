"""Who can be offered work right now, wherever their consoles are open, and what follows when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.conversations import Conversations
from bot.core.events import AgentLeft, AgentsChanged, Event
from bot.core.model import ClockKind, Episode, State
from bot.hub import Hub
from bot.store.contract import Agent, Store, StoreError, Waiting
from bot.time import Time
from handoff.desk import Asked, Desk, Seat
from handoff.forecast import Sample
from handoff.presence import GONE_S, Presence
from handoff.routing import matches

log = structlog.get_logger()

BEAT_S = 5.0
"""How often a service says which consoles are open at it, and looks what the others said."""

LOOKS = 3
FORGET_EVERY_S = 3600.0
TRIES_KEPT = timedelta(days=1)

SAMPLE_EVERY_S = 300.0
SAMPLED, MOST_SAMPLES = timedelta(days=28), 2000
"""Waits of four weeks, so that each hour of the week has been four times; the latest of them where there are many."""

TOPIC = "staff"
"""On the wire: who is there, or how much they hold, has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """As stored at the last look, and moved on with every commit of this process since."""

    agents: tuple[Agent, ...] = ()
    load: dict[str, float] = field(default_factory=dict)
    served: dict[str, datetime] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    booked: frozenset[tuple[datetime, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Those who wait, as the desk shows them, for what is known after so many moves."""

    of: _Known
    moves: int
    asked: dict[str, Asked]
    queue: tuple[Episode, ...]
    booked: frozenset[tuple[datetime, int]]
    some_later: bool

    @classmethod
    def up(cls, known: _Known, moves: int) -> _Line:
        waiting = known.waiting.values()
        queue = tuple(one.episode for one in waiting if not one.asked)
        return cls(
            of=known,
            moves=moves,
            asked={one.episode.episode_id: Asked(one.asked, one.episode.weight) for one in waiting if one.asked},
            queue=queue,
            booked=known.booked | frozenset(_booked(waiting)),
            some_later=any(episode.not_before is not None for episode in queue),
        )

    def queue_at(self, now: datetime) -> tuple[Episode, ...]:
        """Those of whom somebody may be asked by now."""
        return tuple(episode for episode in self.queue if not _later(episode, now)) if self.some_later else self.queue


class Staff:
    """Turns presence and load into the desk that `decide` sees, and offers waiting episodes when somebody becomes free.

    Several services may see the same change and act on it; the conversation's version lets one of them, and for the
    others there is nothing left to do.
    """

    def __init__(self, store: Store, presence: Presence, time: Time, hub: Hub, *, capacity: float) -> None:
        self._store, self._presence, self._time, self._hub, self._capacity = store, presence, time, hub, capacity
        self._known = _Known()
        self._moves = 0
        self._meant: dict[str, tuple[str, Asked]] = {}
        self._lined: _Line | None = None
        self._news = asyncio.Event()
        self._forgot_at: datetime | None = None
        self._samples: tuple[Sample, ...] = ()
        self._sampled_at: datetime | None = None
        self._conversations: Conversations | None = None

    def desk(self) -> Desk:
        """Everybody known, with presence and load as last seen."""
        known, line = self._known, self._line()
        return Desk(
            seats=tuple(
                Seat(
                    agent_id=agent.agent_id,
                    name=agent.name,
                    presence=self._presence.of(agent.agent_id),
                    load=known.load.get(agent.agent_id, 0),
                    capacity=agent.may_hold(self._capacity),
                    skills=frozenset(agent.skills),
                    languages=frozenset(agent.languages),
                    teams=frozenset(agent.teams),
                    idle_since=known.served.get(agent.agent_id),
                )
                for agent in known.agents
                if agent.disabled_at is None
            ),
            capacity=self._capacity,
            asked={**line.asked, **dict(self._meant.values())} if self._meant else line.asked,
            queue=line.queue_at(self._time.now()),
            samples=self._samples,
            booked=line.booked,
        )

    def _line(self) -> _Line:
        """Who waits, gone through anew only after something moved: every decision asks for it, and thousands may wait."""
        if self._lined is None or self._lined.of is not self._known or self._lined.moves != self._moves:
            self._lined = _Line.up(self._known, self._moves)
        return self._lined

    def follow(self, conversations: Conversations) -> None:
        """From now on changes of presence reach the conversations that wait."""
        self._conversations = conversations
        conversations.on_decided = self.decided
        conversations.on_settled = self.settled
        conversations.on_committed = self.committed
        conversations.on_time_taken = self._refresh
        self._presence.on_own = self._say
        self._presence.on_news = self._tell_others
        self._presence.on_change = self._changed
        self._presence.on_left = self._left

    def decided(self, before: State, after: State) -> None:
        """Somebody is about to be asked: what is decided until that is committed goes by it, or all who ask for a person at the
        same moment would be offered to the same agent."""
        episode, asked = after.episode, _asked(after)
        if episode is not None and asked is not None and asked != _asked(before):
            self._meant[after.conversation_id] = (episode.episode_id, Asked(asked, episode.weight))

    def settled(self, conversation_id: str) -> None:
        """It is committed, or will not be."""
        self._meant.pop(conversation_id, None)

    def committed(self, before: State, after: State) -> None:
        """A conversation went from one state to another by a commit of this process: who holds and who is asked what has moved.
        Whoever has room again is offered what waits."""
        known, key = self._known, after.conversation_id
        had, has, was_asked, is_asked = _holder(before), _holder(after), _asked(before), _asked(after)
        waits = after.episode is not None and after.episode.status == "waiting"
        if has is not None and after.promise is not None:
            self._presence.owes(has[0])
        if had == has and not waits and key not in known.waiting:
            return
        self._moves += 1
        if had != has:
            for held, sign in ((had, -1), (has, 1)):
                if held is not None:
                    agent_id, weight = held
                    known.load[agent_id] = max(0.0, known.load.get(agent_id, 0.0) + sign * weight)
                    known.served[agent_id] = self._time.now()
        known.waiting.pop(key, None)
        if waits and after.episode is not None:
            known.waiting[key] = Waiting(conversation_id=key, episode=after.episode, asked=is_asked)
        if {had and had[0], was_asked} - {has and has[0], is_asked, None}:
            self._presence.changed()

    def heard(self) -> None:
        """Another service says that something changed, or may have."""
        self._news.set()

    async def run(self) -> None:
        """Say and look every few seconds: presence runs out, and loads change by commits."""
        says_at = self._time.now()
        while True:
            self._news.clear()
            try:
                # A moment further ahead than a beat was set before the clock was set back.
                if not 0 < (says_at - self._time.now()).total_seconds() <= BEAT_S:
                    says_at = self._time.now() + timedelta(seconds=BEAT_S)
                    await self._store.put_consoles(self._presence.own())
                    await self._forget()
                await self._refresh()
                if self._to_offer():
                    self._presence.changed()
            except StoreError as error:
                log.warning("staff.unread", error=type(error).__name__)
            self._presence.sweep()
            beat_s = (says_at - self._time.now()).total_seconds()
            await self._time.rest(self._news, self._presence.next_at(), within_s=min(BEAT_S, beat_s))

    async def leave(self) -> None:
        """This service ends, and its consoles with it."""
        self._presence.leave()
        try:
            await self._say()
        except StoreError as error:
            log.warning("staff.unsaid", error=type(error).__name__)

    async def _say(self) -> None:
        await self._store.put_consoles(self._presence.own())
        self._tell_others()

    def _tell_others(self) -> None:
        self._hub.elsewhere(TOPIC, {"type": "presence"})

    async def _forget(self) -> None:
        now = self._time.now()
        if self._forgot_at is None or (now - self._forgot_at).total_seconds() >= FORGET_EVERY_S:
            self._forgot_at = now
            rows = await self._store.forget_expired(now=now, tries_before=now - TRIES_KEPT)
            log.info("staff.forgot_expired", rows=rows)

    async def _refresh(self) -> None:
        """Look again; a look during which something moved here is old already."""
        await self._sample()
        for _ in range(LOOKS):
            moves = self._moves
            known = _Known(
                agents=tuple(await self._store.agents()),
                load=await self._store.agent_load(),
                served=await self._store.last_served(),
                waiting={one.conversation_id: one for one in await self._store.waiting()},
                booked=await self._store.booked(),
            )
            if moves == self._moves:
                break
        self._known = known
        self._presence.learn(await self._store.consoles(), await self._store.away())

    async def _sample(self) -> None:
        """How long people lately waited, now and then: one wait more changes little."""
        now = self._time.now()
        if self._sampled_at is None or not 0 <= (now - self._sampled_at).total_seconds() < SAMPLE_EVERY_S:
            found = await self._store.first_waits(since=now - SAMPLED, now=now, limit=MOST_SAMPLES)
            self._samples, self._sampled_at = tuple(found), now

    def _to_offer(self) -> list[str]:
        """Conversations about which somebody can be asked now, the most urgent first."""
        desk, waiting = self.desk(), self._known.waiting.values()
        of = {one.episode.episode_id: one.conversation_id for one in waiting}
        gone = [one.conversation_id for one in waiting if one.asked and not desk.is_online(one.asked)]
        return gone + [of[episode.episode_id] for episode, _ in matches(desk, self._time.now())]

    async def _changed(self) -> None:
        await self._refresh()
        assert self._conversations is not None
        for conversation_id in self._to_offer():
            await self._conversations.handle(conversation_id, AgentsChanged())

    async def _left(self, agent_id: str) -> None:
        await self._refresh()
        assert self._conversations is not None

        def left(_state: State) -> Event | None:
            return AgentLeft(agent_id=agent_id) if self._presence.is_gone(agent_id) else None

        held = await self._store.overviews(view="mine", agent_id=agent_id, limit=500)
        asked = [one.conversation_id for one in self._known.waiting.values() if one.asked == agent_id]
        for conversation_id in dict.fromkeys([*(o.conversation_id for o in held), *asked]):
            await self._conversations.handle(conversation_id, left)
        if self._presence.is_gone(agent_id):
            self._presence.forget(agent_id)
            await self._store.drop_consoles(agent_id, open_until=self._time.now() - timedelta(seconds=GONE_S))


def _later(episode: Episode, now: datetime) -> bool:
    """Whether nobody is to be asked yet, since a time was booked."""
    return episode.not_before is not None and now < episode.not_before


def _booked(waiting: Iterable[Waiting]) -> Iterator[tuple[datetime, int]]:
    for one in waiting:
        if one.episode.callback_at is not None and one.episode.callback_seat is not None:
            yield one.episode.callback_at, one.episode.callback_seat


def _holder(state: State) -> tuple[str, float] | None:
    """Who holds the conversation's episode, and its weight."""
    episode = state.episode
    if episode is None or episode.status != "accepted" or episode.agent is None:
        return None
    return episode.agent.agent_id, episode.weight


def _asked(state: State) -> str | None:
    """Who is being asked about the conversation's episode."""
    episode = state.episode
    clock = state.clock(ClockKind.ACCEPT, episode.episode_id) if episode is not None and episode.status == "waiting" else None
    return None if clock is None else clock.data["agent_id"]
