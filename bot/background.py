"""Work that nothing depends on: indicators, receipts, names. A failure is logged and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

MOST = 1000
"""More than this at once is dropped: whoever is so far behind will not notice a missing receipt."""


class Background:
    """Runs such work and lets go of it at the end."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it when there is time."""
        if len(self._tasks) >= MOST:
            work.close()
            return
        task = asyncio.create_task(self._quietly(work))
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def stop(self) -> None:
        """Cancel what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            log.info("background.failed", error=type(error).__name__)
