"""This service among the others on its database: their news reach its listeners, and work of one wakes the rest."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot import staff
from bot.hub import Frame, Hub
from bot.staff import Staff
from bot.wire import Wire
from bot.worker import Worker

TOPIC = "work"
"""On the wire: clocks or outgoing messages are due by a time."""


class Peers:
    """Joins hub, workers and staff to the wire."""

    def __init__(self, wire: Wire, hub: Hub, staff: Staff, *, clocks: Worker, delivery: Worker) -> None:
        self._wire, self._hub, self._staff = wire, hub, staff
        self._workers = {"clocks": clocks, "outbox": delivery}
        hub.elsewhere = wire.publish

    def due(self, of: str, at: datetime | None) -> None:
        """This service committed work of a kind, due at `at`: do it here, and let others help if it is not done soon.
        None for what only changed what is there."""
        self._workers[of].wake()
        if at is not None:
            self._wire.publish(TOPIC, {"of": of, "at": at.isoformat()})

    async def run(self) -> None:
        """Until cancelled: hear the others."""
        await self._wire.run(self._heard, self._missed)

    async def listening(self, within_s: float) -> None:
        """Wait until the others are heard, at most so long: without them this service still does its own work."""
        try:
            async with asyncio.timeout(within_s):
                await self._wire.listening()
        except TimeoutError:
            return

    async def stop(self) -> None:
        """Say what is still to be said."""
        await self._wire.stop()

    def _heard(self, topic: str, frame: Frame) -> None:
        if topic == TOPIC:
            worker = self._workers.get(frame["of"])
            if worker is not None:
                worker.help_by(datetime.fromisoformat(frame["at"]))
        elif topic == staff.TOPIC:
            self._staff.heard()
        else:
            self._hub.deliver(topic, frame)

    def _missed(self) -> None:
        """Listeners ask the store, workers look, the desk is read again."""
        self._hub.lagged()
        for worker in self._workers.values():
            worker.wake()
        self._staff.heard()
