"""Where a person's caps leave room for one message, the flow of higher priority gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import FlowMode
from nurture.book import Nurture, Ruling
from nurture.flow import Flow
from nurture.load import read_flow
from tests.nurture.nurture_talk import PERSONA, Talk

TEN = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
FLOW = """
name: {name}
version: 1
goal: g
trigger: manual
quiet_hours: none
unanswered: 9
priority: {priority}
caps: [{{messages: {messages}, within: 20h}}]
steps:
  - {{id: pause, wait: "{wait}"}}
  - {{id: words, say: "{name} speaks.", purpose: help}}
"""


def flow(name: str, priority: int, wait: str, messages: int = 1) -> Flow:
    _, read = read_flow(Path(f"{name}.yml"), FLOW.format(name=name, priority=priority, wait=wait, messages=messages))
    return read


def talk(*flows: Flow, mode: FlowMode = FlowMode.LIVE) -> Talk:
    rulings = {"high": Ruling(mode=mode)}
    started = Talk(Nurture(flows={one.flow_id: one for one in flows}, persona=PERSONA, rulings={}), now=TEN)
    for one in flows:
        assert started.start(one.flow_id)
    started.nurture = Nurture(flows=started.nurture.flows, persona=PERSONA, rulings=rulings)
    return started


def test_a_lower_flow_gives_way_to_a_higher_one_that_is_due_before_the_cap_frees() -> None:
    both = talk(flow("low", 10, "1h"), flow("high", 90, "5h"))
    both.later(timedelta(hours=6))
    assert both.texts == ["high speaks."]
    assert "priority" in [note["reason"] for note in both.noted("flow.held") if note["flow"] == "low"]
    both.later(timedelta(days=1))
    assert both.texts == ["high speaks.", "low speaks."]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (flow("low", 10, "1h"), flow("high", 90, "30h")),
        (flow("low", 50, "1h"), flow("high", 50, "5h")),
        (flow("low", 10, "1h", messages=2), flow("high", 90, "5h", messages=2)),
    ],
    ids=["due too late", "the same priority", "room for both"],
)
def test_it_need_not(low: Flow, high: Flow) -> None:
    both = talk(low, high)
    both.later(timedelta(hours=2))
    assert both.texts == ["low speaks."]


def test_a_paused_flow_reserves_nothing() -> None:
    both = talk(flow("low", 10, "1h"), flow("high", 90, "5h"), mode=FlowMode.PAUSED)
    both.later(timedelta(hours=2))
    assert both.texts == ["low speaks."]


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 40)), min_size=2, max_size=4))
def test_everybody_speaks_in_the_end_and_never_above_the_cap(drawn: list[tuple[int, int]]) -> None:
    flows = [flow(f"f{number}", priority, f"{hours}h") for number, (priority, hours) in enumerate(drawn)]
    many = talk(*flows)
    many.later(timedelta(days=12))
    assert sorted(many.texts) == sorted(f"{one.name} speaks." for one in flows)
