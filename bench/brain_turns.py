"""Measures the brain alone: turns a second and their latency, over its Unix socket.

    brain/.venv/bin/python bench/brain_turns.py --model models --turns 2000

Starts a brain with `--workers` workers, plays conversations of the given lines over `--connections` keep-alive
connections, each turn carrying the whole conversation so far, and prints one line of JSON. The client shares the
machine; CPU a turn is the figure that a busy machine disturbs least.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LINES = ("hi", "how much is it", "what do you charge", "hello you", "cost per month", "get me a human")


class Client:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, path: str) -> "Client":
        return cls(*await asyncio.open_unix_connection(path, limit=1 << 22))

    async def call(self, method: str, target: str, document: Any = None) -> tuple[int, Any]:
        body = json.dumps(document).encode() if document is not None else b""
        head = f"{method} {target} HTTP/1.1\r\nHost: brain\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = next(int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return status, json.loads(await self._reader.readexactly(length))

    def close(self) -> None:
        self._writer.close()


async def _talk(path: str, name: int, turns: "list[int]", latencies_s: list[float], lines: tuple[str, ...]) -> None:
    client = await Client.connect(path)
    talk = 0
    while turns[0] > 0:
        events: list[dict[str, Any]] = []
        talk += 1
        for number, line in enumerate(lines):
            if turns[0] <= 0:
                break
            turns[0] -= 1
            request = {
                "conversation_id": f"bench-{name}-{talk}",
                "input_channel": "widget",
                "events": events,
                "message": {"text": line, "message_id": f"m{number}", "metadata": {}},
            }
            started = time.perf_counter()
            status, answer = await client.call("POST", "/turn", request)
            latencies_s.append(time.perf_counter() - started)
            if status != 200:
                raise SystemExit(f"the brain answered {status}: {answer}")
            events = events + answer["events"]
    client.close()


async def _measure(path: str, options: argparse.Namespace) -> dict[str, Any]:
    lines = tuple(options.lines.split("|"))
    await _round(path, options.connections, 100, lines)
    health = await _health(path)
    cpu_before = _cpu_s([health["pid"]]), _cpu_s(health["worker_pids"])
    started = time.perf_counter()
    latencies_s = sorted(await _round(path, options.connections, options.turns, lines))
    elapsed_s = time.perf_counter() - started
    cpu_after = _cpu_s([health["pid"]]), _cpu_s(health["worker_pids"])
    alone_s = sorted(await _round(path, 1, 200, lines))
    return {
        "turns_per_s": round(len(latencies_s) / elapsed_s, 1),
        "p50_ms": _percentile_ms(latencies_s, 0.5),
        "p99_ms": _percentile_ms(latencies_s, 0.99),
        "one_connection_p50_ms": _percentile_ms(alone_s, 0.5),
        "one_connection_p99_ms": _percentile_ms(alone_s, 0.99),
        "worker_cpu_ms_per_turn": round((cpu_after[1] - cpu_before[1]) * 1000 / len(latencies_s), 2),
        "supervisor_cpu_ms_per_turn": round((cpu_after[0] - cpu_before[0]) * 1000 / len(latencies_s), 2),
        "turns": len(latencies_s),
        "connections": options.connections,
        "workers": options.workers,
    }


async def _round(path: str, connections: int, turns: int, lines: tuple[str, ...]) -> list[float]:
    latencies_s: list[float] = []
    left = [turns]
    await asyncio.gather(*(_talk(path, name, left, latencies_s, lines) for name in range(connections)))
    return latencies_s


def _percentile_ms(ordered_s: list[float], share: float) -> float:
    return round(ordered_s[min(len(ordered_s) - 1, int(len(ordered_s) * share))] * 1000, 2)


async def _health(path: str) -> dict[str, Any]:
    client = await Client.connect(path)
    _, health = await client.call("GET", "/health")
    client.close()
    return dict(health)


def _cpu_s(pids: list[int]) -> float:
    """CPU seconds the processes have used, user and system; proc(5), fields 14 and 15 of stat."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _until_ready(path: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            client = await Client.connect(path)
            status, _ = await client.call("GET", "/health")
            client.close()
            if status == 200:
                return
        except (FileNotFoundError, ConnectionRefusedError):
            pass
        await asyncio.sleep(0.1)
    raise SystemExit(f"the brain ended with status {process.returncode} before it was ready")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--actions", default="actions")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--lines", default="|".join(LINES), help="one conversation, its messages parted by |")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "brain.sock")
        command = [sys.executable, "-m", "brain", "serve", "--model", options.model, "--socket", path]
        command += ["--workers", str(options.workers), "--actions", options.actions]
        process = subprocess.Popen(command)
        try:
            asyncio.run(_until_ready(path, process))
            print(json.dumps(asyncio.run(_measure(path, options))))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
