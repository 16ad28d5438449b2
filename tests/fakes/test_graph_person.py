"""A person's acts and what becomes of them, and the Page's own inbox beside the app."""

import asyncio

import pytest

from bot.fakes.graph import PAGE_INBOX_APP_ID, events
from bot.fakes.graph.errors import NothingToTap


@pytest.fixture
async def graph(make_graph, app):
    return await make_graph(webhook_url=app.url, echoes=False)


@pytest.fixture
def client(graph, make_client):
    return make_client(graph)


@pytest.fixture
def anna(graph):
    return graph.person("anna", first_name="Anna")


async def test_event_names_sender_page_and_time(graph, anna, app, clock):
    mid = await anna.says("hey")
    assert app.events == [
        {
            "sender": {"id": "anna"},
            "recipient": {"id": graph.page_id},
            "timestamp": events.millis(clock.at),
            "message": {"mid": mid, "text": "hey"},
        }
    ]


async def test_timestamps_grow_even_while_the_clock_stands_still(anna, app):
    for line in ("hey", "quick question", "how much is it"):
        await anna.says(line)
    first, second, third = (event["timestamp"] for event in app.events)
    assert first < second < third


async def test_acts_send_the_event_of_their_kind(anna, app):
    mid = await anna.says("hey")
    await anna.says("this one", reply_to="m_1")
    await anna.attaches(events.attachment("image", "https://x.example/1.jpg"))
    await anna.sends_sticker()
    await anna.starts(ref="flyer")
    await anna.follows_link("mail")
    await anna.comes_from_ad("how much", ad_id="9", ref="june")
    await anna.reacts(mid)
    await anna.takes_back_reaction(mid)
    await anna.edits(mid, "hey!")
    await anna.edits(mid, "hey!!")
    await anna.reads()
    await anna.opts_in(title="Open days", payload="optin", token="77")
    kinds = [(event.keys() - {"sender", "recipient", "timestamp"}).pop() for event in app.events]
    assert kinds == [
        *["message"] * 4,
        "postback",
        "referral",
        "message",
        "reaction",
        "reaction",
        "message_edit",
        "message_edit",
        "read",
        "optin",
    ]
    assert app.events[1]["message"]["reply_to"] == {"mid": "m_1", "is_self_reply": False}
    assert app.events[3]["message"]["attachments"][0]["type"] == "sticker"
    assert app.events[4]["postback"]["referral"]["ref"] == "flyer"
    assert app.events[6]["message"]["referral"]["ad_id"] == "9"
    assert [app.events[i]["reaction"]["action"] for i in (7, 8)] == ["react", "unreact"]
    assert [app.events[i]["message_edit"]["num_edit"] for i in (9, 10)] == [1, 2]


async def test_taps_quick_reply_and_buttons_by_title(anna, client, app):
    await anna.says("hey")
    reply = {"content_type": "text", "title": "Prices", "payload": "flow:prices"}
    await client.send("anna", {"text": "What can I do?", "quick_replies": [reply]})
    button = {"type": "postback", "title": "Call me", "payload": "flow:call"}
    card = {"title": "Kate", "buttons": [button]}
    content = {"type": "template", "payload": {"template_type": "generic", "elements": [card]}}
    await client.send("anna", {"attachment": content})
    await anna.taps("Prices")
    await anna.taps("Call me")
    message, postback = app.events[1]["message"], app.events[2]["postback"]
    assert (message["text"], message["quick_reply"]) == ("Prices", {"payload": "flow:prices"})
    assert (postback["title"], postback["payload"]) == ("Call me", "flow:call")
    with pytest.raises(NothingToTap, match=r"'Refund'; on the screen: \['Call me', 'Prices'\]"):
        await anna.taps("Refund")


async def test_get_started_uses_the_payload_of_the_messenger_profile(anna, client, app):
    await client.call("POST", "/me/messenger_profile", {"get_started": {"payload": "BEGIN"}})
    await anna.starts()
    assert app.events[0]["postback"]["payload"] == "BEGIN"
    _, answer = await client.call("GET", "/me/messenger_profile?fields=get_started,greeting")
    assert answer == {"data": [{"get_started": {"payload": "BEGIN"}}]}
    await client.call("DELETE", "/me/messenger_profile", {"fields": ["get_started"]})
    assert await client.call("GET", "/me/messenger_profile?fields=get_started") == (200, {"data": [{}]})


async def test_waits_for_wakes_when_the_message_arrives(anna, client):
    await anna.says("hey")
    waiting = asyncio.create_task(anna.waits_for(2))
    await client.says("anna", "one")
    assert not waiting.done()
    await client.says("anna", "two")
    assert [sent.text for sent in await waiting] == ["one", "two"]
    assert [sent.text for sent in await anna.waits_for(1)] == ["one", "two"]


async def test_waits_until_asks_at_each_message(anna, client):
    await anna.says("hey")
    waiting = asyncio.create_task(anna.waits_until(lambda inbox: any(sent.text == "bye" for sent in inbox)))
    await client.says("anna", "hi")
    await client.says("anna", "bye")
    assert len(await waiting) == 2


async def test_waiting_in_vain_says_what_arrived_instead(anna, client):
    await anna.says("hey")
    await client.says("anna", "hi")
    with pytest.raises(TimeoutError, match=r"anna waited 0.01 s for 2 messages; arrived: \['hi'\]"):
        await anna.waits_for(2, timeout_s=0.01)


async def test_inbox_answer_is_an_echo_without_app_id(graph, anna, app):
    mid = await graph.inbox_writes(anna, "Kate here")
    await graph.inbox_writes(anna, "Invoice", app_id="42")
    assert app.events[0]["message"] == {"mid": mid, "is_echo": True, "text": "Kate here"}
    assert app.events[0]["recipient"] == {"id": "anna"}
    assert app.events[1]["message"]["app_id"] == 42


async def test_without_a_default_app_thread_control_is_refused(anna, client, code_of):
    body = {"recipient": {"id": "anna"}}
    assert code_of(await client.call("POST", "/me/take_thread_control", body)) == (27, None)


async def test_routing_inbox_takes_over_and_gives_back(make_graph, make_client, app, code_of):
    graph = await make_graph(webhook_url=app.url, echoes=False, conversation_routing=True)
    anna, client = graph.person("anna"), make_client(graph)
    await anna.says("hey")
    await graph.inbox_writes(anna, "Kate here")
    await anna.says("thanks Kate")
    await anna.taps({"title": "Prices", "payload": "flow:prices"})
    assert code_of(await client.says("anna", "me too")) == (10, 2018300)
    await graph.inbox_passes(anna, metadata="done")
    await anna.says("bye")
    assert (await client.says("anna", "bye"))[0] == 200
    channels = [b'"standby"' in body for body in app.bodies]
    assert channels == [False, False, True, True, True, False, False]
    taken, given, tapped = app.events[1], app.events[5], app.events[4]
    assert taken["take_thread_control"]["new_owner_app_id"] == PAGE_INBOX_APP_ID
    assert given["pass_thread_control"] == {
        "previous_owner_app_id": PAGE_INBOX_APP_ID,
        "new_owner_app_id": graph.app_id,
        "metadata": "done",
    }
    assert "payload" not in tapped["postback"]


async def test_routing_app_passes_takes_and_releases(make_graph, make_client, app, code_of):
    graph = await make_graph(webhook_url=app.url, echoes=False, conversation_routing=True)
    anna, client = graph.person("anna"), make_client(graph)
    await anna.says("hey")
    to_anna = {"recipient": {"id": "anna"}}

    async def owner():
        _, answer = await client.call("GET", "/me/thread_owner?recipient=anna")
        return answer["data"]

    assert await owner() == [{"thread_owner": {"app_id": graph.app_id}}]
    handover = {"control_type": "pass", "app_id": PAGE_INBOX_APP_ID}
    await client.send("anna", {"text": "Kate will help"}, thread_control=handover)
    assert await owner() == [{"thread_owner": {"app_id": PAGE_INBOX_APP_ID}}]
    assert code_of(await client.call("POST", "/me/release_thread_control", to_anna)) == (10, 2018300)
    assert await client.call("POST", "/me/request_thread_control", to_anna) == (200, {"success": True})
    assert await client.call("POST", "/me/take_thread_control", to_anna) == (200, {"success": True})
    assert await client.call("POST", "/me/pass_thread_control", to_anna | {"target_app_id": 42}) == (
        200,
        {"success": True},
    )
    assert await owner() == [{"thread_owner": {"app_id": "42"}}]
    await client.call("POST", "/me/take_thread_control", to_anna)
    await client.call("POST", "/me/release_thread_control", to_anna)
    assert await owner() == []


async def test_inbox_requests_control(graph, anna, app):
    await graph.inbox_requests(anna, metadata="payment")
    assert app.events[0]["request_thread_control"] == {
        "requested_owner_app_id": PAGE_INBOX_APP_ID,
        "metadata": "payment",
    }
