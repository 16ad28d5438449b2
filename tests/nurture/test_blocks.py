"""Reusable blocks: put in with parameters, renamed so that nothing clashes, and errors where they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.yamlfile import YamlFileError
from nurture.flow import AskStep, GotoStep, SayStep
from nurture.lint.command import check_flows
from nurture.load import load_flow, read_flow
from nurture.schema import json_schema

BLOCK = """\
name: Ask for an e-mail address
parameters: {why: null, hours: 1, if_no: end}
steps:
  - id: ask
    ask: "What's your address? I need it ${why}."
    slot: email
    expects: {any_text: true}
    silence: {after: "${hours}h", then: "${if_no}"}
  - id: thanks
    say: "Got it, thanks. {{ first_name | default('You') }} will hear from me."
    purpose: inform
    then: over
  - {id: over, goto: ask2}
  - {id: ask2, tag: asked}
"""
FLOW = """\
name: Guide
version: 1
goal: g
trigger: manual
steps:
  - {id: hi, say: "Hello.", purpose: help}
  - {id: mail, use: ask_email, with: {why: to send it}}
  - {id: again, use: ask_email, with: {why: once more, hours: 2}, then: end}
  - {id: never, goto: end}
  - {id: end, goal: g}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "ask_email.yml").write_text(BLOCK)
    (tmp_path / "guide.yml").write_text(FLOW.replace("  - {id: never, goto: end}\n", ""))
    return tmp_path


def problems(path: Path) -> list[tuple[str, int, int, str]]:
    with pytest.raises(YamlFileError) as caught:
        load_flow(path)
    return [(one.file.name, one.line, one.column, one.message) for one in (caught.value, *caught.value.others)]


def test_a_block_stands_in_the_flow_with_its_names_and_values(folder: Path) -> None:
    flow = load_flow(folder / "guide.yml")
    assert list(flow.steps) == [
        "hi", "mail", "mail_thanks", "mail_over", "mail_ask2", "again", "again_thanks", "again_over", "again_ask2", "end",
    ]  # fmt: skip
    mail, again, thanks, over = (flow.steps[name] for name in ("mail", "again", "mail_thanks", "again_over"))
    assert isinstance(mail, AskStep)
    assert isinstance(again, AskStep)
    assert isinstance(thanks, SayStep)
    assert isinstance(over, GotoStep)
    assert mail.copy.wordings == (("What's your address? I need it to send it.",),)
    assert (mail.silence.after.seconds, again.silence.after.seconds) == (3600, 7200)
    assert (mail.then, mail.silence.then, thanks.then, over.then) == ("mail_thanks", "end", "mail_over", "again_ask2")
    assert flow.steps["mail_ask2"].then == "again"
    assert flow.steps["again_ask2"].then == "end"
    assert flow.blocks == {"ask_email": BLOCK}


def test_a_flow_is_the_same_from_texts_as_from_files(folder: Path) -> None:
    read = load_flow(folder / "guide.yml")
    _, again = read_flow(folder / "guide.yml", read.source, read.blocks)
    assert again == read


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("slot: email", "slot: E-mail", ("ask_email.yml", 6, 11)),
        ("purpose: inform", "purpose: infrom", ("ask_email.yml", 11, 14)),
        ("goto: ask2", "goto: ask3", ("ask_email.yml", 13, 22)),
        ("${why}", "${wy}", ("ask_email.yml", 5, 10)),
        ("{{ first_name | default('You') }}", "{{ first_name }}", ("ask_email.yml", 10, 10)),
        ("  - {id: ask2, tag: asked}", "  - {id: ask2, use: ask_email}", ("ask_email.yml", 14, 21)),
        ("name: Ask", "nme: Ask", ("ask_email.yml", 1, 1)),
    ],
)
def test_what_is_wrong_in_a_block_is_told_where_it_is(folder: Path, was: str, now: str, expected: tuple[str, int, int]) -> None:
    (folder / "blocks" / "ask_email.yml").write_text(BLOCK.replace(was, now))
    told = {one[:3] for one in problems(folder / "guide.yml")}
    assert expected in told
    assert {name for name, _, _ in told} == {"ask_email.yml"}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (
            "use: ask_email, with: {why: to",
            "use: ask_mail, with: {why: to",
            (7, 21, 'there is no block "ask_mail"; it would be blocks/ask_mail.yml'),
        ),
        ("with: {why: to send it}", "with: {wy: to send it}", (7, 39, 'the block has no such parameter; did you mean "why"?')),
        (", with: {why: to send it}", "", (7, 5, "the block needs why")),
        ("use: ask_email, with: {why: to", "use: ask_email, wiht: {why: to", (7, 32, 'unknown field; did you mean "with"?')),
    ],
)
def test_what_is_wrong_about_how_it_is_used_is_told_there(folder: Path, was: str, now: str, expected: tuple[int, int, str]) -> None:
    (folder / "guide.yml").write_text((folder / "guide.yml").read_text().replace(was, now))
    assert ("guide.yml", *expected) in problems(folder / "guide.yml")


def test_the_lint_points_into_the_block(folder: Path) -> None:
    (folder / "blocks" / "ask_email.yml").write_text(BLOCK.replace("Got it, thanks.", "KINDLY NOTE OUR OFFER!!!"))
    found = [f for f in check_flows([folder]).findings if f.step == "mail_thanks"]
    assert found
    assert {(Path(f.file).name, f.line) for f in found} == {("ask_email.yml", 10)}


def test_editors_know_a_step_that_uses_a_block() -> None:
    checks = Draft202012Validator(json_schema())
    flow = {"name": "A", "version": 1, "goal": "g", "trigger": "manual"}
    assert checks.is_valid({**flow, "steps": [{"id": "a", "use": "ask_email", "with": {"why": "x", "n": 2}}]})
    assert not checks.is_valid({**flow, "steps": [{"id": "a", "use": "ask_email", "whit": {}}]})
    assert json.dumps(json_schema())
