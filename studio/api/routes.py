"""The marketers' API on an aiohttp application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from aiohttp import web

from handoff.api.openapi import Route, document
from handoff.api.routes import summary
from handoff.api.simulations import SIMULATIONS
from studio.api.bulk import Bulk
from studio.api.checking import Checking
from studio.api.contacts import Contacts
from studio.api.conversions import Conversions
from studio.api.described import studio_api
from studio.api.experiments import Experiments
from studio.api.figures import Figures
from studio.api.flows import RULINGS, Flows
from studio.api.happenings import Happenings
from studio.api.hooks import Hooks
from studio.api.keys import Gatekeeper
from studio.api.ports import StudioParts
from studio.api.reports import Reports
from studio.api.segments import Segments

BASE = "/api/studio"

OF_PEOPLE = frozenset(
    {
        "/contacts", "/contacts/imports/{id}/rejected", "/events/imports/{id}/rejected", "/hooks/parked", "/segments/{id}",
        "/reports/flows/{flow}/behind", "/reports/sources/behind",
    }
)  # fmt: skip
"""Paths whose answers tell of single people; the others count them, or tell of flows."""

type Asked = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Add = Callable[[str, str, Asked], None]
"""Method, path below the base, handler."""


def add_routes(app: web.Application, parts: StudioParts) -> None:
    """Add every path to an application that has the console's, and `GET /api/studio/openapi.json` which describes them."""
    guard = Gatekeeper(parts.console).guard
    described: list[Route] = []

    def add(method: str, path: str, handler: Asked) -> None:
        app.router.add_route(method, BASE + path, guard(handler, of_people=path in OF_PEOPLE))
        described.append(Route(method, path, summary(handler), tag=path.split("/")[1]))

    _add_reports(add, Reports(parts))
    if parts.publishing is not None:
        figures = Figures(parts, parts.publishing)
        add("GET", "/flows/figures", figures.many)
        add("GET", "/flows/held", figures.held)
        _add_flows(add, Flows(parts, parts.publishing))
    add("POST", "/flows/{flow}/check", Checking().check)
    segments = Segments(parts)
    add("GET", "/segments", segments.many)
    add("GET", "/segments/{id}", segments.people)
    add("POST", "/simulations", app[SIMULATIONS].play)
    experiments = Experiments(parts)
    add("GET", "/experiments", experiments.many)
    add("POST", "/experiments/{flow}/{experiment}/{arm}/resume", experiments.resume)
    add("POST", "/events", Happenings(parts).add)
    bulk = Bulk(parts)
    add("POST", "/events/import", bulk.add)
    add("GET", "/events/imports/{id}/rejected", bulk.rejected)
    add("POST", "/conversions", Conversions(parts).add)
    contacts = Contacts(parts)
    add("GET", "/contacts", contacts.export)
    add("POST", "/contacts/import", contacts.upload)
    add("GET", "/contacts/imports/{id}", contacts.progress)
    add("GET", "/contacts/imports/{id}/rejected", contacts.rejected)
    app.cleanup_ctx.append(contacts.resume)
    _add_hooks(add, Hooks(parts))

    @cache
    def described_once() -> dict[str, Any]:
        return document(described, studio_api(BASE))

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(described_once())

    app.router.add_get(f"{BASE}/openapi.json", openapi)


def _add_reports(add: Add, reports: Reports) -> None:
    add("GET", "/reports/flows/{flow}", reports.flow)
    add("GET", "/reports/flows/{flow}/behind", reports.behind_flow)
    add("GET", "/reports/sources", reports.sources)
    add("GET", "/reports/sources/behind", reports.behind_sources)


def _add_flows(add: Add, flows: Flows) -> None:
    add("GET", "/flows", flows.many)
    add("GET", "/flows/{flow}/versions", flows.versions)
    add("GET", "/flows/{flow}/versions/{number}", flows.version)
    add("GET", "/flows/{flow}/diff", flows.difference)
    add("GET", "/flows/{flow}/log", flows.log)
    add("POST", "/flows/{flow}/plan", flows.plan)
    add("POST", "/flows/{flow}/publish", flows.publish)
    add("POST", "/flows/{flow}/rollback", flows.roll_back)
    for verb in RULINGS:
        add("POST", f"/flows/{{flow}}/{verb}", flows.rule)


def _add_hooks(add: Add, hooks: Hooks) -> None:
    add("GET", "/hooks", hooks.many)
    add("POST", "/hooks", hooks.add)
    add("DELETE", "/hooks/{id}", hooks.remove)
    add("POST", "/hooks/{id}/pause", hooks.pause)
    add("POST", "/hooks/{id}/resume", hooks.resume)
    add("POST", "/hooks/{id}/replay", hooks.replay)
    add("GET", "/hooks/parked", hooks.parked)
