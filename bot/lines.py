"""A channel's way out: its circuit, and its share of the rate budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import structlog

from bot import budget, circuit
from bot.budget import Budgets
from bot.channels.base import Outcome, Rejected, Retry, Sent, Unknown
from bot.circuit import CLOSED, Circuit, Phase
from bot.metrics import CIRCUIT
from bot.store.contract import Outgoing

log = structlog.get_logger()

LOOK_AGAIN = timedelta(milliseconds=50)
"""A page whose budget is spent is looked at again when there is room for more than one message."""
THREADS = 10_000
LEVELS = {Phase.CLOSED: 0, Phase.PROBING: 1, Phase.OPEN: 2}


class Line:
    """One channel. `budgets` None means that nobody counts, as on channels of our own."""

    def __init__(self, channel: str, budgets: Budgets | None, rng: Random, changed: Callable[[], None]) -> None:
        self.channel = channel
        self.circuit: Circuit = CLOSED
        self.used = 0.0
        self._whole, self._budgets, self._rng, self._changed = budgets, budgets, rng, changed
        self._page: datetime | None = None
        self._media: datetime | None = None
        self._threads: dict[str, datetime] = {}
        self._probe_id: int | None = None
        self.on_learnt: Callable[[Circuit], None] = lambda _circuit: None
        CIRCUIT.labels(channel).set(LEVELS[Phase.CLOSED])

    @property
    def works(self) -> bool:
        """Whether the channel is worth bothering with indicators and receipts."""
        return self.circuit.phase is Phase.CLOSED

    def share(self, services: int) -> None:
        """So many services write to the channel: this one takes its share of the budgets from now on."""
        if self._whole is not None:
            self._budgets = budget.shared(self._whole, services)

    def told(self, elsewhere: Circuit, now: datetime) -> None:
        """Another service learnt that the channel does not work, or works again. A probe of our own will tell us more than that.
        The wait is stretched by up to a quarter, so that not all probe at once."""
        if self.circuit.phase is Phase.PROBING or self.circuit.phase is elsewhere.phase is Phase.CLOSED:
            return
        if elsewhere.retry_at is not None:
            later = max(timedelta(0), elsewhere.retry_at - now) * (self._rng.random() / 4)
            elsewhere = replace(elsewhere, retry_at=elsewhere.retry_at + later)
        self._set(elsewhere)

    def free_at(self, now: datetime) -> datetime:
        """When the next message of this channel may be taken in hand: now, or not before then."""
        free_at = circuit.free_at(self.circuit, now)
        if self._budgets is not None:
            free_at = max(free_at, budget.free_at(self._page, budget.eased(self._budgets.page, self.used), now))
        return free_at if free_at <= now else max(free_at, now + LOOK_AGAIN)

    def take(self, message: Outgoing, now: datetime) -> datetime | None:
        """Let this message go now (None), which uses up budget and may make it the probe; or say when it is to be due."""
        free_at = self.free_at(now)
        if free_at > now:
            return free_at
        if self._budgets is not None and (own_at := self._spend(self._budgets, message, now)) > now:
            return own_at
        self._set(circuit.probing(self.circuit, now))
        if self.circuit.phase is Phase.PROBING:
            self._probe_id = message.message_id
        return None

    def _spend(self, budgets: Budgets, message: Outgoing, now: datetime) -> datetime:
        """Use up budget for a message that leaves now; or nothing, if it may leave only later."""
        thread, media = message.identity.external_id, message.say.image_url is not None and not message.say.text
        own_at = budget.free_at(self._threads.get(thread), budgets.thread, now)
        if media:
            own_at = max(own_at, budget.free_at(self._media, budgets.media, now))
        if own_at > now:
            return own_at
        self._page = budget.spend(self._page, budget.eased(budgets.page, self.used), now)
        self._threads[thread] = budget.spend(self._threads.get(thread), budgets.thread, now)
        if media:
            self._media = budget.spend(self._media, budgets.media, now)
        if len(self._threads) > THREADS:
            self._threads = {who: at for who, at in self._threads.items() if at > now}
        return now

    def learn(self, message_id: int, outcome: Outcome, now: datetime) -> None:
        """What became of a message that was handed over. An answer about the message alone shows that the channel works.
        While one is probing, the others tell of an earlier time."""
        if self.circuit.phase is Phase.PROBING and message_id != self._probe_id:
            return
        before = self.circuit
        self._judge(outcome, now)
        if before.phase is not self.circuit.phase or before.retry_at != self.circuit.retry_at:
            self.on_learnt(self.circuit)

    def _judge(self, outcome: Outcome, now: datetime) -> None:
        match outcome:
            case Sent(used=used):
                self.used = used
                self._set(circuit.succeeded(self.circuit))
            case Rejected():
                self._set(circuit.succeeded(self.circuit))
            case Retry(error=error, after_s=after_s):
                self._set(circuit.failed(self.circuit, error, now, after_s=after_s, jitter=self._rng.random()))
            case Unknown(error=error):
                self._set(circuit.failed(self.circuit, error, now, jitter=self._rng.random()))

    def put_back(self, message_id: int, now: datetime) -> None:
        """A message in hand is done with. If it was the probe and nothing was learnt, another one may try."""
        if message_id == self._probe_id:
            self._probe_id = None
            self._set(circuit.given_up(self.circuit, now))

    def _set(self, after: Circuit) -> None:
        before, self.circuit = self.circuit, after
        if before.phase is after.phase and before.retry_at == after.retry_at:
            return
        CIRCUIT.labels(self.channel).set(LEVELS[after.phase])
        if before.phase is Phase.CLOSED:
            log.error("channel.paused", channel=self.channel, error=after.error, failures=after.failures)
        elif after.phase is Phase.CLOSED:
            log.info("channel.resumed", channel=self.channel)
        self._changed()


class Lines:
    """Every channel's line. `changed` is called when a circuit moves."""

    def __init__(self, budgets: Mapping[str, Budgets | None], rng: Random) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._by_channel = {
            channel: Line(channel, its_budgets, rng, lambda: self.changed()) for channel, its_budgets in budgets.items()
        }

    def __getitem__(self, channel: str) -> Line:
        return self._by_channel[channel]

    def get(self, channel: str) -> Line | None:
        """A channel's line; None for a channel that is not on here."""
        return self._by_channel.get(channel)

    def all(self) -> list[Line]:
        """Every line, by the channel's name."""
        return [line for _, line in sorted(self._by_channel.items())]

    def free(self, now: datetime) -> tuple[str, ...]:
        """Channels whose messages may be taken in hand now, as many as there are."""
        return tuple(n for n, line in self._by_channel.items() if line.circuit.phase is Phase.CLOSED and line.free_at(now) <= now)

    def to_probe(self, now: datetime) -> tuple[str, ...]:
        """Channels of which one message may try now."""
        lines = self._by_channel.items()
        return tuple(n for n, line in lines if line.circuit.phase is not Phase.CLOSED and line.free_at(now) <= now)

    def next_free_at(self, now: datetime) -> datetime | None:
        """When the first channel that must wait now may go on."""
        waits = (line.free_at(now) for line in self._by_channel.values())
        return min((at for at in waits if at > now), default=None)
