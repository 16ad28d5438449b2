"""Agents at the desk: consoles that open and close, offers taken, left or taken by two at once, words, and people who vanish."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from bot.core.events import AgentGaveBack, AgentTook, AgentUndid, AgentWrote, Event
from bot.core.model import AgentRef, CommandRefused
from bot.notifying import ABOVE_TEAMS
from bot.sim.loop import Gone, Life
from bot.sim.outside import Outside
from bot.sim.plan import AgentPlan, Habit, Shift
from bot.store.contract import Agent, AgentFull, NotFound, StoreUnavailable, VersionConflict
from handoff.api.sessions import SignedIn

if TYPE_CHECKING:
    from bot.service import Service
    from handoff.api.feed import Feed
    from handoff.api.ports import Frame

CALLS = ("alarm", "breach")
"""Notices that call everybody."""

TRIES = 6
AGAIN_S = 2.0
REFUSED_S = 300.0
"""Who could not take something does not press again at once."""
SLIP_EVERY, SLIP_S = 4, 1.5
"""Every so many messages of an agent are taken back, so soon, and written better."""


class SimAgent:
    """One agent with a console."""

    def __init__(self, world: Outside, plan: AgentPlan, *, slips: bool = False) -> None:
        self._world, self.plan, self._slips = world, plan, slips
        self.ref = AgentRef(agent_id=f"a_{plan.name}", name=plan.name)
        self._shift: Shift | None = None
        self._console: asyncio.Task[None] | None = None
        self._life: Life | None = None
        self._work = 0
        self._keys = itertools.count(1)
        self._busy: dict[str, Habit | None] = {}

    def record(self) -> Agent:
        """As the store keeps them."""
        return Agent(
            agent_id=self.ref.agent_id,
            email=f"{self.plan.name}@example.com",
            name=self.ref.name,
            role="agent",
            password_hash="",
            capacity=self.plan.capacity,
            teams=self.plan.teams,
        )

    def begin(self) -> None:
        """Plan the shifts."""
        for shift in self.plan.shifts:
            self._world.later(shift.from_s, self._come, shift)
            self._world.later(shift.to_s, self._go)

    def _come(self, shift: Shift) -> None:
        self._shift = shift
        self._world.watch.note(self.plan.name, f"opens the console{' and is away' if shift.away else ''}")
        self._world.open_console(self)

    def _go(self) -> None:
        if self._shift is not None:
            self._world.watch.note(self.plan.name, "closes the console")
        self._shift = None
        self._busy.clear()
        if self._console is not None and self._life is not None and not self._life.dead:
            self._console.cancel()
        self._console = None

    def connect(self, life: Life, service: Service, feed: Feed | None = None) -> None:
        """The service is there: open the console, if it is one's shift. With a `feed` there are teams, and it tells them."""
        if self._shift is None or (self._life is life and self._console is not None):
            return
        self._life, away = life, self._shift.away

        async def console() -> None:
            while True:
                try:
                    await service.store.switch_away(self.ref.agent_id, away=away)
                    break
                except StoreUnavailable:
                    await asyncio.sleep(AGAIN_S)
            service.presence.switch(self.ref.agent_id, away=away)
            async with service.presence.socket(self.ref.agent_id):
                if feed is None:
                    await asyncio.get_running_loop().create_future()
                else:
                    await self._looks(feed)

        self._console = life.spawn(console())

    async def _looks(self, feed: Feed) -> None:
        with feed.screen(SignedIn(agent=self.record(), token_sha256="")) as screen:
            while (frame := await screen.next()) is not None:
                self._look(frame)

    def _look(self, frame: Frame) -> None:
        conversation_id = frame.get("conversation_id") or frame.get("item", {}).get("id")
        # A notice for whoever is in charge names nobody.
        if conversation_id is None or frame["type"] == "hidden" or frame.get("kind") in ABOVE_TEAMS:
            return
        self._world.watch.reads(self.ref.agent_id, conversation_id)
        if frame["type"] == "notice":
            # The feed gives nobody what is for another.
            self.notices({**frame, "to": (self.ref.agent_id,)})

    def notices(self, frame: dict[str, Any]) -> None:
        """Something is on the console."""
        if self._shift is None or self._shift.away:
            return
        conversation_id, to = frame["conversation_id"], frame["to"]
        mine = self.ref.agent_id in to
        if frame["kind"] == "message" and mine:
            self._asked(conversation_id)
        elif conversation_id not in self._busy and (
            frame["kind"] in CALLS or (frame["kind"] == "offer" and (mine or self.plan.eager))
        ):
            self._begin(conversation_id)

    def _begin(self, conversation_id: str) -> None:
        habit = self.plan.habits[self._work % len(self.plan.habits)]
        self._work += 1
        if habit.take_s is not None:
            self._busy[conversation_id] = None
            self._world.spawn(self._serve(conversation_id, habit))

    async def _serve(self, conversation_id: str, habit: Habit) -> None:
        await asyncio.sleep(habit.take_s or 0.0)
        if not await self._command(conversation_id, AgentTook(agent=self.ref)):
            await asyncio.sleep(REFUSED_S)
            self._busy.pop(conversation_id, None)
            return
        self._busy[conversation_id] = habit
        for delay_s in habit.words_s:
            await asyncio.sleep(delay_s)
            if not await self._write(conversation_id):
                break  # somebody who may not be written to, or was taken over: there is nothing to do but to end it
        await asyncio.sleep(habit.end_s)
        if habit.end == "vanish":
            self._go()
        elif habit.end == "give_back":
            event = AgentGaveBack(agent=self.ref, summary="talked", outcome=habit.outcome)
            await self._command(conversation_id, event)
            self._busy.pop(conversation_id, None)

    def _asked(self, conversation_id: str) -> None:
        habit = self._busy.get(conversation_id)
        if habit is not None and habit.reply_s is not None:
            self._world.later(habit.reply_s, lambda: self._world.spawn(self._write(conversation_id)))

    async def _write(self, conversation_id: str) -> bool:
        number = next(self._keys)
        key = f"{self.plan.name}-{number}"
        if not await self._command(conversation_id, AgentWrote(agent=self.ref, text=f"words {key}", client_key=key)):
            return False
        if not self._slips or number % SLIP_EVERY:
            return True
        # A slip: the words are taken back, if it is not too late, and written better.
        await asyncio.sleep(SLIP_S)
        await self._command(conversation_id, AgentUndid(agent=self.ref, act="send", client_key=key))
        better = f"{key}-better"
        return await self._command(conversation_id, AgentWrote(agent=self.ref, text=f"words {better}", client_key=better))

    async def _command(self, conversation_id: str, event: Event) -> bool:
        """As the console does it: tried again when the line breaks. False if it was refused or could not be done."""
        name = type(event).__name__
        for _ in range(TRIES):
            if self._shift is None:
                return False
            try:
                await self._world.ask(_handling(conversation_id, event))
            except (AgentFull, CommandRefused, NotFound) as error:
                self._world.watch.refused(error)
                self._world.watch.note(self.plan.name, f"{name} on {conversation_id} is refused: {error}")
                return False
            except (Gone, StoreUnavailable, VersionConflict):
                await asyncio.sleep(AGAIN_S)
                continue
            self._world.watch.note(self.plan.name, f"{name} on {conversation_id}")
            return True
        return False


def _handling(conversation_id: str, event: Event) -> Callable[[Service], Coroutine[Any, Any, None]]:
    async def handle(service: Service) -> None:
        await service.conversations.handle(conversation_id, event)
        if not isinstance(event, AgentWrote):
            service.presence.changed()

    return handle
