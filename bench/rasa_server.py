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

    def __init__(self, home: Path, *, graph_url: str, model: Path, api: bool = False) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self._model, self._graph_url, self._api = home, model, graph_url, api
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
        self.spawn_server()
        self._actions = Started("rasa run actions", actions, log=self.home / "actions.log", env=_ENV)
        return await self.ready()

    def spawn_server(self) -> None:
        """Start the server alone and return at once."""
        command: list[str | Path] = [
            BRAIN_PYTHON, "-m", "bench.rasa_up", "run", "--model", self._model, "--quiet",
            "--credentials", self.home / "credentials.yml", "--endpoints", self.home / "endpoints.yml",
            "--port", str(self.port), "--interface", "127.0.0.1", *(["--enable-api"] if self._api else []),
        ]  # fmt: skip
        self._server = Started("rasa run", command, log=self.home / "rasa.log", env={**_ENV, "GRAPH_URL": self._graph_url})

    async def ready(self) -> float:
        """Wait until both serve. Returns the seconds since the start. Raises `ProcessFailed`."""
        took_s = await asyncio.gather(
            self.server.answers(f"http://127.0.0.1:{self.port}/webhooks/facebook/", within_s=READY_WITHIN_S),
            self.actions.answers(f"http://127.0.0.1:{self._actions_port}/health", within_s=READY_WITHIN_S),
        )
        return max(took_s)

    def end(self) -> None:
        """Stop both."""
        for started in (self._server, self._actions):
            if started is not None:
                started.end()
