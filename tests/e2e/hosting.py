"""A Warmline inside the test's own process: there in a moment, and its clock can be moved on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from aiohttp import ClientSession, web
from ruamel.yaml import YAML

from bot import credentials
from bot.app import Service, build, mint
from bot.settings import Settings
from bot.store.contract import Agent
from bot.time import Time
from tests.chromium import PATIENCE_MS
from tests.e2e.running import ROOT
from tests.migrated import migrated_at
from tests.service.desks import HASH, PASSWORD
from tests.service.serving import rules_of

ALEX = "admin@example.com"
FILES = {"flows": "flows", "promises": "promises.yml", "credentials": "credentials.yml"}
PATIENCE_S = PATIENCE_MS / 1000


def promising(folder: Path, **targets: int) -> str:
    """The promises that come with Warmline, with these targets; gives the file."""
    yaml = YAML(typ="safe")
    promises = yaml.load((ROOT / "promises.yml").read_text())
    promises["targets"] |= targets
    path = folder / "promises.yml"
    with path.open("w") as out:
        yaml.dump(promises, out)
    return str(path)


class MovedTime(Time):
    """The machine's clock, and what it was moved on by: what falls due on the way is due at once."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) + self._ahead

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> bool:
        """Wait for the event, or until the moved clock shows that the time is up."""
        if timeout_s is None:
            return await event.wait()
        until = self.now() + timedelta(seconds=timeout_s)
        while not event.is_set() and (left := (until - self.now()).total_seconds()) > 0:
            waits = [asyncio.ensure_future(one.wait()) for one in (event, self._moved)]
            try:
                await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
        return event.is_set()

    def move(self, seconds: float) -> None:
        """It is so much later now."""
        self._ahead += timedelta(seconds=seconds)
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass(kw_only=True)
class Hosted:
    """One installation, with Alex as its admin."""

    home: Path
    settings: dict[str, Any]
    may_complain: bool = False
    """Whether errors in the log belong to what is tested."""
    time: MovedTime = field(default_factory=MovedTime)
    address: str = ""
    first_sign_in: tuple[str, str] = (ALEX, PASSWORD)
    _service: Service | None = None

    async def add(self, name: str, role: str = "agent") -> tuple[str, str]:
        """Somebody who works here; gives their e-mail and password."""
        assert self._service is not None
        email = ALEX if name == "Alex" else f"{name.lower()}@example.com"
        agent = Agent(
            agent_id=mint("a"), email=email, name=name, role=role, password_hash=HASH, created_at=self.time.now()
        )  # fmt: skip
        await self._service.store.add_agent(agent)
        return email, PASSWORD

    async def misses(self, email: str) -> None:
        """Wait until the service knows that no console of this agent is open any more; it has not moved on by then."""
        assert self._service is not None
        agent = await self._service.store.agent_by_email(email)
        assert agent is not None
        async with asyncio.timeout(PATIENCE_S):
            while any(one.agent_id == agent.agent_id and one.sockets for one in self._service.presence.own()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Hosted]:
        """It runs as `warmline up` runs it, and must have logged no error."""
        self.home.mkdir(parents=True, exist_ok=True)
        chosen = Settings(
            home=self.home, web=ROOT / "web" / "dist",
            **{name: ROOT / where for name, where in FILES.items()} | self.settings,
        )  # fmt: skip
        if not chosen.database_url:
            migrated_at(self.home / "warmline.db")
        service = self._service = build(
            chosen, credentials=credentials.load(chosen.credentials), rules=rules_of(chosen), brain_socket=chosen.brain_socket,
            time=self.time,
        )  # fmt: skip
        runner = web.AppRunner(service.web, access_log=None, shutdown_timeout=0.2)
        errors: list[str] = []
        try:
            # In a task of its own: whoever else is in this process does not inherit where it complains.
            await asyncio.create_task(self._begin(service, runner, errors))
            async with ClientSession() as client, client.get(f"{self.address}/readyz") as answer:
                assert answer.status == 200, await answer.text()
            yield self
        finally:
            await service.drain()
            await service.finish()
            await runner.cleanup()
            await service.close()
        assert self.may_complain or not errors, "\n".join(errors)

    async def _begin(self, service: Service, runner: web.AppRunner, errors: list[str]) -> None:
        """Start it so that what it logs as an error comes into `errors`."""
        _listen(errors)
        await service.store.migrate()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        if await service.store.agent_by_email(ALEX) is None:
            await self.add("Alex", "admin")
        await service.start()


_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)
"""Where the tasks of a hosted service, which inherit this from the one that started it, put what they complain of."""


def _listen(errors: list[str]) -> None:
    _heard.set(errors)
    processors = structlog.get_config()["processors"]
    if _hear not in processors:
        processors.insert(0, _hear)
    logging.getLogger().addHandler(_STDLIB)


def _hear(_logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    heard = _heard.get()
    if heard is not None and method in ("error", "critical", "exception"):
        heard.append(repr(dict(line)))
    return line


class _Stdlib(logging.Handler):
    """What asyncio and aiohttp complain of: requests that broke, tasks whose errors nobody took."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _heard.get()
        if heard is not None:
            heard.append(record.getMessage())


_STDLIB = _Stdlib(logging.ERROR)
