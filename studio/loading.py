"""What reports stand on, read page by page, so that turns go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core.events import JournalEntry
from bot.store.contract import Store
from nurture.reports.history import KINDS, History

PAGE = 2000


async def history(store: Store, begins: Callable[[JournalEntry], bool], *, since: datetime | None = None) -> History:
    """The lines of those whom `begins` makes people of the report, and, with `since`, what flows sent from then on. Changes
    nothing."""
    made = History(begins)
    after = 0
    while lines := await store.journal_of(KINDS, after=after, limit=PAGE):
        for line in lines:
            made.add(line)
        after = lines[-1].journal_id
    after = 0
    while since is not None and (sends := await store.flow_sends(after=after, limit=PAGE, since=since)):
        made.add_sends(sends)
        after = sends[-1].message_id
    return made
