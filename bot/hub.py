"""Live news inside one process: who watches a topic hears what is published after. Nothing here is a record; whoever
missed something asks the store."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.core.model import Identity

type Frame = dict[str, Any]

LAGGED: Frame = {"type": "lagged"}
BUFFER = 512


def identity_topic(identity: Identity) -> str:
    """Where the first news of a person is published, before their conversation has a name."""
    return f"identity:{identity.channel}:{identity.external_id}"


class Subscription:
    """One listener's frames, in order. One who falls behind gets a single `lagged` frame and should ask the store."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Frame] = asyncio.Queue(BUFFER)

    def put(self, frame: Frame) -> None:
        """Hand over a frame without waiting."""
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(LAGGED)

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        return await self._queue.get()

    async def get(self) -> Frame:
        """The next frame."""
        return await self._queue.get()


class Hub:
    """Topics and their listeners: `console`, `conversation:<id>`, and `identity_topic` until a conversation has an id."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Subscription, None]] = defaultdict(dict)

    def publish(self, topic: str, frame: Frame) -> None:
        """Tell every listener of the topic; never waits, never raises."""
        for listener in tuple(self._listeners.get(topic, ())):
            listener.put(frame)

    def listeners(self, topic: str) -> int:
        """How many listen to a topic."""
        return len(self._listeners.get(topic, ()))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[Subscription]:
        """Listen to the topics while inside the block."""
        subscription = Subscription()
        for topic in topics:
            self._listeners[topic][subscription] = None
        try:
            yield subscription
        finally:
            for topic in topics:
                self._listeners[topic].pop(subscription, None)
                if not self._listeners[topic]:
                    del self._listeners[topic]
