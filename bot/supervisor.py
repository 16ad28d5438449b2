"""Keeps the brain running: starts it in its own environment, restarts it with back-off, takes it along when the service ends."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import os
import signal
import tempfile
from pathlib import Path
from time import monotonic

import structlog

from bot.errors import SettingsError
from bot.settings import Settings

log = structlog.get_logger()

FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
STEADY_AFTER_S = 60.0
_PR_SET_PDEATHSIG = 1
_LONGEST_SOCKET_PATH = 100


def brain_python(project: Path) -> Path:
    """The interpreter of the brain's own environment. Raises `SettingsError` if it was never made."""
    path = project.resolve() / "brain" / ".venv" / "bin" / "python"
    if not path.exists():
        raise SettingsError(f"{path} is missing: run `make up` (or `make install`) to make the brain's environment")
    return path


def socket_path(settings: Settings) -> str:
    """Where the brain listens; short enough for a Unix socket even in a deep home."""
    if settings.brain_socket:
        return settings.brain_socket
    wanted = settings.home.resolve() / "run" / "brain.sock"
    if len(str(wanted)) <= _LONGEST_SOCKET_PATH:
        return str(wanted)
    digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"warmline-{digest}.sock")


def newest_model(settings: Settings) -> Path:
    """The model to serve. Raises `SettingsError` if there is none."""
    path = (settings.project / settings.model).resolve()
    if path.is_file():
        return path
    models = sorted(path.glob("*.tar.gz"), key=lambda p: p.stat().st_mtime) if path.is_dir() else []
    if not models:
        raise SettingsError(f"no trained model in {path}: run `uv run warmline train`")
    return models[-1]


class BrainSupervisor:
    """One brain process and its life."""

    def __init__(self, settings: Settings, model: Path) -> None:
        self._settings, self._model = settings, model
        self.socket = socket_path(settings)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The running brain's process id."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Keep it running until `stop`."""
        back_off_s = FIRST_BACK_OFF_S
        while not self._stopping:
            started = monotonic()
            code = await self._once()
            if self._stopping:
                return
            lasted_s = monotonic() - started
            back_off_s = FIRST_BACK_OFF_S if lasted_s > STEADY_AFTER_S else min(LONGEST_BACK_OFF_S, back_off_s * 2)
            self.restarts += 1
            log.warning("brain.exited", code=code, lasted_s=round(lasted_s, 1), again_in_s=back_off_s)
            await asyncio.sleep(back_off_s)

    async def stop(self, within_s: float) -> None:
        """Ask it to end, then make it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _once(self) -> int:
        Path(self.socket).parent.mkdir(parents=True, exist_ok=True)
        logs = self._settings.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = [
            str(brain_python(self._settings.project)), "-m", "brain", "serve", "--model", str(self._model),
            "--socket", self.socket, "--workers", str(self._settings.brain_workers),
            "--turn-timeout-s", f"{self._settings.brain_timeout_s:g}",
        ]  # fmt: skip
        with (logs / "brain.log").open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=self._settings.project.resolve(), stdout=out, stderr=out, stdin=asyncio.subprocess.DEVNULL,
                preexec_fn=_die_with_parent, start_new_session=True,
            )  # fmt: skip
            log.info("brain.started", pid=self._process.pid, model=self._model.name)
            return await self._process.wait()


def _die_with_parent() -> None:
    """In the child: end when the service ends, even by a kill (Linux; elsewhere the brain notices by itself)."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
