"""Messenger as a simulation has it: webhooks that are posted until acknowledged, sends with a fate, echoes that may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.channels.base import Outcome, Ports, Rejected, Retry, Sent, Unknown
from bot.core.model import AgentRef, Identity, Profile, WarmlineError
from bot.core.window import SendAs
from bot.sim.loop import Gone
from bot.sim.outside import Outside
from bot.sim.plan import MESSENGER, WIDGET, Fate
from bot.store.contract import Outgoing

if TYPE_CHECKING:
    from bot.service import Service
    from bot.sim.people import SimPerson

BACK_OFF_S = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""How long a sender waits before it posts again what was not acknowledged."""

KNOWN_AFTER_S = 1.0
"""A service that lives so long after an answer, with its database, knows the answer."""


class Posting:
    """The sending side of webhooks."""

    def __init__(self, world: Outside) -> None:
        self._world = world

    def post[T](
        self,
        work: Callable[[Service], Coroutine[Any, Any, T]],
        *,
        after_s: float,
        acknowledged: Callable[[T], None] = lambda _answer: None,
    ) -> None:
        """Post after `after_s` seconds, and again until it is acknowledged."""
        self._world.later(after_s, lambda: self._world.spawn(self._post(work, acknowledged)))

    async def _post[T](self, work: Callable[[Service], Coroutine[Any, Any, T]], acknowledged: Callable[[T], None]) -> None:
        tries = 0
        while True:
            try:
                answer = await self._world.ask(work)
            except (Gone, WarmlineError):
                await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
                tries += 1
                continue
            acknowledged(answer)
            return


@dataclass(slots=True)
class _Sending:
    """What the platform knows of a message that it was handed."""

    handed: tuple[float, float]
    """When the latest send began or ended that may have reached the person: virtual seconds, and the service's clock."""
    delivered: bool = False
    echoed: bool = False
    told_s: float | None = None


class Platform:
    """Where sends go. People's screens are behind it."""

    def __init__(self, world: Outside, posting: Posting, people: dict[str, SimPerson], *, settle_s: float) -> None:
        self._world, self._posting, self._people, self._settle_s = world, posting, people, settle_s
        self._sendings: dict[str, _Sending] = {}
        self.excused = 0
        self.delivered = 0

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """The Send API."""
        person = self._people[message.identity.external_id]
        fate = person.next_fate()
        self._world.watch.sends(message, send_as)
        before = self._hand_over(message)
        await asyncio.sleep(fate.slow_s)
        if fate.delivered:
            self._deliver(person, message, fate)
        await asyncio.sleep(fate.answer_s)
        self._world.watch.note(person.plan.name, f"send of #{message.message_id}: {fate.outcome} {fate.error}")
        sending = self._sendings[message.key]
        sending.handed = before if before and fate.outcome == "retry" else (self._world.now_s(), self._world.wall_s())
        match fate.outcome:
            case "sent":
                sending.told_s = self._world.now_s()
                return Sent(external_id=f"mid.{message.key}")
            case "retry":
                return Retry(error=fate.error, after_s=fate.retry_s)
            case "unknown":
                return Unknown(error=fate.error)
            case _:
                return Rejected(error=fate.error)

    def _hand_over(self, message: Outgoing) -> tuple[float, float] | None:
        """A message is handed over again: if the person has it already, the service must have had no way to know. Gives when it
        was handed over before."""
        now_s, wall_s = self._world.now_s(), self._world.wall_s()
        known = self._sendings.get(message.key)
        if known is None:
            self._sendings[message.key] = _Sending(handed=(now_s, wall_s))
            return None
        if known.delivered:
            told = known.told_s is not None and self._world.certain_since(known.told_s, known.told_s + KNOWN_AFTER_S)
            waited_s = max(now_s - known.handed[0], wall_s - known.handed[1])
            if known.echoed or told or waited_s < self._settle_s - 0.5:
                why = "its echo had come" if known.echoed else "it was told" if told else f"it waited {waited_s:.1f} s"
                self._world.watch.broken(message.identity.external_id, [f"I4: #{message.message_id} was sent twice, and {why}"])
        before, known.handed = known.handed, (now_s, wall_s)
        return before

    def _deliver(self, person: SimPerson, message: Outgoing, fate: Fate) -> None:
        sending = self._sendings[message.key]
        twice, sending.delivered = sending.delivered, True
        self.delivered += 1
        self.excused += twice
        self._world.watch.note(person.plan.name, f"gets #{message.message_id}{' again' if twice else ''}: {message.say.text}")
        person.sees(message.message_id, message.say.quick_replies, again=twice)
        if fate.echo_s is None:
            return

        def echoed(_known: bool) -> None:
            sending.echoed = True

        key, external_id = message.key, f"mid.{message.key}"
        self._posting.post(lambda s: s.intake.echo(key=key, external_id=external_id), after_s=fate.echo_s, acknowledged=echoed)


class SimMessenger:
    """`bot.channels.base.Channel` for one life of the service."""

    name = MESSENGER
    local = False

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def add_routes(self, app: web.Application, ports: Ports) -> None:
        """People come in by the world, not by a socket."""

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """Hand one message over."""
        return await self._platform.send(message, send_as)

    async def typing(self, identity: Identity, *, on: bool, agent: AgentRef | None) -> None:
        """Nobody looks."""

    async def seen(self, identity: Identity) -> None:
        """Nobody looks."""

    async def profile(self, identity: Identity) -> Profile | None:
        """Some people have a name."""
        await asyncio.sleep(0.2)
        return Profile(first_name=identity.external_id.capitalize()) if identity.external_id.endswith(("1", "4", "7")) else None

    async def drain(self) -> None:
        """Nobody holds anything open."""

    async def close(self) -> None:
        """Nothing is held open."""


class SimWidget(SimMessenger):
    """A channel of our own: what the store marks as sent is on the screen."""

    name = WIDGET
    local = True

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """The store shows it."""
        return Sent()
