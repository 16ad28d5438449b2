"""The first sign-in is made once, however many services start on an empty database at the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.run import FIRST_ADMIN, _first_admin
from bot.settings import Settings
from bot.store import open_store
from bot.store.contract import Agent, Store
from tests.migrated import migrated_at


class LooksTogether:
    """A store whose first look at the agents is everybody's: whoever comes sees none."""

    def __init__(self, store: Store, gate: asyncio.Barrier) -> None:
        self._store, self._gate = store, gate
        self.add_agent = store.add_agent

    async def agents(self) -> list[Agent]:
        found = await self._store.agents()
        await self._gate.wait()
        return found


async def test_two_services_that_start_at_once_on_an_empty_database_both_start(tmp_path: Path) -> None:
    store, gate = open_store(migrated_at(tmp_path / "one.db")), asyncio.Barrier(2)

    def service(name: str) -> Any:
        (tmp_path / name).mkdir()
        return SimpleNamespace(settings=Settings(home=tmp_path / name), store=LooksTogether(store, gate))

    made = await asyncio.gather(*(_first_admin(service(name)) for name in "AB"))

    assert [agent.email for agent in await store.agents()] == [FIRST_ADMIN]
    [path] = [path for path in made if path is not None]
    assert list(tmp_path.glob("*/first-sign-in.txt")) == [path]
    await store.close()
