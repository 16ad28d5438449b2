"""What can go wrong in the brain.

BrainError
├── BadRequest        the caller sent something that is not a turn; names the field
├── ModelRefused      the model cannot be found or loaded; the one in use stays
├── SwapUnderWay      another model is being loaded right now
├── Unavailable       no worker came free in time, or none is up yet
└── TurnFailed        a worker failed on this turn
    └── TurnTimedOut  ... by not answering in time
"""

from typing import Any


class BrainError(Exception):
    """Base of the brain's errors; `status` is the HTTP status it is answered with."""

    status = 500

    def body(self) -> dict[str, Any]:
        """The JSON object a client is shown."""
        return {"error": str(self)}


class BadRequest(BrainError):
    """`field` (a path such as `message.text` or `events[3]`) is not what it must be."""

    status = 400

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field

    def body(self) -> dict[str, Any]:
        return {"error": str(self), "field": self.field}


class ModelRefused(BrainError):
    status = 422


class SwapUnderWay(BrainError):
    status = 409


class Unavailable(BrainError):
    status = 503


class TurnFailed(BrainError):
    status = 500


class TurnTimedOut(TurnFailed):
    status = 504
