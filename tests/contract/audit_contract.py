"""What every store must find for the audit. A test module subclasses `AuditContract` and gives it a `store` and `wreck` fixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.core.audit import Finding, findings_of
from bot.core.audit_sent import findings_of_sent
from bot.core.events import Decision, JournalEntry
from bot.core.model import Clock, ClockKind, Delivery, Enrolment, Episode, Identity, Owner, Say, Speaker
from bot.core.window import SendAs
from bot.store.auditing import AuditRun, Marks, RowCount
from bot.store.contract import Store
from nurture.flow import Flow
from nurture.load import load_flows
from tests.contract.acts import ANN, BEN, MIA, T0, answer, arrival, at, bot, enrolment, met, take, waiting_episode

FLOWS: Mapping[str, Flow] = load_flows(Path(__file__).parents[2] / "flows")
VERSION = FLOWS["follow_up"].version
LATE = at(1e9)
FACEBOOK = Identity(channel="facebook", external_id="fay")


class Wreck(Protocol):
    """Breaks what no store would break by itself."""

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        """The clock is gone."""

    async def lose_promise(self, conversation_id: str) -> None:
        """The promise is gone, its clock stays."""

    async def own(self, conversation_id: str, owner: Owner) -> None:
        """The conversation belongs to somebody else."""

    async def change_sent(self, message_id: int, **values: Any) -> None:
        """Something else is on record about a message that was sent."""

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        """Another episode is open."""


async def keep(
    store: Store,
    conversation_id: str,
    *clocks: Clock,
    say: tuple[Say, ...] = (),
    journal: tuple[JournalEntry, ...] = (),
    now: float = 0,
    **changes: Any,
) -> tuple[int, ...]:
    """Commit changes, clocks, words and journal lines; gives the ids of the words."""
    loaded = await store.load(conversation_id)
    kept = tuple(c for c in loaded.state.clocks if (c.kind, c.key) not in {(n.kind, n.key) for n in clocks})
    state = replace(loaded.state, clocks=(*kept, *clocks), **changes)
    decision = Decision(state=state, set_clocks=clocks, say=say, journal=journal)
    return (await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))).message_ids


def clock(kind: ClockKind, key: str = "e1", due: float = 60) -> Clock:
    """A clock of the episode."""
    return Clock(kind=kind, key=key, due_at=at(due))


LADDER = (clock(ClockKind.RUNG), clock(ClockKind.OFFER), clock(ClockKind.FIRST_WORDS))


async def waits(store: Store, who: Identity = ANN, name: str = "e1") -> str:
    """Somebody waits for a person, and all clocks run."""
    conversation_id = await met(store, who)
    clocks = tuple(replace(one, key=name) for one in LADDER)
    await keep(store, conversation_id, *clocks, owner=Owner.WAITING, episode=waiting_episode(name))
    return conversation_id


async def talks(store: Store, **more: Any) -> str:
    """An agent talks with somebody and has not written yet."""
    conversation_id = await waits(store)
    episode = replace(waiting_episode(), status="accepted", agent=MIA, accepted_at=at(10), offered_at=T0, **more)
    await keep(store, conversation_id, owner=Owner.AGENT, episode=episode)
    return conversation_id


async def enrolled(store: Store, who: Identity = ANN, name: str = "n1", **more: Any) -> str:
    """Somebody is in a flow and its clock runs."""
    conversation_id = await met(store, who)
    held = replace(enrolment(name), **{"waiting_for": "time", **more})
    await keep(store, conversation_id, clock(ClockKind.STEP, name, 9e5), enrolments=(held,))
    return conversation_id


async def leaving(store: Store, message_id: int, now: float, sent_as: str | None = None) -> bool:
    """Claim it and hand it over."""
    every = ("widget", "rest", "facebook")
    await store.claim_outbox(worker="w", now=at(now), until=at(now + 10), limit=99, channels=every)
    return await store.mark_sending(message_id, worker="w", now=at(now), sent_as=sent_as)


async def send(
    store: Store, conversation_id: str, *says: Say, now: float, local: bool = False, sent_as: str | None = None, **more: Any
) -> list[int]:
    """Say and send these, one after the other."""
    message_ids = await keep(store, conversation_id, say=says, now=now, **more)
    for message_id in message_ids:
        if not local:
            assert await leaving(store, message_id, now, sent_as)
        await store.mark_sent(message_id, now=at(now), external_id=f"x{message_id}")
    return list(message_ids)


def flow_say(wording: str = "follow_up/next_day#0", *, prompted: bool = False) -> Say:
    """A flow's words."""
    return Say(speaker=Speaker.FLOW, text="How is it going?", wording=wording, enrolment_id="n1", prompted=prompted)


async def open_findings(store: Store, *, overdue_before: datetime = T0 - timedelta(1), marks: Marks = Marks()) -> list[Finding]:  # noqa: B008
    """What the looks at open things find."""
    look = await store.audit_open(overdue_before=overdue_before, before=LATE, marks=marks, limit=50, stretch=50)
    return [f for one in look.found for f in findings_of(one, now=LATE, overdue_before=overdue_before)]


async def sent_findings(store: Store, marks: Marks = Marks()) -> list[Finding]:  # noqa: B008
    """What the look at sent messages finds."""
    look = await store.audit_sent(before=LATE, marks=marks, limit=500)
    return [f for one in look.found for f in findings_of_sent(one, FLOWS, "UTC")]


def codes(found: list[Finding]) -> set[tuple[str, str]]:
    """Codes and conversations."""
    return {(f.code, f.conversation_id) for f in found}


class AuditContract:
    """Facts come out as they are stored; what is broken is found, what is whole is not."""

    # ---- open things

    async def test_whole_conversations_are_not_found_wanting(self, store: Store) -> None:
        await take(store, arrival("m1", who=BEN))
        await waits(store, Identity(channel="widget", external_id="cy"))
        await talks(store)
        assert await open_findings(store) == []

    async def test_an_unheard_message_without_a_turn(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await take(store, arrival("m2", who=BEN))
        await wreck.lose_clock(taken.conversation_id, ClockKind.TURN)
        assert codes(await open_findings(store)) == {("unheard_no_turn", taken.conversation_id)}

    async def test_an_unheard_message_without_a_promise(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.lose_promise(taken.conversation_id)
        assert codes(await open_findings(store)) == {("unheard_no_promise", taken.conversation_id)}

    async def test_a_promise_without_its_clock(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.lose_clock(taken.conversation_id, ClockKind.PROMISE)
        assert codes(await open_findings(store)) == {("promise_no_clock", taken.conversation_id)}

    async def test_a_conversation_closed_while_somebody_waits(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        await wreck.own(conversation_id, Owner.CLOSED)
        assert codes(await open_findings(store)) == {("closed_waiting", conversation_id)}

    async def test_a_promise_in_a_closed_conversation(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        loaded = await store.load(taken.conversation_id)
        decision = Decision(state=replace(loaded.state, unheard=()), heard=(taken.message_id,))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=T0)
        await wreck.own(taken.conversation_id, Owner.CLOSED)
        assert codes(await open_findings(store)) == {("closed_waiting", taken.conversation_id)}

    async def test_what_was_just_stored_in_a_closed_conversation_is_whole(self, store: Store, wreck: Wreck) -> None:
        (taken,) = await take(store, arrival("m1"))
        await wreck.own(taken.conversation_id, Owner.CLOSED)
        assert await open_findings(store) == []

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (ClockKind.RUNG, "episode_no_clock"),
            (ClockKind.OFFER, "words_no_clock"),
            (ClockKind.FIRST_WORDS, "words_no_clock"),
        ],
    )
    async def test_an_episode_without_a_clock(self, store: Store, wreck: Wreck, kind: ClockKind, code: str) -> None:
        await waits(store, BEN, "e2")
        conversation_id = await waits(store)
        await wreck.lose_clock(conversation_id, kind, "e1")
        assert codes(await open_findings(store)) == {(code, conversation_id)}

    async def test_an_agent_whose_first_words_nothing_watches(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await talks(store)
        await wreck.lose_clock(conversation_id, ClockKind.FIRST_WORDS, "e1")
        assert codes(await open_findings(store)) == {("words_no_clock", conversation_id)}

    async def test_a_person_promised_without_a_handoff(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await met(store)
        await wreck.own(conversation_id, Owner.WAITING)
        assert codes(await open_findings(store)) == {("owner_alone", conversation_id)}

    async def test_a_handoff_whose_conversation_is_somebody_elses(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await talks(store)
        await wreck.own(conversation_id, Owner.BOT)
        assert codes(await open_findings(store)) == {("owner_differs", conversation_id)}

    async def test_two_open_episodes(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        await wreck.second_episode(conversation_id, waiting_episode("e9"))
        assert codes(await open_findings(store)) == {("two_episodes", conversation_id)}

    async def test_a_late_answer_that_does_not_count_as_late(self, store: Store) -> None:
        conversation_id = await talks(store, first_words_at=at(121))
        assert codes(await open_findings(store)) == {("breach_hidden", conversation_id)}

    async def test_a_late_answer_of_an_episode_that_ended_since(self, store: Store) -> None:
        conversation_id = await talks(store, first_words_at=at(121))
        episode = (await store.load(conversation_id)).state.episode
        assert episode is not None
        ended = JournalEntry(kind="episode.closed", at=at(200), data={})
        await keep(store, conversation_id, owner=Owner.BOT, episode=replace(episode, status="closed"), journal=(ended,))
        look = await store.audit_open(overdue_before=T0 - timedelta(1), before=LATE, marks=Marks(), limit=50, stretch=50)
        assert [f.code for one in look.found for f in findings_of(one, now=LATE, overdue_before=T0)][:1] == ["breach_hidden"]

    async def test_a_flow_without_its_clock(self, store: Store, wreck: Wreck) -> None:
        await enrolled(store, BEN, "n2")
        conversation_id = await enrolled(store)
        assert await open_findings(store) == []
        await wreck.lose_clock(conversation_id, ClockKind.STEP, "n1")
        assert codes(await open_findings(store)) == {("step_no_clock", conversation_id)}

    async def test_a_flow_that_a_person_holds_is_whole_while_one_is_called(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await waits(store)
        held = replace(enrolment("n1"), waiting_for="person")
        await keep(store, conversation_id, enrolments=(held,))
        assert await open_findings(store) == []
        alone = await enrolled(store, BEN, "n2", waiting_for="person")
        await wreck.lose_clock(alone, ClockKind.STEP, "n2")
        assert codes(await open_findings(store)) == {("step_held_alone", alone)}

    async def test_a_flow_after_a_stop(self, store: Store) -> None:
        conversation_id = await enrolled(store)
        await keep(store, conversation_id, opted_out_at=at(5))
        assert codes(await open_findings(store)) == {("flow_after_stop", conversation_id)}

    async def test_overdue_clocks(self, store: Store) -> None:
        (taken,) = await take(store, arrival("m1"))
        found = await open_findings(store, overdue_before=at(30))
        assert [(f.code, f.at) for f in found] == [("turn_overdue", at(2))]
        assert {f.code for f in await open_findings(store, overdue_before=at(61))} == {"turn_overdue", "promise_overdue"}
        assert await open_findings(store, overdue_before=at(2)) == []
        assert taken.new

    # ---- sent messages

    async def test_ordinary_talk_is_not_found_wanting(self, store: Store) -> None:
        conversation_id = await met(store, FACEBOOK)
        await send(store, conversation_id, bot("one"), bot("two"), now=5)
        await take(store, arrival("m2", who=FACEBOOK, sent=60), now=60)
        await answer(store, conversation_id, now=62)
        await send(store, conversation_id, bot("three"), now=62)
        await send(store, conversation_id, Say(speaker=Speaker.AGENT, text="hi", agent=MIA, client_key="k1"), now=70)
        await enrolled(store)
        assert await sent_findings(store) == []

    async def test_each_sent_message_is_looked_at_once(self, store: Store) -> None:
        ann, ben = await met(store), await met(store, BEN)
        await send(store, ann, bot("one"), bot("two"), now=5)
        await send(store, ben, bot("one"), now=5)
        seen, marks = [], Marks()
        for _ in range(4):
            look = await store.audit_sent(before=at(6), marks=marks, limit=2)
            seen += [one.message_id for one in look.found]
            marks = look.marks
        assert seen == sorted(set(seen))
        assert len(seen) == 3
        assert (await store.audit_sent(before=at(5), marks=Marks(), limit=9)).found == ()

    async def test_bot_and_flow_over_an_agent(self, store: Store) -> None:
        conversation_id = await met(store)
        took = JournalEntry(kind="episode.accepted", at=at(10), data={})
        gave_back = JournalEntry(kind="episode.closed", at=at(50), data={})
        await send(store, conversation_id, bot("before"), now=11, journal=(took,))
        over = await send(store, conversation_id, bot("over"), flow_say(prompted=True), now=20)
        ladder = Say(speaker=Speaker.LADDER, text="Sam is coming")
        await send(store, conversation_id, ladder, Say(speaker=Speaker.AGENT, text="hi", agent=MIA), now=21)
        await send(store, conversation_id, bot("after"), now=60, journal=(gave_back,))
        found = await sent_findings(store)
        assert [(f.code, f.key, f.at) for f in found] == [
            ("bot_over_agent", str(over[0]), at(20)),
            ("bot_over_agent", str(over[1]), at(20)),
        ]

    async def test_one_id_on_two_messages(self, store: Store, wreck: Wreck) -> None:
        conversation_id = await met(store)
        first, second = await send(store, conversation_id, bot("one"), bot("one"), now=5)
        await wreck.change_sent(second, external_id=f"x{first}")
        assert [(f.code, f.key) for f in await sent_findings(store)] == [("sent_twice", str(second))]

    async def test_a_message_after_a_later_one(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = await keep(store, conversation_id, say=(bot("one"), bot("two")))
        for number, message_id in enumerate((second, first)):
            await store.mark_sent(message_id, now=at(5 + number), external_id=None)
        assert [(f.code, f.key) for f in await sent_findings(store)] == [("out_of_order", str(first))]

    async def test_a_message_whose_echo_came_late_was_in_order(self, store: Store) -> None:
        conversation_id = await met(store)
        first, second = await keep(store, conversation_id, say=(bot("one"), bot("two")))
        assert await leaving(store, first, 5)
        await store.mark_unsendable(first, delivery=Delivery.FAILED, error="unknown", now=at(6))
        assert await leaving(store, second, 7)
        await store.mark_sent(second, now=at(7), external_id=None)
        await store.mark_sent(first, now=at(9), external_id=None)
        assert await sent_findings(store) == []

    async def test_words_after_a_stop(self, store: Store) -> None:
        conversation_id = await met(store)
        stopped = JournalEntry(kind="prospect.opted_out", at=at(10), data={})
        bye = Say(speaker=Speaker.LADDER, text="You won't hear from us.", wording="ladder/opted_out#1")
        await send(store, conversation_id, bye, now=10, journal=(stopped,))
        after = await send(store, conversation_id, bot("but wait"), now=20)
        again = await send(store, conversation_id, bye, now=25)
        await take(store, arrival("m2", sent=30), now=30)
        await answer(store, conversation_id, now=30)
        await send(store, conversation_id, bot("you wrote"), now=31)
        flow = await send(store, conversation_id, flow_say(prompted=True), now=32)
        began = JournalEntry(kind="prospect.opted_in", at=at(40), data={})
        await send(store, conversation_id, flow_say(prompted=True), now=50, journal=(began,))
        assert [(f.code, f.key) for f in await sent_findings(store)] == [
            ("sent_after_stop", str(after[0])), ("sent_after_stop", str(flow[0])),
        ]  # fmt: skip
        assert again

    async def test_a_second_confirmation(self, store: Store) -> None:
        conversation_id = await met(store)
        stopped = JournalEntry(kind="prospect.opted_out", at=at(10), data={})
        bye = Say(speaker=Speaker.LADDER, text="You won't hear from us.", wording="ladder/opted_out#1")
        _, second = await send(store, conversation_id, bye, bye, now=20, journal=(stopped,))
        assert [(f.code, f.key) for f in await sent_findings(store)] == [("sent_after_stop", str(second))]

    async def test_outside_the_channels_window(self, store: Store) -> None:
        conversation_id = await met(store, FACEBOOK)
        day = 86_400
        mia = Say(speaker=Speaker.AGENT, text="hi", agent=MIA)
        await send(store, conversation_id, bot("in time"), now=day - 1)
        late = await send(store, conversation_id, bot("late"), now=day + 60)
        await send(store, conversation_id, mia, now=6 * day)
        too_late = await send(store, conversation_id, mia, now=7 * day + 60)
        found = [f for f in await sent_findings(store) if f.code == "outside_window"]
        assert [f.key for f in found] == [str(late[0]), str(too_late[0])]

    async def test_what_came_in_since_does_not_open_the_window_backwards(self, store: Store) -> None:
        conversation_id = await met(store, FACEBOOK)
        late = await send(store, conversation_id, bot("late"), now=90_000)
        await take(store, arrival("m2", who=FACEBOOK, sent=90_100), now=90_100)
        assert [f.key for f in await sent_findings(store)] == [str(late[0])]

    async def test_the_human_tag_on_words_that_no_person_wrote(self, store: Store) -> None:
        conversation_id = await met(store, FACEBOOK)
        day = 86_400
        tagged = await send(store, conversation_id, bot("late"), now=2 * day, sent_as=SendAs.HUMAN_AGENT)
        mia = Say(speaker=Speaker.AGENT, text="hi", agent=MIA)
        await send(store, conversation_id, mia, now=3 * day, sent_as=SendAs.HUMAN_AGENT)
        untagged = await send(store, conversation_id, mia, now=4 * day, sent_as=SendAs.RESPONSE)
        assert [(f.code, f.key) for f in await sent_findings(store)] == [
            ("human_tag", str(tagged[0])), ("outside_window", str(tagged[0])), ("outside_window", str(untagged[0])),
        ]  # fmt: skip

    async def test_a_flow_in_quiet_hours(self, store: Store) -> None:
        conversation_id = await met(store)
        await keep(store, conversation_id, enrolments=(live_in_follow_up(),))
        await send(store, conversation_id, flow_say(), now=3 * 3600)
        await send(store, conversation_id, flow_say("follow_up/b#0", prompted=True), now=14 * 3600)
        night = await send(store, conversation_id, flow_say("follow_up/c#0"), now=14 * 3600 + 60)
        assert ("quiet_hours", str(night[0])) in {(f.code, f.key) for f in await sent_findings(store)}
        assert {f.key for f in await sent_findings(store) if f.code == "quiet_hours"} == {str(night[0])}

    async def test_a_flow_above_its_cap(self, store: Store) -> None:
        conversation_id = await met(store)
        await keep(store, conversation_id, enrolments=(live_in_follow_up(),))
        cap = min(FLOWS["follow_up"].caps, key=lambda one: one.within)
        sent = []
        for number in range(cap.messages + 1):
            two_bubbles = (flow_say(f"follow_up/s{number}#0"), flow_say(f"follow_up/s{number}#0"))
            sent.append(await send(store, conversation_id, *two_bubbles, now=3600 + 120 * number))
        found = [f for f in await sent_findings(store) if f.code == "over_cap"]
        assert {f.key for f in found} == {str(message_id) for message_id in sent[-1]}

    async def test_a_step_said_twice(self, store: Store) -> None:
        conversation_id = await met(store)
        await send(store, conversation_id, flow_say(), flow_say(), now=3600)
        twice = await send(store, conversation_id, flow_say("follow_up/next_day#2"), now=3605)
        await send(store, conversation_id, flow_say("follow_up/later#2"), now=3610)
        await send(store, conversation_id, flow_say(), now=9000)
        assert [f.key for f in await sent_findings(store) if f.code == "step_twice"] == [str(twice[0])]

    async def test_a_message_before_its_time(self, store: Store) -> None:
        conversation_id = await met(store)
        early = await send(store, conversation_id, bot("soon", due=20), now=5, local=True)
        await send(store, conversation_id, bot("now", due=20), now=20, local=True)
        assert [(f.code, f.key) for f in await sent_findings(store)] == [("sent_early", str(early[0]))]

    async def test_a_second_echo_under_another_id_tells_of_a_double(self, store: Store) -> None:
        conversation_id = await met(store)
        (message_id,) = await keep(store, conversation_id, say=(bot("one"),))
        (out,) = await store.outbox_due(now=at(1), limit=1, channels=("widget",))
        assert await leaving(store, message_id, 1)
        for _ in range(2):
            await store.settle_by_echo(key=out.key, external_id="x1", now=at(2))
        assert await store.findings(limit=9) == []
        for _ in range(2):
            await store.settle_by_echo(key=out.key, external_id="x2", now=at(3))
        [kept] = await store.findings(limit=9)
        assert (kept.finding.code, kept.finding.key, kept.finding.at) == ("sent_twice", str(message_id), at(3))
        assert not kept.finding.lasting

    # ---- what was found

    async def test_a_finding_is_kept_once_until_it_ends(self, store: Store) -> None:
        lost = Finding(code="unheard_no_turn", at=T0, conversation_id="c1")
        double = Finding(code="sent_twice", at=T0, conversation_id="c1", key="7")
        assert await store.add_findings([lost, double, lost], now=at(1)) == [lost, double]
        assert await store.add_findings([lost, replace(double, key="8")], now=at(2)) == [replace(double, key="8")]
        [kept] = await store.findings(limit=9, lasting=True)
        assert (kept.finding, kept.first_seen_at, kept.last_seen_at, kept.outcome) == (lost, at(1), at(2), None)
        assert await store.finding_counts() == {
            "I1": RowCount(total=1, open=1, last_at=at(1)),
            "I4": RowCount(total=2, last_at=at(2)),
        }
        await store.end_findings([kept.finding_id], outcome="repaired", now=at(3))
        await store.end_findings([kept.finding_id], outcome="over", now=at(4))
        assert await store.findings(limit=9, lasting=True) == []
        assert await store.add_findings([lost], now=at(5)) == [lost]
        assert [(f.finding.code, f.finding.key) for f in await store.findings(limit=2)] == [
            ("unheard_no_turn", ""),
            ("sent_twice", "8"),
        ]
        [ended] = [f for f in await store.findings(limit=9) if f.ended_at]
        assert (ended.ended_at, ended.outcome) == (at(3), "repaired")
        assert (await store.finding_counts())["I1"] == RowCount(total=2, open=1, last_at=at(5))

    async def test_one_process_audits_at_a_time(self, store: Store) -> None:
        assert await store.audit_run() == AuditRun()
        first = await store.audit_begin(holder="a", now=at(0), until=at(60))
        assert first == AuditRun()
        assert await store.audit_begin(holder="b", now=at(30), until=at(90)) is None
        assert await store.audit_begin(holder="a", now=at(30), until=at(90)) is not None
        marks = Marks(sent_at=at(3), sent_id=4, closed_at=at(5), closed_id=6, enrolled="c7", rows={"notes": 8})
        run = AuditRun(ran_at=at(31), took_s=0.5, runs=1, behind=True, marks=marks)
        await store.audit_end(run, holder="a")
        assert await store.audit_run() == run
        assert await store.audit_begin(holder="b", now=at(32), until=at(60)) == run
        assert await store.audit_begin(holder="c", now=at(61), until=at(90)) == run
        await store.audit_end(AuditRun(ran_at=at(99)), holder="b")
        assert await store.audit_run() == run


def live_in_follow_up() -> Enrolment:
    """An enrolment in the reference flow."""
    return replace(enrolment("n1", "follow_up"), flow_version=VERSION, waiting_for="person")
