"""Search over what was said, noted and how people are called. It shows conversations that the lists show, and no others."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.store.contract import Hit
from bot.store.readers import sight
from bot.store.words import excerpt, wanted
from handoff.api.errors import BadRequest
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, item_shape, stamp, stamp_or_none

MOST = 20
LONGEST_QUERY = 200


class Search:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def search(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET search?q: conversations in which all of these words are found."""
        query = request.query.get("q", "")
        if len(query) > LONGEST_QUERY:
            raise BadRequest("bad_field", f"q: {LONGEST_QUERY} characters at most.", field="q")
        found = await self._store.search(query, limit=MOST, sight=await sight(self._store, me.agent))
        states = await asyncio.gather(*(self._store.load(one.overview.conversation_id) for one in found))
        words = wanted(query)
        shown = [
            {
                "item": item_shape(one.overview, loaded.state, me.agent.agent_id),
                "hits": [_hit_shape(hit, words) for hit in one.hits],
            }
            for one, loaded in zip(found, states, strict=True)
        ]
        return answer({"found": shown, "now": stamp(self._parts.now())})


def _hit_shape(hit: Hit, words: tuple[str, ...]) -> Shape:
    text, marks = excerpt(hit.text, words)
    return {
        "kind": hit.kind,
        "text": text,
        "marks": [[start, end] for start, end in marks],
        "by": hit.by,
        "at": stamp_or_none(hit.at),
        "seq": hit.seq,
    }
