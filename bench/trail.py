"""What the platform saw of a message that came twice: its calls, and the tries to tell its echo. For reading, not for judging."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.facebook.translate import OURS
from bot.fakes.graph import FakeGraph


def trails(graph: FakeGraph, keys: Collection[str]) -> dict[str, list[str]]:
    """By key, in the order of time: when its calls were taken and when its echoes were tried, with what came of it."""
    seen: dict[str, list[tuple[datetime, str]]] = {key: [] for key in keys}
    for sent in graph.sent:
        if (key := _key(sent.metadata)) in seen:
            seen[key].append((sent.at, f"call taken as {sent.mid[-6:]}{'' if sent.delivered else ', not delivered'}"))
    for attempt in graph.webhooks.attempts:
        for mid, metadata in _echoes(attempt.payload):
            if (key := _key(metadata)) in seen:
                result = attempt.error if attempt.status is None else str(attempt.status)
                seen[key].append((attempt.at, f"echo of {mid[-6:]}, try {attempt.number}: {result}"))
    return {key: [f"{at:%H:%M:%S.%f} {what}" for at, what in sorted(lines)] for key, lines in seen.items()}


def _key(metadata: str | None) -> str:
    return (metadata or "").removeprefix(OURS)


def _echoes(payload: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    entries: Sequence[Mapping[str, Any]] = payload.get("entry", ())
    for entry in entries:
        for event in (*entry.get("messaging", ()), *entry.get("standby", ())):
            message = event.get("message") or {}
            if message.get("is_echo"):
                yield str(message["mid"]), message.get("metadata")
