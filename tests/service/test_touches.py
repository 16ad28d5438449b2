"""What brought a person is kept on every channel, and Messenger tells what arrived."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Identity, State
from tests.service.serving import SECRET, START, World, serving

ANN = {"sender": {"id": "7001"}, "recipient": {"id": "page"}}
AD = {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "238", "ref": "fair", "ads_context_data": {"ad_title": "Come by"}}
LINK = {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "poster"}


def millis(seconds: float = 0) -> int:
    return int((START.timestamp() + seconds) * 1000)


async def hook(world: World, *events: dict[str, Any]) -> None:
    entry = {"id": "page", "time": millis(), "messaging": [{**ANN, "timestamp": millis(), **event} for event in events]}
    raw = json.dumps({"object": "page", "entry": [entry]}).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()}
    async with world.client.post("/webhooks/facebook/webhook", data=raw, headers=headers) as response:
        assert response.status == 200
    await world.settle()


async def state(world: World, channel: str, external_id: str) -> State:
    found = await world.service.store.find_conversation(Identity(channel=channel, external_id=external_id))
    assert found is not None
    loaded: State = await world.state(found)
    return loaded


@pytest.mark.parametrize(
    ("event", "ref", "ad_id"),
    [
        ({"referral": AD}, "fair", "238"),
        ({"referral": LINK}, "poster", None),
        ({"postback": {"mid": "p1", "title": "Get started", "payload": "GET_STARTED", "referral": LINK}}, "poster", None),
        ({"message": {"mid": "m1", "text": "hi", "referral": AD}}, "fair", "238"),
    ],
)
async def test_messenger_tells_of_links_and_ads(tmp_path: Path, event: dict[str, Any], ref: str, ad_id: str | None) -> None:
    async with serving(tmp_path, facebook="http://127.0.0.1:9") as world:
        await hook(world, event)
        await hook(
            world, {"message": {"mid": "m2", "text": "and again"}}, {"referral": {**LINK, "ref": "later"}, "timestamp": millis(5)}
        )
        ann = await state(world, "facebook", "7001")
        assert ann.first_touch is not None
        assert ann.last_touch is not None
        assert (ann.first_touch.ref, ann.first_touch.ad_id, ann.last_touch.ref) == (ref, ad_id, "later")
        assert ann.first_touch.ad_title == ("Come by" if ad_id else None)


async def test_the_widget_tells_of_the_first_page_ever_and_the_one_now(tmp_path: Path) -> None:
    async with serving(tmp_path) as world, world.client.ws_connect("/widget/socket") as socket:
        pages = {
            "page": {
                "url": "https://shop.example/sale?utm_campaign=autumn&session=secret",
                "referrer": "https://news.example/a?q=1",
            },
            "landing": {"url": "https://shop.example/?utm_campaign=spring&utm_source=insta", "referrer": ""},
        }
        await socket.send_json({"type": "hello", "token": None, "after": 0, **pages})
        token = json.loads(await socket.receive_str())["token"]
        for number in range(2):
            await socket.send_json({"type": "say", "key": f"key-{number:08}", "text": "hi"})
        await world.settle()
        ann = await state(world, "widget", hashlib.sha256(token.encode()).hexdigest()[:40])
        assert ann.first_touch is not None
        assert ann.last_touch is not None
        assert (ann.first_touch.source, ann.first_touch.campaign) == ("insta", "spring")
        assert (ann.last_touch.campaign, ann.last_touch.referrer) == ("autumn", "https://news.example/a")
        assert "secret" not in str(ann)
        touched = [line for line in await world.service.store.journal(ann.conversation_id) if line.entry.kind == "prospect.touched"]
        assert len(touched) == 2


async def test_messenger_tells_what_has_arrived(tmp_path: Path) -> None:
    async with serving(tmp_path, facebook="http://127.0.0.1:9") as world:
        await hook(world, {"message": {"mid": "m1", "text": "hi"}})
        store = world.service.store
        [first] = await store.outbox_due(now=world.time.now(), limit=9, channels=("facebook",)) or [None]
        sends = await store.flow_sends(after=0, limit=9, since=START)
        assert sends
        message_id = first.message_id if first else sends[0].message_id
        await store.mark_sent(message_id, now=world.time.now(), external_id="mid.1")
        await hook(world, {"delivery": {"mids": ["mid.1"], "watermark": millis(60)}})
        told = {one.message_id: one.delivered_at for one in await store.flow_sends(after=0, limit=9, since=START)}
        assert told[message_id] == world.time.now()
        assert [at for at in told.values() if at is not None] == [told[message_id]]
