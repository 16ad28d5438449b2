"""The fake as a process of its own, driven over HTTP."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.fakes.graph import audit, read_sent


@asynccontextmanager
async def running(*arguments):
    """The process, a client session on its address, and the lines it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.fakes.graph", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        ready = json.loads(await process.stdout.readline())
        assert ready["event"] == "graph.ready"
        async with aiohttp.ClientSession(ready["base_url"]) as session:
            yield process, session
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()


async def post(session, path, body):
    async with session.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def get(session, path):
    async with session.get(path) as answer:
        return answer.status, await answer.json()


async def test_process_plays_a_whole_exchange(app, tmp_path):
    log = tmp_path / "graph.jsonl"
    async with running("--webhook", app.url, *app.keys, "--log", str(log)) as (fake, session):
        assert json.loads(await fake.stdout.readline())["event"] == "graph.subscribed"
        await post(session, "/_fake/people", {"psid": "anna", "first_name": "Anna"})
        status, said = await post(session, "/_fake/people/anna/says", {"text": "hey"})
        assert (status, app.events[0]["message"]) == (200, {"mid": said["mid"], "text": "hey"})
        await post(session, "/_fake/faults", [{"kind": "temporary"}])
        send = {"recipient": {"id": "anna"}, "message": {"text": "hi", "metadata": "out-1"}}
        url = "/v25.0/me/messages?access_token=fake-page-token"
        assert (await post(session, url, send))[0] == 503
        assert (await post(session, url, send))[0] == 200
        [got] = (await get(session, "/_fake/people/anna/inbox"))[1]
        assert (got["message"]["text"], got["delivered"]) == ("hi", True)
        assert (await get(session, "/_fake/sent?since=1"))[1] == []
        assert (await get(session, "/_fake/audit"))[1] == {"delivered": {"anna": 1}, "unmarked": 0, "doubles": []}
        assert (await get(session, "/_fake/webhooks"))[1]["subscribed"] is True
        fake.kill()
        await fake.wait()
    assert audit(read_sent(log)).delivered == {"anna": 1}


async def test_control_calls_that_are_wrong_say_why():
    async with running() as (_, session):
        assert await post(session, "/_fake/people/ghost/says", {"text": "boo"}) == (
            400,
            {"error": "nobody here has the page-scoped id 'ghost'"},
        )
        await post(session, "/_fake/people", {"psid": "anna"})
        assert await post(session, "/_fake/people/anna/says", {}) == (400, {"error": "'text' is missing"})
        assert (await post(session, "/_fake/people/anna/taps", {"title": "Yes"}))[0] == 400
        assert (await post(session, "/_fake/faults", [{"kind": "quake"}]))[0] == 400
        assert (await get(session, "/_fake/dreams"))[0] == 404


async def test_terminate_ends_the_process_cleanly():
    async with running() as (fake, _):
        fake.terminate()
        assert await fake.wait() == 0


@pytest.mark.parametrize("content", ["[", '[{"kind": "quake"}]'])
async def test_wrong_faults_file_ends_with_its_place_and_code_2(tmp_path, content):
    path = tmp_path / "faults.json"
    path.write_text(content)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.fakes.graph", "--faults", str(path), stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert complaint.decode().startswith(str(path))
