"""Versions of a flow, seen from outside: a file changes, services start again, people go on as they began."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.model import FlowMode
from bot.published import Unreadable
from bot.store.flowbook import FlowText
from bot.time import HandTime
from tests.service.serving import START, World, serving

FLOW = """\
name: Tips
version: 1
goal: They got a tip.
trigger: first_message
quiet_hours: none
caps: [{{messages: 9, within: 1d}}]
steps:
  - {{id: hi, say: "{hi}", purpose: help}}
  - {{id: pause, wait: 3h}}
  - {{id: more, say: "{more}", purpose: help}}
  - {{id: pause_again, wait: 20h}}
  - {{id: last, say: "{more} Again.", purpose: help}}
"""


def write(folder: Path, hi: str, more: str) -> Path:
    flows = folder / "flows"
    flows.mkdir(exist_ok=True)
    (flows / "tips.yml").write_text(FLOW.format(hi=hi, more=more), encoding="utf-8")
    return flows


async def greeted(world: World, name: str) -> str:
    """Somebody new wrote, and heard what the flow begins with."""
    async with world.client.post("/webhooks/rest/webhook", json={"sender": name, "message": "hello"}) as response:
        assert response.status == 200
    await world.settle()
    found = await world.service.store.overviews(view="all")
    return next(one.conversation_id for one in found if one.identity.external_id.endswith(name))


async def flow_words(world: World, conversation_id: str) -> list[str]:
    return [text for speaker, text in await world.said(conversation_id) if speaker == "flow"]


async def test_somebody_inside_goes_on_in_their_version_after_a_restart_with_the_file_changed(tmp_path: Path) -> None:
    time = HandTime(START)
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, time=time, name="a", flows=flows) as world:
        ann = await greeted(world, "ann")
        assert await flow_words(world, ann) == ["Old hello."]
    write(tmp_path, "New hello.", "New tip.")
    async with serving(tmp_path, time=time, name="b", flows=flows) as world:
        bob = await greeted(world, "bob")
        await world.wind(hours=4)
        assert await flow_words(world, ann) == ["Old hello.", "Old tip."]
        assert await flow_words(world, bob) == ["New hello.", "New tip."]
        assert [(e.flow_id, e.flow_version) for e in (await world.state(ann)).live_enrolments] == [("tips", 1)]
        assert [(e.flow_id, e.flow_version) for e in (await world.state(bob)).live_enrolments] == [("tips", 2)]


async def test_a_service_goes_by_what_another_one_published_or_ruled_without_being_told(tmp_path: Path) -> None:
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, flows=flows) as world:
        store, now = world.service.store, world.time.now()
        ann = await greeted(world, "ann")
        await store.rule_flow("tips", FlowMode.PAUSED, by="sam", now=now, reason="typo")
        await world.wind(hours=5)
        assert await flow_words(world, ann) == ["Old hello."]
        assert not (await world.state(await greeted(world, "bob"))).enrolments
        await store.rule_flow("tips", FlowMode.LIVE, by="sam", now=now)
        await world.wind(hours=1)
        assert await flow_words(world, ann) == ["Old hello.", "Old tip."]


async def test_by_command_changed_files_wait_and_a_broken_one_does_not_stop_the_start(tmp_path: Path) -> None:
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, name="a", flows=flows):
        pass
    write(tmp_path, "New hello.", "New tip.")
    async with serving(tmp_path, name="b", flows=flows, flows_publish="command") as world:
        assert await flow_words(world, await greeted(world, "ann")) == ["Old hello."]
    (flows / "tips.yml").write_text("name: [", encoding="utf-8")
    async with serving(tmp_path, name="c", flows=flows, flows_publish="command") as world:
        assert await flow_words(world, await greeted(world, "bob")) == ["Old hello."]


async def test_a_flow_whose_file_is_gone_lets_those_inside_finish(tmp_path: Path) -> None:
    time = HandTime(START)
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, time=time, name="a", flows=flows) as world:
        ann = await greeted(world, "ann")
    (flows / "tips.yml").unlink()
    async with serving(tmp_path, time=time, name="b", flows=flows) as world:
        assert not (await world.state(await greeted(world, "bob"))).enrolments
        await world.wind(hours=4)
        assert await flow_words(world, ann) == ["Old hello.", "Old tip."]


async def test_a_version_that_people_enter_and_nobody_can_read_stops_the_start_and_says_which(tmp_path: Path) -> None:
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, name="a", flows=flows) as world:
        [head] = (await world.service.store.flow_book()).heads
        assert (head.flow_id, head.number) == ("tips", 1)
        await world.service.store.publish_flows([FlowText(flow_id="tips", text="steps: 1")], by="x", now=START)
    with pytest.raises(Unreadable, match=r"version 2 of the flow tips .*warmline flows publish tips"):
        async with serving(tmp_path, name="b", flows=flows, flows_publish="command"):
            pass
