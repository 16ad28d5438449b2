"""From a channel's hands into the store, many at a time in one transaction, and only then acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.core.events import ForeignEcho, PageDid
from bot.core.model import Arrival, Identity
from bot.core.window import COMMENT
from bot.errors import Overloaded
from bot.hub import Hub, identity_topic
from bot.store.contract import Echoed, Message, Store, StoreUnavailable, TakenIn, VersionConflict
from bot.time import Time

log = structlog.get_logger()

BATCH = 256
STORED_WITHIN_S = 3.0
"""Whoever sent it waits about five seconds for an answer (Meta, Webhooks, May 5, 2026), then sends it again."""

type Waiting = tuple[Sequence[Arrival], asyncio.Future[list[TakenIn]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeTimes:
    """How long a burst is waited for and by when the bot promises an answer, in seconds."""

    burst_s: float
    reply_s: float
    at_once: frozenset[str] = frozenset({"rest"})


class Intake:
    """The only way in. `arrivals` returns when the messages are durable; whoever waits is served in one transaction."""

    def __init__(
        self,
        store: Store,
        hub: Hub,
        time: Time,
        times: IntakeTimes,
        *,
        must_take: Callable[[], None],
        most_waiting: int,
        woken: Callable[[datetime], None],
        echoed: Callable[[Identity, ForeignEcho], Awaitable[None]],
        met: Callable[[str, Identity], None],
    ) -> None:
        self._store, self._hub, self._time, self._times = store, hub, time, times
        self._must_take, self._most_waiting = must_take, most_waiting
        self._woken, self._echoed, self._met = woken, echoed, met
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        self._writer: asyncio.Task[None] | None = None
        self._failing = False  # since the latest transaction, or a call that waited beyond all patience, until one is stored
        self.on_settled: Callable[[Message], None] = lambda _message: None
        self.not_heard: Callable[[], None] = lambda: None
        self.wants_comment: Callable[[str, str], bool] = lambda _post, _text: False

    @property
    def in_hand(self) -> int:
        """How many messages wait to be stored."""
        return self._count

    def promise(self, reply_s: float) -> None:
        """By when the bot promises an answer from now on."""
        self._times = replace(self._times, reply_s=reply_s)

    async def arrivals(self, arrivals: Sequence[Arrival]) -> list[TakenIn]:
        """Store; see `Inlet.arrivals`."""
        arrivals = [arrival for arrival in arrivals if self._wanted(arrival)]
        if not arrivals:
            return []
        self._must_take()
        try:
            return await self._stored(arrivals)
        except (Overloaded, StoreUnavailable):
            self.not_heard()  # with them came, perhaps, echoes
            raise

    def _wanted(self, arrival: Arrival) -> bool:
        """Whether it is for us: a public comment is only if a flow begins by it."""
        if arrival.metadata.get("action") != COMMENT:
            return True
        told = arrival.metadata["comment"]
        return self.wants_comment(str(told["post"]), str(told["text"]))

    async def _stored(self, arrivals: Sequence[Arrival]) -> list[TakenIn]:
        if self._count and self._failing:
            raise Overloaded("the database takes nothing; one call at a time may try")
        # A single call may be larger than all that may wait; alone it is served.
        if self._count and self._count + len(arrivals) > self._most_waiting:
            raise Overloaded(f"{self._count} messages wait to be stored")
        done: asyncio.Future[list[TakenIn]] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrivals, done))
        self._count += len(arrivals)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(STORED_WITHIN_S):
                return await done
        except TimeoutError as error:
            self._failing = True
            raise Overloaded(f"not stored within {STORED_WITHIN_S} s") from error

    async def settled(self) -> None:
        """Wait until everything that was taken is stored, or refused."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                await self._write_batch([one for one in batch if not one[1].done()])
            finally:
                self._count -= sum(len(arrivals) for arrivals, _ in batch)

    def _next_batch(self) -> list[Waiting]:
        """What goes into one transaction: calls that want the same wait for the rest of a burst."""
        batch = [self._waiting.popleft()]
        size = len(batch[0][0])
        at_once = self._answered_at_once(batch[0][0])
        while self._waiting and size < BATCH and self._answered_at_once(self._waiting[0][0]) == at_once:
            batch.append(self._waiting.popleft())
            size += len(batch[-1][0])
        return batch

    def _answered_at_once(self, arrivals: Sequence[Arrival]) -> bool:
        return arrivals[0].identity.channel in self._times.at_once

    async def _write_batch(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        now = self._time.now()
        everything = [a for arrivals, _ in batch for a in arrivals]
        burst_s = 0.0 if self._answered_at_once(everything) else self._times.burst_s
        try:
            taken = await self._store.take_in(
                everything,
                now=now,
                answer_at=now + timedelta(seconds=burst_s),
                promise_due_at=now + timedelta(seconds=self._times.reply_s),
            )
        except Exception as error:
            self._failing = isinstance(error, StoreUnavailable)
            await self._not_stored(batch, error)
            return
        self._failing = False
        self._woken(now + timedelta(seconds=burst_s))
        at = 0
        for arrivals, done in batch:
            mine = taken[at : at + len(arrivals)]
            at += len(arrivals)
            if not done.done():
                done.set_result(mine)
        for arrived, one in zip(everything, taken, strict=True):
            if one.new:
                self._tell(arrived, one)

    async def _not_stored(self, batch: list[Waiting], error: Exception) -> None:
        """With the database away nobody is served; else one call spoils it, and the others are stored by themselves."""
        if len(batch) > 1 and not isinstance(error, StoreUnavailable):
            log.warning("intake.split", calls=len(batch), error=type(error).__name__)
            for one in batch:
                await self._write_batch([one])
            return
        for _, done in batch:
            if not done.done():
                done.set_exception(error)

    def _tell(self, arrival: Arrival, taken: TakenIn) -> None:
        if taken.new_conversation:
            self._met(taken.conversation_id, arrival.identity)
            frame = {"type": "conversation", "conversation_id": taken.conversation_id}
            self._hub.publish(identity_topic(arrival.identity), frame)
        log.info("intake.stored", conversation_id=taken.conversation_id, channel=arrival.identity.channel, seq=taken.seq)
        self._hub.publish("console", {"type": "conversation", "conversation_id": taken.conversation_id})
        told = {"type": "message", "conversation_id": taken.conversation_id, "message_id": taken.message_id, "seq": taken.seq}
        self._hub.publish(f"conversation:{taken.conversation_id}", told)
        self._hub.publish("console", told)

    async def new_echoes(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        """Which of them tell something new; see `Inlet.new_echoes`."""
        try:
            return await self._store.unsettled(echoes) if echoes else frozenset()
        except StoreUnavailable:
            self.not_heard()
            raise

    async def echo(self, *, key: str, external_id: str) -> bool:
        """Settle a send by its echo; see `Inlet.echo`."""
        try:
            message = await self._store.settle_by_echo(key=key, external_id=external_id, now=self._time.now())
        except VersionConflict:
            # It was taken back here before it ever left: this echo is of another life of the database.
            log.warning("intake.strange_echo")
            return False
        except StoreUnavailable:
            self.not_heard()
            raise
        if message is None:
            return False
        self.on_settled(message)
        return True

    async def foreign_echo(
        self, identity: Identity, *, text: str, app_id: str | None, at: datetime, did: PageDid = "wrote"
    ) -> None:
        """Someone else answered; see `Inlet.foreign_echo`."""
        await self._echoed(identity, ForeignEcho(text=text, app_id=app_id, at=at, did=did))

    async def seen(self, identity: Identity, *, up_to_seq: int | None, at: datetime) -> None:
        """The person has read; see `Inlet.seen`."""
        conversation_id = await self._store.find_conversation(identity)
        if conversation_id is None:
            return
        if up_to_seq is None:
            shown = await self._store.messages(conversation_id, before_seq=2**62, limit=50)
            up_to_seq = max((m.seq for m in shown if m.seq is not None and m.at <= at), default=0)
        await self._store.mark_read(conversation_id, up_to_seq=up_to_seq, now=self._time.now())
        self._hub.publish("console", {"type": "conversation", "conversation_id": conversation_id})

    async def delivered(self, identity: Identity, *, up_to: datetime) -> None:
        """It has arrived; see `Inlet.delivered`."""
        conversation_id = await self._store.find_conversation(identity)
        if conversation_id is not None:
            await self._store.mark_delivered(conversation_id, up_to=up_to, now=self._time.now())

    async def typing(self, identity: Identity) -> None:
        """The person types; see `Inlet.typing`."""
        conversation_id = await self._store.find_conversation(identity)
        if conversation_id is not None:
            self._hub.publish("console", {"type": "typing", "conversation_id": conversation_id, "agent_id": None})
