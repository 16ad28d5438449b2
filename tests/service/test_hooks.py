"""Webhooks over a whole service: signed, told again until they are taken, parked and replayed; nothing lost by a restart."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot import hooks
from bot.cli import app
from bot.signing import signed
from bot.store.marketing import ApiKey
from studio.api.keys import sha256
from studio.events import EVENTS, BadHook, checked_events, checked_url
from tests.service.serving import ROOT, START, World, serving

TOKEN = {"Authorization": "Bearer wl_test"}


class Subscriber:
    """A server that takes what it is told, or does not."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.server = TestServer(self._app())

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/in", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        self.calls.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.calls]

    @property
    def url(self) -> str:
        return str(self.server.make_url("/in"))


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    made = Subscriber()
    await made.server.start_server()
    yield made
    await made.server.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - real input and output take real moments
            await asyncio.sleep(0.01)


async def opened(world: World) -> None:
    await world.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))


async def call(world: World, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with world.client.request(method, f"/api/studio/{path}", json=body, headers=TOKEN) as response:
        return response.status, await response.json()


async def writes(world: World, text: str) -> None:
    async with world.client.post("/webhooks/rest/webhook", json={"sender": "ann", "message": text}) as response:
        assert response.status == 200


async def test_events_are_told_signed_and_once(tmp_path: Path, subscriber: Subscriber) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        status, made = await call(world, "POST", "hooks", {"url": subscriber.url, "events": ["prospect.*", "flow.started"]})
        assert status == 201
        await writes(world, "hi, my mail is ann@example.com")
        await until(lambda: len(subscriber.calls) == 2)
        assert sorted(subscriber.types) == ["flow.started", "prospect.touched"]
        headers, body = subscriber.calls[0]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = b64decode(made["secret"].removeprefix("whsec_"))
        assert headers["webhook-signature"] == "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        told = json.loads(body)
        assert told["id"] == headers["webhook-id"]
        assert told["data"]["prospect"] == {"channel": "rest", "external_id": "ann"}
        assert b"example.com" not in b"".join(body for _, body in subscriber.calls)
        _, listed = await call(world, "GET", "hooks")
        assert [(h["waiting"], h["parked"], "secret" in h) for h in listed["hooks"]] == [(0, 0, False)]


async def test_who_does_not_take_it_is_told_again_then_it_is_parked_and_replayed(tmp_path: Path, subscriber: Subscriber) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        subscriber.status = 302
        _, made = await call(world, "POST", "hooks", {"url": subscriber.url, "events": ["prospect.touched"]})
        await writes(world, "hi")
        for tries in range(1, hooks.MOST_TRIES + 1):
            await until(lambda tries=tries: len(subscriber.calls) == tries)  # type: ignore[misc]
            await until(lambda: not world.service.hooks._lines[made["hook"]["id"]].in_hand)
            world.time.set(world.time.now() + (hooks.LEASE * 7 * 60))
            world.service.hooks.wake()
        assert len({headers["webhook-id"] for headers, _ in subscriber.calls}) == 1
        _, parked = await call(world, "GET", "hooks/parked")
        assert [(e["type"], e["error"], e["attempts"]) for e in parked["events"]] == [("prospect.touched", "302", hooks.MOST_TRIES)]
        subscriber.status = 204
        assert await call(world, "POST", f"hooks/{made['hook']['id']}/replay", {}) == (200, {"events": 1})
        await until(lambda: len(subscriber.calls) == hooks.MOST_TRIES + 1)
        await until(lambda: not world.service.hooks._lines[made["hook"]["id"]].in_hand)
        assert (await call(world, "GET", "hooks"))[1]["hooks"][0]["parked"] == 0


async def test_what_happened_while_nobody_could_tell_is_told_after_a_restart(tmp_path: Path, subscriber: Subscriber) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        _, made = await call(world, "POST", "hooks", {"url": subscriber.url, "events": ["turn.heard"]})
        await call(world, "POST", f"hooks/{made['hook']['id']}/pause")
        await writes(world, "hi")
        await writes(world, "still there?")
    assert subscriber.calls == []
    async with serving(tmp_path) as world:
        assert (await call(world, "GET", "hooks"))[1]["hooks"][0]["waiting"] == 2
        await call(world, "POST", f"hooks/{made['hook']['id']}/resume")
        await until(lambda: len(subscriber.calls) == 2)
        await call(world, "DELETE", f"hooks/{made['hook']['id']}")
        await writes(world, "and now?")
        assert (await call(world, "DELETE", f"hooks/{made['hook']['id']}"))[0] == 404
        assert len(subscriber.calls) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://x/y"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "http://[1/"}, "url"),
        ({"url": "https://ann:secret@x.example/"}, "url"),
        ({"url": "https://x.example/", "events": ["flow.strated"]}, "events"),
        ({"url": "https://x.example/", "secret": "short"}, "secret"),
        ({"url": "https://x.example/", "secret": "whsec_c2hvcnQ="}, "secret"),
        ({"events": []}, "url"),
    ],
)
async def test_what_is_no_subscription_is_refused_with_its_field(tmp_path: Path, body: dict[str, Any], field: str) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        status, answer = await call(world, "POST", "hooks", body)
        assert (status, answer["error"]["field"]) == (400, field)


def test_the_signature_is_that_of_the_standard() -> None:
    made = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.integers(1, 100), st.integers())
def test_tries_come_further_and_further_apart_within_bounds(attempts: int, seed: int) -> None:
    wait_s = hooks.back_off_s(attempts, Random(seed))
    assert 0.9 * min(hooks.LONGEST_S, 5 * 3.0 ** (attempts - 1)) <= wait_s <= 1.1 * hooks.LONGEST_S


def test_an_event_that_never_happens_is_named_with_the_nearest() -> None:
    with pytest.raises(BadHook, match=r"did you mean flow\.started"):
        checked_events(["flow.strated"])
    assert checked_events([]) == ("*",)
    assert checked_url("http://localhost:9/x") == "http://localhost:9/x"


def test_every_event_that_can_be_subscribed_to_is_written_somewhere() -> None:
    source = "\n".join(path.read_text() for folder in ("bot", "handoff", "nurture") for path in (ROOT / folder).rglob("*.py"))
    written = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source)) | {"message.failed"}
    assert set(EVENTS) <= written


async def test_the_command_line_keeps_subscriptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)

    def run(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["hooks", *args])
        assert result.exit_code == code, result.output
        return result.output

    def all_of_it() -> None:
        made = json.loads(run("add", "https://crm.example/in", "--event", "flow.*"))
        (told,) = [json.loads(row) for row in run("list").splitlines()]
        assert (told["id"], told["events"], told["paused_at"]) == (made["id"], ["flow.*"], None)
        assert made["secret"] not in run("list")
        run("pause", made["id"])
        assert json.loads(run("list"))["paused_at"]
        run("resume", made["id"])
        assert run("replay", made["id"], "--since", "2026-01-01") == "0 events will be told again.\n"
        assert run("parked") == ""
        assert "prospect.converted" in run("events")
        run("remove", made["id"])
        assert run("list") == ""
        assert "is no event" in str(CliRunner().invoke(app, ["hooks", "add", "https://x/", "--event", "nothing"]).exception)

    await asyncio.to_thread(all_of_it)
