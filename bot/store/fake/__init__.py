"""A store in memory that behaves like the durable one, for tests and simulations of what stands on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

from bot.store.fake.answers import Answers
from bot.store.fake.flows import Flows
from bot.store.fake.hooks import Hooks
from bot.store.fake.imports import Imports
from bot.store.fake.market import Market
from bot.store.fake.outbox import Outbox
from bot.store.fake.people import People
from bot.store.fake.promises import Promises
from bot.store.fake.reading import Reading


class FakeStore(Outbox, Flows, Reading, Market, Hooks, Imports, People, Answers, Promises):
    """`bot.store.contract.Store` in memory. `mint` makes ids of conversations and keys; the default counts, so that a
    simulation gives the same ids each time."""

    def __init__(self, *, mint: Callable[[], str] | None = None) -> None:
        numbers = count(1)
        Outbox.__init__(self, mint or (lambda: f"id-{next(numbers)}"))
        People.__init__(self)
        Answers.__init__(self)
        Promises.__init__(self)

    async def last_served(self) -> dict[str, datetime]:
        """See `Store.last_served`."""
        latest: dict[str, datetime] = {}
        for agent_id, at in self._served.values():
            if agent_id in self._agents:
                latest[agent_id] = max(at, latest.get(agent_id, at))
        return latest

    async def migrate(self) -> None:
        """Nothing to bring up to date."""

    async def ping(self) -> None:
        """Memory is there."""

    async def close(self) -> None:
        """Nothing to let go of; what is stored stays, so a test can open it again."""
