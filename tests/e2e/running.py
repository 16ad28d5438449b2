"""A real `warmline up` as a process of its own: started, killed, started again, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
UP = "Ctrl-C stops everything."
START_S = 150.0
STOP_S = 30.0


@dataclass(kw_only=True)
class Warmline:
    """One installation: a home and its settings. The process in it may come and go."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    may_complain: bool = False
    """Whether errors in the log belong to what is tested."""
    errors: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None
    _told: deque[str] = field(default_factory=lambda: deque(maxlen=60))

    @property
    def address(self) -> str:
        """Where the demo page is; the console is at `/console` of it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def brain_socket(self) -> str:
        """Where this installation's own brain listens."""
        return str(self.home / "run" / "brain.sock")

    @property
    def first_sign_in(self) -> tuple[str, str]:
        """E-mail and password of the first admin."""
        email, password = (self.home / "first-sign-in.txt").read_text().split()
        return email, password

    async def start(self) -> None:
        """Run `warmline up` and wait until it says that it is up, then until `/readyz` agrees."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WARMLINE_")},
            "WARMLINE_HOME": str(self.home),
            "WARMLINE_PORT": str(self.port),
            "WARMLINE_LOG": "json",
            **{f"WARMLINE_{name.upper()}": value for name, value in self.settings.items()},
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "up", cwd=ROOT, env=environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        up = asyncio.Event()
        self._reading = asyncio.create_task(self._read(self._process, up))
        ready = asyncio.create_task(up.wait())
        await asyncio.wait([ready, self._reading], timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        assert up.is_set(), "warmline up did not come up:\n" + "\n".join(self._told)
        self.port = int((self.home / "run" / "port").read_text())
        async with aiohttp.ClientSession() as client, client.get(f"{self.address}/readyz") as answer:
            assert answer.status == 200, await answer.text()

    async def stop(self) -> None:
        """Ask it to end as an operator does; it must end well and have logged no error."""
        code = await self._end(signal.SIGTERM)
        assert code == 0, f"warmline up ended with {code}:\n" + "\n".join(self._told)
        assert self.may_complain or not self.errors, "\n".join(self.errors)

    async def kill(self) -> None:
        """End it without warning."""
        assert await self._end(signal.SIGKILL) == -signal.SIGKILL

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        assert self._reading is not None
        self._process.send_signal(how)
        async with asyncio.timeout(STOP_S):
            code = await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._process = None
        return code

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def _read(self, process: asyncio.subprocess.Process, up: asyncio.Event) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._told.append(line)
            if UP in line:
                up.set()
            if line.startswith("{") and _level(line) in ("error", "critical"):
                self.errors.append(line)


def _level(line: str) -> Any:
    try:
        return json.loads(line).get("level")
    except ValueError:
        return None
