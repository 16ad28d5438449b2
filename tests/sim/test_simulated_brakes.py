"""What stops harm by itself stops it in a simulation, too, and what was stopped before stays so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.decide import Rules
from bot.core.model import FlowMode
from bot.parts import load_rules
from bot.published import text_of
from bot.settings import Settings
from bot.simulate import Setup, simulate
from bot.simulate.standing import as_it_stands
from bot.simulate.told import as_csv, as_data, as_text
from bot.store.sql import open_store
from nurture.book import Ruling
from nurture.load import read_flow

ROOT = Path(__file__).resolve().parents[2]
SPLIT = """name: Split
version: 1
goal: g
trigger: first_message
repeat: true
steps:
  - {id: opener, experiment: [{arm: calm, then: calm}, {arm: loud, then: loud}]}
  - {id: calm, say: "Hi, I'm {{ bot_name }}, a bot.", purpose: delight, then: question}
  - {id: loud, say: "Hey, {{ bot_name }} the bot here.", purpose: delight, then: question}
  - {id: question, ask: "What do you sell?", slot: product, expects: {any_text: true}, silence: {after: 1h, then: over}}
  - {id: over, stop: over}
"""
STOPPED = ("split", "opener", "loud")


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    file = tmp_path / "split.yml"
    file.write_text(SPLIT)
    shipped = load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml", harm_limit=0))
    return replace(shipped, nurture=replace(shipped.nurture, flows={"split": read_flow(file)[1]}))


def reached(told: object) -> dict[str, int]:
    return {step["step"]: step["reached"] for step in as_data(told)["steps"]}  # type: ignore[arg-type]


def test_an_arm_that_does_harm_gets_nobody_new(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    def harmful(harmed: dict[str, int], shares: dict[str, int]) -> str | None:
        return "loud" if harmed.get("loud", 0) >= 3 and "loud" in shares and len(shares) > 1 else None

    monkeypatch.setattr("bot.core.guard.harmful", harmful)
    told = simulate(rules, "split", Setup(people=120, days=10, entering=10, seed=1, mix={"angry": 1}))
    (stopped,) = told.stopped_arms
    people = reached(told)

    assert (stopped.flow, stopped.experiment, stopped.arm) == STOPPED
    assert stopped.at is not None
    assert people["calm"] > people["loud"] + 20 > 20
    assert "The arm loud of opener in split was stopped on " in "\n".join(as_text(told))
    assert "arm_stopped,split/opener=loud,at," in as_csv(told)


def test_without_harm_no_arm_is_stopped(rules: Rules) -> None:
    told = simulate(rules, "split", Setup(people=60, days=5, seed=1, mix={"eager": 1}))

    assert told.stopped_arms == ()
    assert min(reached(told)["calm"], reached(told)["loud"]) > 10


def test_an_arm_that_was_stopped_before_gets_nobody(rules: Rules) -> None:
    held = replace(rules, nurture=replace(rules.nurture, stopped={STOPPED: "It did harm."}))
    told = simulate(held, "split", Setup(people=30, days=3, seed=1))

    assert (reached(told)["calm"], reached(told)["loud"]) == (30, 0)
    assert "was stopped before, and nobody new got it. It did harm." in "\n".join(as_text(told))


def test_a_paused_flow_is_played_and_says_so_while_others_stay_paused(rules: Rules) -> None:
    paused = Ruling(mode=FlowMode.PAUSED, reason="Enough.")
    other = replace(rules.nurture.flows["split"], flow_id="other")
    nurture = replace(rules.nurture, flows={"split": rules.nurture.flows["split"], "other": other})
    held = replace(rules, nurture=replace(nurture, rulings={"split": paused, "other": paused}))
    told = simulate(held, "split", Setup(people=20, days=3, seed=1))
    text = "\n".join(as_text(told))

    assert told.entered == 20
    assert sum(day.other_flows for day in told.days) == 0
    assert "split is paused, and was played as if it went on. Enough." in text
    assert "other is paused, and nobody went on in it. Enough." in text
    assert all(one["at"] is None for one in as_data(told)["paused"])


def test_what_holds_in_the_database_holds_in_the_simulation(rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=tmp_path / "home", flows=tmp_path)
    assert as_it_stands(settings, rules) == rules
    assert not (tmp_path / "home").exists()

    (tmp_path / "home").mkdir()
    asyncio.run(_pause(settings, rules))
    held = as_it_stands(settings, rules)

    assert held.nurture.ruling("split") == Ruling(mode=FlowMode.PAUSED, reason="Not this week.")


async def _pause(settings: Settings, rules: Rules) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    store = open_store(settings.url)
    await store.migrate()
    await store.publish_flows([text_of(rules.nurture.flows["split"])], by="me", now=now)
    await store.rule_flow("split", FlowMode.PAUSED, by="me", now=now, reason="Not this week.")
    await store.close()


def test_a_database_of_another_kind_is_no_obstacle(rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warmline.db").write_bytes(b"")
    played = as_it_stands(Settings(home=tmp_path), rules)

    assert played == rules
    monkeypatch.chdir(ROOT)
    shown = CliRunner().invoke(
        app, ["flows", "simulate", "welcome", "--people", "3", "--days", "2", "--json"], env={"WARMLINE_HOME": str(tmp_path)}
    )
    assert json.loads(shown.stdout[shown.stdout.index("{") :])["stopped_arms"] == []
