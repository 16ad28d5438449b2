"""`warmline experiments report`: from a flow file and a real journal to plain words."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.events import Decision, JournalEntry
from bot.core.model import Arrival, Identity
from bot.store import open_store
from tests.migrated import migrated_at
from tests.service.serving import ROOT, START

FLOW = """name: A
version: 1
goal: g
trigger: manual
steps:
  - {id: opener, experiment: [{arm: short, then: end}, {arm: long, then: end}]}
  - {id: end, goal: g}
"""


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yml").write_text(FLOW)
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.setenv("WARMLINE_FLOWS", str(tmp_path / "flows"))
    monkeypatch.setattr("bot.run.JOURNAL_PAGE", 7)
    monkeypatch.chdir(ROOT)
    store = open_store(migrated_at(tmp_path / "warmline.db"))
    for n in range(40):
        who = Identity(channel="rest", external_id=f"p{n}")
        far = START + timedelta(days=40_000)
        (taken,) = await store.take_in(
            [Arrival(identity=who, external_id="m", sent_at=START)], now=START, answer_at=far, promise_due_at=far
        )
        loaded = await store.load(taken.conversation_id)
        arm = ("short", "long")[n % 2]
        said = [JournalEntry(kind="flow.assigned", at=START, data={"flow": "a", "enrolment": "e", "step": "opener", "arm": arm})]
        if arm == "long":
            said.append(JournalEntry(kind="prospect.opted_out", at=START + timedelta(hours=1)))
        decision = Decision(state=loaded.state, journal=tuple(said))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=START)
    await store.close()
    return tmp_path


def test_an_arm_that_makes_people_leave_is_named_and_the_exit_code_says_so(home: Path) -> None:
    result = CliRunner().invoke(app, ["experiments", "report", "--within", "1d"])
    (report,) = json.loads(CliRunner().invoke(app, ["experiments", "report", "a", "--within", "1d", "--json"]).output)

    assert result.exit_code == 1
    assert result.output.splitlines()[0] == "a, opener: Stop long: more people there opt out or complain."
    assert [(arm["arm"], arm["shown"], arm["settled"], arm["opt_out"]) for arm in report["arms"]] == [
        ("short", 20, 20, 0),
        ("long", 20, 20, 20),
    ]


def test_what_cannot_be_asked_is_refused(home: Path) -> None:
    assert CliRunner().invoke(app, ["experiments", "report", "--within", "soon"]).exit_code == 2
    assert CliRunner().invoke(app, ["experiments", "report", "--alpha", "5"]).exit_code == 2
    unknown = CliRunner().invoke(app, ["experiments", "report", "b"])
    assert str(unknown.exception) == "there is no flow b; there are a"
