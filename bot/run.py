"""Runs the service: checks what must be there, starts service and brain, says where everything is, stops cleanly."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import signal
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from aiohttp import web
from rich.console import Console

from bot import training
from bot.app import build
from bot.audit import look
from bot.brain import SocketBrain
from bot.core.audit import Finding
from bot.core.model import Standing, WarmlineError
from bot.errors import BrainError, SettingsError
from bot.locks import alone
from bot.parts import audit_bounds, load_rules, mint
from bot.published import Published
from bot.pulse import Pulse
from bot.service import Service
from bot.settings import Settings
from bot.store import open_store
from bot.store.auditing import Marks
from bot.store.contract import Agent, AlreadyExists, Handed, Store
from bot.supervisor import BrainSupervisor, socket_path
from bot.time import SystemTime
from handoff.api.passwords import hash_password
from nurture.book import Nurture
from nurture.experiments.report import Report, reports
from nurture.experiments.tally import KINDS, Outcome, Tally

log = structlog.get_logger()

LOOK_AGAIN_S = 0.25
ANSWERS_WITHIN_S = 2.0
"""How long a stop waits for requests that are still being answered once everything else is finished."""
SWAP_WITHIN_S = 120.0
EVERY_SUSPECT = 100_000
FIRST_ADMIN = "admin@example.com"
ROLES = ("agent", "supervisor", "marketer", "admin")
JOURNAL_PAGE = 5000


COMMAND = "command line"
"""Who did what the command line did."""


class UnknownFlow(WarmlineError):
    """A flow is asked for that there is not, or a version of one."""


async def check_published(store: Store, flow_ids: Collection[str]) -> None:
    """Raises `UnknownFlow` if one of these was never published."""
    known = [head.flow_id for head in (await store.flow_book()).heads]
    for flow_id in flow_ids:
        if flow_id not in known:
            told = f"there are {', '.join(known)}" if known else "none was published yet"
            raise UnknownFlow(f"there is no flow {flow_id}; {told}")


def _make_home(settings: Settings) -> None:
    try:
        for folder in (settings.home, settings.home / "run", settings.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"WARMLINE_HOME: {settings.home} cannot be written: {error.strerror}") from error


async def migrate_only(settings: Settings) -> None:
    """Bring the database up to date."""
    _make_home(settings)
    store = open_store(settings.url)
    try:
        await store.migrate()
    finally:
        await store.close()


async def swap_model(settings: Settings, model: Path) -> str:
    """Give the running brain another model; gives its name. Raises `BrainError` if no brain runs or it refuses."""
    brain = SocketBrain(socket_path(settings), timeout_s=SWAP_WITHIN_S)
    try:
        return str((await brain.swap(model.resolve()))["model"])
    finally:
        await brain.close()


async def add_agent_now(settings: Settings, *, email: str, name: str, role: str) -> str:
    """Add an agent; gives the first password."""
    if role not in ROLES:
        raise SettingsError(f"--role: {role!r} is none of {', '.join(ROLES)}")
    if "@" not in email:
        raise SettingsError(f"{email!r} is not an e-mail address")
    await migrate_only(settings)
    store = open_store(settings.url)
    password = secrets.token_urlsafe(9)
    try:
        await store.add_agent(_agent(email, name, role, password))
    finally:
        await store.close()
    return password


async def all_agents(settings: Settings) -> list[Agent]:
    """Everybody who answers."""
    await migrate_only(settings)
    store = open_store(settings.url)
    try:
        return await store.agents()
    finally:
        await store.close()


async def standings_now(settings: Settings, flow_id: str | None) -> AsyncIterator[Standing]:
    """Everybody who is in a flow, of one flow or of all. Raises `UnknownFlow`."""
    await migrate_only(settings)
    store = open_store(settings.url)
    try:
        await check_published(store, [] if flow_id is None else [flow_id])
        after = ""
        while batch := await store.standings(flow_id=flow_id, after=after):
            for standing in batch:
                yield standing
            after = batch[-1].enrolment.enrolment_id
    finally:
        await store.close()


async def published_now(settings: Settings) -> Nurture:
    """What is published, with every version that people are in; where nothing is, what the files say."""
    await migrate_only(settings)
    nurture = load_rules(settings).nurture
    store = open_store(settings.url)
    try:
        published = Published(store, nurture, at_start=False)
        await published.refresh()
        await published.know({(one.flow_id, one.version) for one in await store.inside()})
    finally:
        await store.close()
    return replace(published.nurture, flows={**nurture.flows, **published.nurture.flows})


async def handed_now(settings: Settings, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
    """The episodes of a range, for a report."""
    await migrate_only(settings)
    store = open_store(settings.url)
    try:
        return await store.handed(since=since, until=until, kinds=kinds)
    finally:
        await store.close()


async def audit_now(settings: Settings) -> list[Finding]:
    """Everything that the audit finds in the whole database, from the beginning. Changes nothing."""
    nurture = load_rules(settings).nurture
    bounds, now = replace(audit_bounds(settings), suspects=EVERY_SUSPECT), SystemTime().now()
    overdue_before = now - timedelta(seconds=bounds.late_s)
    store = open_store(settings.url)
    found: dict[Finding, None] = {}
    try:
        marks, done = Marks(), False
        while not done:
            batch, after, _ = await look(store, nurture, bounds, marks, now=now, overdue_before=overdue_before)
            found |= dict.fromkeys(batch)
            # The walk over live enrolments has come round, and there was nothing new.
            done = not after.enrolled and replace(after, enrolled="") == replace(marks, enrolled="")
            marks = after
    finally:
        await store.close()
    return list(found)


async def experiments_now(
    settings: Settings, *, within: timedelta, measure: Outcome, alpha: float, flow_id: str | None = None
) -> list[Report]:
    """A report for each experiment of the flows, or of one flow. Changes nothing. Raises `UnknownFlow`."""
    nurture = await published_now(settings)
    flows = nurture.flows
    if flow_id is not None and flow_id not in flows:
        raise UnknownFlow(f"there is no flow {flow_id}; there are {', '.join(sorted(flows))}")
    tally = Tally(within=within)
    store = open_store(settings.url)
    try:
        after = 0
        while lines := await store.journal_of(KINDS, after=after, limit=JOURNAL_PAGE):
            for line in lines:
                tally.add(line.conversation_id, line.entry)
            after = lines[-1].journal_id
    finally:
        await store.close()
    now = SystemTime().now()
    chosen = [flow for name, flow in sorted(flows.items()) if flow_id in (None, name)]
    return [
        report for flow in chosen for report in reports(flow, tally, measure=measure, alpha=alpha, now=now, stopped=nurture.stopped)
    ]


async def let_arm_now(settings: Settings, flow_id: str, experiment: str, arm: str, *, reason: str) -> bool:
    """Put people into a stopped arm again. False if it is not stopped."""
    await migrate_only(settings)
    store = open_store(settings.url)
    try:
        return await store.let_arm(flow_id, experiment, arm, by=COMMAND, now=SystemTime().now(), reason=reason)
    finally:
        await store.close()


def _agent(email: str, name: str, role: str, password: str) -> Agent:
    return Agent(
        agent_id=mint("a"), email=email, name=name, role=role, password_hash=hash_password(password),
        created_at=SystemTime().now(),
    )  # fmt: skip


async def run_up(settings: Settings, console: Console) -> int:
    """Everything, until a signal. Gives the exit code. Raises `SettingsError` for what a person can mend."""
    _make_home(settings)
    with alone(settings):
        return await _run_alone(settings, console)


async def _run_alone(settings: Settings, console: Console) -> int:
    rules = load_rules(settings)
    own_brain = not settings.brain_socket
    supervisor = BrainSupervisor(settings, training.train(settings, console=console)) if own_brain else None
    service = build(settings, rules=rules, brain_socket=socket_path(settings))
    stopping = _on_signals()
    runner = web.AppRunner(service.web, access_log=None, shutdown_timeout=ANSWERS_WITHIN_S)
    await service.store.migrate()
    first = await _first_admin(service)
    await runner.setup()
    port = await _listen(runner, settings)
    brain = asyncio.create_task(supervisor.run()) if supervisor else None
    # While it stood still, what channels told was turned away, perhaps echoes.
    pulse = asyncio.create_task(Pulse(service.time, service.delivery.not_heard).run(), name="pulse")
    try:
        await service.start()
        if supervisor:
            await _brain_awake(service, stopping, console)
        _welcome(console, settings, port, first)
        await stopping.wait()
        console.print("Stopping ...")
    finally:
        # The door stays open while what is in hand is finished: it says 503 instead of slamming.
        await service.drain()
        await service.finish()
        pulse.cancel()
        await runner.cleanup()
        await service.close()
        if supervisor and brain:
            await supervisor.stop(settings.stop_within_s)
            await brain
    console.print("Stopped. Nothing was left half done.")
    return 0


async def _brain_awake(service: Service, stopping: asyncio.Event, console: Console) -> None:
    """Wait until a turn can be served, and say so; what is heard meanwhile is stored and answered then."""
    said = False
    with console.status("Waking the brain (loading Rasa takes some seconds) ..."):
        while not stopping.is_set():
            try:
                await service.brain.health()
                return
            except BrainError:
                if not said and not console.is_terminal:
                    console.print("Waking the brain (loading Rasa takes some seconds) ...")
                    said = True
            await service.time.wait(stopping, LOOK_AGAIN_S)


def _on_signals() -> asyncio.Event:
    """Set by the first signal. The second ends the process at once: what it held is free when its leases end, nothing is lost."""
    stopping = asyncio.Event()

    def signalled(signum: signal.Signals) -> None:
        if stopping.is_set():
            os._exit(128 + signum)
        stopping.set()

    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, signalled, signum)
    return stopping


async def _listen(runner: web.AppRunner, settings: Settings) -> int:
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"WARMLINE_PORT: port {settings.port} is taken by another program; choose one with WARMLINE_PORT=8081"
            ) from error
        raise SettingsError(
            f"WARMLINE_HOST, WARMLINE_PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    port: int = runner.addresses[0][1]
    _write(settings.home / "run" / "port", f"{port}\n")
    return port


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


async def _first_admin(service: Service) -> Path | None:
    """On the very first start, make the first sign-in; the password is kept in a file that only this user can read."""
    path = service.settings.home / "first-sign-in.txt"
    if await service.store.agents():
        return path if path.exists() else None
    password = secrets.token_urlsafe(9)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    _write(path, f"{FIRST_ADMIN}\n{password}\n")
    try:
        await service.store.add_agent(_agent(FIRST_ADMIN, "Alex", "admin", password))
    except AlreadyExists:
        # Another service on this database started at the same moment; its home has the password.
        path.unlink()
        return None
    return path


def _welcome(console: Console, settings: Settings, port: int, first: Path | None) -> None:
    base = settings.public_url or f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else settings.host}:{port}"  # noqa: S104
    console.print()
    console.print(f"  Warmline is up.   Demo page with the widget   {base}/", markup=False)
    console.print(f"                    Agents' console             {base}/console", markup=False)
    if first is not None:
        email, password = first.read_text().split()
        console.print(f"                    First sign-in               {email}   {password}", markup=False)
    console.print("\n  Next: say hello on the demo page, ask for a person, and take the chat in the console.")
    console.print("  Make it yours: data/nlu (what people say), domain.yml (what the bot says), flows/, promises.yml.")
    console.print("  Ctrl-C stops everything.\n")
