"""Events that programs tell of a prospect, one a call."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web

from bot.store.marketing import EVENT, Conversion
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest, Conflict
from handoff.api.sessions import answer
from nurture.reports.telling import stamp
from studio.api.ports import StudioParts
from studio.happenings import HappeningBody, tell
from studio.prospects import IdTaken, InFuture, who

log = structlog.get_logger()


class Happenings:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._store = parts.console.store
        self._conversations = parts.console.conversations
        self._now = parts.console.now

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST events: 201 for a new one, 200 for the same again, 409 if its id stands for something else."""
        body = await read_body(request, HappeningBody)
        conversation_id = await who(self._store, body.prospect)
        before = {e.enrolment_id for e in (await self._store.load(conversation_id)).state.enrolments}
        try:
            told = await tell(self._store, self._conversations.handle, conversation_id, body, self._now())
        except InFuture as error:
            raise BadRequest("bad_field", f"at: {error}", field="at") from None
        except IdTaken as error:
            raise Conflict("external_id_taken", str(error), field="external_id") from None
        if told.known is not None:
            return answer({"event": _shape(told.known), "new": False, "flows": []})
        log.info("event.told", conversation_id=conversation_id)
        made = await self._store.conversion(f"{EVENT}{body.external_id}")
        assert made is not None
        assert told.handled is not None
        started = [e.flow_id for e in told.handled.state.enrolments if e.enrolment_id not in before]
        return answer({"event": _shape(made), "new": True, "flows": started}, status=201)


def _shape(known: Conversion) -> dict[str, Any]:
    data = known.entry.data
    return {
        "conversation_id": known.conversation_id,
        "external_id": known.external_id.removeprefix(EVENT),
        "name": data["name"],
        "at": data["happened_at"],
        "told_at": stamp(known.entry.at),
    }
