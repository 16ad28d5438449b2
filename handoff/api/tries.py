"""How often somebody may guess a password."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.store.contract import Store

PER_ACCOUNT = 10
PER_ADDRESS = 100
WITHIN = timedelta(minutes=15)


class Tries:
    """Counts failures per (account, address) and per address. One office behind one address is not locked out by one
    colleague's typos. The store counts, so that asking another service on the same database gains nothing."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def wait_s(self, account: str, address: str) -> int:
        """Seconds until the next try is allowed; 0 means now."""
        return max(await self._wait(_both(account, address), PER_ACCOUNT), await self._wait(_key(address), PER_ADDRESS))

    async def failed(self, account: str, address: str) -> None:
        """A wrong password."""
        await self._store.add_tries((_both(account, address), _key(address)), at=self._now())

    async def succeeded(self, account: str, address: str) -> None:
        """The right password: earlier typos are forgiven."""
        await self._store.forgive_tries(_both(account, address))

    async def _wait(self, key: str, most: int) -> int:
        now = self._now()
        recent = await self._store.tries(key, since=now - WITHIN, limit=most)
        if len(recent) < most:
            return 0
        return max(1, int((recent[-1] + WITHIN - now).total_seconds()))


def _both(account: str, address: str) -> str:
    return _key(f"{account} {address}")


def _key(text: str) -> str:
    """A hash: the store need not know who tried from where."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
