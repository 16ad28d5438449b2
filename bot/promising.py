"""The promises file while the service runs: followed, changed with care, and with a history.

The file is the source of truth. Whoever changes it, by hand or in the console, the running service takes it up within seconds; a
file that cannot be read changes nothing but what the console says about it. A change from the console names the version it was made
from, and is refused if the file is another by now. Each version that was running or saved is kept in a folder of the home.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.core.model import WarmlineError
from bot.time import Time
from bot.yamlfile import YamlFileError, load_document
from handoff.lint import Finding, findings_in
from handoff.policy import Policy

log = structlog.get_logger()

MOST_BYTES = 256 * 1024
HISTORY = 200
"""How many versions are kept."""
BY_HAND = "file"
"""Who made a version that was not saved in the console."""

_NAME = re.compile(r"(\d{8}T\d{12}Z)_([0-9a-f]{16})_([A-Za-z0-9_-]{1,80})\.yml")


class ChangedMeanwhile(WarmlineError):
    """The file is not the version that the change was made from. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that is kept. `by` is an agent's id, or `file`."""

    version_id: str
    version: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The file as it is, the version the service goes by, and what is wrong with the file if it is another."""

    text: str
    version: str
    running: str
    problems: tuple[YamlFileError, ...] = ()


def version_of(text: str) -> str:
    """Names a text: the same text has the same version."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def judged(path: Path, text: str) -> Policy:
    """The policy that a text gives, with `path` as its name. Raises `YamlFileError` with every problem."""
    return Policy.of_document(load_document(path, text))


def problems_of(error: YamlFileError) -> tuple[YamlFileError, ...]:
    """Every problem of a file, in the order of its lines."""
    return (error, *error.others)


class Promises:
    """See the module. `on_change` hears each policy that the service is to go by from now on."""

    def __init__(self, path: Path, policy: Policy, history: Path, time: Time) -> None:
        self._path, self._history, self._time = path, history, time
        self.policy = policy
        self._seen = self._running = self._text_version()
        self._problems: tuple[YamlFileError, ...] = ()
        self._lock = asyncio.Lock()
        self._looked = self._stamp()
        self.on_change: Callable[[Policy], None] = lambda _policy: None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    async def run(self) -> None:
        """Until cancelled: follow the file."""
        while True:
            await self._time.rest(asyncio.Event())
            try:
                await self.look()
            except (OSError, UnicodeDecodeError) as error:
                log.warning("promises.unread", error=type(error).__name__)

    async def look(self) -> None:
        """Take up the file if it has changed. While it is the same file, of the same size and age, it is not read."""
        stamp = self._stamp()
        if stamp == self._looked:
            return
        async with self._lock:
            self._looked = stamp
            text = await asyncio.to_thread(self._read)
            if version_of(text) != self._seen:
                await self._take_up(text)

    async def standing(self) -> Standing:
        """How things stand."""
        async with self._lock:
            text = await asyncio.to_thread(self._read)
            if version_of(text) != self._seen:
                await self._take_up(text)
            return Standing(text=text, version=self._seen, running=self._running, problems=self._problems)

    async def check(self, text: str) -> tuple[tuple[YamlFileError, ...], list[Finding]]:
        """What is wrong with a text, and what in it makes no sense. Nothing is written."""
        return await asyncio.to_thread(self._check, text)

    async def save(self, text: str, *, base: str, by: str) -> str:
        """Write the text in place of the version `base`, whole or not at all, and go by it; gives its version.

        Raises `YamlFileError` for a text that gives no policy, and `ChangedMeanwhile`.
        """
        policy = await asyncio.to_thread(judged, self._path, text)
        async with self._lock:
            before = await asyncio.to_thread(self._read)
            if version_of(before) != base:
                raise ChangedMeanwhile(f"the file is at version {version_of(before)}, not {base}")
            await asyncio.to_thread(self._keep, before, BY_HAND)
            await asyncio.to_thread(self._write, text)
            await asyncio.to_thread(self._keep, text, by)
            self._goes_by(policy, version_of(text))
        log.info("promises.saved", version=version_of(text), agent_id=by)
        return version_of(text)

    async def versions(self) -> list[Version]:
        """What is kept, the latest first."""
        return await asyncio.to_thread(self._versions)

    async def text_of(self, version_id: str) -> str | None:
        """The text of a kept version; None if it is not kept."""
        known = {one.version_id for one in await self.versions()}
        if version_id not in known:
            return None
        return await asyncio.to_thread((self._history / f"{version_id}.yml").read_text, encoding="utf-8")

    async def _take_up(self, text: str) -> None:
        """Somebody changed the file by hand."""
        self._seen = version_of(text)
        try:
            policy = await asyncio.to_thread(judged, self._path, text)
        except YamlFileError as error:
            self._problems = problems_of(error)
            log.error("promises.broken", line=error.line, field=error.field)
            return
        await asyncio.to_thread(self._keep, text, BY_HAND)
        self._goes_by(policy, self._seen)
        log.info("promises.taken_up", version=self._seen)

    def _goes_by(self, policy: Policy, version: str) -> None:
        self.policy, self._seen, self._running, self._problems = policy, version, version, ()
        self.on_change(policy)

    def _check(self, text: str) -> tuple[tuple[YamlFileError, ...], list[Finding]]:
        try:
            document = load_document(self._path, text)
            Policy.of_document(document)
        except YamlFileError as error:
            return problems_of(error), []
        return (), findings_in(document, now=self._time.now())

    def _read(self) -> str:
        return self._path.read_bytes().decode("utf-8")

    def _stamp(self) -> tuple[int, int, int]:
        try:
            told = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return told.st_ino, told.st_size, told.st_mtime_ns

    def _text_version(self) -> str:
        try:
            return version_of(self._read())
        except (OSError, UnicodeDecodeError):
            return ""

    def _write(self, text: str) -> None:
        """Whole or not at all: beside the file, synced, and put in its place."""
        path = self._path.resolve()
        mode = path.stat().st_mode
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(mode)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def _keep(self, text: str, by: str) -> None:
        """Add to the history what is not its latest version already."""
        version, kept = version_of(text), self._versions()
        if kept and kept[0].version == version:
            return
        self._history.mkdir(parents=True, exist_ok=True)
        whose = re.sub(r"[^A-Za-z0-9_-]", "-", by)[:80] or BY_HAND
        name = f"{self._time.now().astimezone(UTC):%Y%m%dT%H%M%S%fZ}_{version}_{whose}.yml"
        (self._history / name).write_bytes(text.encode())
        for old in self._versions()[HISTORY:]:
            (self._history / f"{old.version_id}.yml").unlink(missing_ok=True)

    def _versions(self) -> list[Version]:
        if not self._history.is_dir():
            return []
        found = []
        for path in sorted(self._history.iterdir(), key=lambda one: (one.stat().st_mtime_ns, one.name), reverse=True):
            match = _NAME.fullmatch(path.name)
            if match is not None:
                at = datetime.strptime(match[1], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
                found.append(Version(version_id=path.stem, version=match[2], at=at, by=match[3]))
        return found
