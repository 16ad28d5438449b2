"""Live news: who watches a topic hears what is published after, at this service or another one on the same database.

Nothing here is a record; whoever missed something asks the store. Frames carry ids, never words or names.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.core.model import Identity

type Frame = dict[str, Any]

LAGGED: Frame = {"type": "lagged"}
BUFFER = 512


def identity_topic(identity: Identity) -> str:
    """Where the first news of a person is published, before their conversation has a name. A hash: it leaves the process."""
    known = hashlib.sha256(f"{identity.channel}:{identity.external_id}".encode()).hexdigest()
    return f"identity:{known[:32]}"


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
    """Topics and their listeners: `console`, `conversation:<id>`, and `identity_topic` until a conversation has an id.

    What is published here also goes to `elsewhere`, the other services; what comes from them is delivered here alone.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Subscription, None]] = defaultdict(dict)
        self.elsewhere: Callable[[str, Frame], None] = lambda _topic, _frame: None

    def publish(self, topic: str, frame: Frame) -> None:
        """Tell every listener of the topic, here and elsewhere; never waits, never raises."""
        self.deliver(topic, frame)
        self.elsewhere(topic, frame)

    def deliver(self, topic: str, frame: Frame) -> None:
        """Tell every listener of the topic at this service."""
        for listener in tuple(self._listeners.get(topic, ())):
            listener.put(frame)

    def lagged(self) -> None:
        """News may have been missed: every listener should ask the store."""
        for listener in dict.fromkeys(one for listeners in self._listeners.values() for one in listeners):
            listener.put(LAGGED)

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
