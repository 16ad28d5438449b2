"""Lines of the journal that hold each other: whoever changes, removes or reorders one later breaks the chain at that place.

Each line of a conversation carries the SHA-256 of itself and of the line before it; the conversation carries that of its last line.
One value over all conversations, the seal, noted down elsewhere proves later that nothing before it was changed: who can write to
the database can make a whole chain anew, but not one that ends in the same seal. So a figure of a report that is made from these
lines (who was offered what when, who took it, when a promise was missed) can be shown to be what was written at the time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.events import JournalEntry

BESIDE = "message."
"""Lines of this family are written beside decisions, by deliveries; they are about single messages and are not chained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A line of the journal with its link; None for what was written before there were links, or by a version without them."""

    journal_id: int
    entry: JournalEntry
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All lines of a conversation in their order, but those of `BESIDE`, and the link that the conversation itself carries."""

    conversation_id: str
    head: str | None
    lines: tuple[Linked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Where a chain breaks. `journal_id` is None if the conversation's own link is not that of its last line: lines are missing."""

    conversation_id: str
    journal_id: int | None
    at: datetime | None


def is_linked(kind: str) -> bool:
    """Whether lines of this kind belong to the chain."""
    return not kind.startswith(BESIDE)


def link(before: str | None, conversation_id: str, entry: JournalEntry) -> str:
    """The link of a line that follows the one with link `before` (None: the first): 64 hexadecimal digits."""
    line = [before, conversation_id, entry.kind, entry.at.astimezone(UTC).isoformat(timespec="microseconds"), dict(entry.data)]
    return hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def follow(before: str | None, conversation_id: str, entries: Iterable[JournalEntry]) -> tuple[list[str | None], str | None]:
    """Links for lines that are about to be written (None for those beside the chain), and the conversation's new link."""
    links: list[str | None] = []
    for entry in entries:
        if is_linked(entry.kind):
            before = link(before, conversation_id, entry)
        links.append(before if is_linked(entry.kind) else None)
    return links, before


def broken_at(chain: Chain) -> Broken | None:
    """The first place where a chain does not hold; None if it does. Lines without a link are passed over: see `unlinked`."""
    before: str | None = None
    for line in chain.lines:
        if line.link is None:
            continue
        if line.link != link(before, chain.conversation_id, line.entry):
            return Broken(conversation_id=chain.conversation_id, journal_id=line.journal_id, at=line.entry.at)
        before = line.link
    return None if before == chain.head else Broken(conversation_id=chain.conversation_id, journal_id=None, at=None)


def unlinked(chain: Chain) -> list[Linked]:
    """Lines without a link that came after the first one with a link: written by an older version, or slipped in."""
    first = next((place for place, line in enumerate(chain.lines) if line.link is not None), len(chain.lines))
    return [line for line in chain.lines[first:] if line.link is None]


def sealed(chains: Sequence[Chain], *, before: str = "", until: datetime) -> str:
    """The seal over the lines written until `until` of conversations in the order of their ids; `before` is that of those before
    them (empty: these are the first)."""
    for chain in chains:
        last = next((line.link for line in reversed(chain.lines) if line.link is not None and line.entry.at <= until), None)
        if last is not None:
            before = hashlib.sha256(f"{before} {chain.conversation_id} {last}".encode()).hexdigest()
    return before
