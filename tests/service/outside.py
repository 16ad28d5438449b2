"""The world outside on loopback: a push service and a browser that takes its pushes, a mail server, a webhook's receiver."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

import http_ece
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Browser:
    """A browser with a push subscription: it alone can read what is sent to it."""

    def __init__(self, endpoint: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.endpoint = endpoint

    def subscription(self, label: str = "Chromium") -> dict[str, str]:
        """What it tells the service."""
        point = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": b64(point), "auth": b64(self.auth), "label": label}

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt (RFC 8291). Raises if it is not for this browser."""
        news: dict[str, Any] = json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"))
        return news


@dataclass
class Posted:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A web server that keeps what is posted to it and answers with the next of `answers`, else 201."""

    base: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.posted.append(Posted(request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 201)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A push service or a webhook's receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    server = TestServer(app)
    await server.start_server()
    receiver.base = f"http://127.0.0.1:{server.port}"
    try:
        yield receiver
    finally:
        await server.close()


def vapid_of(posted: Posted) -> tuple[str, dict[str, Any]]:
    """The key that signed a push and what it claims. Raises if the signature is not that key's."""
    kind, _, rest = posted.headers["Authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(","))
    signed, _, mark = parts["t"].rpartition(".")
    assert kind == "vapid"
    assert Vapid02.from_raw_public(parts["k"].encode()).verify_token(signed.encode(), mark)
    payload = signed.split(".")[1]
    return parts["k"], json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def signed_right(posted: Posted, secret: str) -> bool:
    """As a webhook's receiver checks it."""
    told = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), told, hashlib.sha256).digest()
    return hmac.compare_digest(f"v1,{base64.b64encode(mac).decode()}", posted.headers["webhook-signature"])


class Mailbox:
    """Takes every mail, or refuses with the next of `refusals`."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.refusals: list[str] = []
        self.port = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(content)))
        return "250 taken"


class _AnyPort(Controller):
    """On a port of the system's choice."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server."""
    box = Mailbox()
    controller = _AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
