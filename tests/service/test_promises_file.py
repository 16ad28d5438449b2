"""The promises file under a running service: edited by hand and in the console, checked, explained, saved, and put back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.promising import Promises, version_of
from bot.store.fake import FakeStore
from bot.time import HandTime
from handoff.policy import Policy
from tests.service.desks import Console, asks_for_a_person, console
from tests.service.serving import ROOT, START, World, serving

SHIPPED = (ROOT / "promises.yml").read_text(encoding="utf-8")
OLD, NEW = "first_words_s: 60", "first_words_s: 90"
BETTER = SHIPPED.replace(OLD, NEW)


@asynccontextmanager
async def edited(folder: Path) -> AsyncIterator[tuple[World, Path, Console]]:
    """A service with a promises file of its own, and an admin."""
    path = folder / "config" / "promises.yml"
    path.parent.mkdir()
    shutil.copy(ROOT / "promises.yml", path)
    async with serving(folder, promises=path) as world, console(world, "Alex", "admin") as alex:
        yield world, path, alex


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[tuple[World, Path, Console]]:
    async with edited(tmp_path) as made:
        yield made


async def read(alex: Console) -> dict[str, Any]:
    status, body = await alex.call("GET", "promises")
    assert status == 200
    return body


async def first_words_in(world: World) -> float:
    """What is promised to somebody who asks for a person now, in seconds."""
    conversation_id = await asks_for_a_person(world)
    episode = (await world.state(conversation_id)).episode
    return float((episode.first_words_due_at - episode.requested_at).total_seconds())


async def test_a_change_by_hand_is_taken_up_without_a_restart(desk: tuple[World, Path, Console]) -> None:
    world, path, alex = desk
    assert await first_words_in(world) == 60
    path.write_text(BETTER, encoding="utf-8")
    await world.service.promises.look()
    assert await first_words_in(world) == 90
    body = await read(alex)
    assert (body["version"], body["running"]) == (version_of(BETTER), version_of(BETTER))


async def test_a_broken_file_is_told_with_its_place_and_the_last_good_one_holds(desk: tuple[World, Path, Console]) -> None:
    world, path, alex = desk
    path.write_text(SHIPPED.replace(OLD, "first_wrods_s: 60"), encoding="utf-8")
    body = await read(alex)
    line = SHIPPED[: SHIPPED.index(OLD)].count("\n") + 1
    (problem,) = body["problems"]
    assert (problem["line"], problem["column"], problem["field"]) == (line, 3, "targets.first_wrods_s")
    assert "first_words_s" in problem["message"]
    assert body["running"] == version_of(SHIPPED)
    assert await first_words_in(world) == 60


async def test_a_save_changes_the_file_and_the_running_service_at_once(desk: tuple[World, Path, Console]) -> None:
    world, path, alex = desk
    base = (await read(alex))["version"]
    path.chmod(0o640)
    assert await alex.call("PUT", "promises", {"text": BETTER, "version": base}) == (200, {"version": version_of(BETTER)})
    assert path.read_text(encoding="utf-8") == BETTER
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["promises.yml"]
    assert await first_words_in(world) == 90
    assert (await read(alex))["running"] == version_of(BETTER)


async def test_a_file_that_changed_underneath_is_not_overwritten(desk: tuple[World, Path, Console]) -> None:
    _, path, alex = desk
    base = (await read(alex))["version"]
    by_hand = SHIPPED + "# changed by hand\n"
    path.write_text(by_hand, encoding="utf-8")
    status, body = await alex.call("PUT", "promises", {"text": BETTER, "version": base})
    assert (status, body["error"]["code"]) == (409, "changed_meanwhile")
    assert path.read_text(encoding="utf-8") == by_hand


async def test_what_gives_no_promises_is_not_saved(desk: tuple[World, Path, Console]) -> None:
    _, path, alex = desk
    base = (await read(alex))["version"]
    status, body = await alex.call("PUT", "promises", {"text": "ladder: [", "version": base})
    assert (status, body["error"]["code"]) == (422, "broken")
    assert body["error"]["problems"][0]["line"] >= 1
    assert path.read_text(encoding="utf-8") == SHIPPED


async def test_every_version_is_kept_with_who_made_it_and_can_be_put_back(desk: tuple[World, Path, Console]) -> None:
    world, path, alex = desk
    base = (await read(alex))["version"]
    _, saved = await alex.call("PUT", "promises", {"text": BETTER, "version": base})
    world.time.set(world.time.now() + timedelta(seconds=1))
    _, body = await alex.call("GET", "promises/history")
    assert [(one["version"], one["by"]) for one in body["versions"]] == [(version_of(BETTER), "Alex"), (base, None)]
    assert [one["changes"] for one in body["versions"]] == [["targets.first_words_s: 60 → 90"], []]
    oldest = body["versions"][-1]["id"]
    assert (await alex.call("GET", f"promises/history/{oldest}"))[1]["text"] == SHIPPED
    status, refused = await alex.call("POST", f"promises/history/{oldest}/restore", {"version": base})
    assert (status, refused["error"]["code"]) == (409, "changed_meanwhile")
    status, _ = await alex.call("POST", f"promises/history/{oldest}/restore", {"version": saved["version"]})
    assert status == 200
    assert path.read_text(encoding="utf-8") == SHIPPED
    assert await first_words_in(world) == 60
    _, body = await alex.call("GET", "promises/history")
    assert [one["version"] for one in body["versions"]] == [base, version_of(BETTER), base]
    assert (await alex.call("GET", "promises/history/..%2f..%2fetc"))[0] == 404


async def test_a_report_judges_a_wait_by_the_promises_that_held_then_and_names_them(desk: tuple[World, Path, Console]) -> None:
    world, path, alex = desk
    since = world.time.now()

    async def answered_after(seconds: float) -> None:
        conversation_id = await asks_for_a_person(world)
        await alex.post(f"conversations/{conversation_id}/take")
        await world.wind(seconds=seconds)
        await alex.post(f"conversations/{conversation_id}/say", {"text": "Hi", "key": f"key-{conversation_id}"})
        await alex.post(f"conversations/{conversation_id}/give-back", {"summary": "", "outcome": "returned"})

    await answered_after(75)
    assert await first_words_in(world) == 60
    path.write_text(BETTER, encoding="utf-8")
    await world.service.promises.look()
    await answered_after(75)
    path.write_text(SHIPPED.replace(OLD, "first_words_s: 30"), encoding="utf-8")
    await world.service.promises.look()
    query = f"from={since:%Y-%m-%dT%H:%M:%SZ}&to={since + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    status, made = await alex.call("GET", f"reports/handoff?{query}")
    assert status == 200
    # Of the two that waited 75 s one was promised 60 s and one 90 s; a third waits still, past its 60 s.
    assert made["total"]["segments"]["first_words"]["missed"] == 2
    assert [one["changes"] for one in made["promises"]] == [
        ["targets.first_words_s: 90 → 30"],
        ["targets.first_words_s: 60 → 90"],
        [],
    ]
    _, by_version = await alex.call("GET", f"reports/handoff?{query}&by=promises")
    missed = {row["key"]: row["segments"]["first_words"]["missed"] for row in by_version["rows"]}
    assert missed == {version_of(SHIPPED): 2, version_of(BETTER): 0}


async def test_services_on_one_database_share_the_history(tmp_path: Path) -> None:
    store, time = FakeStore(), HandTime(START)
    paths = [tmp_path / name for name in ("one.yml", "two.yml")]
    for path in paths:
        path.write_text(SHIPPED, encoding="utf-8")
    one, two = (Promises(path, Policy.load(path), store, time) for path in paths)
    for promises in (one, two):
        await promises.keep_running()
    assert len(await two.versions()) == 1
    await one.save(BETTER, base=version_of(SHIPPED), by="a_alex")
    # The change is deployed to the other machine.
    paths[1].write_text(BETTER, encoding="utf-8")
    await two.look()
    assert two.policy.version == version_of(BETTER)
    kept = [(one.version, one.by) for one in await two.versions()]
    assert kept == [(version_of(BETTER), "a_alex"), (version_of(SHIPPED), "file")]


async def test_a_text_is_checked_while_it_is_written(desk: tuple[World, Path, Console]) -> None:
    _, path, alex = desk
    _, fine = await alex.post("promises/check", {"text": SHIPPED})
    assert fine == {"problems": [], "findings": []}
    _, odd = await alex.post("promises/check", {"text": SHIPPED.replace("actions: [supervisor]", "actions: [page]")})
    assert [(one["rule"], one["line"] > 1) for one in odd["findings"]] == [("nobody_to_page", True)]
    _, wrong = await alex.post("promises/check", {"text": SHIPPED.replace("at: 50", "at: 5000")})
    assert [one["field"] for one in wrong["problems"]] == ["ladder[0].at"]
    assert path.read_text(encoding="utf-8") == SHIPPED


async def test_a_text_is_explained_before_it_is_saved(desk: tuple[World, Path, Console]) -> None:
    _, _, alex = desk
    asked = {"text": BETTER, "at": "2026-11-23T10:00", "zone": "Europe/Berlin"}
    status, told = await alex.post("promises/explain", asked)
    assert (status, told["policy"]) == (200, "default")
    (due,) = [one["due_at"]["prospect"] for one in told["clocks"] if one["clock"] == "first_words"]
    assert due == "2026-11-23T10:01:30+01:00"
    for change, field in (({"at": "soon"}, "at"), ({"zone": "Mars"}, "zone"), ({"reason": "mood"}, "reason")):
        status, body = await alex.post("promises/explain", {**asked, **change})
        assert (status, body["error"]["field"]) == (400, field)
    assert (await alex.post("promises/explain", {**asked, "text": "a: b"}))[0] == 422


async def test_only_admins_see_and_change_promises(desk: tuple[World, Path, Console]) -> None:
    world, path, _ = desk
    async with console(world, "Sam") as sam:
        tried = [
            await sam.call("GET", "promises"),
            await sam.call("PUT", "promises", {"text": BETTER, "version": version_of(SHIPPED)}),
            await sam.post("promises/check", {"text": BETTER}),
            await sam.call("GET", "promises/history"),
            await sam.call("GET", "reports/staffing?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"),
        ]
    assert [status for status, _ in tried] == [403] * 5
    assert path.read_text(encoding="utf-8") == SHIPPED


async def test_staffing_is_worked_out_apart_and_says_what_each_hour_needs(desk: tuple[World, Path, Console]) -> None:
    world, _, alex = desk
    query = "reports/staffing?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"
    assert (await alex.call("GET", query))[1]["rows"] == []
    conversation_id = await asks_for_a_person(world)
    await alex.post(f"conversations/{conversation_id}/take")
    await alex.post(f"conversations/{conversation_id}/say", {"text": "Hi", "key": "alex-key-1"})
    await world.wind(seconds=60)
    await alex.post(f"conversations/{conversation_id}/give-back", {"summary": "", "outcome": "returned", "slots": {}})
    status, body = await alex.call("GET", f"{query}&share=0.9&within_s=30")
    assert status == 200
    (row,) = body["rows"]
    assert (row["hour"], row["requests"], row["agents"], row["mean_handling_s"]) == ("14", 1, 1, 60.0)
    assert (body["share"], body["within_s"], body["requests"]) == (0.9, 30.0, 1)
    for wrong, field in (("share=2", "share"), ("within_s=no", "within_s"), ("zone=Mars", "zone")):
        status, body = await alex.call("GET", f"{query}&{wrong}")
        assert (status, body["error"]["field"]) == (400, field)
