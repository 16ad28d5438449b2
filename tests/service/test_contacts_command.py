"""`warmline contacts`: from a file into the database, and out again."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.service.serving import ROOT

HEADER = "external_id,first_name,consent,consent_date,utm_source\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "ann,Ann,fair,2026-01-01,mail\nben,Ben,,2026-01-01,\n")
    return path


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["contacts", *args])


def test_a_preview_an_import_the_same_again_and_an_export(file: Path) -> None:
    asked = (str(file), "--channel", "rest", "--flow", "welcome")
    seen = run("import", *asked, "--preview")
    assert seen.exit_code == 1
    assert "line 3: consent is empty" in seen.output
    assert "1 rows would be taken, 1 rejected. Nothing was changed." in seen.output
    assert json.loads(run("import", *asked, "--preview", "--json").stdout)["rows"] == 1
    assert list(csv.reader(io.StringIO(run("export").stdout)))[1:] == []

    first = run("import", *asked)
    assert first.exit_code == 1
    assert "1 new, 0 merged, 0 unchanged, 1 rejected." in first.output
    rejected = list(csv.DictReader(io.StringIO(file.with_name("people.csv.rejected.csv").read_text())))
    assert [(row["external_id"], row["line"], row["column"], row["why"]) for row in rejected] == [
        ("ben", "3", "consent", "consent is empty")
    ]
    again = json.loads(run("import", *asked, "--json").stdout)
    assert (again["new"], again["finished_at"] is not None) == (1, True)

    (told,) = csv.DictReader(io.StringIO(run("export").stdout))
    assert (told["external_id"], told["first_name"], told["first_source"]) == ("ann", "Ann", "mail")
    (data,) = [json.loads(line) for line in run("export", "--format", "json").stdout.splitlines()]
    assert data["first_touch"]["via"] == "mail"
    sources = json.loads(CliRunner().invoke(app, ["reports", "sources", "--format", "json"]).output)
    assert [(row["key"], row["people"]) for row in sources["rows"]] == [("mail", 1)]


def test_what_cannot_be_is_said(file: Path) -> None:
    assert "no column is channel" in str(run("import", str(file)).exception)
    assert "there is no flow nothing" in str(run("import", str(file), "--channel", "rest", "--flow", "nothing").exception)
    assert "cannot be read" in str(run("import", str(file) + "x", "--channel", "rest").exception)
