"""Every store keeps versions of flows, what holds and its log alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.draft import Draft
from bot.core.model import Arrival, Enrolment, FlowMode, Identity
from bot.store.contract import NotFound, Store
from bot.store.flowbook import FlowText, Inside

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def text(words: str, *, flow_id: str = "welcome", at_least: int = 1, **blocks: str) -> FlowText:
    return FlowText(flow_id=flow_id, text=words, at_least=at_least, blocks=blocks)


async def publish(store: Store, *texts: FlowText, whole: bool = False) -> list[int]:
    return [one.number for one in await store.publish_flows(texts, by="sam", now=NOON, whole=whole)]


async def heads(store: Store) -> dict[str, tuple[int, str]]:
    return {head.flow_id: (head.number, head.mode.value) for head in (await store.flow_book()).heads}


async def logged(store: Store) -> list[tuple[str, str, int]]:
    return [(line.flow_id, line.what, line.number) for line in reversed(await store.flow_log())]


async def test_new_words_are_a_new_version_and_the_same_words_the_same_one(store: Store) -> None:
    assert await publish(store, text("one"), text("other", flow_id="tip", at_least=3)) == [1, 3]
    assert await publish(store, text("two")) == [2]
    assert await publish(store, text("two")) == [2]
    assert await publish(store, text("one")) == [1]
    assert await publish(store, text("three", at_least=7)) == [7]
    assert await publish(store, text("three", block="a")) == [8]
    assert await heads(store) == {"tip": (3, "live"), "welcome": (8, "live")}
    kept = await store.flow_versions("welcome")
    assert [(one.number, one.text, one.published_by) for one in kept[:2]] == [(1, "one", "sam"), (2, "two", "sam")]
    assert kept[-1].blocks == {"block": "a"}
    assert await store.flow_version("welcome", 2) == kept[1]
    numbers = [number for flow, what, number in await logged(store) if flow == "welcome" and what == "published"]
    assert numbers == [1, 2, 1, 7, 8]


async def test_words_are_kept_to_the_byte(store: Store) -> None:
    words = "name: Grüße \U0001f44b\r\n# tab\tand end without newline"
    await publish(store, text(words))
    assert (await store.flow_version("welcome", 1)).text == words


async def test_each_change_is_a_new_revision_which_a_load_tells_and_no_change_is_none(store: Store) -> None:
    arrival = Arrival(identity=Identity(channel="widget", external_id="ann"), external_id="m1", sent_at=NOON, text="hi")
    [taken] = await store.take_in([arrival], now=NOON, answer_at=NOON, promise_due_at=NOON + timedelta(hours=1))

    async def revision() -> int:
        told = (await store.flow_book()).revision
        assert (await store.load(taken.conversation_id)).flows == told
        return told

    seen = [await revision()]
    await publish(store, text("one"))
    seen.append(await revision())
    await publish(store, text("one"))
    assert await revision() == seen[-1]
    await store.rule_flow("welcome", FlowMode.PAUSED, by="sam", now=NOON, reason="typo")
    seen.append(await revision())
    await publish(store, text("two"))
    await store.roll_back_flow("welcome", 1, by="sam", now=NOON)
    seen.append(await revision())
    assert sorted(set(seen)) == seen


async def test_a_ruling_stays_when_a_version_is_published(store: Store) -> None:
    await publish(store, text("one"))
    head = await store.rule_flow("welcome", FlowMode.PAUSED, by="sam", now=NOON, reason="typo")
    assert (head.mode, head.reason, head.changed_by, head.changed_at) == (FlowMode.PAUSED, "typo", "sam", NOON)
    await publish(store, text("two"))
    assert await heads(store) == {"welcome": (2, "paused")}
    assert await logged(store) == [("welcome", "published", 1), ("welcome", "paused", 1), ("welcome", "published", 2)]


async def test_what_was_rolled_back_stays_so_at_a_start_until_its_file_changes(store: Store) -> None:
    await publish(store, text("one"), whole=True)
    await publish(store, text("two"), whole=True)
    assert (await store.roll_back_flow("welcome", 1, by="sam", now=NOON)).text == "one"
    assert await publish(store, text("two"), whole=True) == [1]
    assert await heads(store) == {"welcome": (1, "live")}
    assert await publish(store, text("three"), whole=True) == [3]
    assert await publish(store, text("two"), whole=True) == [2]


async def test_at_a_start_a_flow_whose_file_is_gone_drains_and_one_that_is_back_is_live(store: Store) -> None:
    await publish(store, text("one"), text("tip", flow_id="tip"), text("off", flow_id="off"), whole=True)
    await store.rule_flow("off", FlowMode.STOPPED, by="sam", now=NOON)
    await publish(store, text("one"), whole=True)
    assert await heads(store) == {"off": (1, "stopped"), "tip": (1, "draining"), "welcome": (1, "live")}
    before = (await store.flow_book()).revision
    await publish(store, text("one"), whole=True)
    assert (await store.flow_book()).revision == before
    await publish(store, text("one"), text("tip", flow_id="tip"), text("off", flow_id="off"), whole=True)
    assert await heads(store) == {"off": (1, "stopped"), "tip": (1, "live"), "welcome": (1, "live")}


async def test_one_that_somebody_drains_is_not_live_again_at_a_start(store: Store) -> None:
    await publish(store, text("one"), whole=True)
    await store.rule_flow("welcome", FlowMode.DRAINING, by="sam", now=NOON)
    await publish(store, text("two"), whole=True)
    assert await heads(store) == {"welcome": (2, "draining")}


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    await publish(store, text("one"))
    for call in (
        store.flow_version("welcome", 9),
        store.flow_version("tip", 1),
        store.roll_back_flow("welcome", 9, by="sam", now=NOON),
        store.roll_back_flow("tip", 1, by="sam", now=NOON),
        store.rule_flow("tip", FlowMode.PAUSED, by="sam", now=NOON),
    ):
        with pytest.raises(NotFound):
            await call
    assert await store.flow_versions("tip") == []
    assert await heads(store) == {"welcome": (1, "live")}


async def test_the_log_is_of_one_flow_or_of_all_newest_first(store: Store) -> None:
    await publish(store, text("one"), text("tip", flow_id="tip"))
    await store.rule_flow("tip", FlowMode.PAUSED, by="brake", now=NOON, reason="too many said stop")
    assert [line.flow_id for line in await store.flow_log("welcome")] == ["welcome"]
    [latest] = await store.flow_log(limit=1)
    assert (latest.flow_id, latest.what, latest.by, latest.reason) == ("tip", "paused", "brake", "too many said stop")


async def test_those_inside_are_counted_by_version_and_step(store: Store) -> None:
    for number, (flow_id, version, step, status) in enumerate(
        [("tip", 1, "hi", "live"), ("tip", 1, "hi", "live"), ("tip", 2, "hi", "live"), ("tip", 1, "hi", "done")]
    ):
        arrival = Arrival(identity=Identity(channel="widget", external_id=f"p{number}"), external_id="m", sent_at=NOON, text="hi")
        [taken] = await store.take_in([arrival], now=NOON, answer_at=NOON, promise_due_at=NOON)
        loaded = await store.load(taken.conversation_id)
        draft = Draft(loaded.state, now=NOON, rng=None, new_id=str)  # type: ignore[arg-type]
        enrolment = Enrolment(
            enrolment_id=f"e{number}", flow_id=flow_id, flow_version=version, step_id=step, entered_at=NOON, step_entered_at=NOON
        )
        draft.put_enrolment(replace(enrolment, status=status))
        await store.commit(taken.conversation_id, version=loaded.version, decision=draft.close(), now=NOON)
    assert await store.inside() == [
        Inside(flow_id="tip", version=1, step_id="hi", people=2),
        Inside(flow_id="tip", version=2, step_id="hi", people=1),
    ]
