"""The built service: how it starts, and how it stops without losing anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from bot.arming import Arming
from bot.audit import Auditor
from bot.background import Background
from bot.brain import Brain
from bot.calling import Caller
from bot.channels.base import Channel
from bot.clocks import ClockWorker
from bot.conversations import Conversations
from bot.delivery import DeliveryWorker
from bot.gate import Gate
from bot.hooks import HookWorker
from bot.hub import Hub
from bot.intake import Intake
from bot.life import Life
from bot.notifying import Notifier
from bot.peers import Peers
from bot.promising import Promises
from bot.published import Published
from bot.settings import Settings
from bot.staff import Staff
from bot.store.contract import Store
from bot.time import Time
from handoff.presence import Presence

log = structlog.get_logger()


LISTENING_WITHIN_S = 5.0


GOODBYE_WITHIN_S = 2.0


@dataclass(kw_only=True)
class Service:
    """The built service. `start` and `stop` may be driven by a web runner or by a test."""

    settings: Settings
    life: Life
    store: Store
    brain: Brain
    hub: Hub
    time: Time
    intake: Intake
    gate: Gate
    conversations: Conversations
    clocks: ClockWorker
    delivery: DeliveryWorker
    presence: Presence
    staff: Staff
    peers: Peers
    auditor: Auditor
    arming: Arming
    published: Published
    notifier: Notifier
    promises: Promises
    hooks: HookWorker
    caller: Caller
    background: Background
    channels: dict[str, Channel]
    web: web.Application
    workers: list[asyncio.Task[None]]
    close_consoles: Callable[[], None] = field(default=lambda: None)

    async def start(self) -> None:
        """Migrate, then let the workers run. Whatever was left by an earlier life is due now and goes on."""
        await self.store.migrate()
        await self.published.open(self.time.now())
        self.workers.append(asyncio.create_task(self.peers.run(), name="peers"))
        await self.peers.listening(LISTENING_WITHIN_S)
        self.workers += [
            asyncio.create_task(self.clocks.run(), name="clocks"),
            asyncio.create_task(self.delivery.run(), name="delivery"),
            asyncio.create_task(self.staff.run(), name="staff"),
            asyncio.create_task(self.auditor.run(), name="audit"),
            asyncio.create_task(self.notifier.run(), name="notifier"),
            asyncio.create_task(self.promises.run(), name="promises"),
            asyncio.create_task(self.hooks.run(), name="hooks"),
            asyncio.create_task(self.arming.run(), name="arming"),
        ]
        self.life.serve()

    async def stop(self) -> None:
        """All of it: drain, finish, close."""
        await self.drain()
        await self.finish()
        await self.close()

    async def drain(self) -> None:
        """Take nothing new, say so, and send everybody elsewhere."""
        self.life.drain()
        self.close_consoles()
        for channel in self.channels.values():
            await channel.drain()

    async def finish(self) -> None:
        """Finish what is in hand within `stop_within_s`; leave the rest in the store, held by nobody."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.settings.stop_within_s
        await _within(self.settings.stop_within_s, self.intake.settled(), name="intake")
        # Turns first: what they say may still be sent.
        await self.clocks.stop(max(0.0, (ends_at - loop.time()) / 2))
        await self.delivery.stop(max(0.0, ends_at - loop.time()))
        await self.notifier.stop(max(0.0, ends_at - loop.time()))

    async def close(self) -> None:
        """Say goodbye to the others and let go of everything."""
        await self.background.stop()
        await _within(GOODBYE_WITHIN_S, self.staff.leave(), name="staff")
        await self.peers.stop()
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)
        await self.hooks.close()
        for channel in self.channels.values():
            await channel.close()
        await self.caller.close()
        await self.brain.close()
        await self.store.close()


async def _within(seconds: float, step: Coroutine[Any, Any, None], *, name: str) -> None:
    """A step of a stop. One that hangs, as on a database that is silent, must not hold up the rest."""
    try:
        async with asyncio.timeout(seconds):
            await step
    except TimeoutError:
        log.warning("stop.given_up", step=name)
