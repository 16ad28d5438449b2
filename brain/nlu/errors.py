"""What can go wrong while the reading components are trained or loaded."""

from __future__ import annotations

from pathlib import Path

from rasa.shared.exceptions import RasaException


class NluError(RasaException):
    """Base of this package's errors; Rasa's command line prints the message without a traceback."""


class TrainingDataError(NluError):
    """The examples or settings cannot make an intent reader."""


class IntentModelError(NluError):
    """A stored intent model cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}. Train the bot again.")


class PatternError(NluError):
    """A pattern file cannot be used.

    Attributes:
        path: the file or directory.
        place: where in it, such as "line 3" or "field leads"; empty for the whole.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, place: str, reason: str) -> None:
        self.path = path
        self.place = place
        self.reason = reason
        where = f"{path}, {place}" if place else str(path)
        super().__init__(f"{where}: {reason}")
