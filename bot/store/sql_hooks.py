"""The webhooks' part of the durable store."""

from __future__ import annotations

from datetime import datetime

from bot.store import hooks
from bot.store.hooking import Hook, Telling
from bot.store.runner import Runner


class SqlHooks:
    """`bot.store.hooking.HookStore` over SQL."""

    _write: Runner
    _read: Runner

    async def add_hook(self, hook: Hook) -> None:
        """See `HookStore.add_hook`. Raises `AlreadyExists`."""
        await self._write.run(lambda conn: hooks.add_hook(conn, hook))

    async def hooks(self) -> list[Hook]:
        """See `HookStore.hooks`."""
        return await self._read.run(hooks.all_hooks)

    async def pause_hook(self, hook_id: str, *, paused_at: datetime | None) -> None:
        """See `HookStore.pause_hook`. Raises `NotFound`."""
        await self._write.run(lambda conn: hooks.pause_hook(conn, hook_id, paused_at=paused_at))

    async def remove_hook(self, hook_id: str) -> None:
        """See `HookStore.remove_hook`. Raises `NotFound`."""
        await self._write.run(lambda conn: hooks.remove_hook(conn, hook_id))

    async def claim_tellings(self, hook_id: str, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Telling]:
        """See `HookStore.claim_tellings`."""
        return await self._write.run(
            lambda conn: hooks.claim_tellings(conn, hook_id, worker=worker, now=now, until=until, limit=limit)
        )

    async def tellings_next_at(self, *, after: datetime) -> datetime | None:
        """See `HookStore.tellings_next_at`."""
        return await self._read.run(lambda conn: hooks.tellings_next_at(conn, after=after))

    async def told_hook(self, telling_id: int) -> None:
        """See `HookStore.told_hook`."""
        await self._write.run(lambda conn: hooks.told_hook(conn, telling_id))

    async def retell_hook(self, telling_id: int, *, due_at: datetime, error: str) -> None:
        """See `HookStore.retell_hook`."""
        await self._write.run(lambda conn: hooks.retell_hook(conn, telling_id, due_at=due_at, error=error))

    async def park_telling(self, telling_id: int, *, error: str, now: datetime) -> None:
        """See `HookStore.park_telling`."""
        await self._write.run(lambda conn: hooks.park_telling(conn, telling_id, error=error, now=now))

    async def untold(self, *, parked: bool, limit: int = 200) -> list[Telling]:
        """See `HookStore.untold`."""
        return await self._read.run(lambda conn: hooks.untold(conn, parked=parked, limit=limit))

    async def untold_counts(self) -> dict[str, tuple[int, int]]:
        """See `HookStore.untold_counts`."""
        return await self._read.run(hooks.untold_counts)

    async def replay_hook(self, hook_id: str, *, now: datetime, since: datetime | None = None) -> int:
        """See `HookStore.replay_hook`. Raises `NotFound`."""
        return await self._write.run(lambda conn: hooks.replay_hook(conn, hook_id, now=now, since=since))
