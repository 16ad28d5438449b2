"""kill -9 of services, brain and database at random points of many talks. `make torture` does the same for ten minutes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from bench.killer import Blow
from bench.torture import Plan, torture

EACH_ONCE = (Blow.SERVICE, Blow.WORKER, Blow.DATABASE, Blow.SUSPENDED)


@pytest.mark.real
@pytest.mark.timeout(420)
async def test_kills_lose_double_and_reorder_nothing_and_nothing_is_early() -> None:
    plan = Plan(messages=100, minutes=0.3, questions=2, think_s=4.0, pause_s=(0.5, 2.0), seed=11, lease_s=3.0, deck=EACH_ONCE)
    # Not in pytest's folder: it is closed to the user that the database runs as, whenever another pytest starts.
    with tempfile.TemporaryDirectory() as home:
        outcome = await torture(Path(home), plan)
    assert outcome.findings == ()
    blows = outcome.figures["blows"]
    assert isinstance(blows, dict)
    assert blows.keys() == set(EACH_ONCE), "the run was over before everything was struck once"
    assert int(str(outcome.figures["answered_while_they_waited"])) >= 40, "too few real answers to judge by"
