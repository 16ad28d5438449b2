"""Errors of the console API, and their one shape on the wire: {"error": {"code", "message", "field"?}}.

ApiError
├── BadRequest      400  the body or a parameter is wrong; names the field
├── SignInFirst     401  no session
├── WrongPassword   401  e-mail address or password is wrong
├── Forbidden       403  not for this role, or not from this page
├── Conflict        409  does not fit what is there
│   └── WroteMeanwhile   somebody wrote what the agent had not seen
└── TooManyTries    429  guessed too often
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.core.model import CommandRefused, WarmlineError
from bot.store.contract import AgentFull, AlreadyExists, NotFound, StoreUnavailable, VersionConflict
from handoff.api.shapes import Shape

log = structlog.get_logger()

NO_STORE = {"Cache-Control": "no-store"}
RETRY_AFTER_S = 2


class ApiError(WarmlineError):
    """A request that is answered with an error. The message is for people, the code for programs."""

    status = 400

    def __init__(self, code: str, message: str, *, field: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code, self.field, self.retry_after_s = code, field, retry_after_s
        self.details: Shape = {}


class BadRequest(ApiError):
    """The body or a parameter is wrong."""


class SignInFirst(ApiError):
    """No session, or one that has ended."""

    status = 401

    def __init__(self) -> None:
        super().__init__("sign_in", "Please sign in.")


class WrongPassword(ApiError):
    """It is not said which of the two is wrong."""

    status = 401

    def __init__(self) -> None:
        super().__init__("wrong_credentials", "That e-mail address or password isn't right.")


class Forbidden(ApiError):
    """Not for this role, or not from this page."""

    status = 403


class Conflict(ApiError):
    """The command does not fit what is there."""

    status = 409


class WroteMeanwhile(Conflict):
    """Words that were written without having seen `messages` (as the console shows them). Nothing was sent."""

    def __init__(self, who: str, messages: Sequence[Shape]) -> None:
        super().__init__("wrote_meanwhile", f"{who} wrote meanwhile.")
        self.details = {"messages": list(messages)}


class TooManyTries(ApiError):
    """Guessed too often."""

    status = 429

    def __init__(self, retry_after_s: int) -> None:
        minutes = max(1, round(retry_after_s / 60))
        message = f"Too many tries. Please wait {minutes} minute{'s' if minutes > 1 else ''}."
        super().__init__("too_many_tries", message, retry_after_s=retry_after_s)


def full_text(error: AgentFull) -> str:
    """What an agent without room is told."""
    claim, held = error.claim, error.held
    if held >= claim.capacity:
        return f"Your hands are full: you have {held:g} of {claim.capacity:g}. Give one back first, or ask an admin."
    taken = f"you have {held:g} of {claim.capacity:g} already"
    return f"This one takes {claim.weight:g}, and {taken}. Give one back first, or ask an admin."


def failure(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    retry_after_s: int | None = None,
    details: Shape | None = None,
) -> web.Response:
    """The one shape of an error; `details` are what a program needs to go on from it."""
    body = {"code": code, "message": message, **({"field": field} if field else {}), **(details or {})}
    headers = NO_STORE | ({"Retry-After": str(retry_after_s)} if retry_after_s is not None else {})
    return web.json_response({"error": body}, status=status, headers=headers)


def answering(handler: Handler) -> Handler:
    """The handler with every error it raises on purpose turned into a response."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return failure(
                error.status,
                error.code,
                str(error),
                field=error.field,
                retry_after_s=error.retry_after_s,
                details=error.details,
            )
        except CommandRefused as error:
            return failure(409, error.code, str(error))
        except AgentFull as error:
            details: Shape = {"held": error.held, "capacity": error.claim.capacity, "weight": error.claim.weight}
            return failure(409, "full", full_text(error), details=details)
        except NotFound as error:
            return failure(404, "not_found", f"There is no such {error.what}.")
        except AlreadyExists:
            return failure(409, "already_exists", "Somebody has that e-mail address already.", field="email")
        except VersionConflict:
            return failure(409, "busy", "A lot is happening in this conversation. Please try again.", retry_after_s=1)
        except StoreUnavailable as error:
            log.error("console.unserved", path=request.path, error=type(error).__name__)
            message = "That could not be stored right now; nothing was changed. Please try again."
            return failure(503, "try_again", message, retry_after_s=RETRY_AFTER_S)

    return answer
