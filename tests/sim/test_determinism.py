"""One seed, one history, byte for byte: in this process, in another, and whatever Python hashes strings to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sim.seeding import plan_of
from bot.sim.torture import torture

ROOT = Path(__file__).resolve().parents[2]
HOURS, PEOPLE, SEED = 12.0, 20, 11

ELSEWHERE = f"""
from bot.sim.torture import torture
print(torture({SEED}, hours={HOURS}, people={PEOPLE}).history.digest())
"""


@pytest.fixture(scope="module")
def digest() -> str:
    """Of the seed's history, played here."""
    done = torture(SEED, hours=HOURS, people=PEOPLE)
    assert done.history.figures.kills
    assert len(done.history.lines) > 100
    return done.history.digest()


def test_again_in_this_process(digest: str) -> None:
    assert torture(SEED, hours=HOURS, people=PEOPLE).history.digest() == digest


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_in_another_process_with_other_hashes(digest: str, hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=100
    )
    assert told.stdout.strip() == digest


def test_another_seed_is_another_history(digest: str) -> None:
    assert torture(SEED + 1, hours=HOURS, people=PEOPLE).history.digest() != digest


def test_a_plan_follows_from_its_seed_alone() -> None:
    assert plan_of(5, hours=30, people=12) == plan_of(5, hours=30, people=12)
    assert plan_of(5, hours=30, people=12) != plan_of(6, hours=30, people=12)
