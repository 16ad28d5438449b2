"""A request's body kept as a file while it is looked at."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from aiohttp import web

from handoff.api.errors import ApiError

LARGEST_BYTES = 1024**3
CHUNK = 256 * 1024


class TooLarge(ApiError):
    """The upload is larger than is taken."""

    status = 413


async def kept(request: web.Request, home: Path) -> Path:
    """The body as a file in this folder, written as it comes. Raises TooLarge."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"upload-{secrets.token_hex(8)}.csv"
    size = 0
    try:
        with path.open("wb") as file:
            async for chunk in request.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > LARGEST_BYTES:
                    raise TooLarge("too_large", "That is more than a gigabyte; import it with: warmline contacts or events import")
                await asyncio.to_thread(file.write, chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
