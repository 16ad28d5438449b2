"""What reports stand on, read page by page, so that turns go on meanwhile."""

from __future__ import annotations

from datetime import datetime

from bot.store.contract import Store
from nurture.reports.history import KINDS, History

PAGE = 2000


async def history(store: Store, *, since: datetime) -> History:
    """Everybody's lines of the journal, and what flows sent from `since` on. Changes nothing."""
    made = History()
    after = 0
    while lines := await store.journal_of(KINDS, after=after, limit=PAGE):
        for line in lines:
            made.add(line)
        after = lines[-1].journal_id
    after = 0
    while sends := await store.flow_sends(after=after, limit=PAGE, since=since):
        made.add_sends(sends)
        after = sends[-1].message_id
    return made
