"""One POST to another machine, with what its answer means for a notification."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from bot.carriers.base import NotCarried

TIMEOUT_S = 10.0


class Poster:
    """Posts, follows no redirect, and keeps its connections."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of an answer that means taken (2xx), or one for the caller to judge (4xx). Raises `NotCarried` for what may
        pass: no answer, 408, 429 and 5xx."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotCarried("away") from error
        if status in (408, 429) or status >= 500:
            raise NotCarried(f"http_{status}", after_s=float(wait) if wait.isascii() and wait.isdigit() else None)
        return status

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
