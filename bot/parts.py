"""Parts of the service as the settings want them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Mapping
from random import Random

import structlog
from aiohttp import hdrs, web

from bot import budget
from bot.audit import Bounds
from bot.carriers.base import Carries
from bot.carriers.mail import Mail, Server
from bot.carriers.push import WebPush
from bot.carriers.webhook import Webhook
from bot.channels.base import Channel
from bot.channels.facebook import facebook_channel
from bot.channels.rest import RestChannel
from bot.channels.widget import WidgetChannel
from bot.core.decide import Rules
from bot.core.pacing import Pacing
from bot.credentials import Credentials
from bot.lines import Lines
from bot.settings import Settings
from bot.time import Time
from bot.wire import NoWire, PostgresWire, Wire
from bot.yamlfile import YamlFileError
from handoff.chain import Carrier, Ways
from handoff.policy import Policy
from nurture.engine import Nurture, Persona
from nurture.load import load_flows

log = structlog.get_logger()


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
        undo_send_s=settings.undo_s,
    )


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


def carriers_of(settings: Settings, push: WebPush, time: Time) -> dict[Carrier, Carries]:
    """What carries notices outside of the page: web push always, mail and webhook where they are set up."""
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


def push_contact(public_url: str) -> str:
    """Whom a push service may write to when something is wrong with our pushes (RFC 8292)."""
    return public_url if public_url.startswith("https://") else "mailto:webmaster@localhost"


def host_names(text: str) -> tuple[str, ...]:
    """The names in a setting that lists several, split at commas."""
    return tuple(host.strip() for host in text.split(",") if host.strip())


def wire_to(url: str) -> Wire:
    """How services that share a database tell each other things; alone on a file there is nobody to tell."""
    return NoWire() if url.startswith("sqlite") else PostgresWire(url)


def audit_bounds(settings: Settings) -> Bounds:
    """How much the audit looks at, and how late is too late."""
    return Bounds(batch=settings.audit_batch, late_s=settings.audit_late_s, capacity=settings.agent_capacity)


def channel_names(credentials: Credentials) -> frozenset[str]:
    """The channels that are on."""
    on = {"rest": credentials.with_rest, "widget": credentials.with_widget, "facebook": credentials.facebook is not None}
    return frozenset(name for name, is_on in on.items() if is_on)


def channels_on(credentials: Credentials, settings: Settings) -> list[Channel]:
    """A channel for each that credentials.yml turns on."""
    channels: list[Channel] = []
    if credentials.with_rest:
        channels.append(RestChannel())
    if credentials.with_widget:
        origins = credentials.widget.origins if credentials.widget else ()
        per_minute = settings.widget_per_minute
        channels.append(WidgetChannel(persona=settings.persona, tagline=settings.tagline, origins=origins, per_minute=per_minute))
    if credentials.facebook:
        channels.append(facebook_channel(credentials.facebook, quiet=settings.pacing == "instant"))
    return channels


def lines_of(channels: Mapping[str, Channel], settings: Settings, rng: Random) -> Lines:
    """A line for every channel; those with budgets at the speed that the settings allow."""
    speeds = {"page_per_s": settings.page_sends_per_s, "thread_per_s": settings.thread_sends_per_s}
    budgets = {name: budget.scaled(b, **speeds) if (b := budget.BY_CHANNEL.get(name)) else None for name in channels}
    return Lines(budgets, rng)


def address_of(proxies: int) -> Callable[[web.Request], str]:
    """From where a request comes: what the outermost proxy of ours saw. What a client itself claims stands further left."""

    def address(request: web.Request) -> str:
        told = [one.strip() for one in ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, [])).split(",") if one.strip()]
        return told[-proxies] if 0 < proxies <= len(told) else request.remote or ""

    return address
