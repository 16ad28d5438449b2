"""What becomes of messages when the platform, the token or our own code fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.facebook import channel as channel_module
from bot.circuit import Phase
from bot.core.events import AgentTook
from bot.core.model import AgentRef, Delivery, Say, Speaker
from bot.fakes.graph import Limits
from bot.hub import Subscription
from tests.service.paging import Page, open_page
from tests.service.serving import START

SAM = AgentRef(agent_id="a_sam", name="Sam")


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async for page in open_page(tmp_path, START):
        yield page


async def met(page: Page, *psids: str) -> None:
    """These people wrote and were answered."""
    for psid in psids:
        await page.graph.person(psid).says("how much is it")
    await page.world.wind(seconds=30)


def bot(text: str, **more: Any) -> Say:
    return Say(speaker=Speaker.BOT, text=text, **more)


async def pending(page: Page, psid: str) -> list[tuple[str, Delivery | None, str | None]]:
    """(text, delivery, error) of what this person has not been shown."""
    waiting = await page.world.service.store.pending_messages(await page.conversation(psid))
    return [(m.text, m.delivery, m.error) for m in waiting]


def line(page: Page) -> Any:
    return page.world.service.delivery.lines["facebook"]


async def test_a_flow_that_is_interrupted_waits_for_the_answer(tmp_path: Path) -> None:
    async for page in open_page(tmp_path, START, pacing="human", burst_wait_s=10):
        await met(page, "psid-anna")
        await page.graph.person("psid-anna").says("are you a bot?")
        await page.world.settle()
        await page.queue("psid-anna", Say(speaker=Speaker.FLOW, text="Could that work for you?"))
        await page.world.wind(seconds=5)
        assert "Could that work for you?" not in page.texts("psid-anna")
        heard = len(page.texts("psid-anna"))
        await page.world.wind(seconds=40)
        said = page.texts("psid-anna")[heard:]
        assert len(said) > 1
        assert said[-1] == "Could that work for you?"


class TestTheTokenExpires:
    async def test_the_page_pauses_burns_no_attempts_and_goes_on_by_itself(self, page: Page) -> None:
        people = [f"psid-{n}" for n in range(6)]
        await met(page, *people)
        page.graph.expire_token()
        for psid in people:
            await page.queue(psid, bot("one for you"), bot("and another"))
        await page.world.wind(minutes=20)

        assert line(page).circuit.phase is not Phase.CLOSED
        assert line(page).circuit.error == "token"
        asked = len([r for r in page.graph.refused if r.operation == "message"])
        assert asked < 20, "a closed door is not knocked at by everybody"
        waiting = await page.world.service.store.outbox_due(now=START + timedelta(hours=9), limit=99, channels=("facebook",))
        assert [m.attempts for m in waiting] == [0] * 6

        page.graph.renew_token()
        await page.world.wind(minutes=6)
        assert [page.texts(psid)[-2:] for psid in people] == [["one for you", "and another"]] * 6
        assert line(page).circuit.phase is Phase.CLOSED
        assert not page.graph.audit().doubles

    async def test_no_indicator_and_no_receipt_knocks_meanwhile(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.expire_token()
        await page.queue("psid-anna", bot("stuck"))
        await page.world.settle()
        before = len(page.graph.refused)
        await page.graph.person("psid-anna").says("how much is it")
        await page.world.settle()
        assert [r.operation for r in page.graph.refused[before:]] == []

    async def test_conversations_on_other_channels_go_on(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.expire_token()
        await page.queue("psid-anna", bot("stuck"))
        await page.world.settle()
        async with page.world.visitor() as visitor:
            await visitor.say("how much is it")
            await page.world.settle()
            assert await visitor.hears(1)
        assert line(page).circuit.phase is Phase.OPEN

    async def test_nobody_asks_the_store_again_and_again_meanwhile(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        await met(page, "psid-anna")
        page.graph.expire_token()
        await page.queue("psid-anna", bot("stuck"))
        await page.world.settle()
        asked = 0
        store, real = page.world.service.store, page.world.service.store.outbox_due

        async def counted(**wanted: Any) -> Any:
            nonlocal asked
            asked += "facebook" in wanted["channels"]
            return await real(**wanted)

        monkeypatch.setattr(store, "outbox_due", counted)
        for _ in range(40):
            page.world.time.set(page.world.time.now() + timedelta(seconds=1))
            page.world.service.delivery.wake()
        await page.world.settle()
        assert asked == 0


class TestRates:
    async def test_our_budget_keeps_below_the_page_s_limit(self, tmp_path: Path) -> None:
        async for page in open_page(tmp_path, START, page_sends_per_s=12):
            people = [f"psid-{n}" for n in range(30)]
            await met(page, *people)
            page.graph.limits = Limits(sends_per_s=12)
            for psid in people:
                await page.queue(psid, bot("news"))
            await page.world.wind(seconds=20)

            assert [page.texts(psid)[-1] for psid in people] == ["news"] * 30
            assert [r for r in page.graph.refused if r.operation == "message"] == []

    async def test_a_nearly_full_quota_slows_the_page_down_before_it_is_met(self, page: Page) -> None:
        people = [f"psid-{n}" for n in range(8)]
        await met(page, *people)
        page.graph.limits = Limits(sends_per_s=4)
        for psid in people:
            await page.queue(psid, bot("news"))
            await page.world.settle()
        assert line(page).used >= 0.99
        assert line(page).circuit.phase is Phase.CLOSED
        assert [r for r in page.graph.refused if r.operation == "message"] == []
        await page.world.wind(minutes=2)
        assert [page.texts(psid)[-1] for psid in people] == ["news"] * 8

    @pytest.mark.parametrize("fault", ["page_rate", "app_rate"])
    async def test_a_limit_that_is_met_holds_the_page_not_the_message(self, page: Page, fault: str) -> None:
        people = [f"psid-{n}" for n in range(8)]
        await met(page, *people)
        page.graph.faults.next(fault, 4)
        for psid in people:
            await page.queue(psid, bot("news"))
        await page.world.settle()
        assert line(page).circuit.error == "rate"
        await page.world.wind(minutes=40)

        assert [page.texts(psid).count("news") for psid in people] == [1] * 8
        assert not page.graph.audit().doubles
        assert await page.world.service.store.parked() == []

    async def test_pictures_have_a_budget_of_their_own(self, page: Page) -> None:
        people = [f"psid-{n}" for n in range(25)]
        await met(page, *people)
        page.graph.limits = Limits(media_per_s=10)
        for psid in people:
            await page.queue(psid, Say(speaker=Speaker.BOT, image_url="https://example.com/plan.png"), bot("there"))
        await page.world.wind(seconds=30)
        assert [r for r in page.graph.refused if r.operation == "message"] == []
        assert [page.texts(psid)[-2:] for psid in people] == [["", "there"]] * 25

    async def test_the_page_waits_as_long_as_its_usage_header_says(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.limits = Limits(sends_per_s=0, regain_min=7)
        await page.queue("psid-anna", bot("later"))
        await page.world.settle()
        circuit = line(page).circuit
        assert circuit.error == "rate"
        assert circuit.retry_at - circuit.opened_at >= timedelta(minutes=7)
        page.graph.limits = Limits()
        await page.world.wind(minutes=12)
        assert page.texts("psid-anna").count("later") == 1

    async def test_one_person_is_not_flooded(self, page: Page) -> None:
        await met(page, "psid-anna")
        before = len(page.texts("psid-anna"))
        await page.queue("psid-anna", *(bot(f"line {n}") for n in range(20)))
        await page.world.settle()
        assert len(page.texts("psid-anna")) - before <= 10
        await page.world.wind(seconds=20)
        assert page.texts("psid-anna")[before:] == [f"line {n}" for n in range(20)]


class TestUnknownOutcomes:
    @pytest.mark.parametrize("fault", ["temporary", "unknown", "send_failed", "bad_gateway"])
    async def test_after_a_5xx_the_echo_is_waited_for_before_a_resend(self, page: Page, fault: str) -> None:
        await met(page, "psid-anna")
        page.graph.faults.next(fault)
        await page.queue("psid-anna", bot("hello again"))
        await page.world.wind(seconds=14)
        assert "hello again" not in page.texts("psid-anna")
        await page.world.wind(seconds=10)
        assert page.texts("psid-anna").count("hello again") == 1

    async def test_a_message_that_went_out_before_the_line_broke_is_not_sent_again(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.faults.next("drop")
        await page.queue("psid-anna", bot("hello again"))
        await page.world.settle()
        await page.graph.idle()
        await page.world.wind(minutes=5)
        assert page.texts("psid-anna").count("hello again") == 1
        assert await pending(page, "psid-anna") == []


class TestSentAs:
    async def test_each_message_tells_as_what_it_was_sent(self, page: Page) -> None:
        await met(page, "psid-anna")
        await page.queue("psid-anna", bot("answer"), Say(speaker=Speaker.FLOW, text="tip"))
        await page.world.settle()
        shown = await page.world.service.store.messages(await page.conversation("psid-anna"))
        assert [(m.text, m.sent_as) for m in shown[-2:]] == [("answer", "response"), ("tip", "update")]
        assert [s.messaging_type for s in page.graph.sent[-2:]] == ["RESPONSE", "UPDATE"]


class TestPictures:
    async def test_a_picture_the_platform_cannot_fetch_is_sent_as_its_address(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.faults.next("upload_failed")
        await page.queue("psid-anna", Say(speaker=Speaker.BOT, image_url="https://example.com/plan.png"))
        await page.world.settle()
        assert page.texts("psid-anna")[-1] == "https://example.com/plan.png"
        assert await pending(page, "psid-anna") == []


class TestParking:
    async def test_what_our_own_code_cannot_send_is_parked_and_blocks_nobody(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await met(page, "psid-anna")
        real = channel_module.render

        def broken(say: Say, **more: Any) -> dict[str, Any]:
            if say.text == "poison":
                raise ValueError("cannot be rendered")
            return real(say, **more)

        monkeypatch.setattr(channel_module, "render", broken)
        (first, _) = await page.queue("psid-anna", bot("poison"), bot("and then"))
        await page.world.settle()
        store = page.world.service.store
        assert page.texts("psid-anna")[-1] == "and then"
        (parked,) = await store.parked()
        assert (parked.message.message_id, parked.message.error, parked.detail) == (first, "broken", "ValueError")

        monkeypatch.setattr(channel_module, "render", real)
        await store.redrive(first, by="a_sam", now=page.world.time.now())
        page.world.service.delivery.wake()
        await page.world.settle()
        assert page.texts("psid-anna")[-2:] == ["and then", "poison"]

    async def test_an_exception_anywhere_in_our_code_parks_the_message_after_some_tries(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await met(page, "psid-anna", "psid-ben")
        store = page.world.service.store
        real = store.mark_sending
        (first,) = await page.queue("psid-anna", bot("unlucky"))

        async def broken(message_id: int, **more: Any) -> bool:
            if message_id == first:
                raise ZeroDivisionError
            return await real(message_id, **more)

        monkeypatch.setattr(store, "mark_sending", broken)
        await page.world.wind(minutes=2)
        await page.queue("psid-ben", bot("lucky"))
        await page.world.settle()
        assert page.texts("psid-ben")[-1] == "lucky"
        assert [(p.message.message_id, p.message.error) for p in await store.parked()] == [(first, "broken")]
        assert await pending(page, "psid-anna") == [("unlucky", Delivery.FAILED, "broken")]

    async def test_a_message_that_fails_while_others_go_through_is_parked(self, page: Page) -> None:
        await met(page, "psid-anna", "psid-ben")
        page.graph.faults.random("temporary", 1.0, where={"text": "cursed"})
        await page.queue("psid-anna", bot("cursed"), bot("and then"))
        for minute in range(8):
            await page.queue("psid-ben", bot(f"minute {minute}"))
            await page.world.wind(minutes=1)
        assert page.texts("psid-ben")[-8:] == [f"minute {n}" for n in range(8)]
        assert page.texts("psid-anna")[-1] == "and then"
        (parked,) = await page.world.service.store.parked()
        assert (parked.message.text, parked.message.error, parked.detail) == ("cursed", "unknown", "temporary")

    async def test_an_outage_parks_nothing(self, page: Page) -> None:
        await met(page, "psid-anna", "psid-ben", "psid-cy")
        page.graph.faults.random("bad_gateway", 1.0)
        for psid in ("psid-anna", "psid-ben", "psid-cy"):
            await page.queue(psid, bot("patience"))
        await page.world.wind(minutes=15)
        assert await page.world.service.store.parked() == []
        page.graph.faults.clear()
        await page.world.wind(minutes=3)
        assert [page.texts(psid)[-1] for psid in ("psid-anna", "psid-ben", "psid-cy")] == ["patience"] * 3

    async def test_one_who_alone_writes_to_a_failing_platform_is_not_blocked_for_ever(self, page: Page) -> None:
        await met(page, "psid-anna")
        page.graph.faults.random("temporary", 1.0, where={"text": "cursed"})
        await page.queue("psid-anna", bot("cursed"), bot("and then"))
        await page.world.wind(hours=1)
        assert "and then" in page.texts("psid-anna")
        assert "cursed" not in page.texts("psid-anna")

    @pytest.mark.parametrize(
        ("fault", "error"), [("marketing_cap", "frequency"), ("outside_window", "window"), ("blocked", "unreachable")]
    )
    async def test_what_nobody_can_mend_is_skipped_and_not_parked(self, page: Page, fault: str, error: str) -> None:
        await met(page, "psid-anna")
        page.graph.faults.next(fault)
        await page.queue("psid-anna", bot("skipped"), bot("and then"))
        await page.world.wind(minutes=2)
        assert await page.world.service.store.parked() == []
        assert ("skipped", Delivery.FAILED, error) in await pending(page, "psid-anna")
        assert page.texts("psid-anna")[-1] == "and then"

    async def test_the_rules_hear_of_a_parked_message_as_of_a_failed_one(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        await met(page, "psid-anna")
        service, conversation_id = page.world.service, await page.conversation("psid-anna")
        await service.conversations.handle(conversation_id, AgentTook(agent=SAM))
        await page.world.settle()
        page.graph.faults.random("temporary", 1.0, where={"text": "lost"})
        monkeypatch.setattr(channel_module, "render", lambda *a, **k: 1 / 0)
        async with service.hub.subscribe("console") as news:
            await page.queue("psid-anna", Say(speaker=Speaker.AGENT, text="lost", agent=SAM))
            await page.world.settle()
            told = [frame async for frame in _frames(news, "notice")]
        assert [(frame["kind"], frame["to"]) for frame in told] == [("lost", [SAM.agent_id])]
        kinds = [entry.entry.kind for entry in await service.store.journal(conversation_id)]
        assert kinds.count("message.parked") == 1

    async def test_words_sent_again_after_an_agent_took_over_are_refused(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        await met(page, "psid-anna")
        service, conversation_id = page.world.service, await page.conversation("psid-anna")
        monkeypatch.setattr(channel_module, "render", lambda *a, **k: 1 / 0)
        (message_id,) = await page.queue("psid-anna", bot("from before"))
        await page.world.settle()
        monkeypatch.undo()
        await service.conversations.handle(conversation_id, AgentTook(agent=SAM))
        await service.store.redrive(message_id, by="a_sam", now=page.world.time.now())
        service.delivery.wake()
        await page.world.settle()
        assert ("from before", Delivery.REFUSED, "stale") in await pending(page, "psid-anna")
        assert "from before" not in page.texts("psid-anna")

    async def test_words_sent_again_after_the_window_closed_fail_by_the_window(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await met(page, "psid-anna")
        service = page.world.service
        monkeypatch.setattr(channel_module, "render", lambda *a, **k: 1 / 0)
        (message_id,) = await page.queue("psid-anna", bot("too late"))
        await page.world.settle()
        monkeypatch.undo()
        page.world.time.set(START + timedelta(hours=30))
        await service.store.redrive(message_id, by="a_sam", now=page.world.time.now())
        service.delivery.wake()
        await page.world.settle()
        assert ("too late", Delivery.FAILED, "window") in await pending(page, "psid-anna")
        assert await service.store.parked() == []


async def _frames(news: Subscription, kind: str) -> AsyncIterator[dict[str, Any]]:
    """Frames of a kind that are waiting, until one of our own marks the end."""
    news.put({"type": "end"})
    while (frame := await news.get())["type"] != "end":
        if frame["type"] == kind:
            yield frame
