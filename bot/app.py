"""The composition root: everything is built here, once, from settings or from what a test hands in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from random import Random

from aiohttp import web

from bot import credentials as credentials_file
from bot import pages, transcripts
from bot.arming import Arming
from bot.audit import Auditor
from bot.background import Background
from bot.brain import Brain, SocketBrain
from bot.calling import Caller
from bot.carriers.push import WebPush
from bot.channels.base import Channel, Ports
from bot.clocks import ClockWorker
from bot.conversations import Conversations
from bot.core.decide import Rules
from bot.core.events import ForeignEcho, ProfileSeen
from bot.core.model import AgentRef, Identity, State
from bot.counting import counter
from bot.credentials import Credentials
from bot.delivery import DeliveryWorker
from bot.gate import Gate
from bot.hooks import HookWorker
from bot.hub import Hub
from bot.intake import Intake, IntakeTimes
from bot.life import Life
from bot.notifying import Notifier, Outward
from bot.parts import (
    address_of,
    audit_bounds,
    carriers_of,
    channels_on,
    host_names,
    lines_of,
    load_rules,
    mint,
    notify_ways,
    push_contact,
    wire_to,
    worker_name,
)
from bot.peers import Peers
from bot.promising import Promises
from bot.published import Published, as_data
from bot.readiness import Readiness
from bot.service import Service
from bot.settings import Settings
from bot.staff import Staff
from bot.store import open_store
from bot.store.contract import Store
from bot.time import SystemTime, Time
from bot.wire import Wire
from handoff.api import ConsoleParts
from handoff.api import add_routes as add_console
from handoff.policy import Policy
from handoff.presence import Presence
from nurture.engine import steps_ahead, wants_comment
from studio.api import StudioParts
from studio.api import add_routes as add_studio
from studio.contacts.importing import Surroundings
from studio.publishing import Publishing

TOLD_SIMULATOR = {
    "home", "flows", "promises", "pacing", "harm_limit", "business", "persona", "zone", "agent_capacity",
    "brain_socket", "brain_timeout_s", "tracker_events",
}  # fmt: skip
"""The settings that a simulation goes by; no secret is among them."""


MAX_BODY = 4 * 1024**2


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
    service_id = new_id("service")
    background, presence = Background(), Presence(now=time.now, service=service_id)
    staff = Staff(store, presence, time, hub, capacity=settings.agent_capacity)
    published = Published(store, rules.nurture, at_start=settings.flows_publish == "start")
    conversations = Conversations(
        store, brain, hub, time, rules, desk=staff.desk, rng=rng, new_id=new_id, tracker_events=settings.tracker_events,
        published=published,
    )  # fmt: skip
    channels = {channel.name: channel for channel in (with_channels or channels_on(credentials, settings))}
    name, lease_s = worker or worker_name(settings), settings.lease_s
    clocks = ClockWorker(store, conversations, time, name=name, lease_s=lease_s, at_once=settings.turns_at_once)
    delivery = DeliveryWorker(
        store, channels, lines_of(channels, settings, rng), conversations, hub, time, rng, background, name=name, lease_s=lease_s,
        settle_s=settings.settle_s, attempts=settings.send_attempts,
    )  # fmt: skip
    peers = Peers(
        wire or wire_to(settings.url), hub, staff, delivery.lines, time, name=service_id, clocks=clocks, delivery=delivery
    )
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
    promises = Promises(settings.promises, rules.policy, store, time)

    def go_by(policy: Policy) -> None:
        conversations.go_by(policy)
        intake.promise(policy.targets.reply_s)

    promises.on_change = go_by
    push = WebPush(store, time.now, contact=settings.push_contact or push_contact(settings.public_url))
    notifier = Notifier(
        store, time, hub, presence, carriers_of(settings, push, time), notify_ways(settings),
        supervisors=lambda: conversations.rules.policy.supervisors,
        outward=Outward(public_url=settings.public_url, with_words=settings.notify_with_words), name=f"{name}/notifier",
    )  # fmt: skip
    conversations.on_notices = notifier.wake
    intake.not_heard = delivery.not_heard
    intake.wants_comment = lambda post, text: wants_comment(conversations.rules.nurture, post, text)
    auditor = Auditor(
        store, conversations, hub, time, audit_bounds(settings), every_s=settings.audit_every_s, holder=new_id("audit")
    )
    auditor.late = clocks.wake
    hooks = HookWorker(store, time, rng, name=name)
    arming = Arming(store, conversations, published, time)
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
    gate.turned_away = delivery.turned_away
    app = web.Application(client_max_size=MAX_BODY, middlewares=[pages.errors_as_json, life.guard()])
    service = Service(
        settings=settings, life=life, store=store, brain=brain, hub=hub, time=time, intake=intake, gate=gate,
        conversations=conversations, clocks=clocks, delivery=delivery, presence=presence, staff=staff, peers=peers,
        auditor=auditor, published=published, arming=arming, notifier=notifier, promises=promises, hooks=hooks, caller=caller,
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
        address=address_of(settings.proxies), circuits=lambda: [(line.channel, line.circuit) for line in delivery.lines.all()],
        queued=lambda: peers.due("outbox", time.now()), push_key=push.public_key, push_services=host_names(settings.push_services),
        noticed=notifier.wake, ways=notifier.ways, promises=promises,
        steps_ahead=lambda state: steps_ahead(state, conversations.rules.nurture),
        simulator=(sys.executable, "-m", "bot.simulate"),
        simulator_settings=settings.model_dump(mode="json", include=TOLD_SIMULATOR), simulator_holds=lambda: as_data(store),
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
    pages.add_routes(app, settings.web, readiness=Readiness(life, store, brain), counted=counter(store, time))
    return service
