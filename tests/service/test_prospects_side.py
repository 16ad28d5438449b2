"""What prospects are told and may choose while they wait for a person, entered where they enter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from serving import World, serving

from bot.core.events import AgentTook, AgentWrote, Decision
from bot.core.model import AgentRef, Arrival, Episode, Identity, Reason
from bot.store.contract import Agent

SAM = AgentRef(agent_id="a_sam", name="Sam")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


@asynccontextmanager
async def at_the_desk(world: World) -> AsyncIterator[None]:
    """Sam is online for as long as the block runs."""
    sam = Agent(agent_id="a_sam", email="sam@example.com", name="Sam", role="agent", password_hash="-")
    await world.service.store.add_agent(sam)
    async with world.service.presence.socket("a_sam"):
        await world.service.presence.settled()
        await world.settle()
        yield


async def waited_before(world: World, *waits_s: float) -> None:
    """People who asked for a person a week ago and had their first words after so long."""
    store, asked_at = world.service.store, world.time.now() - timedelta(days=7)
    for number, wait_s in enumerate(waits_s):
        arrival = Arrival(
            identity=Identity(channel="rest", external_id=f"past{number}"), external_id="m", sent_at=asked_at, text="hi"
        )
        [taken] = await store.take_in([arrival], now=asked_at, answer_at=asked_at, promise_due_at=asked_at)
        loaded = await store.load(taken.conversation_id)
        episode = Episode(
            episode_id=f"past{number}", reason=Reason.ASKED, requested_at=asked_at, first_words_due_at=asked_at, status="closed",
            first_words_at=asked_at + timedelta(seconds=wait_s), closed_at=asked_at + timedelta(hours=1), breached=("first_words",),
        )  # fmt: skip
        heard = tuple(h.message_id for h in loaded.state.unheard)
        cancelled = tuple((clock.kind, clock.key) for clock in loaded.state.clocks)
        state = replace(loaded.state, episode=episode, unheard=(), clocks=(), promise=None)
        decision = Decision(state=state, heard=heard, cancel_clocks=cancelled)
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=asked_at)


async def conversation_of(world: World, channel: str) -> str:
    """The id of the one conversation on this channel that is of now."""
    found = await world.service.store.overviews(view="all")
    [one] = [o.conversation_id for o in found if o.identity.channel == channel and "past" not in o.identity.external_id]
    return one


async def test_the_usual_wait_is_told_and_how_right_it_was_is_reported(world: World) -> None:
    await waited_before(world, *(120.0 + 5 * n for n in range(12)))
    await world.wind(seconds=300)
    async with at_the_desk(world), world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        conversation = await conversation_of(world, "widget")
        words = (await world.said(conversation))[-1][1]
        assert "2 to 3 minutes" in words
        await world.wind(seconds=130)
        await world.service.conversations.handle(conversation, AgentTook(agent=SAM))
        await world.service.conversations.handle(conversation, AgentWrote(agent=SAM, text="Hi, Sam here", client_key="k1"))
        await world.settle()
        episode = (await world.state(conversation)).episode

    assert episode.forecast_kept is True
    assert episode.forecast_error_s == 130 - episode.forecasts[0].likely_s
