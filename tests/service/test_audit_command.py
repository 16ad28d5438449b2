"""`warmline audit`: a look over the whole history, for people and for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.cli import app
from bot.core.model import Arrival, Identity
from bot.store import open_store
from bot.store.tables import clocks
from tests.migrated import migrated_at
from tests.service.serving import ROOT, START


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)
    store = open_store(migrated_at(tmp_path / "warmline.db"))
    for number in range(150):
        arrival = Arrival(identity=Identity(channel="rest", external_id=f"p{number}"), external_id="m", sent_at=START)
        far = START + timedelta(days=40_000)
        await store.take_in([arrival], now=START, answer_at=far, promise_due_at=far)
    await store.close()
    return tmp_path


def test_nothing_wrong(home: Path) -> None:
    result = CliRunner().invoke(app, ["audit"])
    assert (result.exit_code, result.output) == (0, "Nothing is wrong.\n")
    assert CliRunner().invoke(app, ["audit", "--json"]).output == ""


def test_everything_wrong_is_listed_and_the_exit_code_says_so(home: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{home}/warmline.db")
    with engine.begin() as conn:
        conn.execute(sa.delete(clocks).where(clocks.c.kind == "turn"))
    engine.dispose()
    result = CliRunner().invoke(app, ["audit", "--json"])
    found = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert len({one["conversation_id"] for one in found}) == 150
    assert {(one["row"], one["code"]) for one in found} == {("I1", "unheard_no_turn")}
    assert "nothing was going to answer it" in " ".join(CliRunner().invoke(app, ["audit"]).output.split())
