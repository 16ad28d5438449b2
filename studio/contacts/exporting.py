"""All contacts with what brought them, line by line, however many there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

from bot.core.model import Touch
from bot.core.touch import source_of
from bot.store.contract import Store
from bot.store.importing import Contact
from nurture.reports.telling import harmless, stamp

PAGE = 1000
TOUCH_FIELDS = tuple(f.name for f in fields(Touch) if f.name != "channel")
PERSON_FIELDS = (
    "conversation_id", "channel", "external_id", "created_at", "first_name", "last_name", "locale", "zone", "tags", "opted_out_at",
)  # fmt: skip
COLUMNS = (
    *PERSON_FIELDS,
    *(f"{which}_{name}" for which in ("first", "last") for name in ("via", *TOUCH_FIELDS)),
)
"""Columns of the CSV; `first_via` and `last_via` are the sources that reports name."""


async def export_csv(store: Store) -> AsyncIterator[str]:
    """The header and a line a contact."""
    yield _line(COLUMNS)
    async for contact in _everybody(store):
        told = as_data(contact)
        first, last = told["first_touch"] or {}, told["last_touch"] or {}
        cells: list[str] = [
            *(";".join(told["tags"]) if name == "tags" else str(told[name] or "") for name in PERSON_FIELDS),
            *(str(touch.get(name) or "") for touch in (first, last) for name in ("via", *TOUCH_FIELDS)),
        ]
        yield _line(tuple(harmless(cell) for cell in cells))


async def export_json(store: Store) -> AsyncIterator[str]:
    """A line of JSON a contact."""
    async for contact in _everybody(store):
        yield json.dumps(as_data(contact), ensure_ascii=False) + "\n"


async def _everybody(store: Store) -> AsyncIterator[Contact]:
    after = ""
    while page := await store.contacts(after=after, limit=PAGE):
        for contact in page:
            yield contact
        after = page[-1].conversation_id


def as_data(contact: Contact) -> dict[str, Any]:
    """A contact as data."""
    profile = contact.profile
    return {
        "conversation_id": contact.conversation_id,
        "channel": contact.identity.channel,
        "external_id": contact.identity.external_id,
        "created_at": stamp(contact.created_at),
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "locale": profile.locale,
        "zone": profile.zone,
        "tags": list(contact.tags),
        "opted_out_at": stamp(contact.opted_out_at) if contact.opted_out_at else None,
        "first_touch": _touch(contact.first_touch),
        "last_touch": _touch(contact.last_touch),
    }


def _touch(touch: Touch | None) -> dict[str, Any] | None:
    if touch is None:
        return None
    told = {name: value for name in TOUCH_FIELDS if (value := getattr(touch, name)) is not None}
    return {**told, "at": stamp(touch.at), "via": source_of(touch)}


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
