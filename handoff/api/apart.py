"""Sums that take seconds run in a process of their own, one at a time, so that nobody's answer waits for them."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from handoff.api.errors import ApiError

WITHIN_S = 60.0


class TooLong(ApiError):
    """It would take too long, or another one is being worked out."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__("try_again", message, retry_after_s=10)


class Apart:
    """See the module."""

    def __init__(self, *, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._busy = asyncio.Lock()

    async def run[**P, T](self, work: Callable[P, T], *args: P.args, **_kwargs: P.kwargs) -> T:
        """What `work` gives; it and its arguments must be picklable. Raises `TooLong`."""
        if self._busy.locked():
            raise TooLong("Another calculation is running. Please try again in a moment.")
        async with self._busy:
            # A fresh process each time: it is asked for a few times a day, and nothing of it stays.
            pool = ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))
            try:
                async with asyncio.timeout(self._within_s):
                    return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
            except TimeoutError as error:
                for process in tuple((pool._processes or {}).values()):
                    process.kill()
                raise TooLong("That takes too long. Choose a shorter time.") from error
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
