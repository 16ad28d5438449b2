"""Many events at once, one JSON object a line: each is told as one by one over the API, and one that is known changes nothing.

So a file may be told again from the beginning after whatever happened in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands at a line of a file (a row may end at a later one): an event, or all that keeps it from being one."""

    line: int
    end: int
    body: HappeningBody | tuple[Unfit, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """How far it has come, and what became of the lines. `on_reject` hears of each that was not taken, with the first reason.
    `named` are the fields that the file calls otherwise."""

    line: int = 0
    new: int = 0
    known: int = 0
    rejected: int = 0
    rejections: list[Unfit] = field(default_factory=list)
    on_reject: Callable[[Unfit], None] = lambda _unfit: None
    named: Mapping[str, str] = field(default_factory=dict)

    def reject(self, *unfit: Unfit) -> None:
        """Count a line that was not taken; the first thousand reasons are kept."""
        unfit = tuple(replace(one, field=self.named.get(one.field, one.field)) for one in unfit)
        self.rejected += 1
        self.rejections += unfit[: max(0, MOST_SHOWN - len(self.rejections))]
        self.on_reject(unfit[0])

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

    async def found() -> AsyncIterator[Found | None]:
        number = 0
        async for raw in lines:
            number += 1
            if not raw.strip():
                yield None
                continue
            read = read_line(number, raw)
            yield Found(line=number, end=number, body=(read,) if isinstance(read, Unfit) else read)

    async for tally in tell_all(store, found(), tell, now=now):
        yield tally


async def tell_all(
    store: Store,
    found: AsyncIterator[Found | None],
    tell: Tell,
    *,
    now: Callable[[], datetime],
    reject: Callable[[Unfit], None] = lambda _unfit: None,
    named: Mapping[str, str] | None = None,
) -> AsyncIterator[Tally]:
    """The same of lines or rows that are read already (None: there is nothing in one); `reject` hears of each that is not taken,
    and `named` are the fields that the file calls otherwise."""
    tally, batch, seen = Tally(on_reject=reject, named=named or {}), list[tuple[int, HappeningBody]](), 0
    async for one in found:
        seen += 1
        tally.line = tally.line + 1 if one is None else one.end
        if one is not None and isinstance(one.body, HappeningBody):
            batch.append((one.line, one.body))
        elif one is not None:
            tally.reject(*one.body)
        if seen % EVERY == 0:
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
        tally.reject(Unfit(line=line, field="prospect", why="There is no such prospect."))
    except InFuture as error:
        tally.reject(Unfit(line=line, field="at", why=str(error)))
    except IdTaken as error:
        tally.reject(Unfit(line=line, field="external_id", why=str(error)))
    else:
        tally.known += told.known is not None
        tally.new += told.known is None
