"""Flows played over the API, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from handoff.api.errors import answering
from handoff.api.ports import ConsoleParts
from handoff.api.simulations import AT_ONCE, Simulations
from handoff.policy import Policy
from tests.handoff.conftest import Office

ROOT = Path(__file__).resolve().parents[2]
REAL = (sys.executable, "-m", "bot.simulate")
SETTINGS = {"flows": str(ROOT / "flows"), "promises": str(ROOT / "promises.yml")}
ENDLESS = (sys.executable, "-u", "-c", "import time\nwhile True: print('{\"progress\": 0.1}'); time.sleep(0.02)")


class Here:
    """The API alone, with this command behind it."""

    def __init__(self, *command: str) -> None:
        parts = ConsoleParts(
            store=None, conversations=None, hub=None, presence=None, now=None, policy=Policy.default(),  # type: ignore[arg-type]
            secure_cookies=False, simulator=command, simulator_settings=SETTINGS,
        )  # fmt: skip
        self.simulations = Simulations(parts)
        self.ended: asyncio.Event = asyncio.Event()
        self.all_ended = asyncio.Event()
        app = web.Application()
        app.router.add_post("/simulations", answering(self._post))
        self.client: TestClient[Any, Any] = TestClient(TestServer(app))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self.simulations.simulate(request, None)  # type: ignore[arg-type]
        finally:
            self.ended.set()
            if not self.simulations._running:
                self.all_ended.set()

    async def __aenter__(self) -> Here:
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()


async def test_a_flow_is_played_and_the_result_comes_last() -> None:
    async with Here(*REAL) as here, here.client.post("/simulations", json={"flow": "welcome", "people": 12, "days": 3}) as response:
        assert response.status == 200
        lines = [json.loads(line) for line in (await response.text()).splitlines()]

    assert lines[-1]["result"]["entered"] == 12
    assert all("progress" in line for line in lines[:-1])


async def test_closing_the_connection_ends_the_simulation() -> None:
    async with Here(*ENDLESS) as here:
        response = await here.client.post("/simulations", json={"flow": "welcome"})
        assert json.loads(await response.content.readline()) == {"progress": 0.1}
        response.close()
        await asyncio.wait_for(here.ended.wait(), 5)
        assert here.simulations._running == 0


async def test_only_so_many_at_once() -> None:
    async with Here(*ENDLESS) as here:
        running = [await here.client.post("/simulations", json={"flow": "welcome"}) for _ in range(AT_ONCE)]
        here.all_ended.clear()
        refused = await here.client.post("/simulations", json={"flow": "welcome"})
        for response in running:
            response.close()
        await asyncio.wait_for(here.all_ended.wait(), 5)
        assert (refused.status, (await refused.json())["error"]["code"]) == (409, "busy")


async def test_admins_are_told_what_is_wrong(office: Office) -> None:
    admin, sam = await office.sign_in("Alex", "admin"), await office.sign_in("Sam")

    assert (await sam.post("simulations", {"flow": "welcome"}))[0] == 403
    status, body = await admin.post("simulations", {"flow": "no_such_flow"})
    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "bad_field", "flow")
    assert "welcome" in body["error"]["message"]
    status, body = await admin.post("simulations", {"flow": "welcome", "people": 0})
    assert (status, body["error"]["field"]) == (400, "people")
