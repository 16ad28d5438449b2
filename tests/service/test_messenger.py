"""Messenger from webhook to Send API, against the fake Graph API."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.channels.base import Ports
from bot.channels.facebook import facebook_channel
from bot.core.events import AgentTook, AgentWrote
from bot.core.model import AgentRef, CommandRefused, Identity, Owner
from bot.credentials import FacebookCredentials
from bot.fakes.fixtures import load_fixture
from tests.service.paging import PATH, Page, open_page
from tests.service.serving import SECRET, START, TOKEN, VERIFY

SAM = AgentRef(agent_id="a_sam", name="Sam")


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async for page in open_page(tmp_path, START):
        yield page


@pytest.fixture
async def page_in_september(tmp_path: Path) -> AsyncIterator[Page]:
    """The time of the fixtures."""
    async for page in open_page(tmp_path, datetime(2026, 9, 21, 14, 0, tzinfo=UTC)):
        yield page


class TestTheWebhook:
    async def test_verification_echoes_the_challenge_or_refuses(self, page: Page) -> None:
        right = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "42"}
        async with page.world.client.get(PATH, params=right) as response:
            assert (response.status, await response.text()) == (200, "42")
        for wrong in ({**right, "hub.verify_token": "guess"}, {**right, "hub.mode": "unsubscribe"}, {}):
            async with page.world.client.get(PATH, params=wrong) as response:
                assert response.status == 403

    @pytest.mark.parametrize(
        ("secret", "header"), [("wrong", "X-Hub-Signature-256"), (SECRET, "X-Hub-Signature"), (SECRET, "X-Nothing")]
    )
    async def test_an_unsigned_call_is_refused_and_keeps_nothing(self, page: Page, secret: str, header: str) -> None:
        body = load_fixture("text")
        psid = body["entry"][0]["messaging"][0]["sender"]["id"]

        assert await page.post(body, secret=secret, header=header) == 403
        assert await page.world.service.store.find_conversation(Identity(channel="facebook", external_id=psid)) is None

    async def test_what_is_no_page_event_is_a_404_and_what_is_no_json_a_400(self, page: Page) -> None:
        assert await page.post(load_fixture("not_a_page")) == 404
        raw = b"{nope"
        signature = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        async with page.world.client.post(PATH, data=raw, headers={"X-Hub-Signature-256": signature}) as response:
            assert response.status == 400

    @pytest.mark.parametrize("name", ["changes_test_button", "reaction", "delivery", "optin_plugin", "app_roles", "edit"])
    async def test_events_that_change_nothing_are_acknowledged(self, page: Page, name: str) -> None:
        assert await page.post(load_fixture(name)) == 200

    async def test_three_entries_with_seven_events_are_all_answered_and_each_post_twice_changes_nothing(
        self, page_in_september: Page
    ) -> None:
        page = page_in_september
        body = load_fixture("batch_three_entries_seven_events")
        senders = [
            e["sender"]["id"] for entry in body["entry"] for e in entry["messaging"] if "is_echo" not in e.get("message", {})
        ]
        people = [p for p in dict.fromkeys(senders) if p != page.graph.page_id]

        assert await page.post(body) == 200
        await page.world.settle()
        once = {p: page.texts(p) for p in people}
        assert await page.post(body) == 200
        await page.world.settle()

        assert all(once[p] for p in people if p in once), once
        assert {p: page.texts(p) for p in people} == once
        for person in people:
            assert (await page.world.state(await page.conversation(person))).unheard == ()

    async def test_three_messages_in_one_entry_are_one_burst(self, page_in_september: Page) -> None:
        page = page_in_september
        body = load_fixture("batch_three_in_one_entry")
        assert await page.post(body) == 200
        await page.world.settle()

        [asked] = page.world.brain.asked
        assert len(asked.messages) == 3


class TestSending:
    async def test_a_hello_is_answered_marked_as_seen_and_by_name(self, page: Page) -> None:
        anna = page.graph.person("psid-anna", first_name="Anna")
        await anna.says("how much is it")
        await page.world.settle()

        assert any("ask_price" in t for t in page.texts("psid-anna"))
        assert "mark_seen" in [a.action for a in page.graph.actions]
        assert not page.graph.audit().doubles

    async def test_the_24_hour_window_shuts_out_flows_but_not_a_person(self, page: Page) -> None:
        anna = page.graph.person("psid-anna")
        await anna.says("can i talk to a person")
        await page.world.settle()
        conversation = await page.conversation("psid-anna")
        await page.world.service.conversations.handle(conversation, AgentTook(agent=SAM))
        await page.world.settle()
        page.world.time.set(START + timedelta(hours=30))
        await page.world.service.conversations.handle(conversation, AgentWrote(agent=SAM, text="Sorry, here now", client_key="k1"))
        await page.world.settle()

        last = page.graph.sent[-1]
        assert (last.message["text"], last.messaging_type, last.tag) == ("Sorry, here now", "MESSAGE_TAG", "HUMAN_AGENT")
        assert [s.tag for s in page.graph.sent if s.tag and s.message["text"] != "Sorry, here now"] == []

        page.world.time.set(START + timedelta(days=8))
        with pytest.raises(CommandRefused) as refused:
            await page.world.service.conversations.handle(conversation, AgentWrote(agent=SAM, text="And later", client_key="k2"))
        assert refused.value.code == "window"
        assert page.graph.sent[-1].message["text"] == "Sorry, here now"

    async def test_a_send_of_unknown_outcome_is_settled_by_its_echo_and_never_doubled(self, page: Page) -> None:
        page.graph.faults.next("drop", 1)
        anna = page.graph.person("psid-anna")
        await anna.says("how much is it")
        await page.world.settle()
        await page.graph.idle()
        await page.world.wind(minutes=5)

        texts = page.texts("psid-anna")
        assert len(texts) == len(set(texts))
        assert not page.graph.audit().doubles
        assert (await page.world.state(await page.conversation("psid-anna"))).unsent == ()

    async def test_a_passing_fault_is_tried_again_and_order_is_kept(self, page: Page) -> None:
        page.graph.faults.next("temporary", 3)
        anna = page.graph.person("psid-anna")
        await anna.says("how much is it")
        await page.world.wind(minutes=5)

        shown = [t for s, t in await page.world.said(await page.conversation("psid-anna")) if s != "prospect"]
        assert page.texts("psid-anna") == shown
        assert len(shown) >= 2

    async def test_somebody_who_blocked_the_page_is_left_alone(self, page: Page) -> None:
        anna = page.graph.person("psid-anna")
        anna.blocks()
        await anna.says("hi")
        await page.world.wind(minutes=10)
        state = await page.world.state(await page.conversation("psid-anna"))

        assert state.live_enrolments == ()
        assert page.texts("psid-anna") == []

    async def test_an_answer_from_the_page_inbox_silences_the_bot(self, page: Page) -> None:
        anna = page.graph.person("psid-anna")
        await anna.says("how much is it")
        await page.world.settle()
        before = len(page.texts("psid-anna"))
        await page.graph.inbox_writes(anna, "Hi, this is Dana from the team")
        await page.world.settle()
        await anna.says("oh nice, hello Dana")
        await page.world.settle()

        ours = [s for s in page.graph.sent[before:] if s.recipient == "psid-anna" and s.metadata]
        assert ours == []
        assert (await page.world.state(await page.conversation("psid-anna"))).owner.value == "agent"

    async def test_words_heard_in_standby_are_kept_and_left_to_whoever_has_the_thread(self, page_in_september: Page) -> None:
        page, body = page_in_september, load_fixture("standby_text")
        event = body["entry"][0]["standby"][0]
        psid, text = event["sender"]["id"], event["message"]["text"]
        assert [await page.post(body), await page.post(body)] == [200, 200]
        await page.world.settle()

        conversation = await page.conversation(psid)
        assert await page.world.said(conversation) == [("prospect", text)]
        state = await page.world.state(conversation)
        assert (state.owner, state.promise is not None, page.texts(psid)) == (Owner.AGENT, True, [])

    async def test_a_thread_that_is_passed_back_is_the_bots_again(self, page: Page) -> None:
        anna = page.graph.person("psid-anna")
        await anna.says("how much is it")
        await page.world.settle()
        await page.graph.inbox_writes(anna, "Hi, this is Dana from the team")
        await page.world.settle()
        conversation, before = await page.conversation("psid-anna"), len(page.texts("psid-anna"))
        body = load_fixture("pass_thread_control_from_inbox")
        event = body["entry"][0]["messaging"][0]
        event["sender"]["id"], event["timestamp"] = "psid-anna", int(page.world.time.now().timestamp() * 1000) + 1
        assert [await page.post(body), await page.post(body)] == [200, 200]
        await page.world.settle()

        state = await page.world.state(conversation)
        assert (state.owner, state.slots["handoff_outcome"]) == (Owner.BOT, "returned")
        assert sum("bot" in text for text in page.texts("psid-anna")[before:]) == 1


async def test_an_agent_who_types_is_seen_typing_with_name_and_face(page: Page) -> None:
    anna = page.graph.person("psid-anna")
    await anna.says("hi")
    keys = {"verify": VERIFY, "secret": SECRET, "page-access-token": TOKEN, "graph-url": f"{page.graph.base_url}/v25.0"}
    service = page.world.service
    ports = Ports(inlet=service.intake, gate=service.gate, store=service.store, hub=service.hub, time=service.time)
    here, there = (facebook_channel(FacebookCredentials.model_validate(keys), quiet=False) for _ in range(2))
    here.add_routes(web.Application(), ports)
    there.add_routes(web.Application(), ports)
    sam = AgentRef(agent_id="a_sam", name="Sam", picture_url="https://example.com/sam.jpg")
    try:
        for channel in (here, there):
            await channel.typing(Identity(channel="facebook", external_id="psid-anna"), on=True, agent=sam)
    finally:
        await here.close()
        await there.close()

    [(persona_id, persona)] = page.graph.personas.items()
    assert persona["name"] == "Sam"
    assert [(a.action, a.persona_id) for a in page.graph.actions if a.action != "mark_seen"] == [("typing_on", persona_id)] * 2
