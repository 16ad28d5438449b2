"""Says once when the database can no longer be written, and once when it can again; not at each of a thousand tries."""

from __future__ import annotations

import structlog

from bot.store.contract import StoreUnavailable
from bot.store.runner import Job, Runner

log = structlog.get_logger()


class Watched:
    """A runner of writes whose changes of state are logged."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._trouble: str | None = None

    async def run[T](self, job: Job[T]) -> T:
        """See `Runner.run`."""
        try:
            result = await self._runner.run(job)
        except StoreUnavailable as error:
            self._is(error.reason, error)
            raise
        self._is(None)
        return result

    async def close(self) -> None:
        """See `Runner.close`."""
        await self._runner.close()

    def _is(self, trouble: str | None, error: StoreUnavailable | None = None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            log.warning("store.writable_again")
        else:
            log.error("store.unwritable", reason=trouble, error=type(error.__cause__).__name__ if error else None)
