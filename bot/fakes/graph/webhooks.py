"""The sending side of webhooks: verification, signing, retries, and bad weather on the way."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from bot.fakes.graph import events
from bot.fakes.graph.errors import VerificationFailed
from bot.fakes.graph.events import Channel, Event
from bot.fakes.graph.signing import encode, signature_headers

ACK_TIMEOUT_S = 5.0  # "200 OK within 5 seconds or less" (Meta, Webhooks, 5 May 2026)
ALERT_AFTER = timedelta(minutes=15)  # same page
UNSUBSCRIBE_AFTER = timedelta(hours=1)  # same page
# The page says only "at once a few more times"; the gaps are ours and outlast the hour.
RETRY_GAPS_S = (0.0, 1.0, 5.0, 30.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0)
PUMP_BATCH_MAX = 20
PUMP_GATHERS_S = 0.02
BALANCER_RESTS_S = 10.0  # nginx, ngx_http_upstream_module: max_fails 1 and fail_timeout 10 s are what it does unless told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to webhooks on the way, drawn from the seed of this world."""

    duplicate_rate: float = 0.0  # share of bodies that are posted twice
    max_delay_s: float = 0.0  # each body waits a random time up to this
    hold: int = 0  # events held back until so many are there, then sent in random order; `flush` sends the rest
    batch_max: int = 1  # events put into one body, each in its own entry
    echo_loss_rate: float = 0.0  # share of echoes that never come


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a body to the app."""

    payload: Event
    number: int  # 1 for the first try
    at: datetime
    status: int | None  # None: no answer in time, or no connection
    error: str | None  # what went wrong when there is no status

    @property
    def acknowledged(self) -> bool:
        return self.status == 200


class Webhooks:
    """Posts events to the app and remembers how that went.

    `attempts` lists every try, `lost` the bodies given up or never sent for want of a subscription, `alerts` when a
    quarter of an hour of failures was full. `also` holds further addresses of the same app: each try goes to any one, as
    through a load balancer, which passes over an address for `BALANCER_RESTS_S` once it failed, unless all of them did.
    """

    def __init__(
        self,
        *,
        url: str | None,
        page_id: str,
        app_secret: str,
        verify_token: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        rng: random.Random,
        weather: Weather,
        ack_timeout_s: float = ACK_TIMEOUT_S,
        retry_gaps_s: Sequence[float] = RETRY_GAPS_S,
    ) -> None:
        self.url = url
        self.also: tuple[str, ...] = ()
        self._failed_at: dict[str, datetime] = {}
        self.weather = weather
        self.subscribed = url is not None
        self.attempts: list[Attempt] = []
        self.lost: list[Event] = []
        self.alerts: list[datetime] = []
        self._page_id = page_id
        self._app_secret = app_secret
        self._verify_token = verify_token
        self._now = now
        self._sleep = sleep
        self._rng = rng
        self._ack_timeout = aiohttp.ClientTimeout(total=ack_timeout_s)
        self._retry_gaps_s = tuple(retry_gaps_s)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[tuple[Channel, Event]] = []
        self._queue: list[tuple[Channel, Event]] = []
        self._pumping = False
        self._streak = 0  # acknowledgements so far
        self._failing_since: datetime | None = None
        self._alerted = False

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers={"User-Agent": "facebookexternalua"})

    async def stop(self) -> None:
        """Drop whatever is still on the way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def subscribe(self, url: str | None = None) -> None:
        """Verify the app's endpoint and switch webhooks on, also after an unsubscription.

        Raises `VerificationFailed` unless the app answers 200 and the challenge, and lets
        `aiohttp.ClientError` through when nobody listens there.
        """
        target = url or self.url
        if target is None:
            raise ValueError("no webhook url was given")
        challenge = secrets.token_hex(8)
        query = {"hub.mode": "subscribe", "hub.verify_token": self._verify_token, "hub.challenge": challenge}
        async with self._client.get(target, params=query, timeout=self._ack_timeout) as answer:
            text = await answer.text()
            if answer.status != 200 or text != challenge:
                raise VerificationFailed(target, answer.status, text[:200])
        self.url = target
        self.subscribed = True
        self._recovered()

    async def emit(self, event: Event, channel: Channel = "messaging") -> None:
        """Send one event through the weather; returns after the first try, or at once when it is held back."""
        if not self.weather.hold:
            await self._release([(channel, event)])
            return
        self._held.append((channel, event))
        if len(self._held) >= self.weather.hold:
            await self.flush()

    async def flush(self) -> None:
        """Send what is held back, in random order."""
        held, self._held = self._held, []
        self._rng.shuffle(held)
        await self._release(held)

    def emit_later(self, event: Event, delay_s: float = 0.0) -> None:
        """Queue one event to be sent after `delay_s`, in one body with others that are due by then."""
        if not self.subscribed:
            return
        if delay_s > 0:
            self._spawn(self._delayed(event, delay_s))
        else:
            self._enqueue(event)

    async def post(self, payload: Event) -> bool:
        """Sign and post a body as it stands, past the weather. True when the first try was acknowledged.

        Else it is tried again in the background.
        """
        if not self.subscribed:
            self.lost.append(payload)
            return False
        body = encode(payload)
        acknowledged = await self._try(payload, body, 1)
        if not acknowledged:
            self._spawn(self._retry(payload, body))
        return acknowledged

    async def idle(self) -> None:
        """Wait until nothing is queued, delayed or being retried."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    @property
    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the fake is not started: use it as `async with FakeGraph(...)`")
        return self._session

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delayed(self, event: Event, delay_s: float) -> None:
        await self._sleep(delay_s)
        self._enqueue(event)

    def _enqueue(self, event: Event) -> None:
        self._queue.append(("messaging", event))
        if not self._pumping:
            self._pumping = True
            self._spawn(self._pump())

    async def _pump(self) -> None:
        try:
            while self._queue:
                if self.weather.max_delay_s:
                    await self._sleep(PUMP_GATHERS_S)
                due, self._queue = self._queue[:PUMP_BATCH_MAX], self._queue[PUMP_BATCH_MAX:]
                travel = self._travel(events.batch(self._page_id, self._time_ms(), due))
                if self.weather.max_delay_s:
                    self._spawn(travel)  # what is on its way does not hold up what comes after it
                else:
                    await travel
        finally:
            self._pumping = False

    async def _release(self, due: list[tuple[Channel, Event]]) -> None:
        size = max(1, self.weather.batch_max)
        bodies = [events.batch(self._page_id, self._time_ms(), due[i : i + size]) for i in range(0, len(due), size)]
        if self.weather.max_delay_s:
            await asyncio.gather(*map(self._travel, bodies))
        else:
            for body in bodies:
                await self._travel(body)

    async def _travel(self, payload: Event) -> None:
        copies = 2 if self._rng.random() < self.weather.duplicate_rate else 1
        for _ in range(copies):
            if self.weather.max_delay_s:
                await self._sleep(self._rng.uniform(0, self.weather.max_delay_s))
            await self.post(payload)

    async def _try(self, payload: Event, body: bytes, number: int) -> bool:
        url = self._address()
        headers = {"Content-Type": "application/json"} | signature_headers(body, self._app_secret)
        status, error = None, None
        try:
            async with self._client.post(url, data=body, headers=headers, timeout=self._ack_timeout) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as caught:
            error = f"{type(caught).__name__}: {caught}"
        attempt = Attempt(payload=payload, number=number, at=self._now(), status=status, error=error)
        self.attempts.append(attempt)
        if self.also and status is None:
            self._failed_at[url] = attempt.at
        if attempt.acknowledged:
            self._recovered()
        elif self._failing_since is None:
            self._failing_since = attempt.at
        return attempt.acknowledged

    def _address(self) -> str:
        url = self.url or ""  # never empty while subscribed
        if not self.also:
            return url
        rested = self._now() - timedelta(seconds=BALANCER_RESTS_S)
        every = (url, *self.also)
        well = [address for address in every if self._failed_at.get(address, rested) <= rested]
        return self._rng.choice(well or every)

    async def _retry(self, payload: Event, body: bytes) -> None:
        """Try again with growing gaps.

        Time spent failing is judged by the clock or by the gaps slept through, whichever is more: under a frozen
        clock or a shortened sleep the hour still comes.
        """
        streak, slept_s = self._streak, 0.0
        for number, gap_s in enumerate(self._retry_gaps_s, start=2):
            await self._sleep(gap_s)
            slept_s = slept_s + gap_s if streak == self._streak else 0.0
            streak = self._streak
            if not self.subscribed:
                break
            if await self._try(payload, body, number):
                return
            self._judge(timedelta(seconds=slept_s))
        self.lost.append(payload)

    def _judge(self, slept: timedelta) -> None:
        since = self._failing_since
        failing = max(slept, self._now() - since) if since is not None else slept
        if failing >= ALERT_AFTER and not self._alerted:
            self._alerted = True
            self.alerts.append(self._now())
        if failing >= UNSUBSCRIBE_AFTER:
            self.subscribed = False

    def _recovered(self) -> None:
        self._streak += 1
        self._failing_since = None
        self._alerted = False

    def _time_ms(self) -> int:
        return events.millis(self._now())
