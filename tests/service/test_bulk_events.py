"""Many events in one call or file: each told once, what is none named with its line, the same again harmless."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.model import Identity
from bot.store.contract import StoreUnavailable
from bot.store.marketing import ApiKey
from studio.api.keys import sha256
from tests.service.serving import ROOT, START, World, serving

KEY = {"Authorization": "Bearer wl_test"}


async def opened(world: World, *people: str) -> None:
    await world.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))
    for who in people:
        async with world.client.post("/webhooks/rest/webhook", json={"sender": who, "message": "hi"}) as response:
            assert response.status == 200


def event(who: str, number: int, **changes: Any) -> bytes:
    usual = {"prospect": {"channel": "rest", "external_id": who}, "name": "cart_left", "external_id": f"cart-{number}"}
    return json.dumps({**usual, **changes}).encode()


async def post(world: World, *lines: bytes) -> list[dict[str, Any]]:
    async with world.client.post("/api/studio/events/import", data=b"\n".join(lines), headers=KEY) as response:
        assert response.status == 200
        return [json.loads(line) for line in (await response.text()).splitlines()]


async def happened(world: World, who: str) -> list[str]:
    found = await world.service.store.find_conversation(Identity(channel="rest", external_id=who))
    assert found is not None
    lines = [line.entry for line in await world.service.store.journal(found)]
    return [entry.data["external_id"] for entry in lines if entry.kind == "prospect.happened"]


async def test_each_event_is_told_once_and_what_is_none_is_named(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann", "ben")
        lines = [
            event("ann", 1), event("ben", 2), b"", event("ann", 3), b"no json", event("nobody", 4), event("ben", 1),
            event("ann", 5, name="Not A Name"), event("ann", 6, at="2999-01-01T00:00:00Z"), b'{"x": "' + b"y" * 300_000 + b'"}',
            event("ann", 1),
        ]  # fmt: skip
        *_, result = await post(world, *lines)
        assert (result["line"], result["new"], result["known"], result["rejected"], result["done"]) == (11, 3, 1, 6, True)
        rejected = {one["line"]: one["field"] for one in result["rejections"]}
        assert rejected == {5: "", 6: "prospect", 7: "external_id", 8: "name", 9: "at", 10: ""}
        assert await happened(world, "ann") == ["event:cart-1", "event:cart-3"]
        *_, again = await post(world, *lines)
        assert (again["new"], again["known"], again["rejected"]) == (0, 4, 6)
        assert await happened(world, "ann") == ["event:cart-1", "event:cart-3"]


async def test_progress_comes_with_each_thousand_lines(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann")
        told = await post(world, *([b"{}"] * 2500))
        assert [one["line"] for one in told] == [1000, 2000, 2500, 2500]
        assert (told[-1]["rejected"], len(told[-1]["rejections"])) == (2500, 1000)


async def test_a_store_that_is_away_ends_it_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann")

        async def away(*_args: Any, **_kwargs: Any) -> Any:
            raise StoreUnavailable("away")

        with monkeypatch.context() as troubled:
            troubled.setattr(world.service.store, "find_conversation", away)
            *_, result = await post(world, event("ann", 1))
        assert (result["done"], result["error"], result["new"]) == (False, "StoreUnavailable", 0)
        *_, again = await post(world, event("ann", 1))
        assert (again["done"], again["new"]) == (True, 1)


async def test_the_command_line_tells_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann")
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "events.ndjson"
    file.write_bytes(event("ann", 1) + b"\n" + event("nobody", 2) + b"\n")

    def run(*args: str) -> Any:
        return CliRunner().invoke(app, ["events", "import", *args])

    first = await asyncio.to_thread(run, str(file))
    assert (first.exit_code, "1 new, 0 known, 1 rejected." in first.stdout) == (1, True), first.output
    assert "events.ndjson:2: prospect There is no such prospect." in first.stderr
    again = json.loads((await asyncio.to_thread(run, str(file), "--json")).stdout)
    assert (again["new"], again["known"], again["rejected"]) == (0, 1, 1)
    missing = await asyncio.to_thread(run, str(tmp_path / "nothing"))
    assert "cannot be read" in str(missing.exception)
