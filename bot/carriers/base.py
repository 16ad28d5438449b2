"""What carriers have in common: what they are given, and how they say that it did not work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import WarmlineError
from bot.store.contract import Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A notice on its way to one agent (None: to the installation). `title` and `text` are fit to be shown on a locked screen:
    without anybody's words or names unless the installation wants them. `url` opens the conversation in the console, or is empty
    where no public address is known. `key` is the same for each try."""

    key: str
    notice_id: int
    kind: str
    conversation_id: str
    episode_id: str | None
    agent: Agent | None
    title: str
    text: str
    url: str
    at: datetime
    urgent: bool = False


class NotCarried(WarmlineError):
    """The carrier did not take it. `error` is a short code; with `for_good` another try is useless; `after_s` is what the other
    side asks to wait."""

    def __init__(self, error: str, *, for_good: bool = False, after_s: float | None = None) -> None:
        super().__init__(error)
        self.error, self.for_good, self.after_s = error, for_good, after_s


class Carries(Protocol):
    """A carrier."""

    async def carry(self, call: Call) -> None:
        """Bring it there; returns once the other side has taken it. Raises `NotCarried`."""

    async def close(self) -> None:
        """Let go of connections."""
