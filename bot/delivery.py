"""Sends what was committed: in order for each conversation, at the pace that was decided, and never twice.

A message is marked as being sent before its channel is called. Whatever happens after that, a crash or a broken line, its
outcome counts as unknown until its echo tells; only when no echo came for `settle_s` seconds is it sent again. What cannot be
sent for a reason that a person can mend is parked: it blocks nobody, and an admin queues it anew or lets it go.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import structlog

from bot.background import Background
from bot.channels.base import CALL_WITHIN_S, Channel, Rejected, Retry, Sent, Unknown
from bot.circuit import Phase
from bot.conversations import Conversations
from bot.core.events import Decision, DeliveryFailed
from bot.core.interrupt import HELD_BACK
from bot.core.model import AgentRef, Delivery, Identity, Say, Speaker
from bot.core.window import SendAs, permit
from bot.hearing import SETTLE_SPREAD, Hearing
from bot.hub import Hub
from bot.lines import Line, Lines
from bot.metrics import DELIVERED, RETRIED, SEND_LATENESS, UNDELIVERED
from bot.store.contract import Committed, Message, Outgoing, Store, StoreUnavailable, VersionConflict
from bot.store.rules import earliest
from bot.time import Time
from bot.worker import Worker

log = structlog.get_logger()

LONGEST_BACK_OFF_S = 60.0
AT_ONCE = 64
TYPING_MAY_BE_LATE = timedelta(seconds=1)
NO_ATTEMPT = frozenset({"token", "rate", "away"})
"""Failures of the channel as a whole, before it took anything: they use up no attempt of the message."""
HOPELESS = frozenset({"window", "unreachable", "frequency"})
"""Refusals that nobody can do anything about. A message that fails for another reason is parked."""
BROKEN_TRIES = 4
"""After so many failures of our own code with one message it is parked."""
PATIENCE = 4
"""While a channel's circuit is not closed, its failures say little of a message: this many times the attempts are allowed."""
INTERRUPTED_S = 1.0
"""How soon words are looked at again that the prospect interrupted."""
OUTBOX_NEWS = {"type": "outbox"}


class DeliveryWorker(Worker):
    """The outbox's hands. One message of a conversation is in hand at a time, many conversations are."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        lines: Lines,
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
        self.lines = lines
        self._hub, self._rng = hub, rng
        self._settle_s, self._attempts = settle_s, attempts
        self._typing: list[tuple[datetime, int, Identity, AgentRef | None, str]] = []
        self._order = itertools.count()
        self._background = background
        self.on_queued: Callable[[datetime], None] = lambda _due_at: self.wake()
        self.on_turned_away: Callable[[], None] = lambda: None
        self._broken: dict[int, int] = {}
        self._hearing = Hearing(time.now(), settle_s=settle_s)
        lines.changed = self._circuits_moved

    def _circuits_moved(self) -> None:
        self._hub.publish("console", OUTBOX_NEWS)
        self.wake()

    def not_heard(self) -> None:
        """Something that a channel told could not be stored: it may have been an echo, of a message that any service sent."""
        self._hearing.lost(self._time.now())
        self.on_turned_away()

    def turned_away(self) -> None:
        """Something was not served for want of room or time: it may have been an echo, too."""
        self.turned_away_elsewhere()
        self.on_turned_away()

    def turned_away_elsewhere(self) -> None:
        """Another service could not take something that a channel told."""
        self._hearing.turned_away(self._time.now())

    def queued(self, conversation_id: str, decision: Decision, committed: Committed) -> None:
        """A commit queued messages: plan their typing indicators and look at the outbox."""
        for say in decision.say:
            if say.typing_at is not None:
                entry = (say.typing_at, next(self._order), decision.state.identity, say.agent, conversation_id)
                heapq.heappush(self._typing, entry)
        now = self._time.now()
        self.on_queued(min((say.due_at or now for say in decision.say), default=now))

    def settled(self, shown: Message) -> None:
        """An echo told what became of a message: it is shown now, and what stands behind it may leave."""
        self.tell(shown)
        self.wake()

    async def _start_due(self, most: int) -> datetime | None:
        self._show_typing()
        now = self._time.now()
        until = now + self._lease
        free, to_probe = self.lines.free(now), self.lines.to_probe(now)
        due = await self._claim(now, until, most, free)
        for channel in to_probe[: most - len(due)]:
            due += await self._claim(now, until, 1, (channel,))
        for message in due:
            self._take(message.conversation_id, self._begun(message, now), until=until)
        next_at = await self._store.outbox_next_at(channels=(*free, *to_probe), after=now)
        return earliest(next_at, self.lines.next_free_at(self._time.now()), self._next_typing())

    async def _claim(self, now: datetime, until: datetime, most: int, channels: tuple[str, ...]) -> list[Outgoing]:
        return await self._store.claim_outbox(worker=self.name, now=now, until=until, limit=most, channels=channels, skip=self.busy)

    def _begun(self, message: Outgoing, now: datetime) -> Coroutine[Any, Any, None]:
        """The work on a message that is due: to send it, or, if its channel cannot take it now, to make it due later."""
        later = self.lines[message.identity.channel].take(message, now)
        return self._work(message) if later is None else self._store.postpone(message.message_id, due_at=later)

    async def _work(self, message: Outgoing) -> None:
        try:
            await self._deliver(message)
        except StoreUnavailable:
            self.not_heard()
            log.warning("send.unserved", message_id=message.message_id)
            await self._rest(message.conversation_id)
        except Exception as error:
            log.exception("send.failed", message_id=message.message_id)
            await self._broke(message, type(error).__name__)
        else:
            self._broken.pop(message.message_id, None)
            self._went_well(message.conversation_id)
        finally:
            self.lines[message.identity.channel].put_back(message.message_id, self._time.now())

    async def _broke(self, message: Outgoing, error: str) -> None:
        """Our own code failed over this message: it rests, and after some tries it is out of the way of the others."""
        failures = self._broken[message.message_id] = self._broken.get(message.message_id, 0) + 1
        due_at = self._time.now() + timedelta(seconds=2.0**failures)
        try:
            if failures < BROKEN_TRIES:
                await self._store.postpone(message.message_id, due_at=due_at)
                later = due_at + timedelta(seconds=self._settle_s)
                await self._store.mark_retry(message.message_id, worker=self.name, due_at=later, error="unknown")
                return
            await self._park(message, "broken", error)
            del self._broken[message.message_id]
            self._went_well(message.conversation_id)
            await self._conversations.handle(message.conversation_id, _failed(message, "broken"))
        except Exception:
            log.exception("send.stuck", message_id=message.message_id)
            await self._rest(message.conversation_id)

    async def _deliver(self, message: Outgoing) -> None:
        if message.delivery is Delivery.SENDING:
            # Who called is gone; the platform may act on the call for as long as if they were not.
            await self._unknown(message, "interrupted", since=_called_until(message))
            return
        again_at = self._hearing.again_at(message)
        if again_at is not None and self._time.now() < again_at:
            await self._store.postpone(message.message_id, due_at=again_at)
            return
        refusal = refused(message)
        if refusal is not None:
            await self._refuse(message, refusal)
            return
        now = self._time.now()
        send_as = permit(
            message.identity.channel,
            speaker=message.say.speaker,
            closes_at=message.window_closes_at,
            last_inbound_at=message.last_inbound_at,
            now=now,
            commented_at=message.say.due_at if message.say.comment_id else None,
        )
        if send_as is None:
            await self._fail(message, "window", "")
            return
        await self._send(message, send_as)

    async def _send(self, message: Outgoing, send_as: SendAs) -> None:
        channel = self._channels[message.identity.channel]
        if message.say.due_at is not None:
            late_s = (self._time.now() - message.say.due_at).total_seconds()
            SEND_LATENESS.labels(message.identity.channel).observe(max(0.0, late_s))
        if channel.local:
            await self._sent(message, None, send_as)
            return
        now = self._time.now()
        marked = await self._store.mark_sending(
            message.message_id, worker=self.name, now=now, sent_as=send_as.value, opted_out_at=message.opted_out_at
        )
        if not marked:
            await self._overtaken(message)
            return
        if not self.holds(message.conversation_id):
            # The process was stopped for longer than its lease: whoever took over waits for an echo that must not come twice.
            log.warning("send.lapsed", message_id=message.message_id)
            return
        line = self.lines[channel.name]
        outcome = await channel.send(message, send_as)
        line.learn(message.message_id, outcome, self._time.now())
        attempts = message.attempts + 1
        match outcome:
            case Sent(external_id=external_id):
                await self._sent(message, external_id, send_as)
            case Unknown(error=error) if not self._used_up(attempts, line):
                await self._unknown(message, error)
            case Retry(error=error, after_s=after_s) if error in NO_ATTEMPT or not self._used_up(attempts, line):
                await self._again(message, error, after_s)
            case Rejected(error=error, detail=detail):
                await self._fail(message, error, detail)
            case Unknown(error=error):
                await self._fail(message, "unknown", error)
            case Retry(error=error):
                await self._fail(message, error, "")

    def _used_up(self, attempts: int, line: Line) -> bool:
        """Whether a message has had its tries."""
        patience = 1 if line.circuit.phase is Phase.CLOSED else PATIENCE
        return attempts >= self._attempts * patience

    async def _sent(self, message: Outgoing, external_id: str | None, send_as: SendAs) -> None:
        try:
            shown = await self._store.mark_sent(
                message.message_id,
                now=self._time.now(),
                external_id=external_id,
                sent_as=send_as.value,
                opted_out_at=message.opted_out_at,
            )
        except VersionConflict:
            await self._overtaken(message)
            return
        DELIVERED.labels(message.identity.channel).inc()
        log.info("message.sent", conversation_id=message.conversation_id, message_id=message.message_id, seq=shown.seq)
        self.tell(shown)

    async def _overtaken(self, message: Outgoing) -> None:
        """It was withdrawn, taken over by another service, or its conversation changed hands since it was claimed: look again.
        We may only have been interrupted: our words wait until the person is answered, which may take them back."""
        log.info("send.overtaken", message_id=message.message_id)
        if message.say.speaker in HELD_BACK:
            await self._store.postpone(message.message_id, due_at=self._time.now() + timedelta(seconds=INTERRUPTED_S))
        await self._store.release_claims(worker=self.name, conversations=(message.conversation_id,))

    def tell(self, shown: Message) -> None:
        """Let those who watch the conversation know of a message that is now shown."""
        frame = {"type": "message", "conversation_id": shown.conversation_id, "message_id": shown.message_id, "seq": shown.seq}
        self._hub.publish(f"conversation:{shown.conversation_id}", frame)
        self._hub.publish("console", frame)

    async def _unknown(self, message: Outgoing, error: str, *, since: datetime | None = None) -> None:
        """Wait for its echo, from now or from a later moment on."""
        settle = timedelta(seconds=self._settle_s * self._rng.uniform(1.0, SETTLE_SPREAD))
        due_at = max(self._time.now(), since or self._time.now()) + settle
        await self._store.mark_retry(message.message_id, worker=self.name, due_at=due_at, error="unknown")
        log.warning("send.unknown", message_id=message.message_id, error=error)

    async def _again(self, message: Outgoing, error: str, after_s: float | None) -> None:
        wait_s = (after_s or min(LONGEST_BACK_OFF_S, 2.0**message.attempts)) * self._rng.uniform(1.0, 1.5)
        due_at, attempted = self._time.now() + timedelta(seconds=wait_s), error not in NO_ATTEMPT
        await self._store.mark_retry(message.message_id, worker=self.name, due_at=due_at, error=error, attempted=attempted)
        RETRIED.labels(message.identity.channel, error).inc()
        log.warning("send.again", message_id=message.message_id, error=error, wait_s=round(wait_s, 1))

    async def _fail(self, message: Outgoing, error: str, detail: str) -> None:
        """The rules hear of it first: a kill in between tells them twice, and never not at all."""
        await self._conversations.handle(message.conversation_id, _failed(message, error))
        if error not in HOPELESS:
            await self._park(message, error, detail)
            return
        await self._store.mark_unsendable(message.message_id, delivery=Delivery.FAILED, error=error, now=self._time.now())
        self._gave_up(message, Delivery.FAILED.value, error)

    async def _refuse(self, message: Outgoing, error: str) -> None:
        await self._store.mark_unsendable(message.message_id, delivery=Delivery.REFUSED, error=error, now=self._time.now())
        self._gave_up(message, Delivery.REFUSED.value, error)

    async def _park(self, message: Outgoing, error: str, detail: str) -> None:
        await self._store.mark_unsendable(
            message.message_id, delivery=Delivery.FAILED, error=error, detail=detail, park=True, now=self._time.now()
        )
        self._gave_up(message, "parked", error)
        self._hub.publish("console", OUTBOX_NEWS)

    def _gave_up(self, message: Outgoing, what: str, error: str) -> None:
        UNDELIVERED.labels(message.identity.channel, error).inc()
        log.warning("message.unsendable", message_id=message.message_id, delivery=what, error=error)
        self._hub.publish("console", {"type": "conversation", "conversation_id": message.conversation_id})

    # ---- typing indicators: best effort, nothing depends on them

    def _next_typing(self) -> datetime | None:
        return self._typing[0][0] if self._typing else None

    def _show_typing(self) -> None:
        now = self._time.now()
        while self._typing and self._typing[0][0] <= now:
            typing_at, _, identity, agent, _ = heapq.heappop(self._typing)
            channel = self._channels.get(identity.channel)
            # What comes late may come after the words themselves, which another service may have sent.
            in_time = now - typing_at < TYPING_MAY_BE_LATE
            if channel is not None and in_time and self.lines[identity.channel].works:
                self._background.start(channel.typing(identity, on=True, agent=agent))


def _called_until(message: Outgoing) -> datetime | None:
    return None if message.sending_at is None else message.sending_at + timedelta(seconds=CALL_WITHIN_S)


def _failed(message: Outgoing, error: str) -> DeliveryFailed:
    return DeliveryFailed(message_id=message.message_id, error=error)


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
