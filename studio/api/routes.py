"""The marketers' API on an aiohttp application."""

from __future__ import annotations

from aiohttp import web

from studio.api.conversions import Conversions
from studio.api.keys import Gatekeeper
from studio.api.ports import StudioParts
from studio.api.reports import Reports

BASE = "/api/studio"


def add_routes(app: web.Application, parts: StudioParts) -> None:
    """Add every path."""
    guard = Gatekeeper(parts.console).guard
    reports, conversions = Reports(parts), Conversions(parts)
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}", guard(reports.flow))
    app.router.add_get(f"{BASE}/reports/flows/{{flow}}/behind", guard(reports.behind_flow))
    app.router.add_get(f"{BASE}/reports/sources", guard(reports.sources))
    app.router.add_get(f"{BASE}/reports/sources/behind", guard(reports.behind_sources))
    app.router.add_post(f"{BASE}/conversions", guard(conversions.add))
