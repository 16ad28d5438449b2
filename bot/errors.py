"""Errors of the service.

WarmlineError
├── SettingsError        a setting or file is wrong: says which
├── Overloaded           too much waits to be stored; the sender should try again
├── Stopping             the service takes nothing new; the sender should try again
└── BrainError           the brain gave no answer
    ├── BrainAway        it cannot be reached
    ├── BrainTimeout     it did not answer in time
    └── BrainRefused     it answered with an error
"""

from __future__ import annotations

from bot.core.model import WarmlineError


class SettingsError(WarmlineError):
    """A setting or a file of settings is wrong; the message names it and says what would be right."""


class Overloaded(WarmlineError):
    """Too much waits to be stored, or it takes too long; what was sent is to be sent again."""


class Stopping(WarmlineError):
    """The service is stopping and takes nothing new; nothing of this one was kept."""

    def __init__(self) -> None:
        super().__init__("the service is stopping")


class BrainError(WarmlineError):
    """The brain gave no answer; `code` is short and stable."""

    code = "error"


class BrainAway(BrainError):
    """The brain cannot be reached."""

    code = "away"


class BrainTimeout(BrainError):
    """The brain did not answer in time."""

    code = "timeout"


class BrainRefused(BrainError):
    """The brain answered with an error status."""

    code = "refused"
