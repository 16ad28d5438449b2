"""How what is posted to other programs is signed: Standard Webhooks (standardwebhooks.com, specification 1.0.0).

HMAC-SHA256 over `{id}.{timestamp}.{body}`, keyed by the bytes that the secret holds in base64 after `whsec_`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""How long a key may be, by the specification."""


def new_secret() -> str:
    """A secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, which does not repeat it, for one that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ValueError(f"a secret is {PREFIX} and the base64 of {KEY_BYTES[0]} to {KEY_BYTES[-1]} random bytes")
    return key


def signed(secret: str, *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of JSON that is posted at `at`; `message_id` is the same for every try. Raises ValueError as `key_of`."""
    timestamp = int(at.timestamp())
    mac = hmac.new(key_of(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Warmline",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
