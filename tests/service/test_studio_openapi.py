"""The marketers' OpenAPI document: valid, whole, and true of what the service really answers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.store.marketing import ApiKey
from studio.api.described import TYPES
from studio.api.keys import sha256
from tests.service.serving import START, World, serving
from tests.service.test_flow_versions import FLOW, greeted, write

BASE = "/api/studio"
KEY = {"Authorization": "Bearer wl_test"}
PEOPLE = b"external_id,first_name,consent,consent_date\ncem,Cem,fair,2026-01-02\nben,Ben,,2026-01-01\n"
SPLIT = FLOW.format(hi="Hello.", more="A tip.").replace(
    "  - {id: pause, wait: 3h}\n",
    "  - {id: pause, wait: 3h}\n  - {id: split, experiment: [{arm: a, share: 1, then: more}, {arm: b, share: 1, then: last}]}\n",
)
VIP = "name: Vip\nversion: 1\ngoal: g\ntrigger: manual\naudience: {channels: [rest]}\nsteps:\n  - {id: t, tag: vip}\n"
RANGE = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"


class Program:
    """A program with a key that holds every answer against the document, and remembers what it asked for."""

    def __init__(self, world: World, document: dict[str, Any]) -> None:
        self.world, self.document = world, document
        self.asked: set[tuple[str, str]] = set()

    async def ask(self, method: str, path: str, body: object = None, *, status: int = 200, kind: str = "") -> Any:
        template, operation = self._operation(method, path)
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = KEY | ({"Content-Type": kind} if kind else {})
        async with self.world.client.request(method, f"{BASE}{path}", headers=headers, **sent) as response:
            assert response.status == status, await response.text()
            said = operation["responses"]["default" if status >= 400 else str(status)]["content"]
            assert response.content_type in said
            self.asked.add((method, template.removeprefix(BASE)))
            if response.content_type != "application/json":
                return await response.text()
            told = await response.json()
        schema = said["application/json"]["schema"] | {"components": self.document["components"]}
        assert [f"{list(e.path)} {e.message}" for e in Draft202012Validator(schema).iter_errors(told)] == []
        assert status >= 400 or told == {} or list(Draft202012Validator(schema).iter_errors({"x": 1})), f"anything passes at {path}"
        return told

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """The described path that this one is; the one with the fewest parameters if several fit."""
        bare = BASE + path.partition("?")[0]
        fits = [one for one in self.document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), bare)]
        best = min(fits, key=lambda one: one.count("{"))
        return best, self.document["paths"][best][method.lower()]


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    flows = write(tmp_path, "Old hello.", "Old tip.")
    (flows / "vip.yml").write_text(VIP, encoding="utf-8")
    async with serving(tmp_path, flows=flows) as world:
        await world.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))
        async with world.client.get(f"{BASE}/openapi.json") as response:
            assert response.status == 200
            yield Program(world, await response.json())


async def test_the_document_is_valid_and_describes_every_route_that_is_there(program: Program) -> None:
    document = program.document
    OpenAPIV31SpecValidator(document).validate()
    routes = [(r.method, r.resource.canonical) for r in program.world.service.web.router.routes() if r.resource]
    there = {(method, path) for method, path in routes if method != "HEAD" and path.startswith(f"{BASE}/")}
    described = {(method.upper(), path) for path, of in document["paths"].items() for method in of}
    assert described == there - {("GET", f"{BASE}/openapi.json")}
    assert {(method, BASE + path) for method, path in TYPES} == described
    for path, of in document["paths"].items():
        for method, operation in of.items():
            assert operation["summary"], f"{method} {path} does not say what it is for"
            assert not operation["summary"].startswith("{"), path


async def test_every_json_answer_is_what_the_document_says(program: Program) -> None:
    ask, world = program.ask, program.world
    await greeted(world, "ann")
    ann = {"channel": "rest", "external_id": "ann"}
    sale = {"prospect": ann, "name": "sale", "external_id": "o-1", "value": "49.9", "currency": "EUR"}
    await ask("POST", "/conversions", sale, status=201)
    await ask("POST", "/conversions", sale)
    await ask("POST", "/conversions", {}, status=400)
    event = {"prospect": ann, "name": "cart_left", "external_id": "c-1"}
    await ask("POST", "/events", event, status=201)
    await ask("POST", "/events", event)
    await ask("POST", "/events/import", b"{}\n")
    table = b"channel,user_id,event,event_id\nrest,ann,cart_left,c-2\nrest,ann,,c-3\n"
    await ask("POST", "/events/import?preview=1", table, kind="text/csv")
    told = await ask("POST", "/events/import", table, kind="text/csv")
    await ask("GET", f"/events/imports/{json.loads(told.splitlines()[-1])['import']['id']}/rejected")
    await ask("GET", f"/reports/flows/tips?{RANGE}")
    await ask("GET", f"/reports/flows/tips?{RANGE}&format=csv")
    await ask("GET", f"/reports/flows/tips/behind?{RANGE}&measure=sent")
    await ask("GET", f"/reports/sources?{RANGE}")
    await ask("GET", f"/reports/sources/behind?{RANGE}&measure=people")

    await ask("POST", "/simulations", {"flow": "tips", "people": 0}, status=400)
    await ask("GET", "/flows")
    await ask("GET", f"/flows/figures?{RANGE}")
    await ask("GET", "/flows/held")
    await ask("POST", "/flows/tips/check", {"text": SPLIT})
    await ask("POST", "/flows/tips/check", {"text": "flow: 3"})
    await ask("GET", "/experiments?flow=tips")
    await ask("POST", "/flows/tips/publish", {"text": SPLIT})
    await ask("GET", "/experiments")
    await ask("POST", "/experiments/tips/split/b/resume", {"reason": "a test"}, status=404)
    text = {"text": FLOW.format(hi="New hello.", more="New tip."), "move": True}
    await ask("POST", "/flows/tips/plan", text)
    await ask("POST", "/flows/tips/publish", text)
    refused = await ask("POST", "/flows/tips/publish", {"text": "flow: tips\nsteps: 3\n"}, status=400)
    assert refused["error"]["problems"]
    await ask("GET", "/flows/tips/versions")
    await ask("GET", "/flows/tips/versions/1")
    await ask("GET", "/flows/tips/diff?from=1&to=2")
    await ask("POST", "/flows/tips/rollback", {"version": 1})
    for verb in ("pause", "resume", "drain", "stop"):
        await ask("POST", f"/flows/tips/{verb}", {"reason": "a test"})
    await ask("GET", "/flows/tips/log")

    await ask("POST", "/contacts/import?channel=rest&preview=1", PEOPLE)
    begun = await ask("POST", "/contacts/import?channel=rest", PEOPLE, status=202)
    name = begun["import"]["id"]
    while not (await ask("GET", f"/contacts/imports/{name}"))["import"]["finished_at"]:
        await world.settle()
    await ask("GET", f"/contacts/imports/{name}/rejected")
    await ask("GET", "/contacts")
    [segment] = (await ask("GET", "/segments"))["segments"]
    assert (await ask("GET", f"/segments/{segment['id']}?limit=1"))["people"]

    hook = (await ask("POST", "/hooks", {"url": "https://example.com/in"}, status=201))["hook"]["id"]
    await ask("GET", "/hooks")
    await ask("GET", "/hooks/parked")
    await ask("POST", f"/hooks/{hook}/pause")
    await ask("POST", f"/hooks/{hook}/resume")
    await ask("POST", f"/hooks/{hook}/replay", {})
    await ask("DELETE", f"/hooks/{hook}")
    assert program.asked == set(TYPES)
