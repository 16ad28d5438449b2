"""The composition root: everything is built here, once, from settings or from what a test hands in."""

from __future__ import annotations

import asyncio
import math
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog
from aiohttp import hdrs, web

from bot import budget, metrics, pages, transcripts
from bot import credentials as credentials_file
from bot.audit import Auditor, Bounds
from bot.background import Background
from bot.brain import Brain, SocketBrain
from bot.calling import Caller
from bot.carriers.base import Carries
from bot.carriers.mail import Mail, Server
from bot.carriers.push import WebPush
from bot.carriers.webhook import Webhook
from bot.channels.base import Channel, Ports
from bot.channels.facebook import facebook_channel
from bot.channels.rest import RestChannel
from bot.channels.widget import WidgetChannel
from bot.clocks import ClockWorker
from bot.conversations import Conversations
from bot.core.audit import ROWS
from bot.core.decide import Rules
from bot.core.events import ForeignEcho, ProfileSeen
from bot.core.model import AgentRef, Identity, State
from bot.core.pacing import Pacing
from bot.credentials import Credentials
from bot.delivery import DeliveryWorker
from bot.gate import Gate
from bot.hooks import HookWorker
from bot.hub import Hub
from bot.intake import Intake, IntakeTimes
from bot.life import Life
from bot.lines import Lines
from bot.notifying import Notifier, Outward
from bot.peers import Peers
from bot.promising import Promises
from bot.published import Published
from bot.readiness import Readiness
from bot.settings import Settings
from bot.staff import Staff
from bot.store import open_store
from bot.store.auditing import RowCount
from bot.store.contract import Store
from bot.time import SystemTime, Time
from bot.wire import NoWire, PostgresWire, Wire
from bot.yamlfile import YamlFileError
from handoff.api import ConsoleParts
from handoff.api import add_routes as add_console
from handoff.chain import Carrier, Ways
from handoff.policy import Policy
from handoff.presence import Presence
from nurture.engine import Nurture, Persona, steps_ahead
from nurture.load import load_flows
from studio.api import StudioParts
from studio.api import add_routes as add_studio
from studio.contacts.importing import Surroundings
from studio.publishing import Publishing

log = structlog.get_logger()

TOLD_SIMULATOR = {
    "home", "flows", "promises", "pacing", "harm_limit", "business", "persona", "zone", "agent_capacity",
    "brain_socket", "brain_timeout_s", "tracker_events",
}  # fmt: skip
"""The settings that a simulation goes by; no secret is among them."""

MAX_BODY = 4 * 1024**2
LISTENING_WITHIN_S = 5.0
GOODBYE_WITHIN_S = 2.0


def mint(prefix: str) -> str:
    """A new id: the prefix and 80 random bits, unguessable."""
    return f"{prefix}_{secrets.token_hex(10)}"


def worker_name(settings: Settings) -> str:
    """The same for each life of a service, another for each other one: its machine and its home."""
    return f"{socket.gethostname()}:{settings.home.resolve()}"


def load_rules(settings: Settings) -> Rules:
    """Flows, promises and pacing from their files. Raises `WarmlineError` naming file, line and field."""
    try:
        flows = load_flows(settings.flows)
    except YamlFileError as error:
        if settings.flows_publish == "start":
            raise
        # What is published holds; the files are for whoever publishes next.
        log.warning("flow.file_unreadable", line=error.line)
        flows = {}
    return Rules(
        policy=Policy.load(settings.promises),
        nurture=Nurture(
            flows=flows,
            persona=Persona(name=settings.persona, business=settings.business),
            default_zone=settings.zone,
        ),
        pacing=Pacing(instant=settings.pacing == "instant"),
        currency=settings.currency,
        harm_limit=settings.harm_limit,
        address=settings.address,
    )


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


def build(
    settings: Settings,
    *,
    credentials: Credentials | None = None,
    rules: Rules | None = None,
    store: Store | None = None,
    brain: Brain | None = None,
    brain_socket: str = "",
    with_channels: Sequence[Channel] | None = None,
    wire: Wire | None = None,
    time: Time | None = None,
    rng: Random | None = None,
    new_id: Callable[[str], str] = mint,
    worker: str = "",
    served: bool = True,
) -> Service:
    """Build the service. Every part may be handed in; what is not is the real one. `worker` is the name that its claims carry.

    One that is not `served` has no pages and no API: whoever built it hands in what happens.
    """
    credentials = credentials or credentials_file.load(settings.credentials)
    rules = rules or load_rules(settings)
    store = store or open_store(settings.url, connections=settings.database_connections)
    brain = brain or SocketBrain(brain_socket, timeout_s=settings.brain_timeout_s)
    time, rng, hub, life = time or SystemTime(), rng or Random(), Hub(), Life()
    background, presence = Background(), Presence(now=time.now, service=new_id("service"))
    staff = Staff(store, presence, time, hub, capacity=settings.agent_capacity)
    published = Published(store, rules.nurture, at_start=settings.flows_publish == "start")
    conversations = Conversations(
        store, brain, hub, time, rules, desk=staff.desk, rng=rng, new_id=new_id, tracker_events=settings.tracker_events,
        published=published,
    )  # fmt: skip
    channels = {channel.name: channel for channel in (with_channels or _channels(credentials, settings))}
    name, lease_s = worker or worker_name(settings), settings.lease_s
    clocks = ClockWorker(store, conversations, time, name=name, lease_s=lease_s, at_once=settings.turns_at_once)
    delivery = DeliveryWorker(
        store, channels, _lines(channels, settings, rng), conversations, hub, time, rng, background, name=name, lease_s=lease_s,
        settle_s=settings.settle_s, attempts=settings.send_attempts,
    )  # fmt: skip
    peers = Peers(wire or _wire(settings.url), hub, staff, clocks=clocks, delivery=delivery)
    times = IntakeTimes(burst_s=settings.burst_s, reply_s=rules.policy.targets.reply_s)

    async def echoed(identity: Identity, echo: ForeignEcho) -> None:
        conversation_id = await store.find_conversation(identity)
        if conversation_id is not None:
            await conversations.handle(conversation_id, echo)

    async def introduce(conversation_id: str, identity: Identity) -> None:
        profile = await channels[identity.channel].profile(identity)
        if profile is not None:
            await clocks.free(conversation_id)
            await conversations.handle(conversation_id, ProfileSeen(profile=profile))

    intake = Intake(
        store,
        hub,
        time,
        times,
        must_take=life.must_take,
        most_waiting=settings.intake_waiting,
        woken=lambda at: peers.due("clocks", at),
        echoed=echoed,
        met=lambda conversation_id, identity: background.start(introduce(conversation_id, identity)),
    )
    promises = Promises(settings.promises, rules.policy, settings.home / "promises", time)

    def go_by(policy: Policy) -> None:
        conversations.go_by(policy)
        intake.promise(policy.targets.reply_s)

    promises.on_change = go_by
    push = WebPush(store, time.now, contact=settings.push_contact or _contact(settings.public_url))
    notifier = Notifier(
        store, time, hub, presence, _carriers(settings, push, time), notify_ways(settings),
        supervisors=lambda: conversations.rules.policy.supervisors,
        outward=Outward(public_url=settings.public_url, with_words=settings.notify_with_words), name=f"{name}/notifier",
    )  # fmt: skip
    conversations.on_notices = notifier.wake
    intake.not_heard = delivery.not_heard
    auditor = Auditor(
        store, conversations, hub, time, audit_bounds(settings), every_s=settings.audit_every_s, holder=new_id("audit")
    )
    auditor.late = clocks.wake
    hooks = HookWorker(store, time, rng, name=name)
    caller = Caller(store, conversations, time, background)
    conversations.on_calls = caller.call
    conversations.on_journal = hooks.wake
    conversations.on_queued = delivery.queued
    intake.on_settled = delivery.settled
    conversations.on_clocks = lambda at: peers.due("clocks", at)
    delivery.on_queued = lambda at: peers.due("outbox", at)

    def mark_seen(state: State) -> None:
        channel = channels.get(state.identity.channel)
        if channel is not None and not channel.local and delivery.lines[channel.name].works:
            background.start(channel.seen(state.identity))

    conversations.on_turn = mark_seen

    def agent_types(identity: Identity, agent: AgentRef) -> None:
        channel = channels.get(identity.channel)
        if channel is not None and not channel.local and delivery.lines[channel.name].works:
            background.start(channel.typing(identity, on=True, agent=agent))

    staff.follow(conversations)
    gate = Gate(most_bytes=settings.intake_mib * 1024**2, biggest=MAX_BODY)
    app = web.Application(client_max_size=MAX_BODY, middlewares=[pages.errors_as_json, life.guard()])
    service = Service(
        settings=settings, life=life, store=store, brain=brain, hub=hub, time=time, intake=intake, gate=gate,
        conversations=conversations, clocks=clocks, delivery=delivery, presence=presence, staff=staff, peers=peers,
        auditor=auditor, published=published, notifier=notifier, promises=promises, hooks=hooks, caller=caller,
        background=background, channels=channels, web=app, workers=[],
    )  # fmt: skip
    if not served:
        return service
    ports = Ports(inlet=intake, gate=gate, store=store, hub=hub, time=time)
    for channel in channels.values():
        channel.add_routes(app, ports)
    parts = ConsoleParts(
        store=store, conversations=conversations, hub=hub, presence=presence, now=time.now, policy=rules.policy,
        secure_cookies=settings.secure, currency=settings.currency, persona=settings.persona,
        audit_every_s=settings.audit_every_s, typing=agent_types,
        address=_address(settings.proxies), circuits=lambda: [(line.channel, line.circuit) for line in delivery.lines.all()],
        queued=lambda: peers.due("outbox", time.now()), push_key=push.public_key, push_services=_hosts(settings.push_services),
        noticed=notifier.wake, ways=notifier.ways, promises=promises,
        steps_ahead=lambda state: steps_ahead(state, conversations.rules.nurture),
        simulator=(sys.executable, "-m", "bot.simulate"),
        simulator_settings=settings.model_dump(mode="json", include=TOLD_SIMULATOR),
    )  # fmt: skip
    service.close_consoles = add_console(app, parts)
    studio = StudioParts(
        console=parts, flows=lambda: conversations.rules.nurture.flows, hooks_changed=hooks.changed,
        publishing=Publishing(store, conversations, published, now=time.now),
        clocks_changed=lambda: peers.due("clocks", time.now()), home=settings.home / "imports",
        surroundings=lambda: Surroundings(
            rules=conversations.rules, channels=frozenset(channels), now=time.now, rng=rng, new_id=new_id
        ),
    )  # fmt: skip
    add_studio(app, studio)
    transcripts.add_routes(app, store, time, business=settings.business, persona=settings.persona, zone=settings.zone)
    pages.add_routes(app, settings.web, readiness=Readiness(life, store, brain), counted=_counter(store, time))
    return service


def notify_ways(settings: Settings) -> Ways:
    """Which carriers are set up, and when the turn of each comes."""
    return Ways(
        email=bool(settings.smtp_host),
        webhook=bool(settings.notify_webhook_url),
        sound_after_s=settings.notify_sound_after_s,
        push_after_s=settings.notify_push_after_s,
        email_after_s=settings.notify_email_after_s,
        webhook_after_s=settings.notify_webhook_after_s,
        rest_s=settings.notify_rest_s,
    )


def _carriers(settings: Settings, push: WebPush, time: Time) -> dict[Carrier, Carries]:
    carriers: dict[Carrier, Carries] = {Carrier.WEB_PUSH: push}
    if settings.smtp_host:
        server = Server(
            host=settings.smtp_host, port=settings.smtp_port, sender=settings.mail_from, user=settings.smtp_user,
            password=settings.smtp_password, tls=settings.smtp_tls,
        )  # fmt: skip
        carriers[Carrier.EMAIL] = Mail(server)
    if settings.notify_webhook_url:
        carriers[Carrier.WEBHOOK] = Webhook(settings.notify_webhook_url, settings.notify_webhook_secret, time.now)
    return carriers


def _contact(public_url: str) -> str:
    """Whom a push service may write to when something is wrong with our pushes (RFC 8292)."""
    return public_url if public_url.startswith("https://") else "mailto:webmaster@localhost"


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(host.strip() for host in text.split(",") if host.strip())


def _wire(url: str) -> Wire:
    return NoWire() if url.startswith("sqlite") else PostgresWire(url)


def audit_bounds(settings: Settings) -> Bounds:
    """How much the audit looks at, and how late is too late."""
    return Bounds(batch=settings.audit_batch, late_s=settings.audit_late_s, capacity=settings.agent_capacity)


def channel_names(credentials: Credentials) -> frozenset[str]:
    """The channels that are on."""
    on = {"rest": credentials.with_rest, "widget": credentials.with_widget, "facebook": credentials.facebook is not None}
    return frozenset(name for name, is_on in on.items() if is_on)


def _channels(credentials: Credentials, settings: Settings) -> list[Channel]:
    channels: list[Channel] = []
    if credentials.with_rest:
        channels.append(RestChannel())
    if credentials.with_widget:
        origins = credentials.widget.origins if credentials.widget else ()
        channels.append(WidgetChannel(persona=settings.persona, tagline=settings.tagline, origins=origins))
    if credentials.facebook:
        channels.append(facebook_channel(credentials.facebook, quiet=settings.pacing == "instant"))
    return channels


def _lines(channels: Mapping[str, Channel], settings: Settings, rng: Random) -> Lines:
    """A line for every channel; those with budgets at the speed that the settings allow."""
    speeds = {"page_per_s": settings.page_sends_per_s, "thread_per_s": settings.thread_sends_per_s}
    budgets = {name: budget.scaled(b, **speeds) if (b := budget.BY_CHANNEL.get(name)) else None for name in channels}
    return Lines(budgets, rng)


def _address(proxies: int) -> Callable[[web.Request], str]:
    """From where a request comes: what the outermost proxy of ours saw. What a client itself claims stands further left."""

    def address(request: web.Request) -> str:
        told = [one.strip() for one in ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, [])).split(",") if one.strip()]
        return told[-proxies] if 0 < proxies <= len(told) else request.remote or ""

    return address


def _counter(store: Store, time: Time) -> Callable[[], Awaitable[None]]:
    async def count() -> None:
        counts = await store.counts(now=time.now())
        for owner, number in counts.conversations_by_owner.items():
            metrics.CONVERSATIONS.labels(owner).set(number)
        metrics.OPEN_PROMISES.set(counts.open_promises)
        metrics.OVERDUE_PROMISES.set(counts.overdue_promises)
        metrics.WAITING_EPISODES.set(counts.waiting_episodes)
        metrics.QUEUED_MESSAGES.set(counts.queued_messages)
        metrics.PARKED_MESSAGES.set(counts.parked_messages)
        await audited()

    told: Counter[str] = Counter()

    async def audited() -> None:
        run, found = await store.audit_run(), await store.finding_counts()
        for row in ROWS:
            kept = found.get(row, RowCount())
            metrics.VIOLATIONS.labels(row).inc(max(0, kept.total - told[row]))
            metrics.VIOLATIONS_OPEN.labels(row).set(kept.open)
            told[row] = kept.total
        age_s = (time.now() - run.ran_at).total_seconds() if run.ran_at else math.inf
        metrics.AUDIT_AGE.set(age_s)
        metrics.AUDIT_BEHIND.set(run.behind)

    return count
