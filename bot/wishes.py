"""How each agent wants to be notified, as stored."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from bot.store.contract import Store
from handoff.chain import Wishes

log = structlog.get_logger()


def wishes_setting(agent_id: str) -> str:
    """Where an agent's settings are kept."""
    return f"notify:{agent_id}"


async def wishes_of(store: Store, agent_id: str) -> Wishes:
    """An agent's settings; what cannot be read counts as not set."""
    kept = await store.setting(wishes_setting(agent_id))
    if kept is None:
        return Wishes()
    try:
        return Wishes.model_validate_json(kept)
    except ValidationError:
        log.warning("notify.wishes_unreadable", agent_id=agent_id)
        return Wishes()


async def keep_wishes(store: Store, agent_id: str, wishes: Wishes) -> None:
    """From now on."""
    await store.put_setting(wishes_setting(agent_id), wishes.model_dump_json())
