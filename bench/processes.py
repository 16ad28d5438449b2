"""Real processes: started in sessions of their own, watched through /proc, ended with everything they started."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
BRAIN_PYTHON = ROOT / "brain" / ".venv" / "bin" / "python"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
POLL_S = 0.02
_END_WITHIN_S = 20.0


class ProcessFailed(RuntimeError):
    """A process ended or stayed silent when it should have served; the message ends with the last lines of its log."""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stat:
    pid: int
    parent: int
    state: str
    cpu_s: float


def _stat(pid: int) -> _Stat | None:
    """One line of /proc; None once the process is gone. Fields: proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rsplit(")", 1)[1].split()
    return _Stat(pid=pid, parent=int(fields[1]), state=fields[0], cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S)


def _everyone() -> list[_Stat]:
    return [stat for entry in Path("/proc").iterdir() if entry.name.isdigit() and (stat := _stat(int(entry.name)))]


def descendants(pid: int) -> list[int]:
    """The living processes below `pid`, at any depth, without it."""
    children: dict[int, list[int]] = {}
    for stat in _everyone():
        if stat.state not in "ZX":
            children.setdefault(stat.parent, []).append(stat.pid)
    found: list[int] = []
    ahead = list(children.get(pid, ()))
    while ahead:
        one = ahead.pop()
        found.append(one)
        ahead += children.get(one, ())
    return found


def alive(pids: Iterable[int]) -> list[int]:
    """Those that still run; a zombie does not."""
    return [pid for pid in pids if (stat := _stat(pid)) and stat.state not in "ZX"]


def cpu_s(pids: Iterable[int]) -> float:
    """Processor seconds that these processes have used so far."""
    return sum(stat.cpu_s for pid in pids if (stat := _stat(pid)))


def send_signal(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes by id; one that is gone already is none the worse."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class Started:
    """A process of ours and what it wrote. Leaving the context ends it and everything below it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path = ROOT,
        user: str | None = None,
    ) -> None:
        self.name, self.log = name, log
        self.started_at = monotonic()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, user=user,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def family(self) -> list[int]:
        """The process and everything below it."""
        return [self.pid, *descendants(self.pid)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """SIGTERM, and SIGKILL for whoever is still there after a while."""
        family = self.family if self.process.poll() is None else []
        send_signal(family, signal.SIGCONT)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        send_signal(alive(family), signal.SIGKILL)

    def kill(self) -> None:
        """kill -9, this process alone; returns when it is gone."""
        self.process.kill()
        self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def answers(self, url: str, *, within_s: float, status: int = 200) -> float:
        """Wait until GET `url` gives `status`; returns seconds since the start. Raises `ProcessFailed`."""
        timeout = aiohttp.ClientTimeout(total=5.0)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while True:
                try:
                    async with client.get(url) as answer:
                        if answer.status == status:
                            return monotonic() - self.started_at
                except (aiohttp.ClientError, TimeoutError):
                    pass
                self.check(within_s)
                await asyncio.sleep(POLL_S)

    def check(self, within_s: float) -> None:
        """Raises `ProcessFailed` if it has ended, or was started more than `within_s` ago."""
        code = self.process.poll()
        if code is not None:
            raise ProcessFailed(f"{self.name} ended with code {code}:\n{self.last_words()}")
        if monotonic() - self.started_at > within_s:
            raise ProcessFailed(f"{self.name} was not ready within {within_s:g} s:\n{self.last_words()}")
