"""Notices that this process was not there for a while: a laptop that was shut, a machine that was moved, no processor to be had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.time import Time

log = structlog.get_logger()

BEAT_S = 1.0
MISSED_S = 1.5
"""A beat that comes so much later than it should counts as missed. Busy event loops are late by tenths of a second."""


class Pulse:
    """Beats once a second; `missed` is called after each beat that came much too late."""

    def __init__(self, time: Time, missed: Callable[[], None]) -> None:
        self._time, self._missed = time, missed

    async def run(self) -> None:
        """Until cancelled."""
        never = asyncio.Event()
        while True:
            due_at = self._time.now() + timedelta(seconds=BEAT_S)
            await self._time.wait(never, BEAT_S)
            late_s = (self._time.now() - due_at).total_seconds()
            if late_s > MISSED_S:
                log.warning("pulse.missed", late_s=round(late_s, 1))
                self._missed()
