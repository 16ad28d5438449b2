"""People come into a simulation by the clock, by their silence or by a comment, as the flow says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.decide import Rules
from bot.parts import load_rules
from bot.settings import Settings
from bot.simulate import BadSetup, Setup, Simulated, simulate
from nurture.load import read_flow

ROOT = Path(__file__).resolve().parents[2]
REST = "steps:\n  - {id: tip, say: Try it with a photo first., purpose: help}\n  - {id: over, stop: over}\n"


SPEAKS = """\
steps:
  - {id: tip, say: Try it with a photo first., per_language: {pt: {words: Oi.}}, purpose: help}
  - {id: over, stop: over}
"""


def played(tmp_path: Path, trigger: str, *, more: str = "", rest: str = REST, **setup: object) -> Simulated:
    file = tmp_path / "a.yml"
    file.write_text(f"name: A\nversion: 1\ngoal: g\ntrigger: {trigger}\n{more}{rest}")
    shipped = load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml", harm_limit=0))
    rules: Rules = replace(shipped, nurture=replace(shipped.nurture, flows={"a": read_flow(file)[1]}))
    return simulate(rules, "a", Setup(**{"people": 12, "days": 21, "seed": 1, "mix": {"silent": 1}, **setup}))  # type: ignore[arg-type]


def test_a_channel_that_the_flow_is_not_for_is_refused_and_so_is_one_that_there_is_not(tmp_path: Path) -> None:
    more = "audience: {channels: [widget]}\n"
    assert played(tmp_path, "manual", more=more).setup.channel == "widget"
    assert played(tmp_path, "manual").setup.channel == "facebook"
    for channel, why in (("rest", "only for people on widget"), ("carrier_pigeon", "facebook, widget, rest")):
        with pytest.raises(BadSetup, match=why) as refused:
            played(tmp_path, "manual", more=more, channel=channel)
        assert refused.value.setting == "channel"


def test_people_are_spoken_to_in_the_language_that_their_channel_tells(tmp_path: Path) -> None:
    told = played(tmp_path, "manual", rest=SPEAKS, languages=("pt-BR", "de"), transcripts=6, channel="widget", days=3)
    said = {one.language: words for one in told.transcripts for _, who, words in one.lines if who.startswith("flow a/tip")}
    assert said == {"pt-BR": "Oi.", "de": "Try it with a photo first."}
    with pytest.raises(BadSetup, match="no language such as pt"):
        Setup(languages=("Portuguese!",))


def starts(told: Simulated) -> list[int]:
    """The days on which people entered."""
    return [day.day for day in told.days if day.entered]


def test_a_schedule_comes_round_on_its_days(tmp_path: Path) -> None:
    told = played(tmp_path, "{schedule: {every: mon, at: '9:00'}}", more="repeat: true\n", channel="widget", entering=2)

    assert set(starts(told)) <= {1, 8, 15}
    assert {8, 15} <= set(starts(told))


def test_outside_the_window_nobody_is_begun_and_it_says_so(tmp_path: Path) -> None:
    told = played(tmp_path, "{schedule: {every: mon, at: '9:00'}}", channel="facebook", entering=2, last_wrote=timedelta(days=3))

    assert told.entered == 0
    assert {held.reason for held in told.held} == {"window_closed"}


def test_silence_is_waited_for(tmp_path: Path) -> None:
    told = played(tmp_path, "{segment: {silence: 7d, tag: later}}", channel="widget", entering=1)

    assert told.entered == 12
    assert {8} <= set(starts(told)) <= {8, 9}


@pytest.mark.parametrize("trigger", ["{comment: any}", "{comment: {words: [price], posts: ['1_1']}}"])
def test_who_comments_is_answered_once(tmp_path: Path, trigger: str) -> None:
    told = played(tmp_path, trigger, channel="facebook", entering=2)

    assert told.entered == 12
    assert sum(day.in_reply for day in told.days) == 12
    assert told.undelivered == 0
