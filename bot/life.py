"""Whether this service takes work: it starts, serves, drains. While it drains it says so, and what is in hand is finished."""

from __future__ import annotations

from enum import StrEnum

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from bot.errors import Stopping

log = structlog.get_logger()


class Phase(StrEnum):
    """Where in its life a service is."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


class Life:
    """The service's phase; it only moves forward."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING

    def serve(self) -> None:
        """Everything is there."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING
            log.info("service.serving")

    def drain(self) -> None:
        """Take nothing new from now on."""
        if self.phase is not Phase.DRAINING:
            self.phase = Phase.DRAINING
            log.info("service.draining")

    def must_take(self) -> None:
        """Raises `Stopping` when nothing new is taken any more."""
        if self.phase is Phase.DRAINING:
            raise Stopping

    def guard(self) -> Middleware:
        """No socket is opened that would be closed at once: its browser asks again and reaches another service."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
                self.must_take()
            return await handler(request)

        return guarded
