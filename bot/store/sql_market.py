"""Marketing's part of the durable store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.store import market
from bot.store.marketing import ApiKey, Conversion, FlowSend
from bot.store.runner import Runner


class SqlMarket:
    """`bot.store.marketing.MarketStore` over SQL."""

    _write: Runner
    _read: Runner

    async def flow_sends(self, *, after: int, limit: int, since: datetime) -> list[FlowSend]:
        """See `MarketStore.flow_sends`."""
        return await self._read.run(lambda conn: market.flow_sends(conn, after=after, limit=limit, since=since))

    async def mark_delivered(self, conversation_id: str, *, up_to: datetime, now: datetime) -> None:
        """See `MarketStore.mark_delivered`."""
        await self._write.run(lambda conn: market.mark_delivered(conn, conversation_id, up_to=up_to, now=now))

    async def conversion(self, external_id: str) -> Conversion | None:
        """See `MarketStore.conversion`."""
        return await self._read.run(lambda conn: market.conversion(conn, external_id))

    async def channels_of(self, conversation_ids: Sequence[str]) -> dict[str, str]:
        """See `MarketStore.channels_of`."""
        return await self._read.run(lambda conn: market.channels_of(conn, conversation_ids))

    async def add_key(self, key: ApiKey) -> None:
        """See `MarketStore.add_key`. Raises `AlreadyExists`."""
        await self._write.run(lambda conn: market.add_key(conn, key))

    async def api_keys(self) -> list[ApiKey]:
        """See `MarketStore.api_keys`."""
        return await self._read.run(market.all_keys)

    async def api_key(self, *, token_sha256: str) -> ApiKey | None:
        """See `MarketStore.api_key`."""
        return await self._read.run(lambda conn: market.key_by_token(conn, token_sha256))

    async def revoke_key(self, key_id: str, *, now: datetime) -> None:
        """See `MarketStore.revoke_key`. Raises `NotFound`."""
        await self._write.run(lambda conn: market.revoke_key(conn, key_id, now=now))
