"""A brain in a process of its own, and a small client for it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
TURN_TIMEOUT_S = 1.0
READY_WITHIN_S = 150.0


class Answer(NamedTuple):
    status: int
    json: Any


class UnixConnection(http.client.HTTPConnection):
    """Keep-alive HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float = 150.0) -> None:
        super().__init__("brain", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def call(self, method: str, target: str, document: Any = None, raw: bytes | None = None) -> Answer:
        body = raw if raw is not None else json.dumps(document).encode() if document is not None else None
        self.request(method, target, body=body)
        response = self.getresponse()
        return Answer(response.status, json.loads(response.read()))


class ServedBrain:
    """`python -m brain serve` as a child process."""

    def __init__(self, process: "subprocess.Popen[bytes]", socket_path: str, log_path: Path) -> None:
        self.process = process
        self.socket_path = socket_path
        self.log_path = log_path

    @classmethod
    def start(cls, model: Path, folder: Path, *options: str) -> "ServedBrain":
        socket_path = str(folder / "brain.sock")
        log_path = folder / "brain.log"
        command = [sys.executable, "-m", "brain", "serve", "--model", str(model), "--socket", socket_path]
        command += ["--actions", "shop_actions", "--turn-timeout-s", str(TURN_TIMEOUT_S), *options]
        with log_path.open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(FIXTURES)}, stderr=log, stdout=log)
        return cls(process, socket_path, log_path)

    def __enter__(self) -> "ServedBrain":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The events logged so far."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def connect(self) -> UnixConnection:
        return UnixConnection(self.socket_path)

    def call(self, method: str, target: str, document: Any = None, raw: bytes | None = None) -> Answer:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            return connection.call(method, target, document, raw)
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        return self.call("GET", "/health").json

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: os.path.exists(self.socket_path) and self.call("GET", "/health").status == 200)

    def wait_for(self, condition: Any) -> None:
        """Poll until `condition()` holds; fails with the log when the brain ends or takes too long."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not condition():
            assert self.process.poll() is None, self.log_path.read_text()
            assert time.monotonic() < deadline, self.log_path.read_text()
            time.sleep(0.05)


def turn_request(text: str, events: tuple[dict[str, Any], ...] = (), **changes: Any) -> dict[str, Any]:
    """A whole `POST /turn` body."""
    return {
        "conversation_id": "c-1",
        "input_channel": "widget",
        "events": list(events),
        "message": {"text": text, "message_id": "m-1", "metadata": {}},
        "now": 1_800_000_000.0,
        **changes,
    }
