"""Nobody is given more than they have room for, unless somebody who may says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.desks import asks_for_a_person, console
from tests.service.serving import World, serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, agent_capacity=2) as world:
        yield world


async def test_whoever_has_their_hands_full_is_told_so_and_the_talk_still_waits(world: World) -> None:
    async with console(world, "Sam", capacity=1) as sam:
        first, second = await asks_for_a_person(world), await asks_for_a_person(world)
        assert (await sam.post(f"conversations/{first}/take"))[0] == 200
        status, body = await sam.post(f"conversations/{second}/take")
        assert status == 409
        assert body["error"] == {
            "code": "full",
            "message": "Your hands are full: you have 1 of 1. Give one back first, or ask an admin.",
            "held": 1,
            "capacity": 1,
            "weight": 1,
        }
        assert (await world.state(second)).episode.status == "waiting"
        assert (await sam.post(f"conversations/{first}/give-back"))[0] == 200
        assert (await sam.post(f"conversations/{second}/take"))[0] == 200


async def test_an_agent_who_presses_take_on_many_at_once_gets_as_many_as_the_settings_allow(world: World) -> None:
    async with console(world, "Sam") as sam:
        asked = [await asks_for_a_person(world) for _ in range(5)]
        answers = await asyncio.gather(*(sam.post(f"conversations/{one}/take") for one in asked))
        assert sorted(status for status, _ in answers) == [200, 200, 409, 409, 409]
        assert await world.service.store.agent_load() == {"a_sam": 2}


@pytest.mark.parametrize("role", ["admin", "supervisor"])
async def test_an_admin_or_supervisor_may_go_above_with_a_word_that_is_kept_and_an_agent_may_not(world: World, role: str) -> None:
    async with console(world, "Sam", capacity=1) as sam, console(world, "Ada", role, capacity=1) as ada:
        asked = [await asks_for_a_person(world) for _ in range(4)]
        assert (await sam.post(f"conversations/{asked[0]}/take"))[0] == 200
        assert (await ada.post(f"conversations/{asked[1]}/take"))[0] == 200
        why = {"above_capacity": "the whole team is ill"}
        assert (await sam.post(f"conversations/{asked[2]}/take", why))[0] == 403
        assert (await ada.post(f"conversations/{asked[2]}/take"))[0] == 409
        assert (await ada.post(f"conversations/{asked[2]}/take", why))[0] == 200
        lines = [line.entry for line in await world.service.store.journal(asked[2])]
        assert [dict(e.data)["why"] for e in lines if e.kind == "episode.above_capacity"] == ["the whole team is ill"]
        assert (await ada.post(f"conversations/{asked[3]}/take"))[0] == 409
        await world.service.auditor.look()
        assert [f for f in await world.service.store.findings(limit=9) if f.finding.code == "over_capacity"] == []
