"""Every path of the marketers' API and who may use it: nobody below, and nobody reads there what their team keeps them from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from bot.store.marketing import ApiKey
from studio.api.keys import sha256
from studio.api.routes import BASE, OF_PEOPLE
from tests.service.desks import PASSWORD, Console, console
from tests.service.serving import START, World, serving
from tests.service.test_flow_versions import write

PEOPLE = (
    "external_id,first_name,consent,consent_date,utm_source,slot.team\n"
    "quendolyn1,Quendolyn,fair,2026-01-02,fair,support\nquendolyn2,Quendolyn,,2026-01-01,fair,support\n"
)
VIP = "name: Vip\nversion: 1\ngoal: g\ntrigger: manual\naudience: {channels: [rest]}\nsteps:\n  - {id: t, tag: vip}\n"
RANGE = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"
KEY = {"Authorization": "Bearer wl_test"}
SECRET = "quendolyn"

type Answers = dict[tuple[str, str], tuple[int, str]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    flows = write(tmp_path, "Hello.", "A tip.")
    (flows / "vip.yml").write_text(VIP, encoding="utf-8")
    async with serving(tmp_path, flows=flows) as world:
        await world.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))
        yield world


def paths(world: World) -> list[tuple[str, str]]:
    """Every path but the one that describes the others to everybody."""
    found = {(route.method, route.resource.canonical) for route in world.service.web.router.routes() if route.resource}
    ours = {(method, path.removeprefix(BASE)) for method, path in found if path.startswith(f"{BASE}/") and method != "HEAD"}
    return sorted(ours - {("GET", "/openapi.json")})


async def asked(world: World, session: ClientSession, headers: dict[str, str], known: dict[str, str]) -> Answers:
    """What each path answers."""
    answers: Answers = {}
    for method, path in paths(world):
        values = {"flow": "tips", "number": "1", "experiment": "split", "arm": "a", "id": known.get(path, "x")}
        query = known.get(f"?{path}", RANGE)
        url = world.client.make_url(f"{BASE}{path.format(**values)}?{query}")
        sent = headers | ({"X-Warmline": "1"} if method != "GET" else {})
        async with session.request(method, url, headers=sent, json={} if method != "GET" else None) as response:
            answers[method, path] = (response.status, await response.text())
    return answers


async def imported(world: World) -> dict[str, str]:
    """A person of the team support, brought in by a program; gives what to ask for where an id is needed."""
    post = world.client.post(f"{BASE}/contacts/import?channel=rest", data=PEOPLE.encode(), headers=KEY)
    async with post as response:
        assert response.status == 202
        made = (await response.json())["import"]["id"]
    async with asyncio.timeout(30):
        while True:
            async with world.client.get(f"{BASE}/contacts/imports/{made}", headers=KEY) as response:
                if (await response.json())["import"]["finished_at"]:
                    break
            await asyncio.sleep(0.01)
    async with world.client.get(f"{BASE}/segments", headers=KEY) as response:
        [segment] = (await response.json())["segments"]
    behind = f"{RANGE}&by=source&touch=first&measure=people&key=fair"
    return {
        "/contacts/imports/{id}": made, "/contacts/imports/{id}/rejected": made, "/segments/{id}": segment["id"],
        "?/contacts": "format=csv", "?/segments/{id}": "limit=9", "?/reports/sources/behind": behind,
    }  # fmt: skip


async def session_of(world: World, stack: AsyncExitStack, who: Console) -> ClientSession:
    jar = CookieJar(unsafe=True)
    session = await stack.enter_async_context(ClientSession(str(world.client.make_url("/")), cookie_jar=jar))
    sign_in: dict[str, Any] = {"email": who.agent.email, "password": PASSWORD}
    async with session.post("/api/console/login", json=sign_in, headers={"X-Warmline": "1"}) as response:
        assert response.status == 200
    return session


def codes(answers: Answers) -> set[tuple[int, str]]:
    return {(status, json.loads(text)["error"]["code"]) for status, text in answers.values()}


async def test_no_path_is_open_without_a_key_or_to_agents_and_supervisors(world: World) -> None:
    async with AsyncExitStack() as stack:
        assert len(paths(world)) > 30
        stranger = await stack.enter_async_context(ClientSession())
        assert codes(await asked(world, stranger, {}, {})) == {(401, "sign_in")}
        assert codes(await asked(world, stranger, {"Authorization": "Bearer wl_wrong"}, {})) == {(401, "wrong_key")}
        for name, role in (("Sam", "agent"), ("Vera", "supervisor")):
            who = await stack.enter_async_context(console(world, name, role))
            assert codes(await asked(world, await session_of(world, stack, who), {}, {})) == {(403, "forbidden")}, role


async def test_no_path_tells_a_marketer_of_one_team_of_anothers_people_and_the_same_paths_tell_who_may(world: World) -> None:
    known = await imported(world)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(console(world, "Mia", teams=("support",)))
        mara = await stack.enter_async_context(console(world, "Mara", "marketer", teams=("sales",)))
        theirs = await asked(world, await session_of(world, stack, mara), {}, known)
        for (method, path), (status, text) in theirs.items():
            assert SECRET not in text.lower(), path
            if path in OF_PEOPLE and method == "GET":
                assert (status, json.loads(text)["error"]["code"]) == (403, "of_some_teams"), path
            else:
                assert status != 403, path
        max_ = await stack.enter_async_context(console(world, "Max", "marketer"))
        told = await asked(world, await session_of(world, stack, max_), {}, known)
        seen = {path for (_, path), (status, text) in told.items() if status == 200 and SECRET in text.lower()}
        assert seen == {"/contacts", "/contacts/imports/{id}/rejected", "/segments/{id}"}
        assert {path for (method, path) in told if method == "GET"} >= OF_PEOPLE
