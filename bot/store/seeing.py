"""`bot.store.sight` as a condition of queries."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.model import ClockKind
from bot.store.sight import Sight
from bot.store.tables import HELD_STATUS, clocks, conversations, episodes


def seen_by(sight: Sight | None) -> sa.ColumnElement[bool]:
    """Whether the agent may read the conversation, in a query that selects from `conversations`."""
    if sight is None:
        return sa.true()
    held = sa.exists().where(
        episodes.c.conversation_id == conversations.c.conversation_id,
        sa.text(f"episodes.{HELD_STATUS}"),
        episodes.c.agent_id == sight.agent_id,
    )
    asked = sa.exists().where(
        clocks.c.conversation_id == conversations.c.conversation_id,
        clocks.c.kind == ClockKind.ACCEPT.value,
        clocks.c.data["agent_id"].as_string() == sight.agent_id,
    )
    return sa.or_(
        conversations.c.team.is_(None),
        conversations.c.team.not_in(sorted(sight.hidden)),
        held.correlate(conversations),
        asked.correlate(conversations),
    )
