"""`warmline journal`: whether what was written down is still as it was written, and the seal that proves it later."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from bot import settings as settings_module
from bot.core.seal import Broken, broken_at, sealed, unlinked
from bot.store import open_store
from bot.store.contract import Store

app = typer.Typer(no_args_is_help=True, help="The journal, from which reports are made.")
out = Console(highlight=False, soft_wrap=True)

PAGE = 50
UNTIL_AGO = timedelta(minutes=1)
"""What is being written now is left for the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look over all chains found. `slipped_in` counts lines without a link that follow one with a link."""

    conversations: int
    lines: int
    broken: tuple[Broken, ...]
    slipped_in: int
    seal: str


async def verify(store: Store, *, until: datetime) -> Verified:
    """Every chain, page by page; the seal is over what was written until `until`."""
    conversations, lines, slipped_in, seal, after = 0, 0, 0, "", ""
    broken: list[Broken] = []
    while page := await store.chains(after=after, limit=PAGE):
        seal = sealed(page, before=seal, until=until)
        broken += [found for chain in page if (found := broken_at(chain))]
        slipped_in += sum(len(unlinked(chain)) for chain in page)
        lines += sum(line.link is not None for chain in page for line in chain.lines)
        conversations, after = conversations + len(page), page[-1].conversation_id
    return Verified(conversations=conversations, lines=lines, broken=tuple(broken), slipped_in=slipped_in, seal=seal)


@app.command("verify")
def verify_now(
    until: Annotated[
        datetime | None, typer.Option(help="Seal what was written until then (UTC); a minute ago if left out.")
    ] = None,
    seal: Annotated[str | None, typer.Option(help="The seal of that time that was noted down; compared.")] = None,
) -> None:
    """Follow every chain of lines and print the seal over all of them. Changes nothing; exit code 1 if somebody else did."""
    settings, end = settings_module.load(), (until or datetime.now(UTC) - UNTIL_AGO).replace(tzinfo=UTC, microsecond=0)

    async def look() -> Verified:
        store = open_store(settings.url)
        try:
            return await verify(store, until=end)
        finally:
            await store.close()

    with Console(stderr=True).status("Following every line ..."):
        found = asyncio.run(look())
    out.print(f"Conversations: {found.conversations}. Lines with a link: {found.lines}.")
    for one in found.broken:
        out.print(_told(one))
    if found.slipped_in:
        out.print(f"{found.slipped_in} lines carry no link: an older version wrote them, or they were slipped in.")
    out.print(f"Seal until {end:%Y-%m-%dT%H:%M:%S}: {found.seal or 'none, nothing is written yet'}")
    differs = seal is not None and seal != found.seal
    if differs:
        out.print("That is not the seal that was noted down: what was written before has been changed.")
    raise typer.Exit(1 if found.broken or differs else 0)


def _told(one: Broken) -> str:
    if one.journal_id is None or one.at is None:
        return f"Conversation {one.conversation_id}: its last lines are missing."
    line = f"Conversation {one.conversation_id}, line {one.journal_id}, written {one.at:%Y-%m-%d %H:%M:%S}Z"
    return f"{line}: it, or one before it, was changed or is missing."
