"""What Warmline raises on purpose."""

from __future__ import annotations


class WarmlineError(Exception):
    """Root of every error Warmline raises on purpose."""


class CommandRefused(WarmlineError):
    """A command does not fit the conversation as it is now. `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
