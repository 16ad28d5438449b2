"""What the query of a request asks for: places in a list, ranges of time, and one of a few words."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiohttp import web

from handoff.api.errors import BadRequest

LONGEST = timedelta(days=366)
"""The longest range that a report is made of."""


def cursor_of(at: datetime, *more: object) -> str:
    """A place in a list by its time, to the microsecond (the times that browsers see are rounded), and what tells equal ones
    apart."""
    return urlsafe_b64encode(" ".join((at.isoformat(), *map(str, more))).encode()).decode()


def place(request: web.Request) -> tuple[datetime, str] | None:
    """The time and the id that a `cursor` stands for; None without one. Raises BadRequest."""
    found = parts_of(request, 2)
    return found and (found[0], found[1][0])


def parts_of(request: web.Request, count: int) -> tuple[datetime, list[str]] | None:
    """The time and the other parts of a `cursor`, `count` in all; None without one. Raises BadRequest."""
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        at, *more = urlsafe_b64decode(text.encode()).decode().split(" ")
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise bad_cursor() from error
    if moment.tzinfo is None or len(more) != count - 1:
        raise bad_cursor()
    return moment, more


def bad_cursor() -> BadRequest:
    """For a `cursor` that no list gave."""
    return BadRequest("bad_field", "cursor: not one that this list gave.", field="cursor")


def moments(request: web.Request) -> tuple[datetime, datetime]:
    """The range from `from` to `to`. Raises BadRequest with the field."""
    since, until = _moment(request, "from"), _moment(request, "to")
    if until <= since:
        raise BadRequest("bad_field", "The end is not after the start.", field="to")
    if until - since > LONGEST:
        raise BadRequest("bad_field", "That is more than a year.", field="to")
    return since, until


def one_of[Word: str](request: web.Request, field: str, allowed: Sequence[Word]) -> str:
    """A parameter that is one of a few words; the first if it is left out. Raises BadRequest."""
    value = request.query.get(field, allowed[0])
    if value not in allowed:
        raise BadRequest("bad_field", f"This is one of {', '.join(allowed)}.", field=field)
    return value


def _moment(request: web.Request, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(request.query[field])
    except (KeyError, ValueError):
        raise BadRequest("bad_field", "Give a moment, such as 2026-11-23T00:00:00Z.", field=field) from None
    if at.tzinfo is None:
        raise BadRequest("bad_field", "Say which time zone: end it with Z, or with +01:00.", field=field)
    return at.astimezone(UTC)
