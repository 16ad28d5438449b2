"""Webhooks as Meta sends them: verified, signed, retried, given up, and through bad weather."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fakes.graph import Sent, Weather, events, signing
from bot.fakes.graph.errors import VerificationFailed
from bot.fakes.graph.webhooks import BALANCER_RESTS_S


def texts(app):
    return [event["message"]["text"] for event in app.events]


async def test_subscribe_passes_the_hub_challenge(make_graph, app):
    graph = await make_graph()
    assert not graph.webhooks.subscribed
    await graph.subscribe(app.url)
    await graph.person("anna").says("hey")
    assert texts(app) == ["hey"]


async def test_subscribe_with_the_wrong_verify_token_fails(make_graph, app):
    graph = await make_graph(webhook_url=app.url, verify_token="guess")
    with pytest.raises(VerificationFailed, match="answered 403 'no'"):
        await graph.subscribe()


async def test_body_is_signed_raw_in_escaped_unicode_form(make_graph, app):
    graph = await make_graph(webhook_url=app.url)
    await graph.person("anna").says("äöå 👍 a/b <3 100% me@x")
    [body] = app.bodies
    assert rb"\u00e4\u00f6\u00e5 \ud83d\udc4d a\/b \u003C3 100\u0025 me\u0040x" in body
    assert texts(app) == ["äöå 👍 a/b <3 100% me@x"]
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() != body


async def test_wrong_secret_is_noticed_by_the_app(make_graph, app):
    graph = await make_graph(webhook_url=app.url, app_secret="other", retry_gaps_s=())
    await graph.person("anna").says("hey")
    assert [attempt.status for attempt in graph.webhooks.attempts] == [403]


@given(
    st.dictionaries(
        st.text(),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5),
    )
)
def test_encoding_is_ascii_and_means_the_same(payload):
    assert json.loads(signing.encode(payload).decode("ascii")) == payload


def test_known_signature():
    # Worked out with: printf '{"a":1}' | openssl dgst -sha256 -hmac secret
    expected = "sha256=aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494"
    assert signing.signature_headers(b'{"a":1}', "secret")["X-Hub-Signature-256"] == expected


async def test_failed_webhook_is_tried_again_until_acknowledged(make_graph, app):
    graph = await make_graph(webhook_url=app.url, retry_gaps_s=(0, 1, 5))
    app.statuses = [500, 302, 201]
    await graph.person("anna").says("hey")
    await graph.idle()
    assert texts(app) == ["hey"] * 4
    assert [attempt.number for attempt in graph.webhooks.attempts] == [1, 2, 3, 4]
    assert graph.webhooks.lost == []


async def test_retries_wait_longer_each_time(make_graph, app, clock):
    graph = await make_graph(webhook_url=app.url)
    app.statuses = [500] * 6
    await graph.person("anna").says("hey")
    await graph.idle()
    assert clock.slept_s == [0, 1, 5, 30, 120, 300]
    assert len(set(app.bodies)) == 1


async def test_answer_after_the_deadline_counts_as_failure(make_graph, app):
    graph = await make_graph(webhook_url=app.url, ack_timeout_s=0.02, retry_gaps_s=())
    app.stalled = asyncio.Event()
    await graph.person("anna").says("hey")
    await graph.idle()
    assert [attempt.status for attempt in graph.webhooks.attempts] == [None]
    assert len(graph.webhooks.lost) == 1


async def test_app_that_is_down_counts_as_failure(make_graph):
    graph = await make_graph(webhook_url="http://127.0.0.1:9/hook", retry_gaps_s=())
    await graph.person("anna").says("hey")
    [attempt] = graph.webhooks.attempts
    assert (attempt.status, attempt.error is None) == (None, False)


async def test_page_is_unsubscribed_after_an_hour_of_failures_and_alerted_before(make_graph, app, clock):
    graph = await make_graph(webhook_url=app.url)
    started = clock.at
    app.always = 500
    anna = graph.person("anna")
    await anna.says("hey")
    await graph.idle()
    assert not graph.webhooks.subscribed
    assert timedelta(minutes=15) <= graph.webhooks.alerts[0] - started < timedelta(hours=1) <= clock.at - started
    tries = len(app.bodies)
    await anna.says("anyone?")
    assert len(app.bodies) == tries
    assert len(graph.webhooks.lost) == 2


async def test_page_is_unsubscribed_even_when_the_clock_stands_still(make_graph, app, clock):
    async def no_time(seconds):
        await asyncio.sleep(0)

    graph = await make_graph(webhook_url=app.url, sleep=no_time)
    app.always = 500
    await graph.person("anna").says("hey")
    await graph.idle()
    assert not graph.webhooks.subscribed


async def test_one_body_that_always_fails_does_not_unsubscribe_while_others_pass(make_graph, app, clock):
    async def sleep_while_others_pass(seconds):
        clock.at += timedelta(seconds=seconds)
        app.statuses = [200, 500]
        await anna.says("fine")

    graph = await make_graph(webhook_url=app.url, sleep=sleep_while_others_pass)
    anna = graph.person("anna")
    app.statuses = [500]
    await anna.says("poison")
    await graph.idle()
    assert graph.webhooks.subscribed
    assert [lost["entry"][0]["messaging"][0]["message"]["text"] for lost in graph.webhooks.lost] == ["poison"]


async def test_app_subscribes_again_by_api_call(make_graph, make_client, app):
    graph = await make_graph(webhook_url=app.url)
    client = make_client(graph)
    graph.webhooks.subscribed = False
    assert await client.call("GET", "/me/subscribed_apps") == (200, {"data": []})
    assert await client.call("POST", "/me/subscribed_apps", {}) == (200, {"success": True})
    assert await client.call("GET", "/me/subscribed_apps") == (200, {"data": [{"id": graph.app_id}]})
    await graph.person("anna").says("hey")
    assert texts(app) == ["hey"]


async def test_duplicates_are_the_same_body_twice(make_graph, app):
    graph = await make_graph(webhook_url=app.url, weather=Weather(duplicate_rate=1.0))
    await graph.person("anna").says("hey")
    assert len(app.bodies) == 2
    assert app.events[0] == app.events[1]


async def test_held_events_arrive_in_another_order_each_seed_and_none_is_lost(make_graph, app):
    said = [f"line {number}" for number in range(8)]

    async def order(seed):
        graph = await make_graph(webhook_url=app.url, seed=seed, weather=Weather(hold=10))
        app.bodies.clear()
        for line in said:
            await graph.person("anna").says(line)
        assert app.bodies == []
        await graph.webhooks.flush()
        return texts(app)

    first, again, other = await order(1), await order(1), await order(2)
    assert sorted(first) == sorted(other) == said
    assert first == again != other
    assert first != said


async def test_batches_hold_several_entries(make_graph, app):
    graph = await make_graph(webhook_url=app.url, weather=Weather(hold=5, batch_max=3))
    for number in range(5):
        await graph.person(f"person {number}").says("hey")
    assert [len(json.loads(body)["entry"]) for body in app.bodies] == [3, 2]


async def test_delay_is_slept_on_the_injected_clock(make_graph, app, clock):
    graph = await make_graph(webhook_url=app.url, weather=Weather(max_delay_s=30))
    await graph.person("anna").says("hey")
    assert len(clock.slept_s) == 1
    assert 0 < clock.slept_s[0] < 30


async def test_several_events_in_one_entry_can_be_posted_as_they_stand(make_graph, app):
    graph = await make_graph(webhook_url=app.url)
    thread = graph.person("anna").thread
    burst = [events.message(thread, ms, mid=f"m_{ms}", text=f"at {ms}") for ms in (1, 2, 3)]
    assert await graph.webhooks.post(events.payload(graph.page_id, 4, burst))
    assert await graph.webhooks.post(events.dashboard_test(5))
    assert texts(app) == ["at 1", "at 2", "at 3"]
    assert json.loads(app.bodies[1])["entry"][0]["id"] == "0"


async def test_send_comes_back_as_echo_with_app_id_metadata_and_mid(make_graph, make_client, app, clock):
    graph = await make_graph(webhook_url=app.url, echo_delay_s=0.4)
    await graph.person("anna").says("hey")
    _, answer = await make_client(graph).says("anna", "hi", "out-1")
    await graph.idle()
    assert clock.slept_s == [0.4]
    [_, echo] = app.events
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (graph.page_id, "anna")
    assert echo["message"] == {
        "mid": answer["message_id"],
        "is_echo": True,
        "app_id": int(graph.app_id),
        "metadata": "out-1",
        "text": "hi",
    }


async def test_echo_comes_even_when_the_connection_was_dropped(make_graph, make_client, app):
    graph = await make_graph(webhook_url=app.url, any_recipient=True)
    graph.faults.next("drop")
    with pytest.raises(aiohttp.ClientConnectionError):
        await make_client(graph).says("anna", "hi", "out-1")
    await graph.idle()
    assert [event["message"]["metadata"] for event in app.events] == ["out-1"]


async def test_no_echo_of_a_message_that_never_arrived(make_graph, make_client, app):
    graph = await make_graph(webhook_url=app.url, any_recipient=True)
    graph.faults.next("drop_before")
    with pytest.raises(aiohttp.ClientConnectionError):
        await make_client(graph).says("anna", "hi", "out-1")
    await graph.idle()
    assert app.events == []


async def test_delivery_events_carry_mid_and_watermark_when_wanted(make_graph, make_client, app, clock):
    graph = await make_graph(webhook_url=app.url, any_recipient=True, echoes=False, deliveries=True)
    _, answer = await make_client(graph).says("anna", "hi")
    await graph.idle()
    [event] = app.events
    assert event["delivery"] == {"mids": [answer["message_id"]], "watermark": events.millis(clock.at)}


async def test_many_echoes_share_bodies_and_keep_their_order(make_graph, make_client, app):
    graph = await make_graph(webhook_url=app.url, any_recipient=True)
    app.stalled = asyncio.Event()
    client = make_client(graph)
    for number in range(30):
        await client.says("anna", f"line {number}")
    app.stalled.set()
    await graph.idle()
    assert texts(app) == [f"line {number}" for number in range(30)]
    assert len(app.bodies) < 5


async def test_tries_are_spread_over_all_addresses_and_one_that_failed_is_passed_over_for_a_while(make_graph, app, clock):
    graph = await make_graph(webhook_url=app.url, retry_gaps_s=(0.0,) * 9)
    graph.webhooks.also = ("http://127.0.0.1:9/webhook",)
    for number in range(24):
        clock.at += timedelta(seconds=1)
        await graph.person("anna").says(str(number))
    await graph.idle()
    assert sorted(map(int, texts(app))) == list(range(24))
    failed = [attempt.at for attempt in graph.webhooks.attempts if not attempt.acknowledged]
    assert 2 <= len(failed) <= 3
    assert all(later - earlier >= timedelta(seconds=BALANCER_RESTS_S) for earlier, later in pairwise(failed))


async def test_echoes_get_lost_at_the_given_rate_and_are_remembered(make_graph, app):
    graph = await make_graph(webhook_url=app.url, weather=Weather(echo_loss_rate=1.0))
    await graph.person("anna").says("hey")
    graph.record_sent(sent := sent_to("anna"))
    await graph.idle()
    assert graph.lost_echoes == {sent.mid}
    assert texts(app) == ["hey"]


def sent_to(psid):
    return Sent(
        recipient=psid, message={"text": "hello"}, metadata="m", tag=None, messaging_type="RESPONSE", persona_id=None,
        at=datetime.now(UTC), mid="m_1", delivered=True,
    )  # fmt: skip
