"""What a notice says outside the console, where others may read along: no names and words, unless the installation wants them."""

from __future__ import annotations

from bot.core.model import Json
from bot.store.contract import Overview
from handoff.steps import HOLDER, PROSPECT

TITLES = {
    "offer": "Someone needs a person",
    "alarm": "Someone is waiting",
    "breach": "Someone waited too long",
    "push": "Someone is waiting for a person",
    "page": "Supervisor needed: someone is waiting",
    "message": "A new message for you",
    "lost": "A message could not be delivered",
    "brake": "A flow has paused itself",
    "mention": "You were mentioned in a note",
}
TEXT = "Open the console to see who it is."
MOST = 120
"""Characters of somebody's words."""


def told_outside(kind: str, data: Json, overview: Overview | None) -> tuple[str, str]:
    """Title and text. With an `overview` they name the prospect, and quote what was said last."""
    title = TITLES.get(kind, "Warmline")
    if overview is None:
        return title, TEXT
    name = overview.profile.first_name or "Someone"
    said = str(data.get("text") or f"{title}.").replace(PROSPECT, name).replace(HOLDER, "an agent")
    last = overview.last_message
    quote = f"\n“{last.text[:MOST]}”" if last is not None and last.text else ""
    return title, f"{said}{quote}"
