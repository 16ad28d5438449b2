"""Which promises held when, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.store.promised import Promised
from bot.store.rules import clean_text


class Promises:
    """See `bot.store.promised.PromiseStore`."""

    def __init__(self) -> None:
        self._promised: list[tuple[Promised, str]] = []

    async def keep_promises(self, *, version: str, text: str, by: str, at: datetime, changes: Sequence[str]) -> bool:
        """See `PromiseStore.keep_promises`."""
        if self._promised and self._promised[-1][0].version == version:
            return False
        said = tuple(clean_text(one) for one in changes)
        one = Promised(number=len(self._promised) + 1, version=version, at=at, by=by, changes=said)
        self._promised.append((one, clean_text(text)))
        return True

    async def promised(self, *, limit: int = 200, since: datetime | None = None) -> list[Promised]:
        """See `PromiseStore.promised`."""
        found = [one for one, _ in self._promised]
        if since is not None:
            then = max((one.number for one in found if one.at <= since), default=0)
            found = [one for one in found if one.number >= then]
        return found[::-1][:limit]

    async def promised_text(self, number: int) -> str | None:
        """See `PromiseStore.promised_text`."""
        return next((text for one, text in self._promised if one.number == number), None)
