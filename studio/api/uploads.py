"""A request's body as a file while it is looked at."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from handoff.api.errors import ApiError, BadRequest
from studio.contacts.columns import BadColumns
from studio.contacts.reading import BadFile

LARGEST_BYTES = 1024**3
CHUNK = 256 * 1024


class TooLarge(ApiError):
    """The upload is larger than is taken."""

    status = 413


@asynccontextmanager
async def uploaded(request: web.Request, home: Path) -> AsyncIterator[Path]:
    """The body as a file in this folder, written as it comes and gone afterwards, unless it was moved. Raises TooLarge; what is
    wrong with the file or its columns becomes a BadRequest."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"upload-{secrets.token_hex(8)}.csv"
    try:
        await _write(request, path)
        yield path
    except BadColumns as error:
        raise BadRequest("bad_field", f"{error}.", field="mapping") from None
    except BadFile as error:
        raise BadRequest("bad_file", f"{error}.") from None
    finally:
        path.unlink(missing_ok=True)


async def _write(request: web.Request, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in request.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > LARGEST_BYTES:
                raise TooLarge("too_large", "That is more than a gigabyte; import it with: warmline contacts or events import")
            await asyncio.to_thread(file.write, chunk)
