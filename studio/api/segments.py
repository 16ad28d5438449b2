"""Segments: who is in each now, and which flows name it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from bot.store.contract import NotFound
from bot.store.importing import Contact
from handoff.api.errors import BadRequest
from handoff.api.sessions import answer
from nurture.reports.telling import stamp
from studio.api.ports import StudioParts
from studio.segments import Segment, segments

PAGE = 500
MOST_COUNTED = 100_000
"""So many people are looked at for the counts; beyond that an answer would take too long."""
MOST_AT_ONCE = 20_000
"""So many are looked at for one page of a segment's people; the next page goes on behind them."""
FEWEST, USUAL, MOST = 1, 50, 200


class Segments:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts, self._store = parts, parts.console.store
        self._counting = asyncio.Lock()

    async def many(self, _request: web.Request) -> web.StreamResponse:
        """GET segments: every segment that the flows name, with how many are in it now."""
        found, now = segments(self._parts.flows()), self._parts.console.now()
        people: Counter[str] = Counter()
        gone: Counter[str] = Counter()
        looked_at = 0
        # One after the other: who looks twice does not make the service read everybody twice at a time.
        async with self._counting:
            async for contact in self._everybody("", MOST_COUNTED if found else 0):
                looked_at += 1
                for segment in found:
                    if segment.has(contact, now):
                        people[segment.segment_id] += 1
                        gone[segment.segment_id] += contact.opted_out_at is not None
        told = [
            {**shape(one), "people": people[one.segment_id], "opted_out": gone[one.segment_id]} for one in found
        ]  # fmt: skip
        return answer({"segments": told, "looked_at": looked_at, "all": looked_at < MOST_COUNTED, "at": stamp(now)})

    async def people(self, request: web.Request) -> web.StreamResponse:
        """GET segments/{id}?after&limit: who is in it now, page by page; `next` is None at the end."""
        named, now = request.match_info["id"], self._parts.console.now()
        segment = next((one for one in segments(self._parts.flows()) if one.segment_id == named), None)
        if segment is None:
            raise NotFound("segment", named)
        limit, after = _limit(request), request.query.get("after", "")
        people: list[dict[str, Any]] = []
        looked_at, last = 0, None
        async for contact in self._everybody(after, MOST_AT_ONCE):
            looked_at += 1
            if segment.has(contact, now):
                people.append(_person(contact))
            if len(people) == limit:
                last = contact.conversation_id
                break
            if looked_at == MOST_AT_ONCE:
                last = contact.conversation_id
        return answer({"segment": shape(segment), "people": people, "next": last, "looked_at": looked_at})

    async def _everybody(self, after: str, most: int) -> AsyncIterator[Contact]:
        """So many people, page by page, so that turns go on meanwhile."""
        seen = 0
        while seen < most and (page := await self._store.contacts(after=after, limit=min(PAGE, most - seen))):
            for contact in page:
                yield contact
            seen += len(page)
            after = page[-1].conversation_id


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(USUAL))
    if not given.isascii() or not given.isdigit() or not FEWEST <= int(given[:9]) <= MOST:
        raise BadRequest("bad_field", f"limit: Give a number from {FEWEST} to {MOST}.", field="limit")
    return int(given)


def shape(segment: Segment) -> dict[str, Any]:
    """A segment on the wire."""
    uses = [{"flow": use.flow_id, "name": use.name, "does": use.does.value, "field": use.field} for use in segment.uses]
    return {"id": segment.segment_id, "says": segment.says, "flows": uses}


def _person(contact: Contact) -> dict[str, Any]:
    names = (contact.profile.first_name, contact.profile.last_name)
    return {
        "conversation_id": contact.conversation_id,
        "channel": contact.identity.channel,
        "external_id": contact.identity.external_id,
        "name": " ".join(name for name in names if name) or None,
        "tags": list(contact.tags),
        "last_wrote_at": stamp(contact.last_inbound_at) if contact.last_inbound_at else None,
        "opted_out_at": stamp(contact.opted_out_at) if contact.opted_out_at else None,
    }
