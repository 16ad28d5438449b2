"""The timeline of a prospect, over all their visits and conversations, latest first and page by page."""

from __future__ import annotations

from aiohttp import web

from bot.store.readers import sight
from bot.store.remembering import Of, Place, Remembered
from handoff.api.ports import ConsoleParts
from handoff.api.queries import bad_cursor, cursor_of, parts_of
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp, stamp_or_none
from handoff.timeline import KINDS, line_of, until_of

PAGE = 30


class Timeline:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def timeline(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/{id}/timeline?cursor: what happened with this prospect, latest first."""
        conversation_id = request.match_info["id"]
        await self._store.overview(conversation_id)
        found = await self._store.remembered(
            conversation_id, kinds=KINDS, limit=PAGE + 1, before=_place(request), sight=await sight(self._store, me.agent)
        )
        shown = found[:PAGE]
        lines = [shape for one in shown if (shape := _shape(one, conversation_id)) is not None]
        more = _cursor(shown[-1].place) if len(found) > PAGE else None
        return answer({"lines": lines, "next": more, "now": stamp(self._parts.now())})


def _shape(one: Remembered, conversation_id: str) -> Shape | None:
    line = line_of(one.entry, one.channel)
    if line is None:
        return None
    return {
        "id": f"{one.of.name.lower()}-{one.number}",
        "at": stamp(one.entry.at),
        "until": stamp_or_none(until_of(one.entry)),
        "sort": line.sort,
        "text": line.text,
        "more": line.more,
        "conversation_id": None if one.conversation_id == conversation_id else one.conversation_id,
    }


def _cursor(place: Place) -> str:
    at, of, number = place
    return cursor_of(at, of.value, number)


def _place(request: web.Request) -> Place | None:
    if (found := parts_of(request, 3)) is None:
        return None
    at, (of, number) = found
    try:
        place = (Of(int(of)), int(number))
    except ValueError as error:
        raise bad_cursor() from error
    if not 0 <= place[1] < 2**63:
        raise bad_cursor()
    return (at, *place)
