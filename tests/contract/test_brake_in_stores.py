"""Every store counts what flows' words did, and pauses a flow in the commit that records the harm too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.brake import FEWEST_SAID, Counted
from bot.core.draft import Draft
from bot.core.model import Arrival, FlowMode, Identity
from bot.store.braked import BRAKE, first_day
from bot.store.contract import Committed, Store, VersionConflict
from bot.store.flowbook import FlowText

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LIMIT = 0.02


@pytest.fixture
async def store(store: Store) -> Store:
    """With a flow that people enter."""
    await store.publish_flows([FlowText(flow_id="welcome", text="words")], by="sam", now=NOON)
    return store


class Crowd:
    """People to whom a flow writes, each in a conversation of their own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.met = 0

    async def meet(self) -> str:
        self.met += 1
        arrival = Arrival(identity=Identity(channel="widget", external_id=f"p{self.met}"), external_id="m", sent_at=NOON, text="hi")
        (taken,) = await self.store.take_in([arrival], now=NOON, answer_at=NOON, promise_due_at=NOON + timedelta(minutes=1))
        return taken.conversation_id

    async def commit(self, conversation_id: str, *notes: dict[str, object], now: datetime = NOON) -> Committed:
        loaded = await self.store.load(conversation_id)
        draft = Draft(loaded.state, now=now, rng=None, new_id=str)  # type: ignore[arg-type]
        for note in notes:
            draft.note(**note)  # type: ignore[arg-type]
        return await self.store.commit(conversation_id, version=loaded.version, decision=draft.close(), now=now)

    async def told(self, wording: str = "welcome/hello#1", *, harm: str = "", now: datetime = NOON) -> Committed:
        """Somebody new is told something by the flow and, a moment later, may do harm."""
        conversation_id = await self.meet()
        said = await self.commit(conversation_id, said_note(wording), now=now)
        return await self.commit(conversation_id, harm_note(wording, harm, now), now=now) if harm else said


def said_note(wording: str) -> dict[str, object]:
    return {"kind": "flow.step", "flow": "welcome", "enrolment": "e1", "step": "hello", "wording": wording, "prompted": True}


def harm_note(wording: str, how: str, now: datetime) -> dict[str, object]:
    said_on = now.date().isoformat()
    return {"kind": "flow.harmed", "flow": "welcome", "wording": wording, "said_on": said_on, "how": how, "limit": LIMIT}


async def mode(store: Store) -> FlowMode:
    (head,) = (await store.flow_book()).heads
    return head.mode


async def test_what_words_did_is_counted_by_day_and_wording(store: Store) -> None:
    crowd = Crowd(store)
    await crowd.told()
    await crowd.told(harm="opted_out")
    await crowd.told("welcome/hello#2", harm="angry", now=NOON + timedelta(days=1))

    assert await store.flow_counts("welcome", since=first_day(NOON)) == [
        Counted(day=NOON.date(), wording="welcome/hello#1", said=2, opted_out=1),
        Counted(day=NOON.date() + timedelta(days=1), wording="welcome/hello#2", said=1, angry=1),
    ]
    assert await store.flow_counts("other", since=first_day(NOON)) == []
    assert await mode(store) is FlowMode.LIVE


async def test_the_flow_is_paused_in_the_commit_of_the_harm_too_many(store: Store) -> None:
    crowd = Crowd(store)
    for _ in range(FEWEST_SAID):
        await crowd.told()
    revision = (await store.flow_book()).revision
    braked: list[Committed] = []
    while not braked and crowd.met < 60:
        committed = await crowd.told("welcome/what.nudge#2", harm="opted_out")
        braked += [committed] if committed.braked else []

    (pulled,) = braked[0].braked
    (head,) = (await store.flow_book()).heads
    (line, *_) = await store.flow_log("welcome")
    assert pulled.flow_id == "welcome"
    assert (head.mode, head.changed_by, head.reason) == (FlowMode.PAUSED, BRAKE, pulled.reason)
    assert (line.what, line.by, line.reason) == ("paused", BRAKE, pulled.reason)
    assert "step what.nudge, wording 2" in pulled.reason
    assert (await store.flow_book()).revision == revision + 1
    notices = [one for one in await store.fresh_notices(limit=10) if one.notice_id == pulled.notice_id]
    assert [(one.notice.kind, one.notice.data["flow"]) for one in notices] == [(BRAKE, "welcome")]
    assert (await crowd.told(harm="opted_out")).braked == ()


async def test_whoever_lets_it_go_on_begins_to_count_anew(store: Store) -> None:
    crowd = Crowd(store)
    for _ in range(FEWEST_SAID):
        await crowd.told(harm="complained")
    assert await mode(store) is FlowMode.PAUSED

    await store.rule_flow("welcome", FlowMode.LIVE, by="sam", now=NOON, reason="wording changed")
    await crowd.told(harm="complained")

    assert await mode(store) is FlowMode.LIVE


async def test_a_commit_that_does_not_hold_counts_nothing(store: Store) -> None:
    crowd = Crowd(store)
    conversation_id = await crowd.meet()
    loaded = await store.load(conversation_id)
    await crowd.commit(conversation_id, said_note("welcome/hello#1"))
    draft = Draft(loaded.state, now=NOON, rng=None, new_id=str)  # type: ignore[arg-type]
    draft.note(**harm_note("welcome/hello#1", "angry", NOON))  # type: ignore[arg-type]

    with pytest.raises(VersionConflict):
        await store.commit(conversation_id, version=loaded.version, decision=draft.close(), now=NOON)
    assert await store.flow_counts("welcome", since=first_day(NOON)) == [
        Counted(day=NOON.date(), wording="welcome/hello#1", said=1)
    ]


async def test_a_flow_that_somebody_stopped_is_left_as_it_is(store: Store) -> None:
    crowd = Crowd(store)
    await store.rule_flow("welcome", FlowMode.STOPPED, by="sam", now=NOON, reason="over")
    for _ in range(FEWEST_SAID + 5):
        await crowd.told(harm="opted_out")

    (head,) = (await store.flow_book()).heads
    assert (head.mode, head.reason) == (FlowMode.STOPPED, "over")


async def in_arm(crowd: Crowd, arm: str, how: str = "angry") -> Committed:
    """Somebody new in this arm of two is harmed."""
    conversation_id = await crowd.meet()
    arms = {"opener": {"arm": arm, "shares": {"short": 1, "long": 1}}}
    return await crowd.commit(conversation_id, {**harm_note("welcome/hello#1", how, NOON), "limit": 0.0, "arms": arms})


async def test_an_arm_that_does_harm_is_stopped_in_the_commit_that_tells_it(store: Store) -> None:
    crowd = Crowd(store)
    braked = [one for _ in range(30) for one in (await in_arm(crowd, "long")).braked]

    (arm,) = (await store.flow_book()).stopped
    (line, *_) = await store.flow_log("welcome")
    assert (arm.flow_id, arm.experiment, arm.arm, arm.stopped_at) == ("welcome", "opener", "long", NOON)
    assert arm.reason == braked[0].reason
    assert "were in the arm long, though only 50 of 100 people are put into it" in arm.reason
    assert (line.what, line.by) == ("arm_stopped", BRAKE)
    assert braked[0].notice.data["arm"] == "long"
    assert await mode(store) is FlowMode.LIVE


async def test_a_stopped_arm_goes_on_when_somebody_says_so(store: Store) -> None:
    crowd = Crowd(store)
    for _ in range(20):
        await in_arm(crowd, "long")
    before = (await store.flow_book()).revision

    assert await store.let_arm("welcome", "opener", "long", by="sam", now=NOON, reason="words changed")
    assert not await store.let_arm("welcome", "opener", "long", by="sam", now=NOON)

    book = await store.flow_book()
    (line, *_) = await store.flow_log("welcome")
    assert (book.stopped, book.revision) == ((), before + 1)
    assert (line.what, line.by, line.reason) == ("arm_let", "sam", "opener: long. words changed")
    assert (await in_arm(crowd, "long")).braked == ()
