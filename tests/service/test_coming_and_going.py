"""Agents come, flap, vanish and have room again, in a whole service on a clock wound by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from bot.core.model import ClockKind, Owner
from handoff.policy import Targets
from handoff.presence import FLAP_S, GONE_S
from tests.service.desks import asks_for_a_person, console
from tests.service.serving import World, serving

PATIENCE_S = 10.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def asked(world: World, conversation_id: str) -> str | None:
    """Who is being asked about it."""
    state = await world.state(conversation_id)
    clock = state.clock(ClockKind.ACCEPT, state.episode.episode_id)
    return clock.data["agent_id"] if clock else None


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """What sockets and the staff's own loop bring about takes real moments, while the service's clock stands still."""
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110 - what is waited for happens in a database and on sockets
            await asyncio.sleep(0.005)


async def wind(world: World, seconds: float) -> None:
    """Second by second, so that the staff looks as often as it would."""
    for _ in range(int(seconds)):
        await world.wind(seconds=1)
        await world.service.presence.settled()


async def test_an_agent_who_comes_online_is_offered_what_waits_within_a_second(world: World) -> None:
    waits = await asks_for_a_person(world)
    await wind(world, 3)
    assert await asked(world, waits) is None
    came_at = world.time.now()
    async with console(world, "Sam") as sam, sam.open():
        await until(lambda: _is_asked(world, waits, "a_sam"))
        assert (world.time.now() - came_at).total_seconds() < 1
        assert (await world.state(waits)).episode.breached == (), "within the five seconds of the target"


async def test_who_ask_at_the_same_moment_are_offered_to_different_agents(world: World) -> None:
    async with AsyncExitStack() as stack:
        for name in ("Sam", "Mia", "Kim"):
            agent = await stack.enter_async_context(console(world, name))
            await stack.enter_async_context(agent.open())
        await until(lambda: _are_online(world, 3))
        world.brain.held = asyncio.Event()
        for _ in range(3):
            await (await stack.enter_async_context(world.visitor())).say("can i talk to a person")
        await until(lambda: _were_put_to_the_brain(world, 3))
        world.brain.held.set()
        await world.settle()
        talks = await world.service.store.overviews(view="queue")
        assert {await asked(world, one.conversation_id) for one in talks} == {"a_sam", "a_mia", "a_kim"}


async def test_an_agent_who_vanishes_for_90_s_gives_it_back_and_the_next_is_asked(world: World) -> None:
    async with console(world, "Sam") as sam:
        async with sam.open():
            talk = await asks_for_a_person(world)
            await until(lambda: _is_asked(world, talk, "a_sam"))
            assert (await sam.post(f"conversations/{talk}/take"))[0] == 200
        await wind(world, GONE_S - 1)
        assert (await world.state(talk)).owner is Owner.AGENT
        async with console(world, "Mia") as mia, mia.open():
            await wind(world, 7)
            await until(lambda: _is_asked(world, talk, "a_mia"))
        state = await world.state(talk)
        assert (state.owner, state.episode.status, state.episode.agent) == (Owner.WAITING, "waiting", None)
        kinds = [(line.entry.kind, line.entry.data.get("why")) for line in await world.service.store.journal(talk)]
        assert ("episode.returned", "gone") in kinds


async def test_a_holder_who_vanished_owing_nothing_keeps_the_talk_until_words_are_owed(world: World) -> None:
    async with console(world, "Sam") as sam, world.visitor() as visitor:
        async with sam.open():
            await visitor.say("can i talk to a person")
            await world.settle()
            (one,) = await world.service.store.overviews(view="all")
            talk = one.conversation_id
            await until(lambda: _is_asked(world, talk, "a_sam"))
            assert (await sam.post(f"conversations/{talk}/take"))[0] == 200
            assert (await sam.post(f"conversations/{talk}/say", {"text": "Hi!", "key": "key-00001"}))[0] == 200
        for passed_s in (FLAP_S, GONE_S, GONE_S):
            await world.wind(seconds=passed_s)
            await world.service.presence.settled()
        await until(lambda: _dealt_with(world, "a_sam"))
        state = await world.state(talk)
        assert (state.owner, state.episode.agent.agent_id, state.promise) == (Owner.AGENT, "a_sam", None)
        await visitor.say("how much is it?")
        await until(lambda: _waits(world, talk))
        kinds = [(line.entry.kind, line.entry.data.get("why")) for line in await world.service.store.journal(talk)]
        assert kinds.count(("episode.returned", "gone")) == 1
        assert (await world.state(talk)).episode.breached == (), "nobody waited for somebody who was not there"


async def test_whoever_comes_back_before_words_are_owed_never_lost_the_talk(world: World) -> None:
    async with console(world, "Sam") as sam, world.visitor() as visitor:
        async with sam.open():
            await visitor.say("can i talk to a person")
            await world.settle()
            (one,) = await world.service.store.overviews(view="all")
            await until(lambda: _is_asked(world, one.conversation_id, "a_sam"))
            assert (await sam.post(f"conversations/{one.conversation_id}/take"))[0] == 200
            said = {"text": "Hi!", "key": "key-00001"}
            assert (await sam.post(f"conversations/{one.conversation_id}/say", said))[0] == 200
        for passed_s in (FLAP_S, GONE_S, GONE_S):
            await world.wind(seconds=passed_s)
            await world.service.presence.settled()
        await until(lambda: _dealt_with(world, "a_sam"))
        async with sam.open():
            await visitor.say("how much is it?")
            await world.settle()
            await world.service.presence.settled()
            state = await world.state(one.conversation_id)
            assert (state.owner, state.episode.agent.agent_id) == (Owner.AGENT, "a_sam")
            assert state.promise is not None


async def test_a_flap_of_30_s_loses_nothing_and_nobody_else_is_asked(world: World) -> None:
    async with console(world, "Sam") as sam, console(world, "Mia") as mia:
        async with sam.open():
            talk = await asks_for_a_person(world)
            await until(lambda: _is_asked(world, talk, "a_sam"))
            assert (await sam.post(f"conversations/{talk}/take"))[0] == 200
            assert (await sam.post(f"conversations/{talk}/say", {"text": "Hi!", "key": "key-00001"}))[0] == 200
        async with mia.open():
            await wind(world, FLAP_S)
            async with sam.open():
                await wind(world, GONE_S - FLAP_S)
        state = await world.state(talk)
        assert (state.owner, state.episode.agent.agent_id) == (Owner.AGENT, "a_sam")
        offered = [line for line in await world.service.store.journal(talk) if line.entry.kind == "episode.offered"]
        assert [line.entry.data["agent_id"] for line in offered] == ["a_sam"]


async def test_whoever_gives_one_back_is_offered_what_waits_at_once(world: World) -> None:
    async with console(world, "Sam", capacity=1) as sam, sam.open():
        first = await asks_for_a_person(world)
        await until(lambda: _is_asked(world, first, "a_sam"))
        assert (await sam.post(f"conversations/{first}/take"))[0] == 200
        second = await asks_for_a_person(world)
        assert await asked(world, second) is None
        assert (await sam.post(f"conversations/{first}/give-back"))[0] == 200
        await until(lambda: _is_asked(world, second, "a_sam"))


async def test_the_last_room_is_offered_once_and_what_lapsed_goes_behind_what_was_not_asked_about_yet(world: World) -> None:
    async with console(world, "Sam", capacity=1) as sam, sam.open():
        first = await asks_for_a_person(world)
        await until(lambda: _is_asked(world, first, "a_sam"))
        second = await asks_for_a_person(world)
        assert await asked(world, second) is None, "Sam is being asked about one, and has room for one"
        await wind(world, _targets(world).accept_s)
        await until(lambda: _is_asked(world, second, "a_sam"))
        assert await asked(world, first) is None
        await wind(world, _targets(world).accept_s)
        await until(lambda: _is_asked(world, first, "a_sam"))


async def test_offers_that_time_out_go_round_again_and_again(world: World) -> None:
    async with console(world, "Sam") as sam, console(world, "Mia") as mia, sam.open(), mia.open():
        talk = await asks_for_a_person(world)
        accept_s = _targets(world).accept_s
        await wind(world, accept_s * 5 + 1)
        lines = [line.entry for line in await world.service.store.journal(talk)]
        offered = [entry.data["agent_id"] for entry in lines if entry.kind == "episode.offered"]
        assert len(offered) >= 6
        assert set(offered) == {"a_sam", "a_mia"}
        assert all(one != other for one, other in pairwise(offered))


async def test_what_an_admin_changes_about_an_agent_counts_at_once(world: World) -> None:
    async with console(world, "Ada", "admin") as ada, console(world, "Sam", languages=("fr",), capacity=1) as sam, sam.open():
        first = await asks_for_a_person(world)
        await until(lambda: _is_asked(world, first, "a_sam"))
        assert (await sam.post(f"conversations/{first}/take"))[0] == 200
        second = await asks_for_a_person(world)
        assert await asked(world, second) is None
        able = {"capacity": 2, "skills": [" Pricing ", "pricing"], "languages": [], "teams": ["Sales"]}
        status, body = await ada.call("PATCH", "agents/a_sam", able)
        assert status == 200
        shown = {name: body["agent"][name] for name in able}
        assert shown == {"capacity": 2, "skills": ["pricing"], "languages": [], "teams": ["sales"]}
        await until(lambda: _is_asked(world, second, "a_sam"))
        assert (await ada.call("PATCH", "agents/a_sam", {"name": "Sam R."}))[1]["agent"]["capacity"] == 2
        assert (await ada.call("PATCH", "agents/a_sam", {"capacity": None}))[1]["agent"]["capacity"] is None
        assert (await ada.call("PATCH", "agents/a_sam", {"capacity": 0.3}))[0] == 400
        assert (await sam.call("PATCH", "agents/a_sam", {"capacity": 99}))[0] == 403


async def _are_online(world: World, count: int) -> bool:
    return len(world.service.presence.online()) == count and len(world.service.staff.desk().seats) == count


async def _were_put_to_the_brain(world: World, count: int) -> bool:
    return len(world.brain.asked) == count


async def _is_asked(world: World, conversation_id: str, agent_id: str) -> bool:
    return await asked(world, conversation_id) == agent_id


async def _waits(world: World, conversation_id: str) -> bool:
    return (await world.state(conversation_id)).owner is Owner.WAITING


async def _dealt_with(world: World, agent_id: str) -> bool:
    """Whether it is known that the agent has gone."""
    return all(one.agent_id != agent_id for one in await world.service.store.consoles())


def _targets(world: World) -> Targets:
    return world.service.conversations.rules.policy.targets
