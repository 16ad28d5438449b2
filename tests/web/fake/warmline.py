"""A service that speaks the browser's wire formats, so that the built pages can be driven without a bot behind them.

It keeps everything in memory, answers like the real service does, and can be told to misbehave: drop sockets, refuse
them, hold confirmations back, send twice, send out of order. `python -m tests.web.fake.warmline 8099` serves it for a look by eye
(sign in as ana@sundial.example, password "sunny days").
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.web.fake.console import ConsoleSide
from tests.web.fake.furnished import furnish, misdeliver
from tests.web.fake.widget import WidgetSide

DIST = Path(__file__).parents[3] / "web" / "dist"
CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' https: data:; "
    "connect-src 'self' ws:; frame-ancestors 'none'"
)


def page(path: Path) -> Any:
    """A handler that gives the file. The console is given a strict policy, to see that it needs nothing else."""

    async def give(_request: web.Request) -> web.StreamResponse:
        policy = CSP.replace(" 'unsafe-inline'", "") if "console" in path.parts else CSP
        return web.FileResponse(path, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    return give


async def main(port: int) -> None:
    fake = FakeWarmline()
    fake.answer_by_itself = True
    furnish(fake)
    misdeliver(fake)
    async with fake.serve(port) as address:
        sys.stdout.write(f"{address}  {address}/console\n")
        await asyncio.Event().wait()


class FakeWarmline(WidgetSide, ConsoleSide):
    """The fake service and its routes."""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/widget/socket", self.widget_socket)
        app.router.add_route("*", "/api/console/{path:.*}", self.api)
        app.router.add_get("/", page(DIST / "demo" / "index.html"))
        app.router.add_get("/widget.js", page(DIST / "widget.js"))
        app.router.add_get("/console", page(DIST / "console" / "index.html"))
        app.router.add_get("/console/", page(DIST / "console" / "index.html"))
        if (DIST / "console").is_dir():
            app.router.add_static("/console/", DIST / "console")
        return app

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Serves on loopback; gives the address, "http://127.0.0.1:PORT"."""
        runner = web.AppRunner(self.app(), shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await self.drop_sockets()
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
