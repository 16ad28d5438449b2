"""Conversions, events, and contacts that come and go by file."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict


class ConversionShape(TypedDict):
    """A conversion."""

    conversation_id: str
    external_id: str
    name: str
    value: str | None
    currency: str | None
    at: datetime
    told_at: datetime


class ConversionAnswer(TypedDict):
    """POST conversions."""

    conversion: ConversionShape
    new: bool


class EventShape(TypedDict):
    """An event that was told."""

    conversation_id: str
    external_id: str
    name: str
    at: datetime
    told_at: datetime


class EventAnswer(TypedDict):
    """POST events: the flows are those it started."""

    event: EventShape
    new: bool
    flows: list[str]


class ImportId(TypedDict):
    """An import's name."""

    id: str


class Rejection(TypedDict):
    """Why a row is not taken; `column` is empty for the row as a whole."""

    line: int
    column: str
    why: str


class Column(TypedDict):
    """A column by its name."""

    column: str


Is = TypedDict("Is", {"is": str | None})


class ColumnTarget(Column, Is):
    """A column of a file; `is` null is left out."""


class Contact(TypedDict):
    """A row as it is understood."""

    line: int
    channel: str
    external_id: str
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    locale: NotRequired[str]
    zone: NotRequired[str]
    tags: list[str]
    slots: dict[str, str]
    consent_source: str
    consent_at: datetime
    opted_out: bool


class ImportPreview(TypedDict):
    """POST contacts/import?preview=1, which changes nothing."""

    columns: list[ColumnTarget]
    first: list[Contact]
    rows: int
    rejected: int
    rejections: list[Rejection]


class ImportTaken(TypedDict):
    """POST contacts/import: it goes on in the background."""

    rows: int
    rejected: int


Import = TypedDict("Import", {"import": ImportId})


class ImportStarted(ImportTaken, Import):
    """POST contacts/import without `preview`."""


class ImportState(TypedDict):
    """How far an import is."""

    id: str
    name: NotRequired[str]
    started_at: NotRequired[datetime]
    finished_at: datetime | None
    line: NotRequired[int]
    new: NotRequired[int]
    merged: NotRequired[int]
    unchanged: NotRequired[int]
    rejected: NotRequired[int]
    flow_held: NotRequired[dict[str, int]]
    share: float
    error: str | None


ImportProgress = TypedDict("ImportProgress", {"import": ImportState})


class EventsPreview(TypedDict):
    """POST events/import?preview=1 of a CSV file, which changes nothing."""

    columns: list[ColumnTarget]
    first: list[dict[str, object]]
    rows: int
    rejected: int
    rejections: list[Rejection]
