"""The marketers' API over a whole service: from a link to a sale, told once, and back to the people behind each number."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.model import Identity
from bot.store.marketing import ApiKey
from studio.api.keys import sha256
from tests.service.serving import ROOT, START, World, serving

RANGE = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"
TOKEN = "wl_of-the-shop"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as made:
        key = ApiKey(key_id="k", name="shop", token_sha256=sha256(TOKEN), created_at=START)
        await made.service.store.add_key(key)
        yield made


async def call(world: World, method: str, path: str, body: Any = None, *, token: str | None = TOKEN) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with world.client.request(method, f"/api/studio/{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


async def writes(world: World, sender: str, text: str, **referral: Any) -> str:
    metadata = {"referral": referral} if referral else {}
    body = {"sender": sender, "message": text, "metadata": metadata}
    async with world.client.post("/webhooks/rest/webhook", json=body) as response:
        assert response.status == 200
    found = await world.service.store.find_conversation(Identity(channel="rest", external_id=sender))
    assert found is not None
    return found


def sale(**changes: Any) -> dict[str, Any]:
    prospect = {"channel": "rest", "external_id": "ann"}
    usual = {"prospect": prospect, "name": "sale", "external_id": "order-1", "value": 49.9, "currency": "EUR"}
    return {**usual, **changes}


async def test_from_a_link_to_a_sale_and_back_to_the_person(world: World) -> None:
    ann = await writes(world, "ann", "hi", url="https://shop.example/?utm_source=insta&utm_campaign=spring&mail=a%40b.c")
    await world.wind(minutes=2)
    await writes(world, "ann", "we sell bread")
    assert (await call(world, "POST", "conversions", sale()))[0] == 201
    await writes(world, "ben", "hello")

    _, funnel = await call(world, "GET", f"reports/flows/welcome?{RANGE}")
    rows = {row["key"]: row for row in funnel["rows"]}
    assert (funnel["enrolments"], rows["hello"]["reached"], rows["hello"]["sent"], rows["hello"]["read"]) == (2, 2, 2, 2)
    assert funnel["total"]["replied"] == 1
    assert funnel["total"]["reply"]["worst_s"] == 120.0
    assert funnel["total"]["value"] == {"EUR": "49.9"}
    _, opened = await call(world, "GET", f"reports/flows/welcome/behind?{RANGE}&measure=replied")
    assert [event["conversation_id"] for event in opened["events"]] == [ann]

    _, found = await call(world, "GET", f"reports/sources?{RANGE}&by=campaign")
    assert {row["key"]: (row["people"], row["conversions"]) for row in found["rows"]} == {"-": (1, 0), "spring": (1, 1)}
    _, opened = await call(world, "GET", f"reports/sources/behind?{RANGE}&by=campaign&key=spring&measure=conversions")
    (event,) = opened["events"]
    assert (event["conversation_id"], event["value"]) == (ann, "49.9")
    lines = {str(line.journal_id): line.entry.kind for line in await world.service.store.journal(ann)}
    assert lines[event["journal_id"]] == "prospect.converted"
    state = await world.state(ann)
    assert "a%40b" not in str(state)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with world.client.get(f"/api/studio/reports/flows/welcome?{RANGE}&by=variant&format=csv", headers=headers) as response:
        assert response.content_type == "text/csv"
        assert [row["key"] for row in csv.DictReader(io.StringIO(await response.text()))][-1] == "total"


async def test_the_same_conversion_again_changes_nothing(world: World) -> None:
    ann = await writes(world, "ann", "hi")
    first = await call(world, "POST", "conversions", sale())
    again = await call(world, "POST", "conversions", sale(prospect={"conversation_id": ann}, value="49.900"))
    assert (first[0], first[1]["new"], again[0], again[1]["new"]) == (201, True, 200, False)
    assert first[1]["conversion"] == again[1]["conversion"]
    assert len([line for line in await world.service.store.journal(ann) if line.entry.kind == "prospect.converted"]) == 1
    status, body = await call(world, "POST", "conversions", sale(value=50))
    assert (status, body["error"]["code"], body["error"]["field"]) == (409, "external_id_taken", "external_id")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"prospect": {"channel": "rest", "external_id": "nobody"}}, 404, None),
        ({"prospect": {"conversation_id": "nothing"}}, 404, None),
        ({"prospect": {"channel": "rest"}}, 400, "prospect"),
        ({"value": "much"}, 400, "value"),
        ({"value": "NaN"}, 400, "value"),
        ({"currency": "euro"}, 400, "currency"),
        ({"currency": None}, 400, None),
        ({"name": "a\u0000b"}, 400, "name"),
        ({"external_id": ""}, 400, "external_id"),
        ({"at": "2026-11-20T15:00:00Z"}, 400, "at"),
        ({"at": "2026-11-20T15:00:00"}, 400, "at"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
async def test_what_is_no_conversion_is_refused_with_its_field(
    world: World, changes: dict[str, Any], status: int, field: str | None
) -> None:
    await writes(world, "ann", "hi")
    found, body = await call(world, "POST", "conversions", sale(**changes))
    assert (found, body["error"].get("field")) == (status, field), body


async def test_only_keys_and_admins_get_in(world: World) -> None:
    for path in (f"reports/flows/welcome?{RANGE}", f"reports/sources?{RANGE}"):
        assert (await call(world, "GET", path, token="wl_wrong"))[0] == 401
        assert (await call(world, "GET", path, token=None))[0] == 401
        assert (await call(world, "GET", path))[0] == 200
    assert (await call(world, "POST", "conversions", sale(), token=None))[0] in (401, 403)
    await world.service.store.revoke_key("k", now=START)
    assert (await call(world, "GET", f"reports/sources?{RANGE}"))[0] == 401


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        (f"reports/flows/nothing?{RANGE}", 404, None),
        ("reports/flows/welcome?to=2026-11-21T00:00:00Z", 400, "from"),
        (f"reports/flows/welcome?{RANGE}&by=mood", 400, "by"),
        (f"reports/flows/welcome?{RANGE}&reply_within=soon", 400, "reply_within"),
        (f"reports/flows/welcome/behind?{RANGE}&measure=mood", 400, "measure"),
        (f"reports/flows/welcome/behind?{RANGE}&key=nothing", 400, "key"),
        (f"reports/sources?{RANGE}&touch=second", 400, "touch"),
        (f"reports/sources?{RANGE}&format=pdf", 400, "format"),
    ],
)
async def test_a_wrong_parameter_of_a_report_is_named(world: World, path: str, status: int, field: str | None) -> None:
    found, body = await call(world, "GET", path)
    assert (found, body["error"].get("field")) == (status, field)


async def test_the_command_line_says_the_same_in_three_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as world:
        await writes(world, "ann", "hi", utm={"source": "insta"})
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)

    def run(*args: str) -> str:
        result = CliRunner().invoke(app, list(args))
        assert result.exit_code == 0, result.output
        return result.output

    days = ("--from", "2026-11-20", "--to", "2026-11-21")

    def all_of_it() -> None:
        data = json.loads(run("reports", "flows", "welcome", *days, "--format", "json"))
        assert data["rows"][0]["key"] == "hello"
        rows = list(csv.DictReader(io.StringIO(run("reports", "flows", "welcome", *days, "--format", "csv"))))
        assert (rows[0]["key"], rows[0]["sent"], rows[-1]["key"]) == ("hello", "1", "total")
        assert "hello" in run("reports", "flows", "welcome", *days)
        assert "insta" in run("reports", "sources", *days)
        (event,) = json.loads(run("reports", "sources", *days, "--behind", "people", "--row", "insta"))
        assert event["at"].startswith("2026-11-20T14:00")
        unknown = CliRunner().invoke(app, ["reports", "flows", "nothing", *days])
        assert "there is no flow nothing; there are booking" in str(unknown.exception)
        token = run("keys", "add", "shop").strip()
        assert token.startswith("wl_")
        (told,) = [json.loads(row) for row in run("keys", "list").splitlines()]
        assert (told["name"], told["revoked_at"]) == ("shop", None)
        assert token not in run("keys", "list")
        run("keys", "revoke", told["id"])
        assert json.loads(run("keys", "list"))["revoked_at"]

    await asyncio.to_thread(all_of_it)
