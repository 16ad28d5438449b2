"""Passing conversations on, putting them aside, and taking back what was just done."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from bot.core.events import AgentSnoozed, AgentTransferred, AgentUndid
from bot.store.contract import NotFound
from handoff.api.bodies import SnoozeBody, TransferBody, UndoBody, read_body
from handoff.api.errors import BadRequest
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import ref_shape
from handoff.api.talks import Talks
from handoff.desk import ONLINE


class Passing:
    """See the module."""

    def __init__(self, parts: ConsoleParts, talks: Talks) -> None:
        self._parts, self._talks = parts, talks
        self._store = parts.store

    async def places(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET transfer-places: colleagues who are online, and the teams there are."""
        agents = [agent for agent in await self._store.agents() if agent.disabled_at is None]
        there = [a for a in agents if a.agent_id != me.agent.agent_id and self._parts.presence.of(a.agent_id) == ONLINE]
        return answer({"agents": [ref_shape(agent.ref) for agent in there], "teams": await self._teams()})

    async def transfer(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST transfer: pass the conversation on. The note is kept with it, for whoever comes."""
        body = await read_body(request, TransferBody)
        if (body.to is None) == (body.team is None):
            raise BadRequest("bad_field", "Give either `to` or `team`.", field="to")
        if body.team is not None and body.team not in await self._teams():
            raise BadRequest("bad_field", "There is no such team.", field="team")
        to = None
        if body.to is not None:
            colleague = await self._store.agent(body.to)
            if colleague.disabled_at is not None:
                raise NotFound("agent", body.to)
            to = colleague.ref
        event = AgentTransferred(agent=me.agent.ref, to=to, team=body.team, anyones=me.agent.role in ("supervisor", "admin"))
        passed = await self._talks.command(request, me, event)
        if body.note:
            await self._talks.keep_note(request.match_info["id"], me, body.note)
        return passed

    async def snooze(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST snooze: put the conversation aside until a moment, or take it back."""
        body = await read_body(request, SnoozeBody)
        until = None if body.until is None else _moment(body.until)
        return await self._talks.command(request, me, AgentSnoozed(agent=me.agent.ref, until=until))

    async def undo(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST undo: take back what one just did, where that is still true; words that have not left, what was taken, given back,
        passed on or snoozed. Refused with the reason where it is not."""
        body = await read_body(request, UndoBody)
        if (body.act == "send") != (body.key is not None):
            raise BadRequest("bad_field", "key: that of the words, and only with `send`.", field="key")
        return await self._talks.command(request, me, AgentUndid(agent=me.agent.ref, act=body.act, client_key=body.key or ""))

    async def _teams(self) -> list[str]:
        return sorted({team for agent in await self._store.agents() if agent.disabled_at is None for team in agent.teams})


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadRequest("bad_field", "until: a moment with its zone, such as 2026-11-23T15:00:00Z.", field="until")
    return at.astimezone(UTC)
