"""Sends what was committed: in order for each conversation, at the pace that was decided, and never twice.

A message is marked as being sent before its channel is called. Whatever happens after that, a crash or a broken line, its
outcome counts as unknown until its echo tells; only when no echo came for `settle_s` seconds is it sent again.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

import structlog

from bot.background import Background
from bot.channels.base import Channel, Rejected, Retry, Sent, Unknown
from bot.conversations import Conversations
from bot.core.events import Decision, DeliveryFailed
from bot.core.model import AgentRef, Delivery, Identity, Say, Speaker
from bot.core.window import SendAs, permit
from bot.hub import Hub
from bot.metrics import DELIVERED, RETRIED, SEND_LATENESS, UNDELIVERED
from bot.store.contract import Committed, Message, Outgoing, Store, VersionConflict
from bot.time import Time
from bot.worker import SAFETY_NET_S, Worker

log = structlog.get_logger()

LONGEST_BACK_OFF_S = 60.0
AT_ONCE = 64


class DeliveryWorker(Worker):
    """The outbox's hands. One message of a conversation is in hand at a time, many conversations are."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        conversations: Conversations,
        hub: Hub,
        time: Time,
        rng: Random,
        background: Background,
        *,
        name: str,
        lease_s: float,
        settle_s: float,
        attempts: int,
    ) -> None:
        super().__init__(store, time, name=f"{name}/outbox", lease_s=lease_s, at_once=AT_ONCE)
        self._channels, self._conversations = channels, conversations
        self._hub, self._rng = hub, rng
        self._settle_s, self._attempts = settle_s, attempts
        self._typing: list[tuple[datetime, int, Identity, AgentRef | None, str]] = []
        self._order = itertools.count()
        self._background = background

    def queued(self, conversation_id: str, decision: Decision, committed: Committed) -> None:
        """A commit queued messages: plan their typing indicators and look at the outbox."""
        for say in decision.say:
            if say.typing_at is not None:
                entry = (say.typing_at, next(self._order), decision.state.identity, say.agent, conversation_id)
                heapq.heappush(self._typing, entry)
        self.wake()

    async def _start_due(self, most: int) -> float:
        self._show_typing()
        channels = tuple(self._channels)
        now = self._time.now()
        until = now + self._lease
        for message in await self._store.claim_outbox(
            worker=self.name, now=now, until=until, limit=most, channels=channels, skip=self.busy
        ):
            self._take(message.conversation_id, self._work(message), until=until)
        next_at = await self._store.outbox_next_at(channels=channels, after=now)
        return self._until(SAFETY_NET_S, next_at, self._next_typing())

    async def _work(self, message: Outgoing) -> None:
        try:
            await self._deliver(message)
        except Exception:
            log.exception("send.failed", message_id=message.message_id)
            await self._rest(message.conversation_id)
        else:
            self._went_well(message.conversation_id)

    async def _deliver(self, message: Outgoing) -> None:
        if message.delivery is Delivery.SENDING:
            await self._unknown(message, "interrupted")
            return
        refusal = refused(message)
        if refusal is not None:
            await self._give_up(message, Delivery.REFUSED, refusal)
            return
        now = self._time.now()
        send_as = permit(
            message.identity.channel,
            speaker=message.say.speaker,
            closes_at=message.window_closes_at,
            last_inbound_at=message.last_inbound_at,
            now=now,
        )
        if send_as is None:
            await self._give_up(message, Delivery.FAILED, "window")
            return
        await self._send(message, send_as)

    async def _send(self, message: Outgoing, send_as: SendAs) -> None:
        channel = self._channels[message.identity.channel]
        if message.say.due_at is not None:
            late_s = (self._time.now() - message.say.due_at).total_seconds()
            SEND_LATENESS.labels(message.identity.channel).observe(max(0.0, late_s))
        if channel.local:
            await self._sent(message, None)
            return
        if not await self._store.mark_sending(message.message_id, worker=self.name, now=self._time.now()):
            return
        if not self.holds(message.conversation_id):
            # The process was stopped for longer than its lease: whoever took over waits for an echo that must not come twice.
            log.warning("send.lapsed", message_id=message.message_id)
            return
        match await channel.send(message, send_as):
            case Sent(external_id=external_id):
                await self._sent(message, external_id)
            case Unknown(error=error):
                await self._unknown(message, error)
            case Rejected(error=error):
                await self._give_up(message, Delivery.FAILED, error)
            case Retry(error=error, after_s=after_s):
                await self._again(message, error, after_s)

    async def _sent(self, message: Outgoing, external_id: str | None) -> None:
        try:
            shown = await self._store.mark_sent(message.message_id, now=self._time.now(), external_id=external_id)
        except VersionConflict:
            log.info("message.withdrawn", message_id=message.message_id)
            return
        DELIVERED.labels(message.identity.channel).inc()
        log.info("message.sent", conversation_id=message.conversation_id, message_id=message.message_id, seq=shown.seq)
        self.tell(shown)

    def tell(self, shown: Message) -> None:
        """Let those who watch the conversation know of a message that is now shown."""
        frame = {"type": "message", "conversation_id": shown.conversation_id, "message_id": shown.message_id, "seq": shown.seq}
        self._hub.publish(f"conversation:{shown.conversation_id}", frame)
        self._hub.publish("console", frame)

    async def _unknown(self, message: Outgoing, error: str) -> None:
        due_at = self._time.now() + timedelta(seconds=self._settle_s)
        await self._store.mark_retry(message.message_id, worker=self.name, due_at=due_at, error="unknown")
        log.warning("send.unknown", message_id=message.message_id, error=error)

    async def _again(self, message: Outgoing, error: str, after_s: float | None) -> None:
        if message.attempts + 1 >= self._attempts:
            await self._give_up(message, Delivery.FAILED, error)
            return
        wait_s = after_s if after_s is not None else min(LONGEST_BACK_OFF_S, 2.0**message.attempts) * self._rng.uniform(0.5, 1.0)
        await self._store.mark_retry(
            message.message_id, worker=self.name, due_at=self._time.now() + timedelta(seconds=wait_s), error=error
        )
        RETRIED.labels(message.identity.channel, error).inc()
        log.warning("send.again", message_id=message.message_id, error=error, wait_s=round(wait_s, 1))

    async def _give_up(self, message: Outgoing, delivery: Delivery, error: str) -> None:
        await self._store.mark_unsendable(message.message_id, delivery=delivery, error=error, now=self._time.now())
        UNDELIVERED.labels(message.identity.channel, error).inc()
        log.warning("message.unsendable", message_id=message.message_id, delivery=delivery.value, error=error)
        if delivery is Delivery.FAILED:
            event = DeliveryFailed(message_id=message.message_id, error=error)
            await self._conversations.handle(message.conversation_id, event)
        self._hub.publish("console", {"type": "conversation", "conversation_id": message.conversation_id})

    # ---- typing indicators: best effort, nothing depends on them

    def _next_typing(self) -> datetime | None:
        return self._typing[0][0] if self._typing else None

    def _show_typing(self) -> None:
        while self._typing and self._typing[0][0] <= self._time.now():
            _, _, identity, agent, _ = heapq.heappop(self._typing)
            channel = self._channels.get(identity.channel)
            if channel is not None:
                self._background.start(channel.typing(identity, on=True, agent=agent))


def refused(message: Outgoing) -> str | None:
    """Why a message must not leave any more, or None. After an opt-out only its confirmation leaves, until the person writes."""
    if message.stale:
        return "stale"
    if message.opted_out_at is None or _is_confirmation(message.say):
        return None
    wrote_since = message.last_inbound_at is not None and message.last_inbound_at > message.opted_out_at
    return None if wrote_since and message.say.speaker is not Speaker.FLOW else "opted_out"


def _is_confirmation(say: Say) -> bool:
    return say.speaker is Speaker.LADDER and "opted_out" in (say.wording or "")
