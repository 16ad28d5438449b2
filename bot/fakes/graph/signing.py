"""How Meta writes and signs a webhook body."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

_ESCAPES = str.maketrans({"/": "\\/", "<": "\\u003C", "%": "\\u0025", "@": "\\u0040"})


def encode(payload: Mapping[str, Any]) -> bytes:
    """The raw body of a webhook: compact JSON in escaped-unicode form.

    Meta signs the escaped form (Webhooks, 5 May 2026). Its writer also escapes slash, less-than, percent and at
    (seen in client libraries, not documented), so a body parsed and written again no longer fits the signature.
    Those four characters occur in JSON only inside strings, so replacing them in the finished text is safe.
    """
    return json.dumps(payload, ensure_ascii=True, separators=(",", ":")).translate(_ESCAPES).encode("ascii")


def signature_headers(body: bytes, app_secret: str) -> dict[str, str]:
    """`X-Hub-Signature-256`, and the older SHA-1 header that Meta still sends beside it."""
    key = app_secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
