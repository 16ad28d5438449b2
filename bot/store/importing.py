"""The part of the store's contract that imports and exports of contacts use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.events import Decision
from bot.core.model import Identity, Json, Profile, State, Touch

NEW, MERGED, UNCHANGED = "new", "merged", "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """How far an import has come: up to which line of the file everything is dealt with, and what became of the rows."""

    import_id: str
    name: str
    started_at: datetime
    line: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a contact: `NEW`, `MERGED` or `UNCHANGED`; `held` says why the flow did not begin, if one was wanted."""

    conversation_id: str
    became: str
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person as an export tells of them, and what segments go by."""

    conversation_id: str
    identity: Identity
    created_at: datetime
    profile: Profile
    tags: tuple[str, ...]
    opted_out_at: datetime | None
    first_touch: Touch | None
    last_touch: Touch | None
    slots: Json = field(default_factory=dict)
    last_inbound_at: datetime | None = None


type Decider = Callable[[State, int], Decision]
"""What follows from a contact, by its place in the batch, for the state it meets. Pure: it may be asked again."""


class ImportStore(Protocol):
    """What imports ask of a store. Every method may raise `StoreUnavailable`."""

    async def begin_import(self, run: ImportRun) -> ImportRun:
        """Remember an import; one that is known is given back as far as it has come."""

    async def import_run(self, import_id: str) -> ImportRun | None:
        """An import, if it is known."""

    async def import_batch(
        self, import_id: str, identities: Sequence[Identity], decide: Decider, *, line: int, rejected: int, now: datetime
    ) -> list[Imported]:
        """In one transaction: who is not known is met, without a message, a promise or a clock; each contact is decided upon and
        its decision, which says nothing, is written; the import has come to `line`, with `rejected` rows more. Nothing happens,
        and nothing is given, if it had come so far already. Raises `VersionConflict` if a conversation changed meanwhile."""

    async def end_import(self, import_id: str, *, now: datetime) -> ImportRun:
        """It is done. Raises `NotFound`."""

    async def contacts(self, *, after: str, limit: int) -> list[Contact]:
        """Everybody, by conversation id, those later than `after`: for exports, page by page."""
