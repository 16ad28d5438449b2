"""The fake platform: one Page, its people, the app's subscription, and the record of what happened."""

import asyncio
import random
import string
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.fakes.graph import events, records, refusals
from bot.fakes.graph.events import Channel, Event
from bot.fakes.graph.faults import Call, FaultKind, Faults
from bot.fakes.graph.person import WINDOW, Person
from bot.fakes.graph.records import Action, Audit, Comment, JsonlLog, Refused, Sent, Struck
from bot.fakes.graph.refusals import Refusal
from bot.fakes.graph.webhooks import ACK_TIMEOUT_S, RETRY_GAPS_S, Weather, Webhooks

PAGE_INBOX_APP_ID = "263902037430900"  # Meta, Conversation Routing, 24 September 2025
PAGE_SENDS_PER_S = 300  # Meta, Rate Limits, 23 March 2026: text, links, reactions, stickers
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rate budgets, by the second of the injected clock. None: no limit, and no usage headers."""

    sends_per_s: int | None = None  # messages of the Page; beyond: code 613. Meta's figure is PAGE_SENDS_PER_S
    calls_per_s: int | None = None  # all calls of the app; beyond: code 4
    media_per_s: int | None = None  # audio, video and pictures of the Page; beyond: code 613. Meta's figure is 10, without pictures
    regain_min: int = 0  # what the usage header says of a Page that is over its budget: minutes until it may send again


NO_LIMITS = Limits()
FAIR_WEATHER = Weather()


def utc_now() -> datetime:
    return datetime.now(UTC)


class World:
    """The Messenger Platform as one app sees it, without the server in front (that is `FakeGraph`).

    `now` gives aware UTC time for windows, timestamps and limits. `sleep` waits for platform time (retry gaps, echo
    delays, slow answers); by default it sleeps `time_scale` real seconds for each second asked.

    `sent`, `actions` and `refused` are the record of truth, append-only, in order. With `log_path` each record is
    also appended to that file as a line of JSON. `struck` lists the faults that hit a call, `lost_echoes` the mids of
    messages whose echo never comes.
    """

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        app_secret: str = "fake-app-secret",
        verify_token: str = "fake-verify-token",
        page_id: str = "104857600000001",
        page_name: str = "Fern & Fable",
        token: str = "fake-page-token",
        app_id: str = "525600000000001",
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        time_scale: float = 1.0,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits = NO_LIMITS,
        weather: Weather = FAIR_WEATHER,
        echoes: bool = True,
        echo_delay_s: float = 0.0,
        deliveries: bool = False,
        conversation_routing: bool = False,
        ad_window: timedelta = WINDOW,
        any_recipient: bool = False,
        ack_timeout_s: float = ACK_TIMEOUT_S,
        retry_gaps_s: Sequence[float] = RETRY_GAPS_S,
        log_path: Path | None = None,
    ) -> None:
        """`host` and `port` are where it is to listen; port 0 takes a free one.

        `conversation_routing` makes the app the Page's default app, in control of each new thread.

        `any_recipient` lets the app write to ids that never wrote, as if their window had just opened: for load
        tests whose inbound traffic does not come from here.
        """
        self.host = host
        self.port = port
        self.page_id = page_id
        self.page_name = page_name
        self.token = token
        self.app_id = app_id
        self.now = now
        self.time_scale = time_scale
        self.limits = limits
        self.conversation_routing = conversation_routing
        self.ad_window = ad_window
        self.get_started_payload = "GET_STARTED"
        self.token_trouble: Refusal | None = None
        self.sent: list[Sent] = []
        self.actions: list[Action] = []
        self.refused: list[Refused] = []
        self.struck: list[Struck] = []
        self.lost_echoes: set[str] = set()
        self.personas: dict[str, Mapping[str, Any]] = {}
        self.people: dict[str, Person] = {}
        self.comments: dict[str, Comment] = {}
        self.messenger_profile: dict[str, Any] = {}
        self.closing = asyncio.Event()
        rng = random.Random(seed)
        self.faults = Faults(random.Random(rng.random()))
        self._mid_prefix = "m_" + "".join(rng.choices(_ALPHABET, k=24))
        self._mids = 0
        self._ids = int(page_id) if page_id.isdigit() else 0
        self.sleep = sleep or self._scaled_sleep
        self.webhooks = Webhooks(
            url=webhook_url,
            page_id=page_id,
            app_secret=app_secret,
            verify_token=verify_token,
            now=now,
            sleep=self.sleep,
            rng=random.Random(rng.random()),
            weather=weather,
            ack_timeout_s=ack_timeout_s,
            retry_gaps_s=retry_gaps_s,
        )
        self._chance = random.Random(rng.random())
        self._echoes = echoes
        self._echo_delay_s = echo_delay_s
        self._deliveries = deliveries
        self._any_recipient = any_recipient
        self._log = None if log_path is None else JsonlLog(log_path)

    async def subscribe(self, webhook_url: str | None = None) -> None:
        """Verify the app's webhook and switch it on. See `Webhooks.subscribe`."""
        await self.webhooks.subscribe(webhook_url)

    async def idle(self) -> None:
        """Wait until no webhook is queued, delayed or being retried."""
        await self.webhooks.idle()

    # People and the Page

    def person(self, psid: str, **profile: Any) -> Person:
        """The person with this page-scoped id, made on first use. `profile` holds first_name, last_name, locale,
        timezone and so on; someone without any has no profile that the app could ask for."""
        known = self.people.get(psid)
        if known is None:
            known = self.people[psid] = Person(self, psid, profile)
            if self.conversation_routing:
                known.thread_owner = self.app_id
        else:
            known.profile |= profile
        return known

    async def inbox_writes(self, person: Person, text: str, *, app_id: str | None = None) -> str:
        """Somebody answers in the Page's own inbox (or another app does, with `app_id`). Returns the mid.

        With conversation routing the inbox takes control of the thread by this.
        """
        mid = self.new_mid()
        if self.conversation_routing:
            await self.inbox_takes(person, app_id=app_id or PAGE_INBOX_APP_ID)
        at_ms = events.millis(self.now())
        echo = events.echo(person.thread, at_ms, mid=mid, content={"text": text}, app_id=app_id)
        await self.emit(echo, person.channel)
        return mid

    async def inbox_takes(self, person: Person, *, app_id: str = PAGE_INBOX_APP_ID) -> None:
        """The inbox takes control of the thread; the app is told, when it held it."""
        previous, person.thread_owner = person.thread_owner, app_id
        if previous == self.app_id:
            at_ms = events.millis(self.now())
            taken = events.take_thread_control(person.thread, at_ms, new_owner=app_id, previous_owner=previous)
            await self.emit(taken, "messaging")

    async def inbox_passes(self, person: Person, *, metadata: str = "") -> None:
        """The one in control gives the thread to the app."""
        previous, person.thread_owner = person.thread_owner, self.app_id
        given = events.pass_thread_control(
            person.thread,
            events.millis(self.now()),
            new_owner=self.app_id,
            previous_owner=previous,
            metadata=metadata,
        )
        await self.emit(given, "messaging")

    async def inbox_requests(self, person: Person, *, metadata: str = "") -> None:
        """The inbox asks the app for the thread."""
        at_ms = events.millis(self.now())
        asked = events.request_thread_control(person.thread, at_ms, requester=PAGE_INBOX_APP_ID, metadata=metadata)
        await self.emit(asked, "messaging")

    async def emit(self, event: Event, channel: Channel = "messaging") -> None:
        """Send one event to the app, through the weather. Without a subscription it is lost."""
        await self.webhooks.emit(event, channel)

    # The token

    def expire_token(self) -> None:
        """From now on each call is refused with 190/463."""
        self.token_trouble = refusals.TOKEN_EXPIRED

    def renew_token(self, token: str | None = None) -> None:
        """The token works again, perhaps as a new one."""
        self.token_trouble = None
        self.token = token or self.token

    # What happened

    def audit(self) -> Audit:
        """Delivered messages per person, and whatever reached somebody twice."""
        return records.audit(self.sent)

    def recipient(self, psid: str) -> Person | None:
        """Who a call is about; None when nobody has that id."""
        if not self._any_recipient:
            return self.people.get(psid)
        person = self.person(psid)
        if person.window_ends_at is None:
            person.window_ends_at = person.human_ends_at = self.now() + WINDOW
        return person

    def record_sent(self, sent: Sent) -> None:
        """Note a send; if it was delivered, hand it to the person and queue echo and delivery webhooks."""
        self.sent.append(sent)
        if self._log is not None:
            self._log.write("sent", sent)
        if not sent.delivered:
            return
        person = self.people[sent.recipient]
        person.hears(sent)
        if not self.webhooks.subscribed:
            return
        at_ms = events.millis(sent.at)
        if self._echoes and self._chance.random() < self.webhooks.weather.echo_loss_rate:
            self.lost_echoes.add(sent.mid)
        elif self._echoes:
            echo = events.echo(
                person.thread,
                at_ms,
                mid=sent.mid,
                content=sent.message,
                app_id=self.app_id,
                metadata=sent.metadata,
            )
            self.webhooks.emit_later(echo, self._echo_delay_s)
        if self._deliveries:
            self.webhooks.emit_later(events.delivery(person.thread, at_ms, watermark_ms=at_ms, mids=[sent.mid]))

    def record_action(self, action: Action) -> None:
        """Note a sender action and show it to the person."""
        self.actions.append(action)
        self.people[action.recipient].actions.append(action)
        if self._log is not None:
            self._log.write("action", action)

    def record_refused(self, refused: Refused) -> None:
        """Note a call that was answered with an error."""
        self.refused.append(refused)
        if self._log is not None:
            self._log.write("refused", refused)

    def record_struck(self, kind: FaultKind, call: Call) -> None:
        """Note a fault that hit a call."""
        self.struck.append(Struck(kind=kind, operation=call.operation, recipient=call.recipient, at=self.now()))

    def new_mid(self) -> str:
        """A message id that no other message of this world has."""
        self._mids += 1
        return f"{self._mid_prefix}{self._mids:08x}"

    def new_id(self) -> str:
        """A numeric object id, for personas and the like."""
        self._ids += 1
        return str(self._ids)

    def close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None

    async def _scaled_sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.time_scale)
