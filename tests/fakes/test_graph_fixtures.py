"""The stored webhook bodies: complete, well-formed, and of the same shape as the built ones."""

import pytest

from bot.fakes.fixtures import fixture_names, load_fixture
from bot.fakes.graph import events
from bot.fakes.graph.events import Thread

THREAD = Thread(psid="6120000000000017", page_id="104857600000001")
SINGLE = [name for name in fixture_names() if not name.startswith("batch_") and name not in {"changes_test_button", "not_a_page"}]


def events_of(body):
    return [event for entry in body["entry"] for channel in ("messaging", "standby") for event in entry.get(channel, [])]


def entries_and_events(name):
    return [(len(entry.get("messaging", [])), len(entry.get("standby", []))) for entry in load_fixture(name)["entry"]]


@pytest.mark.parametrize("name", SINGLE)
def test_single_fixture_holds_one_event_of_one_page(name):
    body = load_fixture(name)
    [event] = events_of(body)
    assert body["object"] == "page"
    assert {"recipient", "timestamp"} <= event.keys()


def test_every_mid_of_a_new_message_is_used_once():
    mids = [
        event[kind]["mid"]
        for name in fixture_names()
        for event in events_of(load_fixture(name))
        for kind in ("message", "postback")
        if kind in event
    ]
    assert len(mids) == len(set(mids)) > 40


def test_batches_have_the_shapes_their_names_say():
    assert entries_and_events("batch_several_entries") == [(1, 0)] * 3
    assert entries_and_events("batch_three_in_one_entry") == [(3, 0)]
    assert entries_and_events("batch_two_people") == [(1, 0)] * 2
    assert entries_and_events("batch_standby_and_messaging") == [(0, 1), (1, 0), (1, 1)]
    assert entries_and_events("batch_three_entries_seven_events") == [(3, 0), (2, 0), (2, 0)]
    assert len({event["sender"]["id"] for event in events_of(load_fixture("batch_two_people"))}) == 2


def test_unknown_fixture_is_not_found():
    with pytest.raises(FileNotFoundError):
        load_fixture("carrier_pigeon")


def only(name):
    [event] = events_of(load_fixture(name))
    return event


BUILT = {
    "text": lambda e: events.message(THREAD, e["timestamp"], mid=e["message"]["mid"], text=e["message"]["text"]),
    "text_reply": lambda e: events.message(
        THREAD,
        e["timestamp"],
        mid=e["message"]["mid"],
        text=e["message"]["text"],
        reply_to_mid=e["message"]["reply_to"]["mid"],
    ),
    "quick_reply": lambda e: events.message(
        THREAD, e["timestamp"], mid=e["message"]["mid"], text="Yes please", quick_reply_payload="flow:welcome:yes"
    ),
    "audio": lambda e: events.message(
        THREAD,
        e["timestamp"],
        mid=e["message"]["mid"],
        attachments=[events.attachment("audio", "https://cdn.example/a/voice.mp4")],
    ),
    "sticker_like_small": lambda e: events.message(
        THREAD,
        e["timestamp"],
        mid=e["message"]["mid"],
        attachments=[events.sticker(369239263222822, "https://cdn.example/s/like-s.png")],
    ),
    "postback": lambda e: events.postback(
        THREAD, e["timestamp"], mid=e["postback"]["mid"], title="See prices", payload="flow:welcome:prices"
    ),
    "standby_postback": lambda e: events.postback(
        THREAD, e["timestamp"], mid=e["postback"]["mid"], title="See prices", payload=None
    ),
    "postback_get_started_from_link": lambda e: events.postback(
        THREAD,
        e["timestamp"],
        mid=e["postback"]["mid"],
        title="Get Started",
        payload="GET_STARTED",
        referral=events.link_referral("fair-flyer"),
    ),
    "referral_link": lambda e: events.referral(THREAD, e["timestamp"], events.link_referral("autumn-mail")),
    "optin_plugin": lambda e: events.plugin_optin(THREAD, e["timestamp"], ref="checkout", user_ref="guest-9ab2"),
    "delivery": lambda e: events.delivery(
        THREAD, e["timestamp"], watermark_ms=e["delivery"]["watermark"], mids=e["delivery"]["mids"]
    ),
    "delivery_watermark_only": lambda e: events.delivery(THREAD, e["timestamp"], watermark_ms=e["delivery"]["watermark"]),
    "read": lambda e: events.read(THREAD, e["timestamp"], watermark_ms=e["read"]["watermark"]),
    "reaction": lambda e: events.reaction(
        THREAD, e["timestamp"], mid=e["reaction"]["mid"], emoji="\N{HEAVY BLACK HEART}", name="love"
    ),
    "reaction_removed": lambda e: events.reaction(
        THREAD, e["timestamp"], mid=e["reaction"]["mid"], emoji="\N{HEAVY BLACK HEART}", name="love", undo=True
    ),
    "edit": lambda e: events.edit(THREAD, e["timestamp"], mid=e["message_edit"]["mid"], text="for July, sorry", number=1),
    "echo_own": lambda e: events.echo(
        THREAD,
        e["timestamp"],
        mid=e["message"]["mid"],
        content={"text": "Sure! Which date are you thinking of?"},
        app_id="525600000000001",
        metadata="warmline:outbox:01J9Z4",
    ),
    "echo_page_inbox": lambda e: events.echo(
        THREAD, e["timestamp"], mid=e["message"]["mid"], content={"text": e["message"]["text"]}, app_id=None
    ),
    "pass_thread_control_from_idle": lambda e: events.pass_thread_control(
        THREAD, e["timestamp"], new_owner="525600000000001", previous_owner=None
    ),
    "take_thread_control": lambda e: events.take_thread_control(
        THREAD, e["timestamp"], new_owner="263902037430900", previous_owner="525600000000001"
    ),
    "request_thread_control": lambda e: events.request_thread_control(
        THREAD, e["timestamp"], requester="778800000000002", metadata="payment question"
    ),
    "app_roles": lambda e: events.app_roles(THREAD.page_id, e["timestamp"], {"525600000000001": ["primary_receiver"]}),
}


@pytest.mark.parametrize("name", BUILT)
def test_built_event_equals_the_stored_one(name):
    assert BUILT[name](only(name)) == only(name)
