"""Pause, drain and stop are three things."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bot.core.draft import Draft
from bot.core.model import FlowMode
from nurture import engine
from nurture.book import Nurture, Ruling
from nurture.load import read_flow
from tests.nurture.nurture_talk import PERSONA, Talk

TEN = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
STEPS = """
name: Tips
version: 1
goal: A tip.
trigger: {intent: ask_tip}
quiet_hours: none
steps:
  - {id: hi, say: "First tip.", purpose: help}
  - id: q
    ask: "What do you sell?"
    slot: what
    expects: {any_text: true}
    silence: {after: 2h, then: more}
  - {id: more, say: "Second tip.", purpose: help}
"""
_, TIPS = read_flow(Path("tips.yml"), STEPS)


def talk(seed: int = 0) -> Talk:
    started = Talk(Nurture(flows={"tips": TIPS}, persona=PERSONA), now=TEN, seed=seed)
    started.start("tips")
    started.later(timedelta(minutes=1))
    assert started.texts == ["First tip.", "What do you sell?"]
    return started


def rule(talk: Talk, mode: FlowMode, reason: str = "") -> None:
    talk.nurture = replace(talk.nurture, rulings={"tips": Ruling(mode=mode, reason=reason)})


def test_paused_nobody_starts_and_nobody_goes_on() -> None:
    paused = talk()
    rule(paused, FlowMode.PAUSED)
    paused.later(timedelta(days=9))
    assert paused.texts == ["First tip.", "What do you sell?"]
    assert [note["reason"] for note in paused.noted("flow.held")] == ["paused"]
    other = Talk(paused.nurture, now=TEN)
    assert not other.start("tips")
    other.write("a tip?", "ask_tip")
    assert other.noted("flow.held") == [{"flow": "tips", "enrolment": None, "step": None, "reason": "paused", "until": None}]
    assert not other.state.enrolments


def test_going_on_after_a_pause_is_no_burst() -> None:
    people = [talk(seed) for seed in range(60)]
    for one in people:
        rule(one, FlowMode.PAUSED)
        one.later(timedelta(days=1))
        rule(one, FlowMode.LIVE)
    resumed = people[0].now
    dues = sorted(one.state.clocks[0].due_at - resumed for one in people)
    assert timedelta() < dues[0]
    assert dues[-1] <= timedelta(hours=1)
    assert len({due // timedelta(minutes=6) for due in dues}) >= 8
    for one in people:
        one.later(timedelta(hours=1))
        assert one.texts[-1] == "Second tip."


def test_an_answer_in_a_pause_is_kept_and_the_flow_goes_on_from_it_later() -> None:
    paused = talk()
    rule(paused, FlowMode.PAUSED)
    paused.write("candles")
    assert paused.state.slots["what"] == "candles"
    assert paused.texts[-1] == "Sure."
    paused.later(timedelta(days=1))
    assert paused.texts[-1] == "Sure."
    rule(paused, FlowMode.LIVE)
    paused.later(timedelta(hours=2))
    assert paused.texts[-1] == "Second tip."


def test_draining_nobody_starts_and_those_inside_finish() -> None:
    draining = talk()
    rule(draining, FlowMode.DRAINING)
    draining.write("candles")
    assert draining.texts[-1] == "Second tip."
    assert draining.ends == [("tips", "done", "end")]
    assert not draining.start("tips")
    assert draining.noted("flow.held")[-1]["reason"] == "draining"


def test_stopped_all_end_with_the_reason_in_the_journal() -> None:
    stopped = talk()
    rule(stopped, FlowMode.STOPPED, "wrong price")
    draft = Draft(stopped.state, now=stopped.now, rng=Random(1), new_id=str)
    engine.settle(draft, stopped.nurture)
    assert [(e.status, e.end_reason) for e in draft.state.enrolments] == [("exited", "flow_stopped")]
    assert draft.state.clocks == ()
    [ended] = [entry.data for entry in draft.close().journal if entry.kind == "flow.ended"]
    assert ended["why"] == "wrong price"


def test_stopped_somebody_whom_nobody_told_ends_when_due_and_hears_nothing() -> None:
    stopped = talk()
    rule(stopped, FlowMode.STOPPED, "wrong price")
    stopped.later(timedelta(days=1))
    assert stopped.texts == ["First tip.", "What do you sell?"]
    assert stopped.ends == [("tips", "exited", "flow_stopped")]
