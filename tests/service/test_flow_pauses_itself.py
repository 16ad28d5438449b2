"""A flow that people run away from pauses itself, in the whole service, and goes on only when a person says so."""

from __future__ import annotations

from pathlib import Path

from bot.core.brake import FEWEST_SAID
from bot.core.model import FlowMode
from tests.service.serving import World, serving

FLOW = """\
name: Pushy
version: 1
goal: They buy.
trigger: first_message
steps:
  - {id: hi, say: ["Buy now!", "Buy it now!"], purpose: delight}
  - {id: more, wait: 3h}
  - {id: push, say: "Still not bought?", purpose: delight}
"""


async def writes(world: World, name: str, *texts: str) -> None:
    for text in texts:
        async with world.client.post("/webhooks/rest/webhook", json={"sender": name, "message": text}) as response:
            assert response.status == 200
        await world.settle()


async def conversation_of(world: World, name: str) -> str:
    found = await world.service.store.overviews(view="all")
    return next(one.conversation_id for one in found if one.identity.external_id.endswith(name))


async def flow_words(world: World, name: str) -> int:
    return sum(speaker == "flow" for speaker, _ in await world.said(await conversation_of(world, name)))


async def test_a_flow_that_people_run_away_from_pauses_itself_until_somebody_lets_it_go_on(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "pushy.yml").write_text(FLOW, encoding="utf-8")
    async with serving(tmp_path, flows=flows) as world, world.service.hub.subscribe("console") as news:
        store = world.service.store
        for number in range(FEWEST_SAID + 5):
            await writes(world, f"p{number:02}", "hello", *(["stop bugging me", "stop"] if number % 2 else []))

        (head,) = (await store.flow_book()).heads
        assert (head.mode, head.changed_by) == (FlowMode.PAUSED, "brake")
        assert "answered angrily" in head.reason
        assert "step hi, wording " in head.reason
        frames = [await news.get() for _ in range(news._queue.qsize())]
        (told,) = [frame for frame in frames if frame.get("kind") == "brake"]
        assert told["flow"] == "pushy"
        assert told["text"].endswith(head.reason)

        await writes(world, "late", "hello")
        await world.wind(hours=4)
        assert await flow_words(world, "late") == 0
        assert await flow_words(world, "p00") == 1

        await store.rule_flow("pushy", FlowMode.LIVE, by="sam", now=world.time.now(), reason="wording changed")
        await writes(world, "next", "hello")
        await world.wind(hours=2)
        assert await flow_words(world, "next") == 1
        assert await flow_words(world, "p00") == 2


async def test_with_a_limit_of_nought_a_flow_never_pauses_itself(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "pushy.yml").write_text(FLOW, encoding="utf-8")
    async with serving(tmp_path, flows=flows, harm_limit=0.0) as world:
        for number in range(FEWEST_SAID + 2):
            await writes(world, f"p{number:02}", "hello", "stop")

        (head,) = (await world.service.store.flow_book()).heads
        assert head.mode is FlowMode.LIVE


EXPERIMENT = """\
name: Opener
version: 1
goal: They stay.
trigger: first_message
steps:
  - {id: which, experiment: [{arm: kind, then: kind}, {arm: rude, then: rude}]}
  - {id: kind, say: "Hello you.", purpose: delight, then: done}
  - {id: rude, say: "Buy or leave.", purpose: delight, then: done}
  - {id: done, goal: They heard it.}
"""


async def test_an_arm_that_makes_people_leave_is_given_to_nobody_new(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "opener.yml").write_text(EXPERIMENT, encoding="utf-8")
    async with serving(tmp_path, flows=flows, harm_limit=0.0) as world:
        store = world.service.store
        for number in range(80):
            await writes(world, f"p{number:02}", "hello")
            said = await world.said(await conversation_of(world, f"p{number:02}"))
            if ("flow", "Buy or leave.") in said:
                await writes(world, f"p{number:02}", "stop")
            if (await store.flow_book()).stopped:
                break
        (arm,) = (await store.flow_book()).stopped
        assert (arm.flow_id, arm.experiment, arm.arm) == ("opener", "which", "rude")

        for number in range(12):
            await writes(world, f"q{number:02}", "hello")
            assert ("flow", "Hello you.") in await world.said(await conversation_of(world, f"q{number:02}"))
