"""The marketers' API on an aiohttp application."""

from __future__ import annotations

from aiohttp import web

from studio.api.conversions import Conversions
from studio.api.hooks import Hooks
from studio.api.keys import Gatekeeper
from studio.api.ports import StudioParts
from studio.api.reports import Reports

BASE = "/api/studio"


def add_routes(app: web.Application, parts: StudioParts) -> None:
    """Add every path."""
    guard = Gatekeeper(parts.console).guard
    reports, conversions, hooks = Reports(parts), Conversions(parts), Hooks(parts)
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}", guard(reports.flow))
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}/behind", guard(reports.behind_flow))
    app.router.add_get(f"{BASE}/reports/sources", guard(reports.sources))
    app.router.add_get(f"{BASE}/reports/sources/behind", guard(reports.behind_sources))
    app.router.add_post(f"{BASE}/conversions", guard(conversions.add))
    app.router.add_get(f"{BASE}/hooks", guard(hooks.many))
    app.router.add_post(f"{BASE}/hooks", guard(hooks.add))
    app.router.add_delete(f"{BASE}/hooks/{{id}}", guard(hooks.remove))
    app.router.add_post(f"{BASE}/hooks/{{id}}/pause", guard(hooks.pause))
    app.router.add_post(f"{BASE}/hooks/{{id}}/resume", guard(hooks.resume))
    app.router.add_post(f"{BASE}/hooks/{{id}}/replay", guard(hooks.replay))
    app.router.add_get(f"{BASE}/hooks/parked", guard(hooks.parked))
