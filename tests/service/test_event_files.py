"""Events by CSV: previewed, told once each, errors by row and column, rejected rows kept, gone on with where it stopped."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import app
from studio.contacts.columns import BadColumns
from studio.eventfile import preview, tell_file
from studio.eventrows import Asked, detected, read
from studio.happenings import HappeningBody
from studio.telling import Tally
from tests.service.serving import ROOT, World, serving
from tests.service.test_bulk_events import KEY, happened, opened

TABLE = (
    "Channel;User ID;Event;Event ID;When;properties.plan;properties.seats;Note\r\n"
    "rest;ann;cart_left;c-1;2026-11-20T10:00:00Z;pro;3;x\r\n"
    "rest;ann;Not A Name;c-2;yesterday;;;\r\n"
    "rest;nobody;cart_left;c-3;;;;\r\n"
    "rest;ben;cart_left;c-4;;;007;\r\n"
)
WHEN = ["When=at"]


def file(folder: Path, text: str = TABLE) -> Path:
    path = folder / "events.csv"
    path.write_text(text, encoding="utf-8")
    return path


async def told(world: World, path: Path, **more: Any) -> Tally:
    handle, now = world.service.conversations.handle, world.service.time.now
    tallies = tell_file(world.service.store, path, Asked(mapping={"When": "at"}), handle, now=now, **more)
    return [tally async for tally in tallies][-1]


def test_a_preview_reads_everything_and_names_row_and_column(tmp_path: Path) -> None:
    seen = preview(file(tmp_path), Asked(mapping={"When": "at"}))
    assert {one["column"]: one["is"] for one in seen["columns"]}["User ID"] == "prospect.external_id"
    assert (seen["rows"], seen["rejected"]) == (3, 1)
    assert {(one["line"], one["column"]) for one in seen["rejections"]} == {(3, "Event"), (3, "When")}
    assert seen["first"][0]["properties"] == {"plan": "pro", "seats": 3}
    assert seen["first"][2]["properties"] == {"seats": "007"}


async def test_each_row_is_told_once_and_the_rejected_ones_are_a_file(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann", "ben")
        path, rejected = file(tmp_path), tmp_path / "rejected.csv"
        tally = await told(world, path, rejected=rejected)
        assert (tally.new, tally.known, tally.rejected, tally.line) == (2, 0, 2, 5)
        assert {(one.line, one.field) for one in tally.rejections} == {(3, "Event"), (3, "When"), (4, "User ID")}
        rows = list(csv.DictReader(io.StringIO(rejected.read_text(encoding="utf-8"))))
        assert {(row["Event ID"], row["line"]) for row in rows} == {("c-2", "3"), ("c-3", "4")}
        assert (await told(world, path)).known == 2
        assert await happened(world, "ann") == ["event:c-1"]
        tally = await told(world, path, rejected=rejected, after_line=3)
        assert (tally.known, tally.rejected) == (1, 1)
        assert len(list(csv.DictReader(io.StringIO(rejected.read_text(encoding="utf-8"))))) == 2


async def test_the_same_over_the_api(tmp_path: Path) -> None:
    kind = KEY | {"Content-Type": "text/csv"}
    async with serving(tmp_path) as world:
        await opened(world, "ann", "ben")
        address = "/api/studio/events/import?mapping=When%3Dat"
        async with world.client.post(f"{address}&preview=1", data=TABLE.encode(), headers=kind) as response:
            assert (response.status, (await response.json())["rows"]) == (200, 3)
        async with world.client.post(address, data=TABLE.encode(), headers=kind) as response:
            result = json.loads((await response.text()).splitlines()[-1])
        assert (result["new"], result["rejected"], result["done"]) == (2, 2, True)
        rejected = f"/api/studio/events/imports/{result['import']['id']}/rejected"
        async with world.client.get(rejected, headers=KEY) as response:
            rows = list(csv.DictReader(io.StringIO(await response.text())))
            assert (response.status, response.content_type) == (200, "text/csv")
        assert [(row["Event ID"], row["line"], row["column"]) for row in rows] == [("c-2", "3", "Event"), ("c-3", "4", "User ID")]
        assert rows[1]["why"] == "There is no such prospect."
        async with world.client.post(f"{address}&after_line=3", data=TABLE.encode(), headers=kind) as response:
            assert json.loads((await response.text()).splitlines()[-1])["import"] == result["import"]
        async with world.client.get(rejected, headers=KEY) as response:
            assert len(list(csv.DictReader(io.StringIO(await response.text())))) == 2
        for named in ("evt_000000000000000000000000", "..%2Fwarmline.db", "evt_"):
            async with world.client.get(f"/api/studio/events/imports/{named}/rejected", headers=KEY) as response:
                assert response.status == 404
        for query, text in (("mapping=When%3Dwhen", TABLE), ("", "a,b\n1,2\n"), ("", ""), ("after_line=x", TABLE)):
            async with world.client.post(f"/api/studio/events/import?{query}", data=text.encode(), headers=kind) as response:
                assert (response.status, (await response.json())["error"]["code"][:4]) == (400, "bad_")
        assert not list((tmp_path / "imports").glob("upload-*"))


async def test_a_file_that_is_being_told_is_not_told_beside_itself(tmp_path: Path) -> None:
    kind = KEY | {"Content-Type": "text/csv"}
    async with serving(tmp_path) as world:
        await opened(world, "ann")
        began, go_on = asyncio.Event(), asyncio.Event()
        real = world.service.conversations.handle

        async def slow(conversation_id: str, event: Any) -> Any:
            began.set()
            await go_on.wait()
            return await real(conversation_id, event)

        world.service.conversations.handle = slow  # type: ignore[method-assign]
        address = "/api/studio/events/import?mapping=When%3Dat"
        first = asyncio.create_task(world.client.post(address, data=TABLE.encode(), headers=kind).__aenter__())
        await began.wait()
        async with world.client.post(address, data=TABLE.encode(), headers=kind) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (409, "busy")
        go_on.set()
        told = await (await first).text()
        assert json.loads(told.splitlines()[-1])["done"] is True


async def test_the_command_keeps_the_rejected_rows_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as world:
        await opened(world, "ann", "ben")
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)
    args = ["events", "import", str(file(tmp_path)), "--mapping", WHEN[0]]
    result = await asyncio.to_thread(CliRunner().invoke, app, args)
    assert (result.exit_code, "2 new, 0 known, 2 rejected. The rejected rows are in" in result.stdout) == (1, True), result.output
    assert "events.csv:4: User ID There is no such prospect." in result.stderr
    assert len((tmp_path / "events.rejected.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_options_for_csv_are_refused_for_lines(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text("", encoding="utf-8")
    result = CliRunner().invoke(app, ["events", "import", str(tmp_path / "events.ndjson"), "--preview"])
    assert result.exit_code == 2
    shown = CliRunner().invoke(app, ["events", "import", str(file(tmp_path)), "--preview", "--mapping", WHEN[0]])
    assert (shown.exit_code, "3 events would be told, 1 rows rejected." in shown.stdout) == (0, True)


@pytest.mark.parametrize(
    ("header", "mapping", "channel"),
    [
        (("user_id", "event", "event_id"), {}, None),
        (("channel", "user_id", "event"), {}, None),
        (("channel", "user_id", "event", "event_id", "id"), {}, None),
        (("channel", "user_id", "event", "event_id"), {"nothing": "at"}, None),
        (("channel", "user_id", "event", "event_id"), {"event": "nothing"}, None),
    ],
)
def test_columns_that_do_not_fit_are_named(header: tuple[str, ...], mapping: dict[str, str], channel: str | None) -> None:
    with pytest.raises(BadColumns):
        detected(header, Asked(mapping=mapping, channel=channel))
    assert len(detected(("user_id", "event", "event_id"), Asked(channel="rest"))) == 3


@given(st.lists(st.text(max_size=12), min_size=4, max_size=6))
def test_whatever_a_row_holds_it_is_an_event_or_told_why_not(cells: list[str]) -> None:
    header = ("channel", "user_id", "event", "event_id")
    found = read(cells, header, detected(header, Asked()), None)
    assert isinstance(found, HappeningBody) or (found and all(one.why for one in found))
