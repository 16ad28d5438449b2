"""A webhook: one signed POST, tried again until it is taken, always with the same `webhook-id`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from bot.carriers.base import Call, NotCarried
from bot.carriers.http import Poster
from bot.signing import signed


class Webhook:
    """The installation's webhook."""

    def __init__(self, url: str, secret: str, now: Callable[[], datetime], poster: Poster | None = None) -> None:
        self._url, self._secret, self._now = url, secret, now
        self._poster = poster or Poster()

    async def carry(self, call: Call) -> None:
        """See `Carries.carry`."""
        body = orjson.dumps(
            {
                "id": call.key,
                "kind": call.kind,
                "conversation_id": call.conversation_id,
                "episode_id": call.episode_id,
                "agent": {"id": call.agent.agent_id, "email": call.agent.email} if call.agent else None,
                "text": call.text,
                "url": call.url or None,
                "at": call.at.isoformat().replace("+00:00", "Z"),
            }
        )
        headers = signed(self._secret, message_id=call.key, at=self._now(), body=body)
        status = await self._poster.post(self._url, body, headers)
        if not 200 <= status < 300:
            raise NotCarried(f"http_{status}", for_good=status == 410)

    async def close(self) -> None:
        """See `Carries.close`."""
        await self._poster.close()
