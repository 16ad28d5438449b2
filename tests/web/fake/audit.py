"""What the fake service tells of the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.core.audit import CHECKS, ROWS
from tests.web.fake.talks import Json, now, stamp


def audit_report(*findings: Json, seconds_ago: float | None = 3, **more: Any) -> Json:
    """What the audit tells: all is well but for these findings."""
    open_rows = [one["row"] for one in findings if one["state"] == "open"]
    all_rows = [one["row"] for one in findings]
    rows = [
        {"row": row, "sentence": sentence, "open": open_rows.count(row), "total": all_rows.count(row), "last_at": None}
        for row, sentence in ROWS.items()
    ]
    ran_at = None if seconds_ago is None else stamp(now() - timedelta(seconds=seconds_ago))
    told: Json = {"ran_at": ran_at, "every_s": 15, "took_ms": 4.2, "runs": 4242, "behind": False, "rows": rows}
    return {**told, "findings": list(findings), "total": len(findings), **more}


def found(code: str, state: str, *, conversation_id: str | None = None, minutes_ago: float = 2, about: str | None = None) -> Json:
    """One finding of the audit."""
    at = now() - timedelta(minutes=minutes_ago)
    ended_at = stamp(at + timedelta(seconds=0.2)) if state in ("repaired", "over") else None
    return {
        "id": f"{code}-{minutes_ago}", "row": CHECKS[code].row, "code": code, "sentence": CHECKS[code].sentence,
        "conversation_id": conversation_id, "about": about, "at": stamp(at), "first_seen_at": stamp(at), "last_seen_at": stamp(at),
        "state": state, "ended_at": ended_at,
    }  # fmt: skip
