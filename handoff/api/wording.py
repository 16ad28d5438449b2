"""Notices name people only where they are shown: what travels between services has places for the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff.steps import HOLDER, PROSPECT

WORDS = {
    "offer": "Someone needs a person.",
    "alarm": "Someone is waiting.",
    "message": "A new message.",
    "lost": "A message could not be delivered.",
    "breach": "A promise was missed.",
    "brake": "A flow has paused itself.",
    "mention": "You were mentioned in a note.",
    "push": "Someone is waiting.",
    "page": "Someone is waiting.",
}


def notice_text(frame: Mapping[str, Any], *, prospect: str | None, holder: str | None) -> str:
    """The notice's text with the names filled in, or what its kind says where it has none."""
    text: str = frame.get("text") or WORDS.get(frame["kind"], "")
    return text.replace(PROSPECT, prospect or "Someone").replace(HOLDER, holder or "The agent")
