"""A whole talk with a handoff is written down in a chain that holds; whoever changes the database behind our back is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.sealing import verify
from tests.service.serving import START, serving


@pytest.fixture
async def talked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database in which somebody asked for a person, who came late; the settings point at it."""
    async with serving(tmp_path) as world:
        async with world.visitor() as anna:
            await anna.say("hi")
            await anna.say("can i talk to a person")
            await world.wind(minutes=10)
        found = await verify(world.service.store, until=world.time.now())
        assert (found.broken, found.slipped_in, found.conversations) == ((), 0, 1)
        assert found.lines > 5
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    return tmp_path / "warmline.db"


def run(*arguments: str) -> tuple[int, str]:
    until = f"{START + timedelta(minutes=2):%Y-%m-%dT%H:%M:%S}"
    result = CliRunner().invoke(app, ["journal", "verify", "--until", until, *arguments])
    return result.exit_code, result.output


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        assert conn.execute(statement).rowcount > 0


def test_a_seal_that_was_noted_down_is_found_again_and_every_change_is_told(talked: Path) -> None:
    code, said = run()
    seal = said.rsplit(" ", 1)[1].strip()
    assert (code, len(seal)) == (0, 64)
    assert run("--seal", seal)[0] == 0

    change(talked, "UPDATE journal SET kind = 'episode.taken' WHERE kind LIKE 'episode.%'")
    code, said = run("--seal", seal)
    assert code == 1
    assert "was changed or is missing" in said


def test_lines_that_are_missing_at_the_end_and_another_seal_are_told(talked: Path) -> None:
    assert "not the seal that was noted down" in run("--seal", "0" * 64)[1]
    change(talked, "DELETE FROM journal WHERE journal_id = (SELECT max(journal_id) FROM journal WHERE link IS NOT NULL)")
    code, said = run()
    assert code == 1
    assert "its last lines are missing" in said
