"""Marketing's part of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.model import Delivery, Speaker
from bot.store.contract import AlreadyExists, NotFound
from bot.store.fake.talks import Talks
from bot.store.marketing import ApiKey, Conversion, FlowSend


class Market(Talks):
    """What flows sent, conversions, keys."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__(mint)
        self._keys: dict[str, ApiKey] = {}

    async def flow_sends(self, *, after: int, limit: int, since: datetime) -> list[FlowSend]:
        """See `MarketStore.flow_sends`."""
        found = []
        for message_id, line in sorted(self._lines.items()):
            if line.say is None or line.say.speaker is not Speaker.FLOW or message_id <= after or line.created_at < since:
                continue
            found.append(
                FlowSend(
                    message_id=message_id,
                    conversation_id=line.conversation_id,
                    enrolment_id=line.say.enrolment_id,
                    wording=line.say.wording or "",
                    delivery=line.delivery or Delivery.QUEUED,
                    at=line.at,
                    delivered_at=line.delivered_at,
                    read_at=line.read_at,
                )
            )
        return found[:limit]

    async def mark_delivered(self, conversation_id: str, *, up_to: datetime, now: datetime) -> None:
        """See `MarketStore.mark_delivered`."""
        for line in self._talks[conversation_id].lines if conversation_id in self._talks else ():
            sent = line.say is not None and line.delivery is Delivery.SENT and line.delivered_at is None
            if sent and (line.sending_at or line.at) <= up_to:
                line.delivered_at = now

    async def conversion(self, external_id: str) -> Conversion | None:
        """See `MarketStore.conversion`."""
        return self._conversions.get(external_id)

    async def channels_of(self, conversation_ids: Sequence[str]) -> dict[str, str]:
        """See `MarketStore.channels_of`."""
        return {c: self._talks[c].state.identity.channel for c in conversation_ids if c in self._talks}

    async def add_key(self, key: ApiKey) -> None:
        """See `MarketStore.add_key`. Raises `AlreadyExists`."""
        if key.key_id in self._keys or any(known.token_sha256 == key.token_sha256 for known in self._keys.values()):
            raise AlreadyExists("a unique value is taken: an API key")
        self._keys[key.key_id] = key

    async def api_keys(self) -> list[ApiKey]:
        """See `MarketStore.api_keys`."""
        return sorted(self._keys.values(), key=lambda key: (key.created_at, key.key_id))

    async def api_key(self, *, token_sha256: str) -> ApiKey | None:
        """See `MarketStore.api_key`."""
        found = (key for key in self._keys.values() if key.token_sha256 == token_sha256 and key.revoked_at is None)
        return next(found, None)

    async def revoke_key(self, key_id: str, *, now: datetime) -> None:
        """See `MarketStore.revoke_key`. Raises `NotFound`."""
        if key_id not in self._keys:
            raise NotFound("key", key_id)
        key = self._keys[key_id]
        self._keys[key_id] = replace(key, revoked_at=key.revoked_at or now)
