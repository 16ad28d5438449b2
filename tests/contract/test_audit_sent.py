"""Every store shows what was sent with what held at that moment."""

from __future__ import annotations

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Say, Speaker
from bot.core.window import SendAs
from bot.store.auditing import Marks
from bot.store.contract import Store
from tests.contract.acts import BEN, MIA, answer, arrival, at, bot, met, take
from tests.contract.audited import FACEBOOK, FLOWS, enrolled, flow_say, keep, leaving, live_in_follow_up, send, sent_findings
from tests.contract.wrecks import Wreck


class TestSent:
    """What left, whether it was allowed to, and in which order."""

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
