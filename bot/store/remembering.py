"""The part of the store's contract that tells what became of a prospect, over all of their conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from bot.core.events import JournalEntry
from bot.store.sight import Sight

VISIT_GAP = timedelta(hours=4)
"""Whoever writes again after a longer silence has come back: a new visit."""


class Of(IntEnum):
    """Where a line comes from. Of lines of one moment the higher is the later."""

    MEETING = 0
    VISIT = 1
    JOURNAL = 2
    NOTE = 3


type Place = tuple[datetime, Of, int]
"""When, from where, and which of those: the place of a line among all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Something that happened with a prospect, in one of their conversations.

    `entry.kind` is that of the journal, or `met` (their first contact there), `visit` (data: `until`, `messages`), or `note` (data:
    `agent_id`, `agent`, `text`).
    """

    of: Of
    number: int
    conversation_id: str
    channel: str
    entry: JournalEntry

    @property
    def place(self) -> Place:
        """Where it stands among the others."""
        return (self.entry.at, self.of, self.number)


class RememberingStore(Protocol):
    """What the timeline asks of a store."""

    async def remembered(
        self, conversation_id: str, *, kinds: Sequence[str], limit: int, before: Place | None = None, sight: Sight | None = None
    ) -> list[Remembered]:
        """What happened with this conversation's prospect, in all their conversations (with `sight` those that its agent may
        read), latest first, at most `limit`, before a place: lines of the journal of these kinds, notes, visits (see `VISIT_GAP`)
        and first contacts. Nothing for an unknown conversation."""


def visits(moments: Iterable[tuple[datetime, int]]) -> list[tuple[datetime, int, datetime, int]]:
    """Visits of somebody who wrote at these moments (each with its message's number), oldest first: when each began, the number of
    its first message, when its last came, and how many there were."""
    found: list[tuple[datetime, int, datetime, int]] = []
    for at, number in sorted(moments):
        if found and at - found[-1][2] <= VISIT_GAP:
            began, first, _, count = found[-1]
            found[-1] = (began, first, at, count + 1)
        else:
            found.append((at, number, at, 1))
    return found


def visit_lines(conversation_id: str, channel: str, moments: Iterable[tuple[datetime, int]]) -> list[Remembered]:
    """The visits as lines of the timeline."""
    return [
        Remembered(
            of=Of.VISIT,
            number=number,
            conversation_id=conversation_id,
            channel=channel,
            entry=JournalEntry(kind="visit", at=began, data={"until": until.isoformat(), "messages": count}),
        )
        for began, number, until, count in visits(moments)
    ]


def note_entry(*, at: datetime, agent_id: str, agent: str, text: str) -> JournalEntry:
    """A note as a line of the timeline."""
    return JournalEntry(kind="note", at=at, data={"agent_id": agent_id, "agent": agent, "text": text})


def page(lines: Iterable[Remembered], *, limit: int, before: Place | None) -> list[Remembered]:
    """The latest of these lines before a place."""
    earlier = (line for line in lines if before is None or line.place < before)
    return sorted(earlier, key=lambda line: line.place, reverse=True)[:limit]
