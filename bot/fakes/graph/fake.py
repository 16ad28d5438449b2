"""The fake Graph API as a server: a world with an address."""

from types import TracebackType
from typing import Self

from aiohttp import web

from bot.fakes.graph.api import Api
from bot.fakes.graph.world import World


class FakeGraph(World):
    """The Messenger Platform, listening. Use as `async with FakeGraph(...) as graph` and point the app at
    `graph.base_url`. All settings are those of `World`."""

    _runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        self.closing.clear()
        await self.webhooks.start()
        self._runner = web.ServerRunner(web.Server(Api(self).handle, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Release hanging calls, stop listening, drop webhooks still on the way."""
        self.closing.set()
        await self.webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.close_log()

    @property
    def base_url(self) -> str:
        """Where the app finds this Graph API, without a version and without a trailing slash."""
        return f"http://{self.host}:{self.port}"
