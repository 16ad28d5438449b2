"""What the Graph API's answers mean for a message.

Error codes: Meta, Messenger Platform error codes (March 18 and May 5, 2026); code and subcode decide together. Usage headers:
Meta, Graph API rate limits (March 23, 2026): whole percents, and minutes until access is regained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bot.channels.base import Outcome, Rejected, Retry, Unknown

OUTSIDE_WINDOW = frozenset({(10, 2018278), (10, 2534022), (10, 2018065)})
UNREACHABLE = frozenset({(10, 2018108), (551, 1545041), (200, 1545041), (100, 2018001)})
COMMENT_CLOSED = frozenset({10900, 10903})
"""A comment that was answered privately already, or cannot be: nothing is open to this person."""
MARKETING_CAP = (4, 2018354)
UPLOAD_FAILED = (100, 2018047)
TOKEN = 190
RATE = frozenset({4, 613, *range(80000, 80100)})
TEMPORARY = frozenset({1, 2, 1200})
CONFIG = frozenset({27, 100})

UPLOAD = "upload"
"""The class of a message whose picture the platform could not fetch: its words can still be sent."""
MAX_DETAIL = 200
_COUNTS = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of the quota is gone (1 is all of it), and after how many seconds there is some again."""

    used: float = 0.0
    regain_s: float = 0.0


NO_USAGE = Usage()


def usage(headers: Mapping[str, str]) -> Usage:
    """The fullest of the quotas that an answer's headers tell of; what cannot be read counts as nothing told."""
    found = [_object(headers.get("X-App-Usage"))]
    for entries in _object(headers.get("X-Business-Use-Case-Usage")).values():
        found += [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    percents = [_figure(told.get(name)) for told in found for name in _COUNTS]
    minutes = [_figure(told.get("estimated_time_to_regain_access")) for told in found]
    return Usage(used=max(percents) / 100, regain_s=max(minutes) * 60)


def meaning(status: int, error: Mapping[str, Any], told: Usage = NO_USAGE) -> Outcome:
    """What to do about an error answer. `error` is the `error` object of the body, empty if there was none.

    A 5xx may come after the message went out, so its outcome is unknown, whatever the code says of itself.
    """
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    if (code, subcode) in OUTSIDE_WINDOW or code in COMMENT_CLOSED:
        return Rejected(error="window")
    if (code, subcode) in UNREACHABLE:
        return Rejected(error="unreachable")
    if (code, subcode) == MARKETING_CAP:
        return Rejected(error="frequency")
    if (code, subcode) == UPLOAD_FAILED:
        return Rejected(error=UPLOAD, detail=_detail(error))
    if code == TOKEN:
        return Retry(error="token")
    if code in RATE:
        return Retry(error="rate", after_s=told.regain_s or None)
    if status >= 500:
        return Unknown(error="temporary" if code in TEMPORARY else f"http_{status}")
    if code in TEMPORARY or error.get("is_transient") is True:
        return Retry(error="temporary")
    return Rejected(error="config" if code in CONFIG else "rejected", detail=_detail(error) or f"HTTP {status}")


def _detail(error: Mapping[str, Any]) -> str:
    return str(error.get("message") or "")[:MAX_DETAIL]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _figure(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
