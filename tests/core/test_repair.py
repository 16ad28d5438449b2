"""Whatever a conversation loses, the repair gives back, says nothing, and does nothing the second time."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.audit import CHECKS, Finding, Suspect, findings_of, lacks
from bot.core.audit_sent import findings_of_sent
from bot.core.decide import decide
from bot.core.events import Audited, ClockFired, Decision, Inbound
from bot.core.model import Clock, ClockKind, Delivery, Enrolment, Episode, Owner, Promise, Reason, Speaker, State
from bot.core.window import permit
from bot.delivery import refused
from bot.store import open_store
from bot.store.auditing import Marks
from bot.store.contract import Store
from bot.store.fake import FakeStore
from tests.core.conversing import NOBODY, NOW, SAM, follows, heard, waiting_state
from tests.core.test_never import KIM as KIM_REF
from tests.core.test_never import RULES, STEPS, History
from tests.core.test_never import SAM as SAM_REF
from tests.migrated import migrated_at

COUNTED = itertools.count(1)


def audited(state: State, **more: Any) -> Decision:
    return follows(state, Audited(), rules=RULES, **{"now": NOW + timedelta(hours=1), **more})


async def reached(seed: int, steps: list[tuple[str, Any]]) -> State:
    """The state that these steps lead to."""
    history = History(FakeStore(), seed)
    await history.step("hear", "hi")
    for kind, what in steps:
        await history.step(kind, what)
    assert history.conversation_id is not None
    return (await history.store.load(history.conversation_id)).state


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=25), seed=st.integers(0, 9), data=st.data())
def test_whatever_clocks_and_promise_are_lost_the_repair_brings_the_rows_back(
    steps: list[tuple[str, Any]], seed: int, data: st.DataObject
) -> None:
    whole = asyncio.run(reached(seed, steps))
    assert lacks(whole) == ()
    kept = data.draw(st.lists(st.booleans(), min_size=len(whole.clocks), max_size=len(whole.clocks)))
    owner = data.draw(st.sampled_from([whole.owner, *Owner]))
    promised = data.draw(st.booleans())
    lost = replace(
        whole,
        clocks=tuple(clock for clock, keep in zip(whole.clocks, kept, strict=True) if keep),
        promise=whole.promise if promised else None,
        owner=owner,
        episode=data.draw(st.sampled_from([whole.episode, whole.episode, None])),
    )
    now = NOW + timedelta(days=3)
    mended = decide(lost, Audited(), now=now, rng=Random(1), new_id=lambda p: f"{p}_r{next(COUNTED)}", rules=RULES, desk=SAM)
    assert lacks(mended.state) == ()
    assert mended.say == ()
    assert (mended.journal == ()) == (lacks(lost) == ())
    again = decide(mended.state, Audited(), now=now + timedelta(hours=1), rng=Random(2), new_id=str, rules=RULES, desk=NOBODY)
    assert again == Decision(state=mended.state)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=25), seed=st.integers(0, 9))
def test_a_whole_state_is_left_alone(steps: list[tuple[str, Any]], seed: int) -> None:
    whole = asyncio.run(reached(seed, steps))
    assert audited(whole) == Decision(state=whole)
    assert findings_of(Suspect(state=whole), now=NOW, overdue_before=NOW - timedelta(days=9)) == []


class Life(History):
    """A history whose messages leave as the outbox lets them: not when they are stale, unwanted or out of the window."""

    async def deliver(self) -> None:
        claim = {"worker": "w", "now": self.now, "until": self.now + timedelta(seconds=10)}
        for out in await self.store.claim_outbox(**claim, limit=1, channels=("facebook",)):
            may = permit(
                "facebook",
                speaker=out.say.speaker,
                closes_at=out.window_closes_at,
                last_inbound_at=out.last_inbound_at,
                now=self.now,
            )
            if refused(out) or may is None:
                await self.store.mark_unsendable(out.message_id, delivery=Delivery.REFUSED, error="x", now=self.now)
                continue
            as_claimed = {"now": self.now, "opted_out_at": out.opted_out_at}
            if not await self.store.mark_sending(out.message_id, worker="w", **as_claimed):
                continue  # interrupted by what is unheard
            await self.store.mark_sent(out.message_id, external_id=f"x{out.message_id}", **as_claimed)


async def looked_at(store: Store, now: datetime) -> list[Finding]:
    """Everything that the audit finds in a store at this moment."""
    marks, found = Marks(), []
    look = await store.audit_open(overdue_before=now - timedelta(days=9), before=now, marks=marks, limit=99, stretch=99)
    found += [f for one in look.found for f in findings_of(one, now=now, overdue_before=now - timedelta(days=9))]
    sent = await store.audit_sent(before=now + timedelta(days=1), marks=marks, limit=9999)
    assert not sent.more
    return found + [f for one in sent.found for f in findings_of_sent(one, RULES.nurture.flows, "UTC")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=30), seed=st.integers(0, 9))
def test_the_audit_finds_nothing_in_any_history(steps: list[tuple[str, Any]], seed: int) -> None:
    async def live() -> None:
        history = Life(FakeStore(), seed)
        for kind, what in [("hear", "hi"), *steps, ("deliver", 9), ("wind", 200_000), ("deliver", 9)]:
            await history.step(kind, what)
        assert await looked_at(history.store, history.now) == []

    asyncio.run(live())


@pytest.mark.parametrize("seed", range(4))
async def test_the_audit_finds_nothing_in_long_histories_on_the_durable_store(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    store = open_store(migrated_at(tmp_path / "w.db"))
    history = Life(store, seed)
    await history.step("hear", "hi")
    for kind, options in rng.choices(LONG, k=60):
        await history.step(kind, rng.choice(options))
        assert await looked_at(store, history.now) == []
    assert (await store.audit_strays(marks=Marks(), limit=9999)).found == ()
    await store.close()


LONG: list[tuple[str, list[Any]]] = [
    ("hear", ["hi", "i sell candles", "person please", "stop", "start", "yes"]), ("tap", ["/warmline.wait", "/warmline.bot"]),
    ("wind", [1, 5, 30, 400, 90_000]), ("brain", ["up", "up", "down"]), ("desk", ["none", "sam", "both"]),
    ("take", [SAM_REF, KIM_REF]),
    ("write", [SAM_REF, KIM_REF]), ("give back", [SAM_REF, KIM_REF]), ("left", [SAM_REF]), ("deliver", [1, 3, 9]), ("native", [""]),
]  # fmt: skip


class TestEachLoss:
    def test_a_stored_message_gets_its_turn_and_its_promise_from_when_it_was_written(self) -> None:
        message = heard("hello?")
        state = waiting_state(message, clocks=(), promise=None)
        assert {one.code for one in lacks(state)} == {"unheard_no_turn", "unheard_no_promise"}
        mended = audited(state).state
        assert mended.promise == Promise(
            opened_at=NOW, due_at=NOW + timedelta(seconds=RULES.policy.targets.reply_s), message_id=message.message_id
        )
        assert {c.kind for c in mended.clocks} == {ClockKind.TURN, ClockKind.PROMISE}

    def test_an_agents_promise_is_timed_as_theirs_again(self) -> None:
        episode = Episode(
            episode_id="e", reason=Reason.ASKED, requested_at=NOW, first_words_due_at=NOW + timedelta(seconds=60),
            status="accepted", accepted_at=NOW, first_words_at=NOW,
        )  # fmt: skip
        promise = Promise(opened_at=NOW, due_at=NOW + timedelta(minutes=2), message_id=1)
        state = waiting_state(owner=Owner.AGENT, episode=episode, promise=promise, clocks=())
        clock = audited(state).state.clock(ClockKind.PROMISE)
        assert clock is not None
        assert (clock.due_at, clock.data["owes"]) == (promise.due_at, "agent")

    def test_a_ladder_that_stood_still_climbs_on_where_it_stood(self) -> None:
        episode = Episode(
            episode_id="e", reason=Reason.ASKED, requested_at=NOW, first_words_due_at=NOW + timedelta(seconds=120),
            rung=2, breached=("offer",),
        )  # fmt: skip
        state = waiting_state(owner=Owner.WAITING, episode=episode, promise=None, clocks=())
        mended = audited(state).state
        assert mended.clock(ClockKind.RUNG, "e") is not None
        assert mended.clock(ClockKind.FIRST_WORDS, "e") is not None
        assert mended.clock(ClockKind.OFFER, "e") is None, "the offer was missed and said so"
        assert mended.episode is not None
        assert mended.episode.rung == 2

    def test_a_person_who_was_promised_without_a_handoff_is_called_again_without_a_word(self) -> None:
        decision = audited(waiting_state(owner=Owner.WAITING, promise=None, clocks=()))
        assert decision.state.episode is not None
        assert decision.say == ()

    def test_a_late_answer_counts_as_late_also_afterwards(self) -> None:
        episode = Episode(
            episode_id="e", reason=Reason.ASKED, requested_at=NOW, first_words_due_at=NOW + timedelta(seconds=60),
            first_words_at=NOW + timedelta(seconds=61), status="closed", accepted_at=NOW,
        )  # fmt: skip
        state = waiting_state(episode=episode, promise=None, clocks=())
        assert [one.code for one in lacks(state)] == ["breach_hidden"]
        mended = audited(state).state.episode
        assert mended is not None
        assert mended.breached == ("first_words",)

    def test_a_flow_that_outlived_a_stop_ends(self) -> None:
        state = waiting_state(enrolments=(enrolment(),), opted_out_at=NOW, promise=None, clocks=())
        mended = audited(state).state
        assert [e.end_reason for e in mended.enrolments] == ["opted_out"]

    def test_a_flow_without_its_clock_is_moved_by_one_again_and_asks_its_gate_first(self) -> None:
        flow = RULES.nurture.flows["follow_up"]
        state = waiting_state(enrolments=(enrolment(flow_id="follow_up", step_id=flow.first.id),), promise=None, clocks=())
        decision = audited(state)
        assert decision.state.clock(ClockKind.STEP, "n1") is not None
        assert decision.say == ()

    def test_a_flow_that_is_gone_ends_instead(self) -> None:
        state = waiting_state(enrolments=(enrolment(flow_id="gone"),), promise=None, clocks=())
        assert audited(state).state.live_enrolments == ()

    def test_an_overdue_clock_is_told_apart_by_whom_it_keeps_waiting(self) -> None:
        late = tuple(Clock(kind=kind, due_at=NOW) for kind in (ClockKind.TURN, ClockKind.PROMISE, ClockKind.STEP))
        state = waiting_state(heard("hi"), clocks=late)
        found = findings_of(Suspect(state=state), now=NOW, overdue_before=NOW + timedelta(seconds=1))
        assert [f.code for f in found] == ["turn_overdue", "promise_overdue", "clock_overdue"]
        assert {f.row for f in found} == {"I1", "I2", "I8"}

    def test_two_open_handoffs_are_told(self) -> None:
        found = findings_of(Suspect(state=waiting_state(promise=None, clocks=()), open_episodes=2), now=NOW, overdue_before=NOW)
        assert [f.code for f in found] == ["two_episodes"]

    def test_every_row_has_a_check(self) -> None:
        assert {check.row for check in CHECKS.values()} == {f"I{n}" for n in range(1, 11)}


def enrolment(**more: Any) -> Enrolment:
    fields: dict[str, Any] = {
        "enrolment_id": "n1", "flow_id": "welcome", "flow_version": 1, "step_id": "hello",
        "entered_at": NOW, "step_entered_at": NOW, "waiting_for": "time",
    }  # fmt: skip
    return Enrolment(**{**fields, **more})


# ---- named after the failure ----------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=30), seed=st.integers(0, 9))
def test_auto_close_never_closes_a_waiting_prospect(steps: list[tuple[str, Any]], seed: int) -> None:
    """Chatwoot's auto-resolve closed conversations in which the customer waited."""

    async def live() -> None:
        history = History(FakeStore(), seed)
        await history.step("hear", "hi")
        for kind, what in [*steps, ("wind", 400_000)]:
            await history.step(kind, what)
            assert history.conversation_id is not None
            state = (await history.store.load(history.conversation_id)).state
            owed = state.promise is not None or state.unheard
            assert not (state.owner is Owner.CLOSED and (owed or state.episode))
            if state.episode is not None and state.episode.status == "closed" and state.episode.outcome is not None:
                assert state.episode.outcome in BY_SOMEBODY, "closed, and nobody asked for it"

    asyncio.run(live())


BY_SOMEBODY = {"returned", "won", "lost", "later", "no_fit", "prospect_chose_bot", "opted_out"}
"""Outcomes that an agent or the prospect brings about; none is brought about by time."""


@pytest.mark.parametrize("kind", [ClockKind.PROMISE, ClockKind.TURN])
async def test_kill_between_timer_fire_and_action_gives_one_effect(kind: ClockKind) -> None:
    """A process dies after a clock fired: before the commit nothing has happened, after it the clock is gone."""
    store = FakeStore()
    history = History(store, 1)
    await history.step("hear", "hi")
    assert history.conversation_id is not None
    conversation_id = history.conversation_id
    history.now += timedelta(minutes=5)
    loaded = await store.load(conversation_id)
    clock = loaded.state.clock(kind)
    assert clock is not None
    event = Inbound(messages=loaded.state.unheard) if kind is ClockKind.TURN else ClockFired(clock=clock)
    # Decided, and killed before the commit: the store has not changed, so the clock is due again.
    history.decided(loaded.state, event)
    assert await store.load(conversation_id) == loaded
    await history.happen(event)
    said = await store.pending_messages(conversation_id)
    assert said
    # Killed after the commit and before anybody was told: the same clock handed out again has no effect.
    after = (await store.load(conversation_id)).state
    decision = history.decided(after, ClockFired(clock=clock))
    assert decision.say == ()
    assert [m.text for m in await store.pending_messages(conversation_id)] == [m.text for m in said]
    assert all(m.speaker is not Speaker.PROSPECT for m in said)
