"""Two services never share a home or an SQLite file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.locks import alone
from bot.settings import Settings

WARMLINE = Path(sys.executable).with_name("warmline")


def home(folder: Path, name: str, **settings: str) -> Settings:
    (folder / name / "run").mkdir(parents=True)
    return Settings(home=folder / name, **settings)  # type: ignore[arg-type]


def test_a_second_service_of_a_home_is_told_who_has_it(tmp_path: Path) -> None:
    settings = home(tmp_path, "one", database_url="postgresql://x/y")
    with (
        alone(settings),
        pytest.raises(SettingsError, match=rf"WARMLINE_HOME: .*one is in use .*process {os.getpid()}"),
        alone(settings),
    ):
        pass
    with alone(settings):
        pass


def test_a_second_service_of_an_sqlite_file_is_told_that_a_postgresql_can_be_shared(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    first, second = home(tmp_path, "one", database_url=url), home(tmp_path, "two", database_url=url)
    with alone(first):
        with (
            pytest.raises(SettingsError, match=r"shared\.db is in use by another service; several can share a PostgreSQL"),
            alone(second),
        ):
            pass
        with alone(home(tmp_path, "three", database_url=f"sqlite:///{tmp_path}/other.db")):
            pass
    with alone(second):
        pass


def test_warmline_up_stops_at_once_and_short_commands_go_on(tmp_path: Path) -> None:
    settings = home(tmp_path, "one")
    env = {**os.environ, "WARMLINE_HOME": str(settings.home)}

    def warmline(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([WARMLINE, *command], env=env, capture_output=True, text=True, check=False)

    with alone(settings):
        up = warmline("up", "--port", "0")
        assert (up.returncode, up.stdout) == (2, "")
        assert "is in use by another service" in up.stderr
        added = warmline("agent", "add", "mia@x.test", "--name", "Mia")
        assert added.returncode == 0, added.stderr


def test_kill_9_frees_what_a_service_held(tmp_path: Path) -> None:
    settings = home(tmp_path, "one")
    held = (
        "import sys; from pathlib import Path; from bot.locks import alone; from bot.settings import Settings\n"
        "with alone(Settings(home=Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", held, str(settings.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SettingsError, match=f"process {process.pid}"), alone(settings):
            pass
        process.kill()
    with alone(settings):
        pass


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"), alone(Settings(home=tmp_path / "nowhere")):
        pass
