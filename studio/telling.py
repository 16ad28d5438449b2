"""Many events at once, one JSON object a line: each is told as one by one over the API, and one that is known changes nothing.

So a file may be told again from the beginning after whatever happened in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bot.core.events import Happened
from bot.store.contract import NotFound, Store
from studio.happenings import HappeningBody
from studio.happenings import tell as tell_one
from studio.prospects import IdTaken, InFuture, who

AT_ONCE = 16
EVERY = 1000
MOST_SHOWN = 1000
LONGEST_LINE = 64 * 1024
REFUSED = b"x"
"""What stands for a line that is too long to be an event: it is rejected like any other that is none."""

type Tell = Callable[[str, Happened], Awaitable[object]]
"""Tell a conversation of an event. Raises `AlreadyExists` for one that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why a line is not taken; `field` is empty for the line as a whole."""

    line: int
    field: str
    why: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """How far it has come, and what became of the lines."""

    line: int = 0
    new: int = 0
    known: int = 0
    rejected: int = 0
    rejections: list[Unfit] = field(default_factory=list)

    def reject(self, line: int, where: str, why: str) -> None:
        """Count a line that was not taken; the first thousand are kept with why."""
        self.rejected += 1
        if len(self.rejections) < MOST_SHOWN:
            self.rejections.append(Unfit(line=line, field=where, why=why))

    def told(self) -> dict[str, Any]:
        """As data."""
        return {
            "line": self.line,
            "new": self.new,
            "known": self.known,
            "rejected": self.rejected,
            "rejections": [{"line": one.line, "field": one.field, "why": one.why} for one in self.rejections],
        }


def read_line(number: int, raw: bytes) -> HappeningBody | Unfit:
    """The event in a line, or what is wrong with it."""
    try:
        return HappeningBody.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return Unfit(line=number, field=".".join(str(part) for part in first["loc"]), why=str(first["msg"]))


async def tell_lines(store: Store, lines: AsyncIterator[bytes], tell: Tell, *, now: Callable[[], datetime]) -> AsyncIterator[Tally]:
    """Tell every event, a few people's at once and each person's in the order of the lines; gives the tally after each thousand
    lines and at the end. Raises a group with `StoreUnavailable` if the store is away."""
    tally, batch = Tally(), list[tuple[int, HappeningBody]]()
    async for raw in lines:
        tally.line += 1
        if not raw.strip():
            continue
        found = read_line(tally.line, raw)
        if isinstance(found, Unfit):
            tally.reject(found.line, found.field, found.why)
        else:
            batch.append((tally.line, found))
        if tally.line % EVERY == 0:
            await _tell_batch(store, batch, tell, tally, now())
            batch.clear()
            yield tally
    await _tell_batch(store, batch, tell, tally, now())
    yield tally


async def _tell_batch(store: Store, batch: list[tuple[int, HappeningBody]], tell: Tell, tally: Tally, now: datetime) -> None:
    people: dict[str, list[tuple[int, HappeningBody]]] = {}
    for line, body in batch:
        people.setdefault(repr(body.prospect), []).append((line, body))
    room = asyncio.Semaphore(AT_ONCE)

    async def of_one(mine: list[tuple[int, HappeningBody]]) -> None:
        async with room:
            for line, body in mine:
                await _tell_one(store, line, body, tell, tally, now)

    async with asyncio.TaskGroup() as group:
        for mine in people.values():
            group.create_task(of_one(mine))


async def _tell_one(store: Store, line: int, body: HappeningBody, tell: Tell, tally: Tally, now: datetime) -> None:
    try:
        told = await tell_one(store, tell, await who(store, body.prospect), body, now)
    except NotFound:
        tally.reject(line, "prospect", "There is no such prospect.")
    except InFuture as error:
        tally.reject(line, "at", str(error))
    except IdTaken as error:
        tally.reject(line, "external_id", str(error))
    else:
        tally.known += told.known is not None
        tally.new += told.known is None
