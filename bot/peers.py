"""This service among the others on its database: their news reach its listeners, work of one wakes the rest, and what a channel
bears is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot import staff
from bot.circuit import Circuit, Phase
from bot.delivery import DeliveryWorker
from bot.hub import Frame, Hub
from bot.lines import Line, Lines
from bot.roll import BEAT_S, Roll
from bot.staff import Staff
from bot.time import Time
from bot.wire import Wire
from bot.worker import Worker

TOPIC = "work"
"""On the wire: clocks or outgoing messages are due by a time."""

ROLL = "roll"
"""On the wire: a service lives, has come (and wants to hear who lives), or goes."""

CIRCUIT = "circuit"
"""On the wire: a channel stopped working, or works again."""

TURNED_AWAY = "turned_away"
"""On the wire: a service turned something away that may have been an echo. Said once in `SAID_AGAIN` at most."""
SAID_AGAIN = timedelta(seconds=1)


class Peers:
    """Joins hub, workers, staff and the channels' lines to the wire. `name` is this service's among those on the database."""

    def __init__(
        self, wire: Wire, hub: Hub, staff: Staff, lines: Lines, time: Time, *, name: str, clocks: Worker, delivery: DeliveryWorker
    ) -> None:
        self._wire, self._hub, self._staff, self._lines, self._time, self._name = wire, hub, staff, lines, time, name
        self._workers = {"clocks": clocks, "outbox": delivery}
        self._roll = Roll()
        self._delivery, self._turned_away_at = delivery, datetime.min.replace(tzinfo=UTC)
        delivery.on_turned_away = self._turned_away
        hub.elsewhere = wire.publish
        for line in lines.all():
            line.on_learnt = self._teller(line)

    @property
    def services(self) -> int:
        """How many services live, as far as this one knows."""
        return self._roll.count(self._time.now())

    def due(self, of: str, at: datetime | None) -> None:
        """This service committed work of a kind, due at `at`: do it here, and let others help if it is not done soon.
        None for what only changed what is there."""
        self._workers[of].wake()
        if at is not None:
            self._wire.publish(TOPIC, {"of": of, "at": at.isoformat()})

    async def run(self) -> None:
        """Until cancelled: hear the others, and be heard."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._wire.run(self._heard, self._missed))
            both.create_task(self._beat())

    async def listening(self, within_s: float) -> None:
        """Wait until the others are heard, at most so long: without them this service still does its own work."""
        try:
            async with asyncio.timeout(within_s):
                await self._wire.listening()
        except TimeoutError:
            return
        self._say("came")

    async def stop(self) -> None:
        """Say what is still to be said."""
        self._say("goes")
        await self._wire.stop()

    async def _beat(self) -> None:
        never = asyncio.Event()
        while self._wire.shared:
            self._say("lives")
            self._share()
            await self._time.wait(never, BEAT_S)

    def _say(self, what: str) -> None:
        self._wire.publish(ROLL, {"service": self._name, "says": what})

    def _share(self) -> None:
        if not self._wire.hears:
            # Nobody's silence counts while nothing can be heard.
            self._roll.excuse(self._time.now())
        for line in self._lines.all():
            line.share(self.services)

    def _heard(self, topic: str, frame: Frame) -> None:
        if topic == TOPIC:
            worker = self._workers.get(frame["of"])
            if worker is not None:
                worker.help_by(datetime.fromisoformat(frame["at"]))
        elif topic == staff.TOPIC:
            self._staff.heard()
        elif topic == ROLL:
            self._called(frame["service"], frame["says"])
        elif topic == CIRCUIT:
            line = self._lines.get(frame["channel"])
            if line is not None:
                line.told(_circuit(frame), self._time.now())
        elif topic == TURNED_AWAY:
            self._delivery.turned_away_elsewhere()
        else:
            self._hub.deliver(topic, frame)

    def _called(self, service: str, says: str) -> None:
        if service == self._name:
            return
        if says == "goes":
            self._roll.left(service)
        else:
            self._roll.heard(service, self._time.now())
        if says == "came":
            self._say("lives")
        self._share()

    def _teller(self, line: Line) -> Callable[[Circuit], None]:
        return lambda circuit: self._wire.publish(CIRCUIT, _frame(line.channel, circuit))

    def _turned_away(self) -> None:
        now = self._time.now()
        if abs(now - self._turned_away_at) >= SAID_AGAIN:
            self._turned_away_at = now
            self._wire.publish(TURNED_AWAY, {})

    def _missed(self) -> None:
        """Listeners ask the store, workers look, the desk is read again."""
        self._roll.excuse(self._time.now())
        self._hub.lagged()
        for worker in self._workers.values():
            worker.wake()
        self._staff.heard()


def _frame(channel: str, circuit: Circuit) -> Frame:
    moments = {"opened_at": circuit.opened_at, "retry_at": circuit.retry_at}
    told = {name: None if at is None else at.isoformat() for name, at in moments.items()}
    return {"channel": channel, "phase": circuit.phase.value, "error": circuit.error, "failures": circuit.failures, **told}


def _circuit(frame: Frame) -> Circuit:
    opened_at, retry_at = (
        None if (at := frame[name]) is None else datetime.fromisoformat(at) for name in ("opened_at", "retry_at")
    )
    return Circuit(
        phase=Phase(frame["phase"]), failures=frame["failures"], error=frame["error"], opened_at=opened_at, retry_at=retry_at
    )
