"""The webhooks' part of the store in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from bot.core.events import JournalEntry
from bot.store.contract import AlreadyExists, NotFound
from bot.store.fake.records import Talk
from bot.store.fake.talks import Talks
from bot.store.hooking import Hook, Telling, wanted


@dataclass(slots=True, kw_only=True)
class _Kept:
    telling: Telling
    due_at: datetime
    holder: str | None = None
    held_until: datetime | None = None

    def free(self, worker: str, now: datetime) -> bool:
        return self.held_until is None or self.held_until < now or self.holder == worker

    @property
    def free_at(self) -> datetime:
        return max(self.due_at, self.held_until or self.due_at)


class Hooks(Talks):
    """Subscriptions, and what is to be told them."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__(mint)
        self._hooks: dict[str, Hook] = {}
        self._tellings: dict[int, _Kept] = {}
        self._telling_ids = count(1)

    def _journal_line(self, talk: Talk, entry: JournalEntry) -> None:
        super()._journal_line(talk, entry)
        line = talk.journal[-1]
        for hook in self._hooks.values():
            if wanted(hook.kinds, entry.kind):
                self._to_tell(hook.hook_id, talk, line.journal_id, line.entry, entry.at)

    def _to_tell(self, hook_id: str, talk: Talk, journal_id: int, entry: JournalEntry, due_at: datetime) -> None:
        known = (kept for kept in self._tellings.values() if kept.telling.hook_id == hook_id)
        same = next((kept.telling.telling_id for kept in known if kept.telling.journal_id == journal_id), None)
        telling = Telling(
            telling_id=same or next(self._telling_ids),
            hook_id=hook_id,
            journal_id=journal_id,
            conversation_id=talk.state.conversation_id,
            identity=talk.state.identity,
            entry=entry,
        )
        self._tellings[telling.telling_id] = _Kept(telling=telling, due_at=due_at)

    async def add_hook(self, hook: Hook) -> None:
        """See `HookStore.add_hook`. Raises `AlreadyExists`."""
        if hook.hook_id in self._hooks:
            raise AlreadyExists("a unique value is taken: a hook")
        self._hooks[hook.hook_id] = replace(hook, kinds=tuple(sorted(set(hook.kinds))))

    async def hooks(self) -> list[Hook]:
        """See `HookStore.hooks`."""
        return sorted(self._hooks.values(), key=lambda hook: (hook.created_at, hook.hook_id))

    def _hook(self, hook_id: str) -> Hook:
        if hook_id not in self._hooks:
            raise NotFound("hook", hook_id)
        return self._hooks[hook_id]

    async def pause_hook(self, hook_id: str, *, paused_at: datetime | None) -> None:
        """See `HookStore.pause_hook`. Raises `NotFound`."""
        self._hooks[hook_id] = replace(self._hook(hook_id), paused_at=paused_at)

    async def remove_hook(self, hook_id: str) -> None:
        """See `HookStore.remove_hook`. Raises `NotFound`."""
        del self._hooks[self._hook(hook_id).hook_id]
        self._tellings = {i: kept for i, kept in self._tellings.items() if kept.telling.hook_id != hook_id}

    async def claim_tellings(self, hook_id: str, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Telling]:
        """See `HookStore.claim_tellings`."""
        mine = (kept for kept in self._tellings.values() if kept.telling.hook_id == hook_id and kept.telling.parked_at is None)
        due = sorted((k for k in mine if k.due_at <= now and k.free(worker, now)), key=lambda k: (k.due_at, k.telling.telling_id))
        for kept in due[:limit]:
            kept.holder, kept.held_until = worker, until
        return [kept.telling for kept in due[:limit]]

    async def tellings_next_at(self, *, after: datetime) -> datetime | None:
        """See `HookStore.tellings_next_at`."""
        waiting = (
            kept.free_at
            for kept in self._tellings.values()
            if kept.telling.parked_at is None and self._hooks[kept.telling.hook_id].paused_at is None
        )
        return min((at for at in waiting if at > after), default=None)

    async def told_hook(self, telling_id: int) -> None:
        """See `HookStore.told_hook`."""
        self._tellings.pop(telling_id, None)

    async def retell_hook(self, telling_id: int, *, due_at: datetime, error: str) -> None:
        """See `HookStore.retell_hook`."""
        if kept := self._tellings.get(telling_id):
            telling = replace(kept.telling, attempts=kept.telling.attempts + 1, error=error)
            self._tellings[telling_id] = _Kept(telling=telling, due_at=due_at)

    async def park_telling(self, telling_id: int, *, error: str, now: datetime) -> None:
        """See `HookStore.park_telling`."""
        if kept := self._tellings.get(telling_id):
            telling = replace(kept.telling, attempts=kept.telling.attempts + 1, error=error, parked_at=now)
            self._tellings[telling_id] = _Kept(telling=telling, due_at=kept.due_at)

    async def untold(self, *, parked: bool, limit: int = 200) -> list[Telling]:
        """See `HookStore.untold`."""
        found = (kept.telling for _, kept in sorted(self._tellings.items()))
        return [telling for telling in found if (telling.parked_at is not None) == parked][:limit]

    async def untold_counts(self) -> dict[str, tuple[int, int]]:
        """See `HookStore.untold_counts`."""
        counts: dict[str, tuple[int, int]] = {}
        for kept in self._tellings.values():
            waiting, parked = counts.get(kept.telling.hook_id, (0, 0))
            is_parked = kept.telling.parked_at is not None
            counts[kept.telling.hook_id] = (waiting + (not is_parked), parked + is_parked)
        return counts

    async def replay_hook(self, hook_id: str, *, now: datetime, since: datetime | None = None) -> int:
        """See `HookStore.replay_hook`. Raises `NotFound`."""
        hook, number = self._hook(hook_id), 0
        if since is None:
            for telling_id, kept in self._tellings.items():
                if kept.telling.hook_id == hook_id and kept.telling.parked_at is not None:
                    telling = replace(kept.telling, attempts=0, error=None, parked_at=None)
                    self._tellings[telling_id] = _Kept(telling=telling, due_at=now)
                    number += 1
            return number
        lines = {line.journal_id: (talk, line) for talk in self._talks.values() for line in talk.journal}
        for journal_id, (talk, line) in sorted(lines.items(), key=lambda one: one[0]):
            if line.entry.at >= since and wanted(hook.kinds, line.entry.kind):
                self._to_tell(hook_id, talk, journal_id, line.entry, now)
                number += 1
        return number
