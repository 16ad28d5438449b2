"""`warmline agents`: from the command line to the row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    return tmp_path


def run(*args: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["agents", *args])
    assert done.exit_code == code, done.output
    return done.output


def listed() -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("list").splitlines()]


def test_what_somebody_can_do_is_set_kept_and_cleared(home: Path) -> None:
    run("add", "sam@example.com", "--name", "Sam")
    run(
        "set",
        "SAM@example.com",
        "--skill",
        "Pricing",
        "--skill",
        "tax ",
        "--language",
        "de",
        "--team",
        "sales",
        "--capacity",
        "2.5",
    )
    (sam,) = listed()
    assert (sam["skills"], sam["languages"], sam["teams"], sam["capacity"]) == (["pricing", "tax"], ["de"], ["sales"], 2.5)
    run("set", "sam@example.com", "--language", "en", "--clear", "skills", "--capacity", "0")
    (sam,) = listed()
    assert (sam["skills"], sam["languages"], sam["teams"], sam["capacity"]) == ([], ["en"], ["sales"], None)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nobody@example.com"], "nobody has the e-mail address"),
        (["sam@example.com", "--capacity", "0.3"], "no number of quarters"),
        (["sam@example.com", "--capacity", "-1"], "no number of quarters"),
        (["sam@example.com", "--clear", "shoes"], "none of skills, languages and teams"),
    ],
)
def test_what_makes_no_sense_is_refused_and_says_why(home: Path, args: list[str], said: str) -> None:
    run("add", "sam@example.com", "--name", "Sam")
    before = listed()
    done = CliRunner().invoke(app, ["agents", "set", *args])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert listed() == before


def test_the_name_it_had_before_still_works(home: Path) -> None:
    assert CliRunner().invoke(app, ["agent", "list"]).exit_code == 0
