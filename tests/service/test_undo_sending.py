"""Words that can still be taken back, over a restart of the service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.core.events import AgentTook, AgentUndid, AgentWrote
from bot.core.model import AgentRef, CommandRefused
from bot.time import HandTime
from tests.service.serving import START, World, serving

SAM = AgentRef(agent_id="a_sam", name="Sam")


async def by_sam(world: World, conversation_id: str) -> list[str]:
    return [text for speaker, text in await world.said(conversation_id) if speaker == "agent"]


async def test_words_that_wait_leave_once_or_never_also_when_the_service_ended_meanwhile(tmp_path: Path) -> None:
    time = HandTime(START)
    async with serving(tmp_path, time=time, pacing="human", undo_send_s=30) as world, world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.wind(seconds=10)
        [overview] = await world.service.store.overviews(view="all")
        conversation_id, handle = overview.conversation_id, world.service.conversations.handle
        await handle(conversation_id, AgentTook(agent=SAM))
        await handle(conversation_id, AgentWrote(agent=SAM, text="Hi Ana", client_key="key-one"))
        sent_at: datetime = time.now()
        await handle(conversation_id, AgentWrote(agent=SAM, text="Hi Anna", client_key="key-two"))
        await world.wind(seconds=5)
        assert await by_sam(world, conversation_id) == []

    async with serving(tmp_path, time=time, pacing="human", undo_send_s=30, name="next") as world:
        handle = world.service.conversations.handle
        await handle(conversation_id, AgentUndid(agent=SAM, act="send", client_key="key-one"))
        await world.wind(seconds=60)
        assert await by_sam(world, conversation_id) == ["Hi Anna"]
        episode = (await world.state(conversation_id)).episode
        assert episode is not None
        assert episode.first_words_at == sent_at
        with pytest.raises(CommandRefused) as refused:
            await handle(conversation_id, AgentUndid(agent=SAM, act="send", client_key="key-two"))
        assert refused.value.code == "too_late"
