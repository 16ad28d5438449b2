"""How many agents it takes: the rules themselves in virtual time, beside Erlang C."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from handoff.erlang import agents_for, erlang_c, served_within
from handoff.staffing import Call, history, needed, poisson, waits
from tests.handoff.test_reports import ANSWERED, ASKED, at, handed, line
from tests.handoff.worlds import POLICY, START


def test_erlang_c_by_hand() -> None:
    # One agent: an arrival waits as often as the agent is busy.
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert (erlang_c(3, 3.0), served_within(3, 3.0, service_s=60, within_s=60)) == (1.0, 0.0)
    assert erlang_c(4, 3.0) == pytest.approx(27 / 53)
    with pytest.raises(ValueError, match="0 agents"):
        erlang_c(0, 1.0)


def test_the_fewest_agents_are_enough_and_one_less_is_not() -> None:
    for load in (0.1, 1.0, 3.0, 9.5, 40.0):
        found = agents_for(load, service_s=180, within_s=60, share=0.95)
        assert served_within(found, load, service_s=180, within_s=60) >= 0.95
        assert found == 1 or served_within(found - 1, load, service_s=180, within_s=60) < 0.95


@pytest.mark.parametrize("agents", [5, 6])
def test_the_rules_serve_as_erlang_c_says_within_three_points(agents: int) -> None:
    calls = poisson(since=START, per_hour=60, count=2000, handle_s=180, rng=Random(11))
    waited = waits(POLICY, calls, agents)
    served = sum(wait <= 60 for wait in waited) / len(waited)
    assert served == pytest.approx(served_within(agents, 3.0, service_s=180, within_s=60), abs=0.03)


def test_each_hour_has_a_need_of_its_own() -> None:
    one_by_one = [Call(at=START + timedelta(seconds=300 * n), handle_s=100) for n in range(4)]
    at_once = [Call(at=START + timedelta(hours=5, seconds=n), handle_s=100) for n in range(4)]
    found = needed(POLICY, [*one_by_one, *at_once], lambda call: f"{call.at:%H}", share=0.95, within_s=60)
    assert found == {"09": 1, "14": 4}


def test_words_that_take_too_long_are_not_made_up_for_by_more_people() -> None:
    calls = [Call(at=START, handle_s=300, words_s=61)]
    assert needed(POLICY, calls, lambda _: "all", share=0.95, within_s=60) == {"all": None}
    assert waits(POLICY, calls, 1)[0] in (61.0, math.inf)


def test_who_comes_first_is_served_first() -> None:
    calls = [Call(at=START + timedelta(seconds=n), handle_s=30) for n in range(4)]
    assert waits(POLICY, calls, 1) == [0.0, 29.0, 58.0, 87.0]


def test_history_is_played_as_it_was_handled() -> None:
    closed = replace(ANSWERED, status="closed", closed_at=at(210))
    returned = replace(closed, accepted_at=None)
    accepted = line(1, "episode.accepted", 20, agent_id="sam", waited_ms=20_000)
    gone = replace(ASKED, status="closed", closed_at=at(40))
    calls = history([handed(closed), handed(returned, accepted), handed(gone)])
    assert [(call.at, call.handle_s, call.words_s) for call in calls] == [(START, 200, 20), (START, 190, 10), (START, 195, 0)]
    assert history([handed(gone)]) == []
