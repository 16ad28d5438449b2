"""The commands as people and programs call them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from bot.cli import app

ROOT = Path(__file__).parents[2]
FLOW = """name: A
version: 1
goal: g
trigger: manual
steps:
  - {id: a, say: "Buy it, it's 50% off, NOW", purpose: help}
  - {id: q, ask: "Is it yours?", slot: s, expects: {intents: affirm}, silence: {after: 1h}}
"""


def warmline(*arguments: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    file = tmp_path / "flows" / "a.yml"
    file.write_text(FLOW)
    return file


def test_the_shipped_flows_pass() -> None:
    assert warmline("flows", "lint", ROOT / "flows", "--min-score", "80").exit_code == 0
    assert warmline("copy", "lint", ROOT / "domain.yml").exit_code == 0


def test_an_error_fails_and_is_shown_with_its_mended_line(flow: Path) -> None:
    result = warmline("flows", "lint", "flows")

    assert result.exit_code == 1
    assert "flows/a.yml:6:41: error: all_caps: say: wording 1 shouts NOW. Write it in small letters.\n" in result.stdout
    assert "    for example: Buy it, it's 50% off, now\n" in result.stdout


@pytest.mark.parametrize("form", ["text", "github", "json"])
def test_each_finding_says_why_its_rule_is_there_and_by_what_source(flow: Path, form: str) -> None:
    plain, explained = (warmline("flows", "lint", flow, "--format", form, *more).stdout for more in ((), ("--explain",)))

    told = "Capitals read as shouting.", "Warmline's design, section 7 (November 2026)"
    assert all(words in explained for words in told)
    assert (told[0] in plain) is (form == "json")


def test_warnings_alone_do_not_fail(flow: Path) -> None:
    flow.write_text(FLOW.replace("Buy it, it's 50% off, NOW", "I am sure it helps, try it"))
    result = warmline("flows", "lint", flow)

    assert result.exit_code == 0
    assert "flows/a.yml:6:19: warning: stiff:" in result.stdout


def test_annotations_are_what_github_reads(flow: Path) -> None:
    rows = warmline("flows", "lint", flow, "--format", "github").stdout.splitlines()

    assert all(row.startswith(("::error file=flows/a.yml,line=6,col=", "::warning file=flows/a.yml,line=6,col=")) for row in rows)
    (caps,) = [row for row in rows if "title=all_caps" in row]
    assert caps == (
        "::error file=flows/a.yml,line=6,col=41,title=all_caps::say: wording 1 shouts NOW. Write it in small letters."
        "%0AFor example: Buy it, it's 50%25 off, now"
    )


def test_json_holds_findings_and_scores_of_flow_step_and_line(flow: Path) -> None:
    told = json.loads(warmline("flows", "lint", flow, "--format", "json").stdout)

    assert {finding["rule"] for finding in told["findings"]} >= {"all_caps", "low_score", "sales_too_soon"}
    (scored,) = told["flows"]
    assert (scored["flow"], [step["step"] for step in scored["steps"]]) == ("a", ["a", "q"])
    assert scored["steps"][0]["lines"][0]["score"] < 20 < 80 < scored["steps"][1]["lines"][0]["score"]
    assert scored["steps"][0]["lines"][0]["why"][0]["points"] < 0


def test_a_flow_below_the_score_asked_for_fails(flow: Path) -> None:
    flow.write_text(FLOW.replace("Buy it, it's 50% off, NOW", "Photos from the window side sell best"))

    assert warmline("flows", "lint", flow).exit_code == 0
    result = warmline("flows", "lint", flow, "--min-score", "99")
    assert result.exit_code == 1
    assert "99 are asked for" in result.stdout


def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_still_checked(flow: Path) -> None:
    (flow.parent / "b.yml").write_text(FLOW.replace("goal", "gaol"))
    result = warmline("flows", "lint", "flows")

    assert result.exit_code == 1
    assert 'flows/b.yml:3:1: error: invalid: gaol: unknown field; did you mean "goal"?\n' in result.stdout
    assert "flows/a.yml:6:41: error: all_caps" in result.stdout


def test_flows_that_name_each_other_are_checked_together(flow: Path) -> None:
    flow.write_text(FLOW.replace("manual", "{after_flow: nowhere}"))

    assert 'there is no flow "nowhere"' in warmline("flows", "lint", "flows").stdout


def test_a_domain_is_linted_at_its_lines(flow: Path) -> None:
    domain = flow.parents[1] / "domain.yml"
    domain.write_text('responses:\n  utter_a:\n    - text: "Dear valued customer, hello."\n    - text: Hi.\n    - text: Yo.\n')
    result = warmline("copy", "lint", domain)

    assert result.exit_code == 1
    assert "domain.yml:3:14: error: form_letter:" in result.stdout


def test_a_file_is_scored_by_rows(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("ok, what do you need?\nShop now and save 50%!\ncafé".encode("cp1252"))
    rows = [row.split(",")[:2] for row in warmline("copy", "score", file).stdout.splitlines()]

    assert [row[0] for row in rows] == ["line", "1", "2", "3"]
    assert float(rows[1][1]) > 80 > 20 > float(rows[2][1])


def test_standard_input_is_scored_by_rows() -> None:
    assert warmline("copy", "score", "-", stdin=b"hello\n\n").stdout.splitlines()[2] == "2,50.0,nothing to read"


def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = warmline("copy", "score", tmp_path / "nowhere.txt")

    assert str(result.exception) == f"{tmp_path / 'nowhere.txt'} cannot be read: No such file or directory"


def test_the_hooks_call_commands_that_are_there() -> None:
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())

    for hook in hooks:
        assert warmline(*hook["entry"].split()[1:], "--help").exit_code == 0
    assert re.search(hooks[0]["files"], "flows/welcome.yml")
    assert not re.search(hooks[0]["files"], "flows/notes/welcome.md")
