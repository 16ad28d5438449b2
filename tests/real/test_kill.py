"""kill -9 at random points of many talks. `make torture` does the same with 300 people."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.torture import Plan, torture


@pytest.mark.real
@pytest.mark.timeout(240)
async def test_kills_lose_double_and_reorder_nothing(tmp_path: Path) -> None:
    plan = Plan(people=40, questions=3, think_s=6.0, pause_s=(1.0, 4.0), seed=11, apart=True)
    outcome = await torture(tmp_path, plan)
    assert outcome.findings == ()
    kills = outcome.figures["kills"]
    assert isinstance(kills, dict)
    assert kills["service"] >= 2
    assert outcome.figures["questions"] == 120
    assert int(str(outcome.figures["answered"])) >= 60, "too few real answers to judge by"
