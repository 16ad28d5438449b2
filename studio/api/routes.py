"""The marketers' API on an aiohttp application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from studio.api.bulk import Bulk
from studio.api.contacts import Contacts
from studio.api.conversions import Conversions
from studio.api.flows import RULINGS, Flows
from studio.api.happenings import Happenings
from studio.api.hooks import Hooks
from studio.api.keys import Gatekeeper
from studio.api.ports import StudioParts
from studio.api.reports import Reports

BASE = "/api/studio"

type Asked = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, parts: StudioParts) -> None:
    """Add every path."""
    guard = Gatekeeper(parts.console).guard
    reports, conversions, hooks = Reports(parts), Conversions(parts), Hooks(parts)
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}", guard(reports.flow))
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}/behind", guard(reports.behind_flow))
    app.router.add_get(f"{BASE}/reports/sources", guard(reports.sources))
    app.router.add_get(f"{BASE}/reports/sources/behind", guard(reports.behind_sources))
    if parts.publishing is not None:
        _add_flows(app, guard, Flows(parts, parts.publishing))
    app.router.add_post(f"{BASE}/events", guard(Happenings(parts).add))
    app.router.add_post(f"{BASE}/events/import", guard(Bulk(parts).add))
    app.router.add_post(f"{BASE}/conversions", guard(conversions.add))
    contacts = Contacts(parts)
    app.router.add_get(f"{BASE}/contacts", guard(contacts.export))
    app.router.add_post(f"{BASE}/contacts/import", guard(contacts.upload))
    app.router.add_get(f"{BASE}/contacts/imports/{{id}}", guard(contacts.progress))
    app.router.add_get(f"{BASE}/contacts/imports/{{id}}/rejected", guard(contacts.rejected))
    app.cleanup_ctx.append(contacts.resume)
    app.router.add_get(f"{BASE}/hooks", guard(hooks.many))
    app.router.add_post(f"{BASE}/hooks", guard(hooks.add))
    app.router.add_delete(f"{BASE}/hooks/{{id}}", guard(hooks.remove))
    app.router.add_post(f"{BASE}/hooks/{{id}}/pause", guard(hooks.pause))
    app.router.add_post(f"{BASE}/hooks/{{id}}/resume", guard(hooks.resume))
    app.router.add_post(f"{BASE}/hooks/{{id}}/replay", guard(hooks.replay))
    app.router.add_get(f"{BASE}/hooks/parked", guard(hooks.parked))


def _add_flows(app: web.Application, guard: Callable[[Asked], Handler], flows: Flows) -> None:
    """What is done to flows."""
    app.router.add_get(f"{BASE}/flows", guard(flows.many))
    app.router.add_get(f"{BASE}/flows/{{flow}}/versions", guard(flows.versions))
    app.router.add_get(f"{BASE}/flows/{{flow}}/versions/{{number}}", guard(flows.version))
    app.router.add_get(f"{BASE}/flows/{{flow}}/diff", guard(flows.difference))
    app.router.add_get(f"{BASE}/flows/{{flow}}/log", guard(flows.log))
    app.router.add_post(f"{BASE}/flows/{{flow}}/plan", guard(flows.plan))
    app.router.add_post(f"{BASE}/flows/{{flow}}/publish", guard(flows.publish))
    app.router.add_post(f"{BASE}/flows/{{flow}}/rollback", guard(flows.roll_back))
    for verb in RULINGS:
        app.router.add_post(f"{BASE}/flows/{{flow}}/{verb}", guard(flows.rule))
