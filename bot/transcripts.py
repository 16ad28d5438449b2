"""`GET /transcript/{conversation}/{key}`: what was said, as a text file, for whoever has the link while it works."""

from __future__ import annotations

from aiohttp import web

from bot.store.contract import Message, NotFound, Store
from bot.time import Time
from handoff.hours import zones
from handoff.transcript import PATH, as_text, file_name, may_have

PAGE = 200
MOST = 10_000
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}


async def shown(store: Store, conversation_id: str) -> list[Message]:
    """Everything that was shown, oldest first."""
    found: list[Message] = []
    while len(found) < MOST:
        after = found[-1].seq if found and found[-1].seq is not None else 0
        page = await store.messages(conversation_id, after_seq=after, limit=PAGE)
        found += page
        if len(page) < PAGE:
            break
    return found


def add_routes(app: web.Application, store: Store, time: Time, *, business: str, persona: str, zone: str) -> None:
    """Add the path. `zone` is that of people who have told none."""

    async def transcript(request: web.Request) -> web.Response:
        conversation_id = request.match_info["id"]
        try:
            state = (await store.load(conversation_id)).state
        except NotFound:
            state = None
        if state is None or not may_have(state, request.match_info["key"], time.now()):
            raise web.HTTPNotFound(reason="This link has run out, or never was one")
        theirs = state.profile.zone
        text = as_text(
            await shown(store, conversation_id),
            title=f"Your conversation with {business}",
            persona=persona,
            prospect="You",
            zone=theirs if theirs in zones() and theirs else zone,
        )
        name = file_name(time.now(), "txt")
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=headers)

    app.router.add_get(f"{PATH}/{{id}}/{{key}}", transcript)
