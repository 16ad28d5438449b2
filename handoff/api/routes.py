"""The console API on an aiohttp application. docs/api.md describes every path and shape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any

from aiohttp import WSCloseCode, web

from handoff.api.audit import Audit
from handoff.api.errors import answering
from handoff.api.feed import Feed
from handoff.api.keys import once
from handoff.api.lists import Lists
from handoff.api.notifications import Notifications
from handoff.api.openapi import Route, console_api, document
from handoff.api.outbox import Outbox
from handoff.api.passing import Passing
from handoff.api.ports import ConsoleParts
from handoff.api.promises import PromisesApi
from handoff.api.reports import Reports
from handoff.api.search import Search
from handoff.api.sessions import ADMINS, COOKIE, MARKETERS, Sessions, SignedInHandler
from handoff.api.sights import within_sight
from handoff.api.simulations import SIMULATIONS, Simulations
from handoff.api.socket import ConsoleSocket
from handoff.api.starters import Starters
from handoff.api.talks import Talks
from handoff.api.team import Team
from handoff.api.timeline import Timeline

BASE = "/api/console"
ABOUT_ONE = "/conversations/{id}"
"""Such paths are for those who may read that conversation."""
UNKEYED = frozenset({"/logout", "/password"})
"""They end sessions and set cookies, which no kept answer could."""


def summary(handler: Callable[..., object]) -> str:
    """The first line of a handler's docstring, in which each says what it is for."""
    return (handler.__doc__ or "").strip().partition("\n")[0]


def add_routes(app: web.Application, parts: ConsoleParts) -> Callable[[], None]:
    """Add every path, and the tasks that keep screens true while the application runs. Sets `parts.presence.on_shown`.

    Gives what closes every console when the service ends, so that they come back elsewhere.
    """
    sessions, feed = Sessions(parts), Feed(parts.store, parts.hub, parts.presence, parts.now)
    talks, team, socket = Talks(parts), Team(parts, sessions, feed), ConsoleSocket(parts, sessions, feed)
    outbox, reports, notifications = Outbox(parts), Reports(parts), Notifications(parts)

    described = [Route("POST", "/login", summary(sessions.login), public=True)]

    def signed_in(
        method: str, path: str, handler: SignedInHandler, *, admin: bool = False, roles: frozenset[str] | None = None
    ) -> None:
        keyed = method == "POST" and path not in UNKEYED
        # Inside of `once`: whoever gives a talk away and asks again under the same key is told what became of it.
        # What one gave back can be taken back, though it may be another team's by then.
        seen = within_sight(handler, parts.store, had=path.endswith("/undo")) if ABOUT_ONE in path else handler
        acting = once(seen, parts) if keyed else seen
        app.router.add_route(method, BASE + path, answering(sessions.guard(acting, roles=ADMINS if admin else roles)))
        described.append(Route(method, path, summary(handler), admin=admin, keyed=keyed))

    app.router.add_post(f"{BASE}/login", answering(sessions.login))
    signed_in("POST", "/logout", team.logout)
    signed_in("GET", "/me", team.me)
    signed_in("POST", "/presence", team.presence)
    signed_in("POST", "/password", team.password)
    signed_in("GET", "/colleagues", team.colleagues)
    signed_in("GET", "/agents", team.agents, admin=True)
    signed_in("POST", "/agents", team.add, admin=True)
    signed_in("PATCH", "/agents/{id}", team.change, admin=True)
    signed_in("GET", "/conversations", talks.many)
    signed_in("GET", "/search", Search(parts).search)
    lists = Lists(parts)
    signed_in("GET", "/conversations/filtered", lists.filtered)
    signed_in("GET", "/views", lists.views)
    signed_in("PUT", "/views", lists.save)
    signed_in("GET", "/conversations/{id}", talks.one)
    signed_in("GET", "/conversations/{id}/messages", talks.messages)
    signed_in("GET", "/conversations/{id}/transcript", talks.transcript)
    signed_in("GET", "/conversations/{id}/timeline", Timeline(parts).timeline)
    signed_in("POST", "/conversations/{id}/take", talks.take)
    signed_in("POST", "/conversations/{id}/say", talks.say)
    signed_in("POST", "/conversations/{id}/note", talks.note)
    starters = Starters(parts)
    signed_in("GET", "/starters", starters.all, admin=True)
    signed_in("PUT", "/starters", starters.save, admin=True)
    signed_in("GET", "/conversations/{id}/starters", starters.offered)
    passing = Passing(parts, talks)
    signed_in("GET", "/transfer-places", passing.places)
    signed_in("POST", "/conversations/{id}/transfer", passing.transfer)
    signed_in("POST", "/conversations/{id}/snooze", passing.snooze)
    signed_in("POST", "/conversations/{id}/give-back", talks.give_back)
    signed_in("POST", "/conversations/{id}/undo", passing.undo)
    signed_in("POST", "/conversations/{id}/seen", notifications.seen_conversation)
    signed_in("POST", "/notices/{id}/seen", notifications.seen_notice)
    signed_in("GET", "/notifications", notifications.mine)
    signed_in("GET", "/notify", notifications.settings)
    signed_in("PUT", "/notify", notifications.change)
    signed_in("POST", "/notify/devices", notifications.add_device)
    signed_in("DELETE", "/notify/devices/{id}", notifications.drop_device)
    signed_in("GET", "/audit", Audit(parts).audit, admin=True)
    signed_in("GET", "/reports/handoff", reports.handoff, admin=True)
    signed_in("GET", "/reports/handoff/behind", reports.behind, admin=True)
    signed_in("GET", "/reports/staffing", reports.staffing, admin=True)
    if parts.promises is not None:
        promises = PromisesApi(parts, parts.promises)
        signed_in("GET", "/promises", promises.read, admin=True)
        signed_in("PUT", "/promises", promises.save, admin=True)
        signed_in("POST", "/promises/check", promises.check, admin=True)
        signed_in("POST", "/promises/explain", promises.explain, admin=True)
        signed_in("GET", "/promises/history", promises.history, admin=True)
        signed_in("GET", "/promises/history/{id}", promises.one, admin=True)
        signed_in("POST", "/promises/history/{id}/restore", promises.restore, admin=True)
    app[SIMULATIONS] = Simulations(parts)
    signed_in("POST", "/simulations", app[SIMULATIONS].simulate, roles=MARKETERS)
    signed_in("GET", "/undelivered", outbox.undelivered, admin=True)
    signed_in("POST", "/undelivered/{id}/send-again", outbox.send_again, admin=True)
    signed_in("POST", "/undelivered/{id}/let-go", outbox.let_go, admin=True)
    signed_in("GET", "/socket", socket.open)

    @cache
    def described_once() -> dict[str, Any]:
        return document(described, console_api(base=BASE, cookie=COOKIE))

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(described_once())

    app.router.add_get("/openapi.json", openapi)

    # Every service learns who is there from the store, and tells its own screens.
    parts.presence.on_shown = lambda: parts.hub.deliver("console", {"type": "presence"})

    async def while_running(_app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(feed.listen()), asyncio.create_task(feed.tell())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.presence.settled()

    def close_screens() -> None:
        feed.close(WSCloseCode.SERVICE_RESTART)

    async def on_shutdown(_app: web.Application) -> None:
        close_screens()

    app.cleanup_ctx.append(while_running)
    app.on_shutdown.append(on_shutdown)
    return close_screens
