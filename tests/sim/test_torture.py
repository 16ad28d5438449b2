"""Seeds that nothing may break, for up to a minute, and what the command says."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.sim.history import Figures
from bot.sim.torture import torture
from bot.store.fake import FakeStore

WITHIN_S = 12.0
WORLDS = [(6.0, 25), (48.0, 20), (120.0, 20)]
"""(hours, people): a crowd that talks at once, two nights with flows, and five days of people who come back."""


@pytest.mark.parametrize(("hours", "people"), WORLDS, ids=["crowd", "nights", "days"])
def test_nothing_breaks_whatever_happens(hours: float, people: int) -> None:
    ends, seed, total = monotonic() + WITHIN_S / len(WORLDS), 1, Figures()
    while seed <= 3 or (monotonic() < ends and seed <= 200):
        done = torture(seed, hours=hours, people=people)
        again = f"warmline simulate torture --seed {seed} --hours {hours:g} --people {people}"
        assert [(b.who, b.what) for b in done.history.breaks] == [], again
        for name in ("heard", "delivered", "kills"):
            setattr(total, name, getattr(total, name) + getattr(done.history.figures, name))
        seed += 1

    assert min(total.heard, total.delivered, total.kills) > 0


def test_the_command_tells_what_happened_and_writes_the_history(tmp_path: Path) -> None:
    history = tmp_path / "history.txt"

    said = CliRunner().invoke(
        app, ["simulate", "torture", "--seed", "4", "--hours", "2", "--people", "5", "--seeds", "2", "--history", str(history)]
    )

    assert said.exit_code == 0, said.output
    for words in ("seed 4: 5 people", "seed 5: 5 people", "kills", "0 breaks", "conversation-hours a second"):
        assert words in said.output
    assert "writes p1.1" in history.read_text()


def test_the_command_fails_on_a_break_with_the_line_that_shows_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget(_store: FakeStore, _conversation_id: str) -> int:
        return 1

    monkeypatch.setattr(FakeStore, "unsent_count", forget)

    said = CliRunner().invoke(app, ["simulate", "torture", "--seed", "2", "--hours", "1", "--people", "3"])

    assert said.exit_code == 1
    assert "I1: something was never sent" in said.output
    assert "The shortest history found" in said.output
    assert "warmline simulate torture --seed 2 --hours 1 --people 3" in said.output


def test_a_history_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["simulate", "torture", "--history", str(tmp_path / "no" / "where.txt")])

    assert said.exit_code != 0
    assert "--history" in str(said.exception)
