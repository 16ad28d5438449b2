"""Flows played to people who do not exist: what is told is true, the same every time, and made by the real rules."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import process_time

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core import never
from bot.core.decide import Rules
from bot.parts import load_rules
from bot.settings import Settings
from bot.simulate import CHARACTERS, BadSetup, Cancelled, Setup, Simulated, simulate
from bot.simulate import world as worlds
from bot.simulate.brains import read_lines
from bot.simulate.characters import parse_mix
from bot.simulate.command import setup_of
from bot.simulate.told import as_csv, as_data, as_text
from nurture.timing import known_zone, may_send

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("booking", "complaint_recovery", "follow_up", "lead_magnet", "welcome", "win_back")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml"))


@pytest.fixture(scope="module")
def welcome(rules: Rules) -> Simulated:
    return simulate(rules, "welcome", Setup(people=150, days=30, seed=3, transcripts=6))


def test_the_same_seed_tells_the_same_in_another_process(rules: Rules) -> None:
    setup = Setup(people=40, days=10, seed=5)
    asked = {"flow": "welcome", "people": 40, "days": 10, "seed": 5}
    elsewhere = subprocess.run(
        [sys.executable, "-m", "bot.simulate"], input=json.dumps(asked), capture_output=True, text=True, check=True, cwd=ROOT
    )

    told = json.loads(elsewhere.stdout.splitlines()[-1])["result"]

    assert told == json.loads(json.dumps(as_data(simulate(rules, "welcome", setup))))
    assert as_data(simulate(rules, "welcome", Setup(people=40, days=10, seed=6)))["steps"] != told["steps"]


@pytest.mark.parametrize("flow", SHIPPED)
def test_every_flow_that_comes_along_can_be_played_and_keeps_what_may_never_break(
    rules: Rules, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[str] = []
    real = worlds.World._commit

    def watched(self: worlds.World, talk: worlds.Talk, decision: object) -> None:
        broken.extend(never.of_decision(talk.state, decision))  # type: ignore[arg-type]
        real(self, talk, decision)  # type: ignore[arg-type]
        if not talk.state.unheard:
            broken.extend(never.of_state(talk.state))

    monkeypatch.setattr(worlds.World, "_commit", watched)
    told = simulate(rules, flow, Setup(people=60, days=14, seed=2))

    assert broken == []
    assert told.entered > 0
    assert sum(told.ends.values()) + told.live >= told.entered


def test_what_is_counted_agrees_with_itself(welcome: Simulated) -> None:
    assert welcome.entered == 150 == sum(day.entered for day in welcome.days)
    assert sum(welcome.ends.values()) + welcome.live == 150
    assert sum(step.ended for step in welcome.steps) + welcome.live == 150
    assert sum(step.said for step in welcome.steps) == sum(day.unprompted + day.in_reply for day in welcome.days)
    assert sum(step.unprompted for step in welcome.steps) == sum(day.unprompted for day in welcome.days)
    assert all(sum(said for said, _, _ in step.by_wording.values()) == step.said for step in welcome.steps)
    assert sum(counts["people"] for counts in welcome.characters.values()) == 150
    assert welcome.waits.asked == welcome.waits.came + welcome.waits.never > 0
    assert welcome.opted_out == sum(day.opted_out for day in welcome.days) > 0


def test_nothing_is_sent_first_in_quiet_hours(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def delivered(_self: object, talk: worlds.Talk, say: object, _at: object) -> None:
        sent.append((talk, say))

    monkeypatch.setattr("bot.simulate.tally.Tally.delivered", delivered)
    told = simulate(rules, "welcome", Setup(people=80, days=10, seed=4))
    first = [at for talk, _ in sent for at in talk.state.flow_sent_at]

    assert first
    assert any(held.reason == "quiet_hours" for held in told.held)
    for talk, _ in sent:
        zone = known_zone(talk.state.profile.zone)
        for at in talk.state.flow_sent_at:
            assert any(may_send(at, flow.rules, zone) for flow in rules.nurture.flows.values())


def test_who_people_are_decides_what_comes_of_it(rules: Rules) -> None:
    def of(name: str) -> Simulated:
        return simulate(rules, "welcome", Setup(people=80, days=14, seed=1, mix={name: 1}))

    eager, silent, angry = of("eager"), of("silent"), of("angry")

    assert eager.ends.get("done: goal", 0) > 4 * silent.ends.get("done: goal", 0)
    assert silent.replied < eager.replied
    assert angry.opted_out + angry.complained > 5 * (eager.opted_out + eager.complained)
    assert set(eager.characters) == {"eager"}


def test_who_left_is_counted_at_the_words_that_came_before(rules: Rules) -> None:
    told = simulate(rules, "welcome", Setup(people=80, days=14, seed=1, mix={"angry": 1}))
    blamed = sum(step.opted_out for step in told.steps)

    assert 0 < blamed <= told.opted_out
    assert sum(out for step in told.steps for _, out, _ in step.by_wording.values()) == blamed


def test_a_flow_that_people_run_away_from_pauses_itself_and_the_words_are_named(rules: Rules) -> None:
    angry = simulate(rules, "welcome", Setup(people=200, days=14, seed=1, mix={"angry": 1}))
    eager = simulate(rules, "welcome", Setup(people=200, days=14, seed=1, mix={"eager": 1}))

    (paused,) = (one for one in angry.paused if one.flow == "welcome")
    assert "It was these words: step " in paused.reason
    assert angry.entered < 200
    assert eager.paused == ()
    assert "welcome paused itself on " in "\n".join(as_text(angry))


def test_without_anybody_at_the_desk_nobody_gets_a_person_and_it_says_so(rules: Rules) -> None:
    told = simulate(rules, "welcome", Setup(people=60, days=5, seed=1, agents=0, mix={"angry": 1, "sceptic": 1}))

    assert told.waits.asked > 0
    assert told.waits.came == 0
    assert told.waits.median_s is None


def test_a_flow_that_is_begun_for_people_meets_the_window(rules: Rules) -> None:
    def ends(last_wrote: timedelta) -> int:
        told = simulate(rules, "win_back", Setup(people=40, days=7, seed=1, channel="facebook", last_wrote=last_wrote))
        return told.ends.get("exited: window_closed", 0)

    assert ends(timedelta(days=3)) == 40
    assert ends(timedelta(minutes=5)) < 40


def test_transcripts_read_like_a_talk(welcome: Simulated) -> None:
    text = "\n".join(as_text(welcome))
    people = {transcript.character for transcript in welcome.transcripts}

    assert people == set(CHARACTERS)
    assert "flow welcome/hello" in text
    assert all(list(t.lines) == sorted(t.lines, key=lambda line: line[0]) for t in welcome.transcripts)


def test_csv_has_a_number_a_row(welcome: Simulated) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(welcome))))

    assert {row["table"] for row in rows} >= {"summary", "step", "wording", "day", "held", "waits", "ends"}
    assert next(r["value"] for r in rows if (r["table"], r["name"], r["measure"]) == ("step", "hello", "reached")) == "150"


def test_progress_is_told_and_can_stop_it(rules: Rules) -> None:
    shares: list[float] = []

    def stop_half_way(share: float) -> None:
        shares.append(share)
        if share > 0.01:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        simulate(rules, "welcome", Setup(people=300, days=30), progress=stop_half_way)
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"people": 0}, "people"),
        ({"days": 1000}, "days"),
        ({"mix": {"nobody": 1}}, "mix"),
        ({"mix": {"eager": 0}}, "mix"),
        ({"zones": ["Atlantis"]}, "zones"),
        ({"start": "someday"}, "start"),
        ({"last_wrote": "soon"}, "last_wrote"),
        ({"entering": 99, "days": 5}, "entering"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_setup_names_what_is_wrong(told: dict[str, object], field: str) -> None:
    with pytest.raises(BadSetup) as refused:
        setup_of(told)
    assert refused.value.setting == field


def test_an_unknown_flow_is_refused_with_those_there_are(rules: Rules) -> None:
    with pytest.raises(BadSetup, match="welcome"):
        simulate(rules, "welcom", Setup(people=1))


def test_a_mix_is_read_from_a_line() -> None:
    assert parse_mix("eager=2, busy") == {"eager": 2, "busy": 1}
    with pytest.raises(ValueError, match="there is no character"):
        parse_mix("happy=1")


def test_recorded_lines_have_every_kind_and_know_what_they_mean() -> None:
    lines = read_lines()
    kinds = {line.kind for line in lines}

    assert kinds == {"hello", "answer", "yes", "no", "thanks", "aside", "objection", "off_topic", "person", "angry", "stop"}
    assert {line.intent for line in lines if line.kind == "stop"} == {"stop"}
    assert {line.intent for line in lines if line.kind == "person"} == {"want_human"}
    assert all(line.answer.messages or line.answer.directives for line in lines)


def test_the_command_plays_a_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    played = CliRunner().invoke(app, ["flows", "simulate", "welcome", "--people", "20", "--days", "5", "--json"])
    wrong = CliRunner().invoke(app, ["flows", "simulate", "welcome", "--mix", "happy"])

    assert played.exit_code == 0
    assert json.loads(played.output)["entered"] == 20
    assert wrong.exit_code == 2


def test_a_thousand_people_for_thirty_days_take_less_than_ten_seconds(rules: Rules) -> None:
    started = process_time()
    simulate(rules, "welcome", Setup(people=250, days=30, seed=1))

    assert (process_time() - started) * 4 < 10
