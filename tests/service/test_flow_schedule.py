"""Flows that begin by themselves over a whole service: whoever was there before is gone through, and each begins in time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.arming import mark_of, timed
from bot.cli import app
from bot.core.model import ClockKind
from bot.published import text_of
from bot.scheduling import coming
from nurture.book import Nurture, Persona
from nurture.load import read_flow
from tests.service.serving import START, World, serving
from tests.service.test_flow_versions import flow_words, greeted

TIPS = """\
name: Tips
version: 1
goal: They have a tip.
trigger: {schedule: {every: day, at: "15:00", spread: 10m}}
audience: {channels: [rest]}
quiet_hours: none
zone: UTC
steps:
  - {id: tip, say: "Try it with a photo first.", purpose: help}
  - {id: done, goal: They have it.}
"""
QUIET = """\
name: Quiet
version: 1
goal: g
trigger: {segment: {silence: 14d}}
steps:
  - {id: done, stop: over}
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "hello.yml").write_text(TIPS.replace("name: Tips", "name: Hello").replace(
        'trigger: {schedule: {every: day, at: "15:00", spread: 10m}}', "trigger: manual"))  # fmt: skip
    async with serving(tmp_path, flows=tmp_path / "flows") as world:
        yield world


async def test_people_who_were_there_before_get_their_clock_and_begin_once(world: World, tmp_path: Path) -> None:
    service = world.service
    ann, ben = await greeted(world, "ann"), await greeted(world, "ben")
    file = tmp_path / "tips.yml"
    file.write_text(TIPS)
    await service.store.publish_flows([text_of(read_flow(file)[1])], by="me", now=world.time.now())
    assert await service.arming.look() == 2
    assert await service.arming.look() == 0
    clocks = [c for c in (await world.state(ann)).clocks if c.kind is ClockKind.ENTRY]
    day = START.replace(hour=15, minute=0, second=0)
    day += timedelta(days=int(day <= world.time.now()))
    assert [c.data["at"] for c in clocks] == [day.isoformat()]

    await world.wind(seconds=(day + timedelta(minutes=11) - world.time.now()).total_seconds())
    for person in (ann, ben):
        assert (await flow_words(world, person))[-1:] == ["Try it with a photo first."]
        assert (await world.state(person)).occurred == {"tips": day.strftime("%Y-%m-%dT15:00")}


def test_what_needs_going_through_is_known_by_its_mark(tmp_path: Path) -> None:
    def nurture(**files: str) -> Nurture:
        flows = {}
        for name, text in files.items():
            (tmp_path / f"{name}.yml").write_text(text)
            flows[name] = read_flow(tmp_path / f"{name}.yml")[1]
        return Nurture(flows=flows, persona=Persona(name="Juno", business="Sundial"))

    tips = nurture(tips=TIPS)
    assert [flow.flow_id for flow in timed(nurture(tips=TIPS, quiet=QUIET, other=TIPS.replace("{schedule", "manual #")))] == [
        "quiet",
        "tips",
    ]
    assert mark_of(timed(tips)) == mark_of(timed(nurture(tips=TIPS.replace("a photo", "a picture"))))
    assert mark_of(timed(tips)) != mark_of(timed(nurture(tips=TIPS.replace("15:00", "16:00"))))
    assert mark_of([]) == ""


def test_the_command_tells_what_begins_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    (tmp_path / "tips.yml").write_text(TIPS.replace("zone: UTC\n", ""))
    (tmp_path / "quiet.yml").write_text(QUIET)
    flows = {name: read_flow(tmp_path / f"{name}.yml")[1] for name in ("tips", "quiet")}
    nurture = Nurture(flows=flows, persona=Persona(name="Juno", business="Sundial"), default_zone="Europe/Berlin")
    rows = list(coming(nurture, None, "Europe/Lisbon", datetime(2026, 3, 28, 16, tzinfo=UTC)))

    assert [(row["flow"], row["begins"]) for row in rows] == [
        ("quiet", "after 14d of silence"),
        ("tips", "every day at 15:00, over 10m"),
    ]
    assert rows[1]["next"] == ["2026-03-29 15:00", "2026-03-30 15:00", "2026-03-31 15:00"]

    told = CliRunner().invoke(
        app, ["flows", "schedule", "--json"], env={"WARMLINE_HOME": str(tmp_path), "WARMLINE_FLOWS": str(tmp_path)}
    )
    assert [row["flow"] for row in json.loads(told.stdout)] == ["quiet", "tips"]
    assert CliRunner().invoke(app, ["flows", "schedule", "--zone", "Mars"]).exit_code != 0
