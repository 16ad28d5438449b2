"""The brain that runs now, asked one turn at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from bot.brain import SocketBrain
from bot.core.events import BrainAnswer, BrainAsk
from bot.core.model import Json


class RunningBrain:
    """`SimulatedBrain` over the brain's socket; to be closed. A turn takes some milliseconds, so a thousand people take minutes."""

    def __init__(self, socket: str, *, timeout_s: float, tracker_events: int) -> None:
        self._runner = asyncio.Runner()
        self._brain = SocketBrain(socket, timeout_s=timeout_s)
        self._kept = tracker_events

    def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[Json]) -> BrainAnswer:
        """See `SimulatedBrain`. Raises `BrainError`."""
        texts = [orjson.dumps(event).decode() for event in tracker[-self._kept :]]
        return self._runner.run(self._brain.turn(conversation_id, channel, ask, texts))

    def check(self) -> None:
        """Raises `BrainError` unless it runs."""
        self._runner.run(self._brain.health())

    def close(self) -> None:
        """Let go of the socket."""
        self._runner.run(self._brain.close())
        self._runner.close()
