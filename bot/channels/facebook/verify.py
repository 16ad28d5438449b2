"""Whether a webhook call comes from Meta.

Source: Meta, Webhooks (May 5, 2026): `X-Hub-Signature-256: sha256=<hex>` is the HMAC-SHA256 of the raw body with the app secret;
a verification request is answered with its challenge, or 403.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping


def signed(raw: bytes, header: str | None, secret: str) -> bool:
    """True if the header is the signature of exactly these bytes. Older hash kinds are not accepted."""
    if header is None or not header.startswith("sha256="):
        return False
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.removeprefix("sha256=").encode())


def challenge(query: Mapping[str, str], verify: str) -> str | None:
    """The challenge to echo, or None if this is no subscription with our word."""
    token = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or not hmac.compare_digest(token.encode(), verify.encode()):
        return None
    return query.get("hub.challenge", "")
