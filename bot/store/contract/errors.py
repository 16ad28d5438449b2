"""What a store raises."""

from __future__ import annotations

from bot.core.events import Claim
from bot.core.model import WarmlineError


class StoreError(WarmlineError):
    """Root of the store's errors."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or written now (away, locked, disk full, read only). Nothing was changed, or, if it went
    away while a transaction ended, all of it was: intake knows a repeat, a commit's version has moved.

    `reason` is away (also: shut down), busy (another process writes for longer than one waits), full (no room on the disk) or
    read_only."""

    def __init__(self, message: str, *, reason: str = "away") -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(StoreError):
    """No such record. `what` is the kind, `key` the id asked for."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"no {what} {key!r}")
        self.what = what
        self.key = key


class VersionConflict(StoreError):
    """The conversation changed since it was loaded; load again and decide again."""


class AgentFull(StoreError):
    """An agent would hold more than they have room for; nothing was changed. `held` is the weight of what they hold."""

    def __init__(self, claim: Claim, held: float) -> None:
        super().__init__(f"agent {claim.agent_id!r} holds {held:g} of {claim.capacity:g}, and {claim.weight:g} more was asked for")
        self.claim = claim
        self.held = held


class AlreadyExists(StoreError):
    """A unique value is taken, such as an agent's e-mail address."""


class TimeTaken(VersionConflict):
    """The time that was to be booked was booked by somebody else meanwhile; look what is free and decide again."""


class SchemaTooNew(StoreError):
    """A newer version migrated the database to what this one can no longer work with; the message names both."""
