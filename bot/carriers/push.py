"""Web push (RFC 8030), encrypted for the browser (RFC 8291) and signed with the installation's own key (VAPID, RFC 8292).

The key is made at the first start and kept in the database: browsers subscribe to it, so another one would lose them all.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.carriers.base import Call, NotCarried
from bot.carriers.http import Poster
from bot.store.contract import Store
from bot.store.noticing import Device

log = structlog.get_logger()

SETTING = "vapid"
TTL_S = 600
"""How long a push service keeps what a sleeping device has not fetched: afterwards it is no news."""
SIGNED_FOR = timedelta(hours=12)
TITLE_MOST = 120


class PushKeys:
    """The installation's key pair. `public` is what browsers subscribe to (`applicationServerKey`)."""

    def __init__(self, pem: str) -> None:
        from py_vapid import Vapid02

        self.vapid = Vapid02.from_pem(pem.encode())
        point = self.vapid.public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.public = base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def new_pem() -> str:
    """A new private key (P-256, PKCS 8)."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


async def push_keys(store: Store) -> PushKeys:
    """The keys, made if there are none yet. Services that start at once agree on one."""
    pem = await store.setting(SETTING)
    if pem is None:
        pem = await store.put_setting(SETTING, new_pem(), if_absent=True)
    return await asyncio.to_thread(PushKeys, pem)


class WebPush:
    """To every browser of an agent; one that takes it is enough."""

    def __init__(self, store: Store, now: Callable[[], datetime], *, contact: str, poster: Poster | None = None) -> None:
        self._store, self._now, self._contact = store, now, contact
        self._poster = poster or Poster()
        self._keys: PushKeys | None = None

    async def keys(self) -> PushKeys:
        """See `push_keys`."""
        if self._keys is None:
            self._keys = await push_keys(self._store)
        return self._keys

    async def public_key(self) -> str:
        """What browsers subscribe to."""
        return (await self.keys()).public

    async def carry(self, call: Call) -> None:
        """See `Carries.carry`. Browsers that have ended their subscription are forgotten."""
        devices = await self._store.devices(call.agent.agent_id) if call.agent else []
        if not devices:
            raise NotCarried("no_device", for_good=True)
        results = await asyncio.gather(*(self._to(device, call) for device in devices), return_exceptions=True)
        failures: list[NotCarried] = []
        for result in results:
            if isinstance(result, NotCarried):
                failures.append(result)
            elif isinstance(result, BaseException):
                raise result
        if len(failures) == len(devices):
            # One that may pass is worth another try.
            raise next((one for one in failures if not one.for_good), failures[0])

    async def _to(self, device: Device, call: Call) -> None:
        from pywebpush import WebPusher

        keys = await self.keys()
        news = {
            "id": call.notice_id,
            "title": call.title[:TITLE_MOST],
            "body": call.text,
            "conversation_id": call.conversation_id,
            "urgent": call.urgent,
        }
        subscription = {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}}
        try:
            body = await asyncio.to_thread(lambda: WebPusher(subscription).encode(orjson.dumps(news))["body"])
        except Exception as error:
            log.warning("push.not_encrypted", device_id=device.device_id, error=type(error).__name__)
            await self._store.drop_device(device.device_id, agent_id=device.agent_id)
            raise NotCarried("bad_device", for_good=True) from error
        to = urlsplit(device.endpoint)
        claims = {
            "aud": f"{to.scheme}://{to.netloc}",
            "exp": int((self._now() + SIGNED_FOR).timestamp()),
            "sub": self._contact,
        }
        headers = {
            **keys.vapid.sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Urgency": "high" if call.urgent else "normal",
            # A later one about the same conversation takes its place while the device sleeps (RFC 8030, 32 characters).
            "Topic": topic(call.conversation_id),
        }
        status = await self._poster.post(device.endpoint, body, headers)
        if status in (404, 410):
            await self._store.drop_device(device.device_id, agent_id=device.agent_id)
            raise NotCarried("gone", for_good=True)
        if not 200 <= status < 300:
            raise NotCarried(f"http_{status}", for_good=True)

    async def close(self) -> None:
        """See `Carries.close`."""
        await self._poster.close()


def topic(conversation_id: str) -> str:
    """Tells a conversation's pushes from others', without telling the push service which conversation it is."""
    return base64.urlsafe_b64encode(hashlib.sha256(conversation_id.encode()).digest())[:32].decode()
