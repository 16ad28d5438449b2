"""Trains the Rasa project when, and only when, what goes into the model has changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bot.errors import SettingsError
from bot.settings import Settings
from bot.supervisor import brain_python

KEPT_MODELS = 3


def ingredients(project: Path) -> list[Path]:
    """Every file that changes what training makes."""
    files = [project / "config.yml", project / "domain.yml", project / "brain" / "uv.lock"]
    for folder in ("data", "brain/nlu"):
        files += [p for p in (project / folder).rglob("*") if p.is_file() and p.suffix not in (".pyc", ".md")]
    return sorted(p for p in files if p.exists())


def fingerprint(project: Path) -> str:
    """A name for exactly these ingredients."""
    digest = hashlib.sha256()
    for path in ingredients(project):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model_path(settings: Settings) -> Path:
    """Where the model of the present ingredients is or will be; a model given by file is taken as it is."""
    given = settings.project / settings.model
    return given if given.suffix == ".gz" else given / f"{fingerprint(settings.project)}.tar.gz"


def train(settings: Settings, *, console: Console, force: bool = False) -> Path:
    """The model for the present ingredients, trained if it is not there. Raises `SettingsError` if training fails."""
    path = model_path(settings)
    if path.exists() and not force:
        return path
    if path != settings.project / settings.model:
        return _run(settings, path, console)
    raise SettingsError(f"WARMLINE_MODEL: {path} does not exist")


def _run(settings: Settings, path: Path, console: Console) -> Path:
    command = [
        str(brain_python(settings.project)), "-m", "rasa", "train", "--config", "config.yml", "--domain", "domain.yml",
        "--data", "data", "--out", str(path.parent.resolve()), "--fixed-model-name", path.name.removesuffix(".tar.gz"),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONWARNINGS": "ignore",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    lines: list[str] = []
    if not console.is_terminal:
        console.print("Training the bot (about half a minute) ...")
    with (
        console.status("Training the bot (about half a minute) ...") as status,
        subprocess.Popen(
            command, cwd=settings.project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in _lines(process):
            lines.append(line)
            status.update(f"Training the bot: {line[-80:]}")
    if process.returncode != 0 or not path.exists():
        raise SettingsError("training failed; Rasa says:\n" + "\n".join(lines[-15:]))
    _forget_old(path)
    return path


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip():
            yield line.rstrip()


def _forget_old(path: Path) -> None:
    models = sorted(path.parent.glob("*.tar.gz"), key=lambda p: p.stat().st_mtime)
    for old in models[:-KEPT_MODELS]:
        if old != path:
            old.unlink()
