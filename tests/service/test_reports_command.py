"""`warmline reports handoff`: for people, for spreadsheets and for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.events import Decision
from bot.core.model import Arrival, Episode, Identity, Reason, WarmlineError
from bot.store import open_store
from tests.migrated import migrated_at
from tests.service.serving import ROOT

RANGE = ("reports", "handoff", "--from", "2026-11-23", "--to", "2026-11-24", "--zone", "Europe/Berlin")
FIRST_MOMENT = datetime(2026, 11, 22, 23, tzinfo=UTC)


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One person who was answered after 90 s, in the first moment of the day in Berlin."""
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)
    store = open_store(migrated_at(tmp_path / "warmline.db"))
    arrival = Arrival(identity=Identity(channel="rest", external_id="p"), external_id="m", sent_at=FIRST_MOMENT)
    (taken,) = await store.take_in([arrival], now=FIRST_MOMENT, answer_at=FIRST_MOMENT, promise_due_at=FIRST_MOMENT)
    loaded = await store.load(taken.conversation_id)
    episode = Episode(
        episode_id="e1",
        reason=Reason.HOT_LEAD,
        requested_at=FIRST_MOMENT,
        first_words_due_at=FIRST_MOMENT + timedelta(seconds=60),
        first_words_at=FIRST_MOMENT + timedelta(seconds=90),
        offered_at=FIRST_MOMENT + timedelta(seconds=1),
        accepted_at=FIRST_MOMENT + timedelta(seconds=4),
        status="closed",
        closed_at=FIRST_MOMENT + timedelta(seconds=99),
        breached=("first_words",),
        causes={"first_words": "slow"},
    )
    decision = Decision(state=replace(loaded.state, episode=episode))
    await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=FIRST_MOMENT)
    await store.close()


@pytest.mark.usefixtures("home")
def test_the_three_forms_say_the_same() -> None:
    data = json.loads(CliRunner().invoke(app, [*RANGE, "--format", "json"]).output)
    assert [(row["key"], row["segments"]["first_words"]["p95_s"]) for row in data["rows"]] == [("00", 90.0)]
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(app, [*RANGE, "--format", "csv"]).output)))
    assert [(row["key"], row["first_words_p95_s"], row["cause_slow"]) for row in rows] == [
        ("00", "90.0", "1"),
        ("total", "90.0", "1"),
    ]
    table = CliRunner().invoke(app, [*RANGE, "--by", "reason"]).output
    assert "hot_lead" in table
    assert "90.0 s" in table
    assert "Missed because of: slow 1" in table
    elsewhere = CliRunner().invoke(app, [*RANGE[:-1], "UTC", "--format", "json"]).output
    assert json.loads(elsewhere)["rows"] == []


@pytest.mark.usefixtures("home")
def test_staffing_by_the_hour() -> None:
    asked = ("reports", "staffing", *RANGE[2:])
    # First words came 86 s after acceptance, which no number of agents makes up for.
    (row,) = json.loads(CliRunner().invoke(app, [*asked, "--format", "json"]).output)
    assert row == {"hour": "00", "requests": 1, "per_hour": 1.0, "mean_handling_s": 95.0, "agents": None, "erlang_c": 1}
    assert "no number" in CliRunner().invoke(app, asked).output
    (row,) = csv.DictReader(io.StringIO(CliRunner().invoke(app, [*asked, "--within", "90", "--format", "csv"]).output))
    assert (row["hour"], row["agents"]) == ("00", "1")
    nobody = CliRunner().invoke(app, ["reports", "staffing", "--from", "2026-01-01", "--to", "2026-01-02"])
    assert "nobody was helped" in str(nobody.exception)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--from", "monday", "--to", "2026-11-24"), '--from: "monday" is not a day'),
        (("--from", "2026-11-24", "--to", "2026-11-24"), "--to: the end is not after the start"),
        (("--from", "2026-11-23", "--to", "2026-11-24", "--zone", "Europe/Berln"), '--zone: "Europe/Berln" is not a time zone'),
    ],
)
def test_a_wrong_option_is_named(options: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(app, ["reports", "handoff", *options])
    assert result.exit_code != 0
    assert isinstance(result.exception, WarmlineError)
    assert says in str(result.exception)
