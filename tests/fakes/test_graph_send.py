"""What the Send API accepts, refuses and records."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fakes.graph import Limits, edges
from bot.fakes.graph.refusals import Refusal
from bot.fakes.graph.world import World

REPLY = {"content_type": "text", "title": "Yes", "payload": "yes"}
BUTTON = {"type": "postback", "title": "Yes", "payload": "yes"}


def template(**payload):
    return {"attachment": {"type": "template", "payload": payload}}


@pytest.fixture
async def graph(make_graph):
    return await make_graph()


@pytest.fixture
async def anna(graph):
    anna = graph.person("anna", first_name="Anna", last_name="Berg", locale="de_DE")
    await anna.says("hey")
    return anna


@pytest.fixture
def client(graph, make_client):
    return make_client(graph)


async def test_send_answers_with_ids_and_reaches_the_person(graph, anna, client, clock):
    status, answer = await client.send("anna", {"text": "hi", "metadata": "out-1"}, messaging_type="UPDATE")
    assert (status, answer["recipient_id"]) == (200, "anna")
    [sent] = anna.inbox
    assert graph.sent == [sent]
    assert (sent.mid, sent.text, sent.metadata, sent.messaging_type) == (answer["message_id"], "hi", "out-1", "UPDATE")
    assert (sent.at, sent.tag, sent.persona_id, sent.delivered) == (clock.at, None, None, True)


@pytest.mark.parametrize("page", ["/me", "/104857600000001"])
@pytest.mark.parametrize("version", ["/v25.0", "/v26.0", ""])
async def test_send_by_page_id_or_me_in_any_version_with_token_in_the_query(graph, anna, client, page, version):
    body = {"recipient": {"id": "anna"}, "message": {"text": "hi"}}
    url = f"{graph.base_url}{version}{page}/messages"
    async with client.session.post(url, json=body, params={"access_token": graph.token}) as answer:
        assert answer.status == 200


async def test_send_as_a_form_with_json_fields(graph, anna, client):
    form = {"recipient": '{"id":"anna"}', "message": '{"text":"hi"}', "access_token": graph.token}
    async with client.session.post(f"{graph.base_url}/v25.0/me/messages", data=form) as answer:
        assert answer.status == 200
    assert anna.inbox[0].text == "hi"


async def test_error_body_has_metas_shape(anna, client):
    status, answer = await client.says("nobody", "hi")
    assert status == 400
    assert answer["error"].pop("fbtrace_id")
    assert answer == {
        "error": {
            "message": "(#100) No matching user found",
            "type": "OAuthException",
            "code": 100,
            "error_subcode": 2018001,
        }
    }


async def test_tokens_missing_wrong_expired_and_renewed(graph, anna, client, code_of):
    body = {"recipient": {"id": "anna"}, "message": {"text": "hi"}}
    assert code_of(await client.call("POST", "/me/messages", body, token=None)) == (190, None)
    assert code_of(await client.call("POST", "/me/messages", body, token="stolen")) == (190, None)
    graph.expire_token()
    assert code_of(await client.call("POST", "/me/messages", body)) == (190, 463)
    graph.renew_token("fresh")
    assert code_of(await client.call("POST", "/me/messages", body)) == (190, None)
    assert (await client.call("POST", "/me/messages", body, token="fresh"))[0] == 200
    assert [refused.code for refused in graph.refused] == [190, 190, 190, 190]


async def test_body_that_is_not_json_is_refused(graph, client, code_of):
    headers = {"Authorization": f"Bearer {graph.token}"}
    for body in (b"{", b"[]", b'"text"', b"\xff"):
        async with client.session.post(f"{graph.base_url}/v25.0/me/messages", data=body, headers=headers) as answer:
            assert code_of((answer.status, await answer.json())) == (100, None)


async def test_window_closes_after_24_hours_and_reopens_when_the_person_writes(anna, client, clock, code_of):
    clock.at += timedelta(hours=24) - timedelta(microseconds=1)
    assert (await client.says("anna", "still open"))[0] == 200
    clock.at += timedelta(microseconds=1)
    assert code_of(await client.says("anna", "closed")) == (10, 2018278)
    await anna.says("hello?")
    assert (await client.says("anna", "open"))[0] == 200


async def test_human_agent_tag_holds_for_7_days(anna, client, clock, code_of):
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    clock.at += timedelta(days=7) - timedelta(microseconds=1)
    assert (await client.send("anna", {"text": "Kate here"}, **tagged))[0] == 200
    assert anna.inbox[0].tag == "HUMAN_AGENT"
    clock.at += timedelta(microseconds=1)
    assert code_of(await client.send("anna", {"text": "Kate here"}, **tagged)) == (10, 2018278)


async def test_window_never_opened_by_mere_presence_reading_or_opt_in(graph, client, code_of):
    ben = graph.person("ben")
    await ben.reads()
    await ben.opts_in(title="Open days", payload="optin", token="77")
    assert code_of(await client.says("ben", "hi")) == (10, 2018278)
    await ben.follows_link("flyer")
    assert (await client.says("ben", "hi"))[0] == 200


async def test_ad_click_opens_seven_days_only_where_the_page_is_set_so(make_graph, make_client, clock, code_of):
    plain, generous = await make_graph(), await make_graph(ad_window=timedelta(days=7))
    for graph in (plain, generous):
        await graph.person("anna").comes_from_ad("how much", ad_id="9")
    clock.at += timedelta(days=6)
    assert code_of(await make_client(plain).says("anna", "hi")) == (10, 2018278)
    assert (await make_client(generous).says("anna", "hi"))[0] == 200


async def test_blocked_person_is_unavailable(anna, client, code_of):
    anna.blocks()
    assert code_of(await client.says("anna", "hi")) == (551, 1545041)
    anna.unblocks()
    assert (await client.says("anna", "hi"))[0] == 200


@pytest.mark.parametrize(
    "message",
    [
        {"text": "a" * 1999},
        {"text": "a", "metadata": "m" * 1000},
        {"text": "a", "quick_replies": [REPLY] * 13},
        {"text": "a", "quick_replies": [{"content_type": "user_email"}]},
        {"text": "a", "quick_replies": [REPLY | {"payload": "p" * 1000}]},
        {"attachment": {"type": "image", "payload": {"url": "https://x.example/1.jpg"}}},
        {"attachments": [{"type": "image", "payload": {"url": "https://x.example/1.jpg"}}] * 30},
        template(template_type="button", text="t" * 640, buttons=[BUTTON] * 3),
        template(template_type="generic", elements=[{"title": "t" * 80, "subtitle": "s" * 80, "buttons": [BUTTON]}] * 10),
    ],
)
async def test_message_at_the_limit_is_taken(anna, client, message):
    assert (await client.send("anna", message))[0] == 200


@pytest.mark.parametrize(
    ("message", "subcode"),
    [
        ({}, 2018034),
        ({"text": ""}, 2018034),
        ("hi", None),
        ({"text": 5}, None),
        ({"text": "a" * 2000}, None),
        ({"text": "a", "metadata": "m" * 1001}, None),
        ({"text": "a", "metadata": {"id": 1}}, None),
        ({"text": "a", "quick_replies": [REPLY] * 14}, None),
        ({"text": "a", "quick_replies": [REPLY | {"payload": "p" * 1001}]}, None),
        ({"text": "a", "quick_replies": [REPLY | {"title": ""}]}, None),
        ({"text": "a", "quick_replies": [{"content_type": "location"}]}, None),
        ({"text": "a", "attachment": {"type": "image", "payload": {"url": "https://x.example"}}}, None),
        ({"attachment": {"type": "image", "payload": {}}}, None),
        ({"attachment": {"type": "hologram", "payload": {}}}, None),
        ({"attachments": []}, None),
        ({"attachments": [{"type": "image", "payload": {"url": "https://x.example"}}] * 31}, None),
        ({"attachments": [{"type": "video", "payload": {"url": "https://x.example"}}]}, None),
        (template(template_type="mosaic"), None),
        (template(template_type="button", text="", buttons=[BUTTON]), None),
        (template(template_type="button", text="t" * 641, buttons=[BUTTON]), None),
        (template(template_type="button", text="t", buttons=[]), None),
        (template(template_type="button", text="t", buttons=[BUTTON] * 4), None),
        (template(template_type="button", text="t", buttons=[{"type": "postback", "title": "No payload"}]), None),
        (template(template_type="button", text="t", buttons=[BUTTON | {"payload": "p" * 1001}]), None),
        (template(template_type="generic", elements=[]), None),
        (template(template_type="generic", elements=[{"title": "t"}] * 11), None),
        (template(template_type="generic", elements=[{"title": "t" * 81}]), None),
        (template(template_type="generic", elements=[{"title": "t", "subtitle": "s" * 81}]), None),
        (template(template_type="generic", elements=[{"title": "t", "buttons": [BUTTON] * 4}]), None),
    ],
)
async def test_message_beyond_the_limit_is_refused_and_not_recorded_as_sent(graph, anna, client, code_of, message, subcode):
    assert code_of(await client.send("anna", message)) == (100, subcode)
    assert graph.sent == []


@pytest.mark.parametrize(
    "fields",
    [
        {"messaging_type": "SHOUT"},
        {"messaging_type": "MESSAGE_TAG"},
        {"messaging_type": "MESSAGE_TAG", "tag": "CONFIRMED_EVENT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "HELLO"},
        {"messaging_type": "RESPONSE", "tag": "HUMAN_AGENT"},
        {"persona_id": "404"},
    ],
)
async def test_wrong_type_tag_or_persona_is_refused(anna, client, code_of, fields):
    assert code_of(await client.send("anna", {"text": "hi"}, **fields)) == (100, None)


async def test_long_titles_are_cut_not_refused(anna, client):
    long = "Yes, I would love to hear more"
    await client.send("anna", {"text": "?", "quick_replies": [REPLY | {"title": long}]})
    card = {"title": long, "buttons": [BUTTON | {"title": long}]}
    await client.send("anna", template(template_type="generic", elements=[card]))
    reply, shown = anna.inbox[0].message["quick_replies"][0], anna.inbox[1].message["attachment"]["payload"]
    assert (reply["title"], reply["payload"]) == (long[:20], "yes")
    assert (shown["elements"][0]["title"], shown["elements"][0]["buttons"][0]["title"]) == (long, long[:20])


async def test_sender_actions_are_recorded_and_stand_alone(graph, anna, client, code_of):
    for action in ("mark_seen", "typing_on", "typing_off"):
        assert await client.send("anna", sender_action=action) == (200, {"recipient_id": "anna"})
    assert [action.action for action in anna.actions] == ["mark_seen", "typing_on", "typing_off"]
    assert code_of(await client.send("anna", {"text": "hi"}, sender_action="typing_on")) == (100, 2018014)
    assert code_of(await client.send("anna", sender_action="dance")) == (100, None)
    assert graph.sent == []


async def test_personas_are_made_used_listed_and_deleted(anna, client, code_of):
    kate = {"name": "Kate", "profile_picture_url": "https://x.example/kate.jpg"}
    status, answer = await client.call("POST", "/me/personas", kate)
    assert status == 200
    kate_id = answer["id"]
    assert (await client.send("anna", {"text": "hi, I'm Kate"}, persona_id=kate_id))[0] == 200
    assert anna.inbox[0].persona_id == kate_id
    assert await client.call("GET", "/me/personas") == (200, {"data": [{"id": kate_id} | kate]})
    assert await client.call("GET", f"/{kate_id}") == (200, {"id": kate_id} | kate)
    assert await client.call("DELETE", f"/{kate_id}") == (200, {"success": True})
    assert code_of(await client.send("anna", {"text": "hi"}, persona_id=kate_id)) == (100, None)
    assert code_of(await client.call("POST", "/me/personas", kate | {"name": "K" * 51})) == (100, None)


async def test_profile_gives_the_fields_that_exist(graph, anna, client, code_of):
    graph.person("ben")
    assert await client.call("GET", "/anna?fields=first_name,timezone,locale") == (
        200,
        {"first_name": "Anna", "locale": "de_DE", "id": "anna"},
    )
    assert code_of(await client.call("GET", "/ben?fields=first_name")) == (100, 2018218)
    assert code_of(await client.call("GET", "/nobody?fields=first_name")) == (100, 33)


async def test_me_and_debug_token(graph, client):
    assert await client.call("GET", "/me") == (200, {"id": graph.page_id, "name": "Fern & Fable"})
    _, answer = await client.call("GET", "/debug_token", params={"input_token": graph.token})
    assert answer["data"]["is_valid"] is True
    graph.expire_token()
    _, answer = await client.call("GET", "/debug_token", params={"input_token": graph.token})
    assert answer["data"]["is_valid"] is False


async def test_page_budget_refuses_the_next_send_until_the_next_second(make_graph, make_client, clock, code_of):
    graph = await make_graph(limits=Limits(sends_per_s=2), any_recipient=True)
    client = make_client(graph)
    url, body = f"{graph.base_url}/v25.0/me/messages", {"recipient": {"id": "anna"}, "message": {"text": "hi"}}
    async with client.session.post(url, json=body, params={"access_token": graph.token}) as answer:
        assert answer.headers["X-App-Usage"] == '{"call_count": 0, "total_time": 0, "total_cputime": 0}'
        assert '"call_count": 50' in answer.headers["X-Business-Use-Case-Usage"]
    assert (await client.says("ben", "hi"))[0] == 200
    assert code_of(await client.says("anna", "again")) == (613, None)
    assert (await client.send("anna", sender_action="typing_on"))[0] == 200
    clock.at += timedelta(seconds=1)
    assert (await client.says("anna", "again"))[0] == 200


async def test_app_budget_counts_every_call(make_graph, make_client, code_of):
    client = make_client(await make_graph(limits=Limits(calls_per_s=1)))
    assert (await client.call("GET", "/me"))[0] == 200
    answer = await client.call("GET", "/me")
    assert (answer[0], code_of(answer)) == (403, (4, None))


async def test_unknown_path_is_an_unknown_object(client, code_of):
    assert code_of(await client.call("POST", "/me/dreams", {})) == (100, 33)
    assert code_of(await client.call("POST", "/some/where/else", {})) == (100, 33)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
replies = st.lists(
    st.fixed_dictionaries({"content_type": st.just("text") | json_values, "title": json_values, "payload": json_values})
    | st.just(REPLY),
    max_size=3,
)
buttons = st.lists(st.just(BUTTON) | json_values, max_size=3)
templates = st.fixed_dictionaries(
    {
        "template_type": st.sampled_from(["button", "generic", "x"]),
        "text": st.just("Shall we?") | json_values,
        "buttons": buttons | json_values,
        "elements": st.lists(st.fixed_dictionaries({"title": st.text(), "buttons": buttons})) | json_values,
    }
)
attachments = st.fixed_dictionaries({"type": st.just("template"), "payload": templates}) | json_values
decorations = {"metadata": st.text() | json_values, "quick_replies": replies | json_values}
messages = (
    st.fixed_dictionaries({"text": st.text() | json_values}, optional=decorations)
    | st.fixed_dictionaries({"attachment": attachments}, optional=decorations)
    | json_values
)
extras = {
    "messaging_type": st.sampled_from(["RESPONSE", "UPDATE"]) | json_values,
    "tag": json_values,
    "persona_id": json_values,
    "thread_control": st.just({"control_type": "release"}) | json_values,
}
actions = st.sampled_from(["typing_on", "mark_seen"]) | json_values
calls = st.fixed_dictionaries({}, optional={"message": messages, "sender_action": actions} | extras) | (
    st.fixed_dictionaries({"message": messages})
)


@given(body=calls)
def test_send_answers_any_body_and_records_it_only_when_taken(body):
    world = World(any_recipient=True)
    answer = edges.send(world, body | {"recipient": {"id": "anna"}})
    if isinstance(answer, Refusal):
        assert (world.sent, world.actions) == ([], [])
    else:
        assert len(world.sent) + len(world.actions) == 1


async def test_a_comment_may_be_answered_in_private_once_within_seven_days(graph, client, clock, code_of):
    cleo = graph.person("cleo")
    first = await cleo.comments("price?", post_id="1_1")
    second = await cleo.comments("hello?", post_id="1_1")

    async def reply(comment_id):
        return await client.send("", {"text": "hi"}, recipient={"comment_id": comment_id})

    status, answer = await reply(first)
    assert (status, answer["recipient_id"]) == (200, "cleo")
    assert code_of(await reply(first))[0] == 10900
    assert code_of(await client.says("cleo", "and more"))[0] == 10
    clock.at += timedelta(days=7)
    assert code_of(await reply(second))[0] == 10903
    assert code_of(await reply("9_9"))[0] == 100
    assert [sent.text for sent in cleo.inbox] == ["hi"]
