"""What the tests of flows share: the reference flows, and talks over flows written for a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nurture.engine import Nurture
from nurture.load import load_flows
from tests.nurture.nurture_talk import NOON, PERSONA, Make, Talk, reference_nurture


@pytest.fixture(scope="session")
def nurture() -> Nurture:
    """The flows that ship."""
    return reference_nurture()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A talk over flows given as `name: (settings, steps)`, each a piece of YAML."""

    def talk(window: timedelta | None = None, now: datetime = NOON, **flows: tuple[str, str]) -> Talk:
        for name, (head, steps) in flows.items():
            trigger = "" if "trigger" in head else "trigger: manual\n"
            (tmp_path / f"{name}.yml").write_text(f"name: {name}\nversion: 1\ngoal: g\n{trigger}{head}\nsteps:\n{steps}\n")
        return Talk(Nurture(flows=load_flows(tmp_path), persona=PERSONA), window=window, now=now)

    return talk
