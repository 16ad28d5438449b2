"""Contacts over the API of a whole service: previewed, taken over in the background, gone on with after a restart, given out."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Identity
from bot.store.contract import StoreUnavailable
from bot.store.marketing import ApiKey
from studio.api import contacts as contacts_api
from studio.api.keys import sha256
from tests.service.serving import START, World, serving

HEADER = b"external_id,first_name,consent,consent_date,utm_source\n"
PEOPLE = HEADER + b"ann,Ann,fair,2026-01-01,mail\nben,Ben,,2026-01-01,\ncem,Cem,fair,2026-01-02,\n"
KEY = {"Authorization": "Bearer wl_test"}


async def opened(world: World) -> None:
    await world.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))


async def post(world: World, query: str, body: bytes = PEOPLE) -> tuple[int, Any]:
    async with world.client.post(f"/api/studio/contacts/import?{query}", data=body, headers=KEY) as response:
        return response.status, await response.json()


async def get(world: World, path: str) -> tuple[int, str]:
    async with world.client.get(f"/api/studio/{path}", headers=KEY) as response:
        return response.status, await response.text()


async def finished(world: World, name: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            told: dict[str, Any] = json.loads((await get(world, f"contacts/imports/{name}"))[1])["import"]
            if told["finished_at"] or told["error"]:
                return told
            await asyncio.sleep(0.01)


async def test_from_a_preview_to_the_flow_and_out_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        status, seen = await post(world, "channel=rest&preview=1")
        assert (status, seen["rows"], seen["rejected"]) == (200, 2, 1)
        assert seen["rejections"] == [{"line": 3, "column": "consent", "why": "is empty"}]
        status, made = await post(world, "channel=rest&flow=welcome")
        assert (status, made["rows"], made["rejected"]) == (202, 2, 1)
        told = await finished(world, made["import"]["id"])
        assert (told["new"], told["rejected"], told["share"]) == (2, 1, 1.0)
        _, rejected = await get(world, f"contacts/imports/{made['import']['id']}/rejected")
        assert [(row["external_id"], row["line"]) for row in csv.DictReader(io.StringIO(rejected))] == [("ben", "3")]
        await world.wind(minutes=5)
        ann = await world.service.store.find_conversation(Identity(channel="rest", external_id="ann"))
        assert ann is not None
        assert [speaker for speaker, _ in await world.said(ann)][:1] == ["flow"]
        _, everybody = await get(world, "contacts")
        assert {row["external_id"]: row["first_via"] for row in csv.DictReader(io.StringIO(everybody))} == {
            "ann": "mail",
            "cem": "import",
        }
        lines = (await get(world, "contacts?format=json"))[1].splitlines()
        assert sorted(json.loads(line)["external_id"] for line in lines) == ["ann", "cem"]
        again = await post(world, "channel=rest&flow=welcome")
        assert (await finished(world, again[1]["import"]["id"]))["new"] == 2
        # What it no longer needs goes right after it has told that it is done.
        async with asyncio.timeout(10):
            kept = [f"{made['import']['id']}.rejected.csv"]
            while [path.name for path in (tmp_path / "imports").iterdir()] != kept:  # noqa: ASYNC110 - files tell nobody
                await asyncio.sleep(0.01)


async def test_an_upload_is_gone_on_with_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts_api, "LOOK_AGAIN_S", 0.01)
    async with serving(tmp_path) as world:
        await opened(world)

        async def away(*_args: Any, **_kwargs: Any) -> Any:
            raise StoreUnavailable("away")

        with monkeypatch.context() as troubled:
            troubled.setattr(world.service.store, "import_batch", away)
            _, made = await post(world, "channel=rest")
            await asyncio.sleep(0.05)
            told = json.loads((await get(world, f"contacts/imports/{made['import']['id']}"))[1])["import"]
            assert (told["finished_at"], told["line"]) == (None, 0)
            await world.client.close()
    async with serving(tmp_path) as world:
        told = await finished(world, made["import"]["id"])
        assert (told["new"], told["rejected"], told["error"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("query", "body", "status", "field"),
    [
        ("", PEOPLE, 400, "mapping"),
        ("channel=fax", PEOPLE, 400, "channel"),
        ("channel=rest&flow=nothing", PEOPLE, 400, "flow"),
        ("channel=rest&per_hour=0", PEOPLE, 400, "per_hour"),
        ("channel=rest&per_hour=many", PEOPLE, 400, "per_hour"),
        ("channel=rest&mapping=first_name=nonsense", PEOPLE, 400, "mapping"),
        ("channel=rest", b"", 400, None),
        ("channel=rest", HEADER + b'"never closed', 400, None),
    ],
)
async def test_what_is_no_import_is_refused_and_nothing_kept(
    tmp_path: Path, query: str, body: bytes, status: int, field: str | None
) -> None:
    async with serving(tmp_path) as world:
        await opened(world)
        found, answer = await post(world, query, body)
        assert (found, answer["error"].get("field")) == (status, field), answer
        folder = tmp_path / "imports"
        assert not folder.exists() or list(folder.iterdir()) == []
        assert (await get(world, "contacts/imports/imp_nothing"))[0] == 404
        assert (await get(world, "contacts/imports/imp_nothing/rejected"))[0] == 404
