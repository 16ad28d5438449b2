"""Rasa as a user starts it: `rasa run` with its stock `facebook` channel, and `rasa run actions` beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.processes import BRAIN_PYTHON, Started, free_port
from bench.warmline import SECRET, TOKEN, VERIFY

READY_WITHIN_S = 180.0
_ENV = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
    "LOG_LEVEL": "WARNING",
}


class Rasa:
    """A Rasa server with its action server. Its tracker store is Rasa's default, in memory."""

    def __init__(self, home: Path, *, graph_url: str, model: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self._model, self._graph_url = home, model, graph_url
        self.port, self._actions_port = free_port(), free_port()
        (home / "credentials.yml").write_text(f"facebook:\n  verify: {VERIFY}\n  secret: {SECRET}\n  page-access-token: {TOKEN}\n")
        (home / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{self._actions_port}/webhook\n")
        self._server: Started | None = None
        self._actions: Started | None = None

    @property
    def server(self) -> Started:
        """The Rasa server."""
        assert self._server is not None, "start it first"
        return self._server

    @property
    def actions(self) -> Started:
        """The action server."""
        assert self._actions is not None, "start it first"
        return self._actions

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/facebook/webhook"

    async def start(self) -> float:
        """Start both side by side and wait until both serve. Returns the seconds this took. Raises `ProcessFailed`."""
        env = {**_ENV, "GRAPH_URL": self._graph_url}
        actions: list[str | Path] = [
            BRAIN_PYTHON,
            "-m",
            "rasa_sdk",
            "--actions",
            "actions",
            "--port",
            str(self._actions_port),
            "--quiet",
        ]
        server: list[str | Path] = [
            BRAIN_PYTHON, "-m", "bench.rasa_up", "run", "--model", self._model, "--quiet",
            "--credentials", self.home / "credentials.yml", "--endpoints", self.home / "endpoints.yml",
            "--port", str(self.port), "--interface", "127.0.0.1",
        ]  # fmt: skip
        self._server = Started("rasa run", server, log=self.home / "rasa.log", env=env)
        self._actions = Started("rasa run actions", actions, log=self.home / "actions.log", env=env)
        took_s = await asyncio.gather(
            self._server.answers(f"http://127.0.0.1:{self.port}/webhooks/facebook/", within_s=READY_WITHIN_S),
            self._actions.answers(f"http://127.0.0.1:{self._actions_port}/health", within_s=READY_WITHIN_S),
        )
        return max(took_s)

    def end(self) -> None:
        """Stop both."""
        for started in (self._server, self._actions):
            if started is not None:
                started.end()
