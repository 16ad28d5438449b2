"""Conversations as agents work on them: lists, one of them, and the commands take, say, note and give-back."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from bot.core.events import AgentGaveBack, AgentTook, AgentWrote, Event
from bot.core.model import Speaker
from bot.store.contract import Message, Note
from bot.store.readers import sees, sight, sight_among
from bot.store.sight import SEE_ALL
from handoff.api.bodies import LATEST, GiveBack, NoteBody, SayBody, Take, read_body
from handoff.api.errors import NO_STORE, BadRequest, Forbidden, WroteMeanwhile
from handoff.api.ports import ConsoleParts, HandledPort
from handoff.api.queries import cursor_of, place
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import (
    Shape,
    card_shape,
    governing_shape,
    item_shape,
    message_shape,
    note_shape,
    prospect_name,
    stamp,
    undoable_until,
)
from handoff.card import card
from handoff.governing import governing
from handoff.hours import zones
from handoff.mentions import mentions
from handoff.transcript import as_data, as_text, file_name

VIEWS = ("queue", "mine", "all")
LIST = 50
PAGE = 100
MOST = 10_000
"""Messages of a transcript at most."""

log = structlog.get_logger()


class Talks:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def many(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations."""
        view = request.query.get("view", "queue")
        if view not in VIEWS:
            raise BadRequest("bad_field", f"view: one of {', '.join(VIEWS)}.", field="view")
        before = place(request)
        held_back = await sight(self._store, me.agent)
        found = await self._store.overviews(view=view, agent_id=me.agent.agent_id, limit=LIST, before=before, sight=held_back)
        states = await asyncio.gather(*(self._store.load(overview.conversation_id) for overview in found))
        items = [item_shape(o, s.state, me.agent.agent_id) for o, s in zip(found, states, strict=True)]
        more = view == "all" and len(found) == LIST
        cursor = cursor_of(found[-1].last_at, found[-1].conversation_id) if more else None
        return answer({"items": items, "next": cursor, "now": stamp(self._parts.now())})

    async def one(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/{id}."""
        conversation_id = request.match_info["id"]
        overview = await self._store.overview(conversation_id)
        loaded, shown, pending, notes, episodes, journal = await asyncio.gather(
            self._store.load(conversation_id),
            self._store.messages(conversation_id, before_seq=LATEST, limit=PAGE),
            self._store.pending_messages(conversation_id),
            self._store.notes(conversation_id),
            self._store.episodes(conversation_id),
            self._store.journal(conversation_id),
        )
        name, undoable = prospect_name(overview), undoable_until(loaded.state)
        ahead = self._parts.steps_ahead(loaded.state)
        drawn = card(loaded.state, episodes, [line.entry for line in journal], self._parts.current.card)
        governs = governing(loaded.state, self._parts.current)
        return answer(
            {
                "item": item_shape(overview, loaded.state, me.agent.agent_id),
                "messages": [message_shape(message, name) for message in shown],
                "pending": [message_shape(message, name, undoable) for message in pending],
                "notes": [note_shape(note) for note in notes],
                "card": {**card_shape(drawn), "promises": governs and governing_shape(governs)},
                "resume": [{"flow": flow, "name": called, "step": step} for flow, called, step in ahead],
                "now": stamp(self._parts.now()),
            }
        )

    async def messages(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/{id}/messages: the page before a seq, or after one."""
        conversation_id = request.match_info["id"]
        overview = await self._store.overview(conversation_id)
        if "after" in request.query:
            shown = await self._store.messages(conversation_id, after_seq=_seq(request, "after", least=0), limit=PAGE)
        else:
            shown = await self._store.messages(conversation_id, before_seq=_seq(request, "before"), limit=PAGE)
        name = prospect_name(overview)
        return answer({"messages": [message_shape(message, name) for message in shown]})

    async def transcript(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET conversations/{id}/transcript: everything shown, without internal notes, as JSON or as a text file.

        It may be exported by whoever may read the conversation, and the log says by whom it was.
        """
        conversation_id, now = request.match_info["id"], self._parts.now()
        form, zone = request.query.get("format", "json"), request.query.get("zone", "UTC")
        if form not in ("json", "text"):
            raise BadRequest("bad_field", "This is one of json, text.", field="format")
        if zone not in zones():
            raise BadRequest("bad_field", "That is not a time zone.", field="zone")
        overview = await self._store.overview(conversation_id)
        found = await self._all_shown(conversation_id)
        persona, name = self._parts.persona, prospect_name(overview)
        log.info("transcript.exported", conversation_id=conversation_id, agent_id=me.agent.agent_id)
        if form == "text":
            title = f"Conversation with {name or 'a prospect'}"
            text = as_text(found, title=title, persona=persona, prospect=name or "Prospect", zone=zone)
            headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{file_name(now, "txt")}"'}
            return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=headers)
        lines = as_data(found, persona=persona, prospect=name or "Prospect")
        told = {"conversation_id": conversation_id, "channel": overview.identity.channel, "name": name}
        return answer({**told, "messages": lines, "now": stamp(now)})

    async def _all_shown(self, conversation_id: str) -> list[Message]:
        found: list[Message] = []
        while page := await self._store.messages(conversation_id, after_seq=len(found), limit=PAGE):
            found += page
            if len(page) < PAGE or len(found) >= MOST:
                break
        return found

    async def take(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST take. Whoever has no room for it is refused with `full`; supervisors may take it all the same, and say why."""
        body = await read_body(request, Take) if request.can_read_body else Take()
        if body.above_capacity and me.agent.role not in SEE_ALL:
            raise Forbidden("supervisors_only", "Only supervisors and admins may go above what somebody has room for.")
        taken = await self.command(request, me, AgentTook(agent=me.agent.ref, above_capacity=body.above_capacity))
        about = request.match_info["id"]
        await self._store.notifications_acted(me.agent.agent_id, conversation_id=about, now=self._parts.now())
        return taken

    async def give_back(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST give-back."""
        body = await read_body(request, GiveBack)
        event = AgentGaveBack(
            agent=me.agent.ref,
            summary=body.summary,
            outcome=body.outcome,
            slots=body.slots,
            value=body.value,
            promised=tuple(body.promised),
            resume=(body.resume.flow, body.resume.step) if body.resume else None,
        )
        return await self.command(request, me, event)

    async def say(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST say. The same key again gives the same message, also when the conversation has moved on since.

        A new one is refused while somebody else's words stand below the last that its writer saw. Only the holder may speak, and
        that is decided with the commit; this look only spares people an answer to the wrong question, so it takes no lock.
        """
        conversation_id = request.match_info["id"]
        body = await read_body(request, SayBody)
        message = await self._by_key(conversation_id, body.key)
        if message is None:
            if body.seen is not None:
                await self._must_have_seen(conversation_id, me, body.seen)
            event = AgentWrote(agent=me.agent.ref, text=body.text, client_key=body.key)
            state = (await self._handle(conversation_id, event)).state
            message = await self._by_key(conversation_id, body.key)
        else:
            state = (await self._store.load(conversation_id)).state
        if message is None:
            raise RuntimeError(f"the words with key {body.key!r} were committed and cannot be found")
        return answer({"message": message_shape(message, None, undoable_until(state))})

    async def note(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST note."""
        conversation_id = request.match_info["id"]
        body = await read_body(request, NoteBody)
        return answer({"note": note_shape(await self.keep_note(conversation_id, me, body.text, whisper=body.whisper))})

    async def keep_note(self, conversation_id: str, me: SignedIn, text: str, *, whisper: bool = False) -> Note:
        """Keep an internal note and tell those it mentions; of a whisper whoever holds the talk, too. Raises `NotFound`."""
        overview, agents = await self._store.overview(conversation_id), await self._store.agents()
        readers = [one for one in agents if sees(sight_among(one, agents), overview)]
        mentioned = mentions(text, readers, by=me.agent.agent_id)
        episode = overview.episode
        if whisper and episode is not None and episode.status == "accepted" and episode.agent is not None:
            holder = {one.agent_id for one in readers} & {episode.agent.agent_id} - {me.agent.agent_id}
            mentioned = tuple(dict.fromkeys((*holder, *mentioned)))
        note = await self._store.add_note(conversation_id, agent=me.agent.ref, text=text, now=self._parts.now(), mentions=mentioned)
        if mentioned:
            self._parts.noticed()
        self._parts.hub.publish("console", {"type": "conversation", "conversation_id": conversation_id})
        return note

    async def _must_have_seen(self, conversation_id: str, me: SignedIn, seen: int) -> None:
        later = await self._store.messages(conversation_id, after_seq=seen, limit=PAGE)
        unseen = [message for message in later if _by_somebody_else(message, me.agent.agent_id)]
        if not unseen:
            return
        name = prospect_name(await self._store.overview(conversation_id))
        shown = [message_shape(message, name) for message in unseen]
        somebody = "The prospect" if unseen[-1].speaker is Speaker.PROSPECT else "A colleague"
        raise WroteMeanwhile(shown[-1]["name"] or somebody, shown)

    async def command(self, request: web.Request, me: SignedIn, event: Event) -> web.StreamResponse:
        """Carry out a command that changes who holds the conversation, and so who has room."""
        conversation_id = request.match_info["id"]
        handled = await self._handle(conversation_id, event)
        self._parts.presence.changed()
        self._parts.hub.publish("console", {"type": "presence"})
        overview = await self._store.overview(conversation_id)
        item: Shape = item_shape(overview, handled.state, me.agent.agent_id)
        return answer({"item": item})

    async def _handle(self, conversation_id: str, event: Event) -> HandledPort:
        return await self._parts.conversations.handle(conversation_id, event)

    async def _by_key(self, conversation_id: str, key: str) -> Message | None:
        pending = await self._store.pending_messages(conversation_id)
        shown = await self._store.messages(conversation_id, before_seq=LATEST, limit=PAGE)
        return next((m for m in (*pending, *shown) if m.client_key == key and m.agent is not None), None)


def _by_somebody_else(message: Message, me: str) -> bool:
    """People's words only: a bubble of the bot that was still on its way is no answer to wait for."""
    if message.speaker is Speaker.PROSPECT:
        return True
    return message.speaker is Speaker.AGENT and (message.agent is None or message.agent.agent_id != me)


def _seq(request: web.Request, field: str, *, least: int = 1) -> int:
    text = request.query.get(field, str(LATEST))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= LATEST):
        raise BadRequest("bad_field", f"{field}: a whole number from {least}.", field=field)
    return int(text)
