"""A webhook: one signed POST, tried again until it is taken.

The signature is that of Stripe's and many others' webhooks: `Warmline-Signature: t=<seconds>,v1=<hex>`, where v1 is the HMAC-SHA256
of `<t>.<body>` with the shared secret. A receiver compares it, and refuses a `t` that is minutes old. `Idempotency-Key` is the
same for each try.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import orjson

from bot.carriers.base import Call, NotCarried
from bot.carriers.http import Poster

HEADER = "Warmline-Signature"


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The header's value for a body that is sent at `at`."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={mac}"


class Webhook:
    """The installation's webhook."""

    def __init__(self, url: str, secret: str, now: Callable[[], datetime], poster: Poster | None = None) -> None:
        self._url, self._secret, self._now = url, secret, now
        self._poster = poster or Poster()

    async def carry(self, call: Call) -> None:
        """See `Carries.carry`."""
        body = orjson.dumps(
            {
                "id": call.key,
                "kind": call.kind,
                "conversation_id": call.conversation_id,
                "episode_id": call.episode_id,
                "agent": {"id": call.agent.agent_id, "email": call.agent.email} if call.agent else None,
                "text": call.text,
                "url": call.url or None,
                "at": call.at.isoformat().replace("+00:00", "Z"),
            }
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.key,
            HEADER: signature(self._secret, body, self._now()),
        }
        status = await self._poster.post(self._url, body, headers)
        if not 200 <= status < 300:
            raise NotCarried(f"http_{status}", for_good=status == 410)

    async def close(self) -> None:
        """See `Carries.close`."""
        await self._poster.close()
