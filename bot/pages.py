"""Pages, health and errors of the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from bot import metrics
from bot.core.model import CommandRefused
from bot.errors import Overloaded, Stopping
from bot.readiness import Readiness
from bot.store.contract import NotFound, StoreUnavailable

log = structlog.get_logger()

RETRY_AFTER_S = 2
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}
CONSOLE_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
SCRIPT = "text/javascript; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store"}
NOT_BUILT = "The browser parts are not built yet: run `make web`."


def failure(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """The one shape of an error."""
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a status, a stable code and a sentence; what is unforeseen is logged and says so."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return failure(413, "too_large", "That is too large.")
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        return failure(error.status, error.reason.lower().replace(" ", "_"), f"{error.reason}.")
    except CommandRefused as error:
        return failure(409, error.code, str(error))
    except NotFound as error:
        return failure(404, "not_found", f"There is no such {error.what}.")
    except Stopping:
        retry = {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"}
        return failure(503, "stopping", "This service is stopping; nothing was kept. Please try again.", retry)
    except (Overloaded, StoreUnavailable) as error:
        metrics.UNSERVED.labels(type(error).__name__).inc()
        log.info("request.unserved", path=request.path, error=type(error).__name__)
        retry = {"Retry-After": str(RETRY_AFTER_S)}
        return failure(503, "try_again", "Too busy or out of order right now; nothing was kept. Please try again.", retry)
    except Exception:
        log.exception("request.failed", path=request.path)
        return failure(500, "internal", "Something went wrong on our side.")


def add_routes(
    app: web.Application,
    folder: Path,
    *,
    readiness: Readiness,
    counted: Callable[[], Awaitable[None]],
) -> None:
    """Demo, widget script, console, health, readiness and metrics. `folder` holds the built browser parts."""
    pages = _Pages(folder.resolve(), readiness, counted)
    app.router.add_get("/", pages.demo)
    app.router.add_get("/widget.js", pages.widget)
    app.router.add_get("/console", pages.console)
    app.router.add_get("/console/{path:.*}", pages.console)
    app.router.add_get("/demo/{path:.*}", pages.demo)
    app.router.add_get("/healthz", pages.health)
    app.router.add_get("/readyz", pages.readiness)
    app.router.add_get("/metrics", pages.numbers)


class _Pages:
    def __init__(self, folder: Path, readiness: Readiness, counted: Callable[[], Awaitable[None]]) -> None:
        self._folder, self._readiness, self._counted = folder, readiness, counted

    async def demo(self, request: web.Request) -> web.StreamResponse:
        return self._file(f"demo/{request.match_info.get('path') or 'index.html'}", "no-cache")

    async def widget(self, request: web.Request) -> web.StreamResponse:
        return self._file("widget.js", "public, max-age=300", {"Access-Control-Allow-Origin": "*", "Content-Type": SCRIPT})

    async def console(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info.get("path") or ""
        if path.startswith("assets/"):
            return self._file(f"console/{path}", "public, max-age=31536000, immutable")
        if path == "sw.js":
            # Its scope is the console, with and without the slash.
            return self._file("console/sw.js", "no-cache", {"Service-Worker-Allowed": "/console", "Content-Type": SCRIPT})
        headers = {"Content-Security-Policy": CONSOLE_POLICY, "X-Frame-Options": "DENY"}
        return self._file("console/index.html", "no-cache", headers)

    async def health(self, request: web.Request) -> web.StreamResponse:
        # Answered by the loop that does everything: that it is answered is the news. Also while the service drains.
        return web.json_response({"status": "alive"})

    async def readiness(self, request: web.Request) -> web.StreamResponse:
        reasons, brain = await self._readiness.ask()
        if not reasons:
            return web.json_response({"status": "ready", "brain": brain}, headers=NO_STORE)
        told = [{"code": one.code, "message": one.message} for one in reasons]
        return web.json_response({"error": told[0], "reasons": told}, status=503, headers=NO_STORE)

    async def numbers(self, request: web.Request) -> web.StreamResponse:
        await self._counted()
        return web.Response(body=generate_latest(), content_type="text/plain", charset="utf-8")

    def _file(self, name: str, cache: str, headers: dict[str, str] | None = None) -> web.StreamResponse:
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder):
            raise web.HTTPNotFound
        if not path.is_file():
            if not self._folder.exists():
                raise web.HTTPServiceUnavailable(reason=NOT_BUILT)
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={**SAFE_HEADERS, "Cache-Control": cache, **(headers or {})})
