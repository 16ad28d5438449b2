"""What every store must do about notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.events import Decision, Notice
from bot.store.contract import Agent, Store
from bot.store.noticing import Device, Notification, Notified, Planned
from tests.contract.acts import MIA, T0, at, met

MINUTE = timedelta(minutes=1)


async def noticed(store: Store, *notices: Notice) -> tuple[str, tuple[int, ...]]:
    """A conversation with these notices; its id and theirs."""
    conversation_id = await met(store)
    loaded = await store.load(conversation_id)
    committed = await store.commit(
        conversation_id, version=loaded.version, decision=Decision(state=loaded.state, notify=notices), now=T0
    )
    return conversation_id, committed.notice_ids


OFFER = Notice(kind="offer", to=("mia",), data={"text": "{prospect} asked for a person.", "episode_id": "e1"})


async def planned(store: Store) -> tuple[str, int]:
    """An offer to Mia that goes by three carriers: at once, after a minute, after two."""
    conversation_id, (notice_id,) = await noticed(store, OFFER)
    chain = [
        Planned(agent_id="mia", carrier="in_page", due_at=T0, sent=True),
        Planned(agent_id="mia", carrier="web_push", due_at=at(60)),
        Planned(agent_id="mia", carrier="email", due_at=at(120)),
    ]
    assert await store.plan_notice(notice_id, chain, now=T0)
    return conversation_id, notice_id


async def stand(store: Store) -> dict[str, Notification]:
    """Mia's notifications by carrier."""
    return {one.carrier: one for one in await store.notifications(agent_id="mia")}


async def claim(store: Store, seconds: float, worker: str = "w") -> list[str]:
    """What a worker is given then, for ten seconds."""
    now = at(seconds)
    return [one.carrier for one in await store.claim_notifications(worker=worker, now=now, until=now + MINUTE / 6, limit=9)]


class TestNotices:
    """Notices, notifications and devices."""

    async def test_a_notice_is_kept_with_the_commit_and_planned_once(self, store: Store) -> None:
        conversation_id, ids = await noticed(store, OFFER, Notice(kind="alarm"))
        assert len(ids) == 2
        first, second = await store.fresh_notices(limit=9)
        assert (first.notice_id, first.conversation_id, first.notice, first.at) == (ids[0], conversation_id, OFFER, T0)
        assert second.notice.kind == "alarm"
        one = [Planned(agent_id="mia", carrier="in_page", due_at=T0)]
        assert await store.plan_notice(ids[0], one, now=T0)
        assert not await store.plan_notice(ids[0], one, now=T0)
        assert [n.notice_id for n in await store.fresh_notices(limit=9)] == [ids[1]]
        assert len(await store.notifications(agent_id="mia")) == 1

    async def test_a_carrier_s_turn_comes_at_its_time_and_is_held_by_one(self, store: Store) -> None:
        await planned(store)
        assert await store.notifications_next_at(after=T0) == at(60)
        assert await claim(store, 59) == []
        assert (await store.notifications_due(now=at(59)), await store.notifications_due(now=at(60))) == (0, 1)
        assert await claim(store, 60) == ["web_push"]
        assert await store.notifications_due(now=at(60)) == 0
        assert await claim(store, 60, "other") == []
        assert await store.notifications_next_at(after=at(60)) == at(70)

    async def test_what_a_dead_worker_held_is_carried_by_another(self, store: Store) -> None:
        await planned(store)
        assert await claim(store, 60) == ["web_push"]
        assert await claim(store, 70, "other") == ["web_push"]
        push = (await stand(store))["web_push"]
        await store.notification_sent(push.notification_id, now=at(71))
        await store.notification_sent(push.notification_id, now=at(72))
        push = (await stand(store))["web_push"]
        assert (push.state, push.sent_at, push.attempts) == (Notified.SENT, at(71), 1)

    async def test_a_failure_for_good_brings_the_next_carrier_s_turn_at_once(self, store: Store) -> None:
        await planned(store)
        await claim(store, 60)
        push = (await stand(store))["web_push"]
        await store.notification_failed(push.notification_id, error="unreachable", now=at(61), retry_at=at(65))
        assert (await stand(store))["web_push"].state is Notified.QUEUED
        assert await claim(store, 65) == ["web_push"]
        await store.notification_failed(push.notification_id, error="gone", now=at(66))
        now = await stand(store)
        assert (now["web_push"].state, now["web_push"].error, now["web_push"].attempts) == (Notified.FAILED, "gone", 2)
        assert await claim(store, 66) == ["email"]

    async def test_what_is_not_wanted_is_dropped_with_or_without_the_next(self, store: Store) -> None:
        await planned(store)
        push = (await stand(store))["web_push"]
        await store.notification_dropped(push.notification_id, error="quiet_hours", now=at(60), next_now=True)
        assert await claim(store, 60) == ["email"]
        email = (await stand(store))["email"]
        await store.notification_dropped(email.notification_id, error="over", now=at(61), next_now=False)
        now = await stand(store)
        assert [(now[c].state, now[c].error) for c in ("web_push", "email")] == [
            (Notified.DROPPED, "quiet_hours"),
            (Notified.DROPPED, "over"),
        ]

    async def test_seen_ends_the_chain_and_acted_comes_after(self, store: Store) -> None:
        conversation_id, notice_id = await planned(store)
        assert await store.notifications_seen("ben", now=at(5), notice_id=notice_id) == 0
        assert await store.notifications_seen("mia", now=at(5), notice_id=notice_id) == 3
        now = await stand(store)
        assert (now["in_page"].state, now["in_page"].seen_at) == (Notified.SEEN, at(5))
        assert (now["email"].state, now["email"].error) == (Notified.DROPPED, "seen")
        assert await claim(store, 500) == []
        assert await store.notifications_acted("mia", conversation_id=conversation_id, now=at(9)) == 1
        page = (await stand(store))["in_page"]
        assert (page.state, page.seen_at, page.acted_at) == (Notified.ACTED, at(5), at(9))

    async def test_whoever_looks_may_be_faster_than_whoever_plans(self, store: Store) -> None:
        _, (notice_id,) = await noticed(store, OFFER)
        assert await store.notifications_seen("ben", now=at(1), notice_id=notice_id) == 0
        assert await store.notifications_seen("mia", now=at(1), notice_id=notice_id) == 1
        chain = [
            Planned(agent_id="mia", carrier="in_page", due_at=T0, sent=True),
            Planned(agent_id="mia", carrier="web_push", due_at=at(60)),
        ]
        assert await store.plan_notice(notice_id, chain, now=at(2))
        now = await stand(store)
        assert (now["in_page"].state, now["in_page"].seen_at) == (Notified.SEEN, at(1))
        assert (now["web_push"].state, now["web_push"].error) == (Notified.DROPPED, "seen")

    async def test_acting_is_seeing_and_so_is_opening_the_conversation(self, store: Store) -> None:
        conversation_id, _ = await planned(store)
        assert await store.notifications_acted("mia", conversation_id=conversation_id, now=at(9)) == 3
        assert (await stand(store))["in_page"].seen_at == at(9)
        assert await store.notifications_seen("mia", now=at(10), conversation_id=conversation_id) == 0

    async def test_it_is_known_whom_a_carrier_told_lately(self, store: Store) -> None:
        conversation_id, _ = await planned(store)

        async def told(carrier: str, since: float) -> bool:
            return await store.told_since("mia", conversation_id=conversation_id, carrier=carrier, since=at(since))

        assert await told("in_page", 0)
        assert not await told("in_page", 1)
        assert not await told("web_push", 0)

    async def test_old_notices_are_forgotten_but_never_unplanned_ones(self, store: Store) -> None:
        await planned(store)
        assert await store.forget_notices(before=T0) == 0
        assert await store.forget_notices(before=at(1)) == 1
        assert await store.notifications() == []
        _, (fresh,) = await noticed(store, OFFER)
        assert await store.forget_notices(before=at(1)) == 0
        assert [one.notice_id for one in await store.fresh_notices(limit=9)] == [fresh]

    async def test_a_mention_in_a_note_is_noticed_with_it(self, store: Store) -> None:
        conversation_id = await met(store)
        await store.add_note(conversation_id, agent=MIA, text="no names", now=T0)
        await store.add_note(conversation_id, agent=MIA, text="@Ben look", now=T0, mentions=("ben",))
        (one,) = await store.fresh_notices(limit=9)
        assert (one.conversation_id, one.notice.kind, one.notice.to) == (conversation_id, "mention", ("ben",))
        assert one.notice.data["agent_id"] == "mia"

    async def test_a_browser_is_kept_once_and_belongs_to_whoever_uses_it(self, store: Store) -> None:
        for name in ("mia", "ben"):
            await store.add_agent(
                Agent(agent_id=name, email=f"{name}@example.com", name=name, role="agent", password_hash="x", created_at=T0)
            )
        phone = Device(agent_id="mia", endpoint="https://push.example/1", p256dh="p", auth="a", label="Phone", added_at=T0)
        device_id = await store.add_device(phone)
        assert await store.devices("mia") == [replace(phone, device_id=device_id)]
        assert await store.add_device(replace(phone, agent_id="ben", auth="b")) == device_id
        assert await store.devices("mia") == []
        assert not await store.drop_device(device_id, agent_id="mia")
        assert await store.drop_device(device_id, agent_id="ben")
        assert await store.devices("ben") == []
