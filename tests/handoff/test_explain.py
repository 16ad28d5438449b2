"""What `warmline sla explain` says is what then happens; `lint` and the editor's side of the promises file."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from typer.testing import CliRunner

from bot import cli
from bot.core.model import Profile, Reason, WarmlineError, Window
from bot.yamlfile import YamlFileError
from handoff.editing import edited, plain
from handoff.explain import explain
from handoff.lint import lint
from handoff.match import Facts
from tests.handoff.worlds import OFFICE_HOURS, START, TEXT, World, berlin, desk, promises

MORE = (
    OFFICE_HOURS
    + """
policies:
  - name: hot leads
    match: {reason: hot_lead, value_from: 500}
    targets: {first_words_s: 30, accept_s: 10}
    ladder:
      - {after_s: 10, actions: [widen]}
      - {at: 80, actions: [supervisor, push]}
      - {at: 100, actions: [tell_prospect]}
      - {after_s: 172800, actions: [sound, tell_prospect]}
  - name: vips
    match: {tag: vip}
"""
)
FILE = promises(MORE)
SHIPPED = Path(__file__).resolve().parents[2] / "promises.yml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "promises.yml"
    path.write_text(TEXT.replace("calendar: always\n", "") + MORE, encoding="utf-8")
    return path


# ---- explain ----------------------------------------------------------------------------------------------------------


def test_which_policy_governs_and_why_not_the_others() -> None:
    told = explain(FILE, Facts(channel="facebook", reason=Reason.HOT_LEAD, value=100), berlin("2026-12-24T17:50:00"), "UTC")
    assert told.policy == "default"
    assert told.others == (
        ("hot leads", "the value is 100, not from 500 on"),
        ("vips", "the tag vip is not set"),
    )
    both = Facts(channel="facebook", reason=Reason.HOT_LEAD, value=600, tags=("vip",))
    told = explain(FILE, both, berlin("2026-12-24T17:50:00"), "UTC")
    assert told.policy == "hot leads"
    assert told.others == (
        ("vips", "it fits too, but hot leads comes first"),
        ("default", "it holds where no other fits, and hot leads does"),
    )


def test_christmas_eve() -> None:
    at = berlin("2026-12-24T17:50:00")
    told = explain(FILE, Facts(channel="widget", reason=Reason.ASKED), at, "Asia/Tokyo")
    assert (told.is_open, told.opens_at, told.holiday) == (False, berlin("2026-12-28T09:00:00"), None)
    assert [line.due_at for line in told.clocks] == [
        berlin("2026-12-28T09:00:05"),
        at + timedelta(seconds=20),
        berlin("2026-12-28T09:01:00"),
        berlin("2026-12-28T09:02:00"),
        berlin("2026-12-28T09:15:00"),
    ]
    assert [line.time for line in told.clocks] == ["working", "wall", "working", "working", "working"]
    assert told.rungs[-1].at == berlin("2026-12-28T09:01:00")
    due = told.as_json()["clocks"][2]["due_at"]
    assert due == {
        "utc": "2026-12-28T08:01:00+00:00",
        "desk": "2026-12-28T09:01:00+01:00",
        "prospect": "2026-12-28T17:01:00+09:00",
    }
    assert explain(FILE, told.facts, berlin("2026-12-25T10:00:00"), "UTC").holiday == "Erster Weihnachtstag"


def test_a_rung_that_can_never_fire_before_the_window_closes_is_said() -> None:
    facts = Facts(channel="facebook", reason=Reason.HOT_LEAD, value=600)
    told = explain(FILE, facts, berlin("2026-11-25T10:00:00"), "UTC")
    assert [rung.in_window for rung in told.rungs] == [True, True, True, False]
    assert told.rungs[-1].notes == ("never before the window closes: the prospect cannot be told any more",)
    widget = explain(FILE, Facts(channel="widget", reason=Reason.HOT_LEAD, value=600), berlin("2026-11-25T10:00:00"), "UTC")
    assert all(rung.in_window for rung in widget.rungs)


moments = st.integers(0, 14 * 86_400).map(lambda seconds: berlin("2026-12-20T00:00:00") + timedelta(seconds=seconds))


@settings(max_examples=60)
@given(at=moments, channel=st.sampled_from(["facebook", "widget"]), hot=st.booleans(), tagged=st.booleans())
def test_what_is_explained_is_what_happens(at: datetime, channel: str, hot: bool, tagged: bool) -> None:
    """Nobody does anything: each rung is climbed, and each miss recorded, at the explained moment."""
    reason = Reason.HOT_LEAD if hot else Reason.ASKED
    tags = ("vip",) if tagged else ()
    told = explain(FILE, Facts(channel=channel, reason=reason, value=600, tags=tags), at, "UTC")
    window = Window(opened_at=at, closes_at=told.window_closes_at)
    world = World(
        desk(), FILE, now=at, channel=channel, window=window, slots={"lead_value": 600}, tags=tags, profile=Profile(zone="UTC")
    )
    world.open(reason)
    assert world.episode.policy == told.policy
    assert world.said()[0] in told.hears
    world.wait((max(rung.at for rung in told.rungs) - at).total_seconds())
    assert [e.at for e in world.noted("rung.climbed")] == [rung.at for rung in told.rungs]
    missed = {str(e.data["clock"]): e.at for e in world.noted("episode.breached")}
    due = {line.clock: line.due_at for line in told.clocks}
    assert missed["first_words"] == due["first_words"]
    assert "offer" not in missed or missed["offer"] == due["offer"]


# ---- the commands -----------------------------------------------------------------------------------------------------


def sla(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["sla", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


ASKED = ("--at", "2026-12-24T17:50", "--zone", "Europe/Berlin", "--channel", "facebook", "--reason", "asked")


def test_explain_as_a_table(path: Path) -> None:
    code, said = sla("explain", *ASKED, "--team", "sales", "--value", 500, "--file", path)
    assert code == 0
    for words in (
        "Policy: default",
        "not hot leads: the reason is asked, not hot_lead",
        "closed until Mon 28 Dec 09:00:00 Europe/Berlin",
        "closes Fri 25 Dec 17:50:00",
        "Fri 25 Dec 17:45:00",
        "capped by the window",
        "100 %",
        "tell the prospect that",
    ):
        assert words in said


def test_explain_in_two_zones(path: Path) -> None:
    _, said = sla("explain", "--at", "2026-11-25T12:00", "--zone", "Asia/Tokyo", "--file", path)
    assert "Wed 25 Nov 04:00:00 Europe/Berlin = Wed 25 Nov 12:00:00 Asia/Tokyo" in said
    assert "Desk (Europe/Berlin)  Prospect (Asia/Tokyo)" in said


def test_explain_as_json(path: Path) -> None:
    code, said = sla("explain", *ASKED, "--json", "--file", path)
    told = json.loads(said)
    assert (code, told["policy"], told["open"]) == (0, "default", False)
    assert told["opens_at"]["desk"] == "2026-12-28T09:00:00+01:00"
    assert [rung["fires_before_window_closes"] for rung in told["rungs"]] == [True] * 4
    assert told["clocks"][2]["capped"]


def test_explain_with_the_file_that_comes_with_warmline() -> None:
    code, said = sla("explain", *ASKED, "--file", SHIPPED)
    assert code == 0
    assert "Calendar: always, open" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--at", "tomorrow"), "2026-12-24T17:50"),
        (("--at", "2026-03-29T02:30", "--zone", "Europe/Berlin"), "skip"),
        (("--at", "2026-03-29T02:30", "--zone", "Europe/Berlim"), 'did you mean "Europe/Berlin"?'),
    ],
)
def test_a_wrong_option_is_said(arguments: tuple[str, ...], says: str, path: Path) -> None:
    with pytest.raises(WarmlineError, match=None) as wrong:
        sla("explain", *arguments, "--file", path)
    assert says in str(wrong.value)


def test_a_moment_may_carry_its_own_offset(path: Path) -> None:
    _, said = sla("explain", "--at", "2026-11-25T12:00:00+00:00", "--zone", "Europe/Berlin", "--file", path)
    assert "at Wed 25 Nov 13:00:00 Europe/Berlin" in said


def test_the_schema_is_printed() -> None:
    code, said = sla("schema")
    assert (code, json.loads(said)["title"]) == (0, "Warmline promises")


def test_lint_of_a_good_file_finds_nothing() -> None:
    code, said = sla("lint", "--file", SHIPPED)
    assert (code, said.strip()) == (0, "0 findings")


def test_lint_of_a_bad_one_says_where(path: Path) -> None:
    code, said = sla("lint", "--file", path)
    assert code == 1
    line = 1 + (path.read_text().split("172800")[0].count("\n"))
    assert f"{path}:{line}: after_window: policies[0].ladder[3]" in said


# ---- lint -------------------------------------------------------------------------------------------------------------

LADDER = "    ladder: [{{at: 50, actions: [widen]}}, {{at: 100, actions: [tell_prospect]}}, {}]\n"


@pytest.mark.parametrize(
    ("more", "rule", "field"),
    [
        ("calendar: shut\ncalendars:\n  shut: {zone: UTC, week: {mon: []}}\n", "never_opens", "calendars.shut"),
        ("calendar: shut\ncalendars:\n  shut: {zone: UTC, week: {}, dates: {2020-01-01: ['09:00-10:00']}}\n", "never_opens", ""),
        ("calendars:\n  office: {zone: UTC, week: {mon: ['09:00-10:00']}}\n", "unused", "calendars.office"),
        ("policies:\n  - {name: all}\n  - {name: vips, match: {tag: vip}}\n", "never_matches", "policies[1].name"),
        (
            "policies:\n  - {name: a, match: {value_from: 5}}\n  - {name: b, match: {value_from: 9, team: x}}\n",
            "never_matches",
            "policies[1].name",
        ),
        ("policies:\n  - {name: slow, targets: {first_words_s: 90000}}\n", "longer_than_window", "policies[0].targets"),
        (
            "policies:\n  - name: a\n" + LADDER.format("{at: 150, actions: [page, sound]}"),
            "nobody_to_page",
            "policies[0].ladder[2]",
        ),
        (
            "policies:\n  - name: a\n" + LADDER.format("{at: 150, actions: [widen], until: first_words}"),
            "no_effect",
            "policies[0].ladder[2]",
        ),
        (
            "policies:\n  - name: a\n" + LADDER.replace("tell_prospect", "return_to_bot").format("{at: 150, actions: [sound]}"),
            "never_climbed",
            "policies[0].ladder[2]",
        ),
        (
            "policies:\n  - name: a\n" + LADDER.replace("tell_prospect", "sound").format("{at: 150, actions: [tell_prospect]}"),
            "told_late",
            "policies[0].ladder[2]",
        ),
    ],
)
def test_each_contradiction_is_found_once_with_its_place(more: str, rule: str, field: str, tmp_path: Path) -> None:
    if "ladder" in more and not more.rstrip().endswith("[tell_prospect]}]"):
        more = more.rstrip().removesuffix("]") + ", {at: 900, actions: [tell_prospect]}]\n"
    path = tmp_path / "promises.yml"
    path.write_text(TEXT.replace("calendar: always\n", "") + more, encoding="utf-8")
    found = [one for one in lint(path, now=START) if one.rule == rule]
    assert len(found) == 1, lint(path, now=START)
    assert found[0].field.startswith(field)
    assert found[0].line > TEXT.count("\n") - 2


def test_a_page_is_fine_with_somebody_to_page(tmp_path: Path) -> None:
    path = tmp_path / "promises.yml"
    rung = "{at: 150, actions: [page, tell_prospect]}"
    path.write_text(f"{TEXT}supervisors: [lena]\npolicies:\n  - name: a\n{LADDER.format(rung)}", encoding="utf-8")
    assert lint(path, now=START) == []


def test_what_cannot_be_read_is_not_linted(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError):
        lint(tmp_path / "none.yml", now=START)


# ---- editing ----------------------------------------------------------------------------------------------------------


def test_an_unchanged_file_stays_the_same_to_the_letter(path: Path) -> None:
    assert edited(TEXT, plain(SHIPPED)) == TEXT
    assert edited(path.read_text(), plain(path)) == path.read_text()


def test_a_changed_number_changes_its_line_alone(path: Path) -> None:
    data = plain(SHIPPED)
    data["targets"]["first_words_s"] = 90
    before, after = TEXT.splitlines(), edited(TEXT, data).splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [("  first_words_s: 60    # a person's first words", "  first_words_s: 90    # a person's first words")]


def test_what_is_added_and_taken_out_leaves_other_comments_alone(path: Path) -> None:
    data = plain(SHIPPED)
    data["policies"] = [{"name": "vips", "match": {"tag": "vip"}}]
    del data["ladder"][1]
    data["phrases"]["waiting_ok"].append("Fine, I'm on it.")
    del data["card"]
    text = edited(TEXT, data)
    assert YAML(typ="safe").load(text) == data
    for comment in ("# the bot answers", "# Quick replies under", "# Each has at least three variants"):
        assert comment in text


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b: c", "- x", "1", "true", "it's"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("abcdef"), values, min_size=1, max_size=4)


@given(before=documents, after=documents)
def test_the_text_always_says_the_data(before: dict[str, object], after: dict[str, object]) -> None:
    text = edited("# a file\n", before)
    assert YAML(typ="safe").load(text) == before
    assert YAML(typ="safe").load(edited(text, after)) == after
