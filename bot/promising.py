"""The promises file while the service runs: followed, changed with care, and with a history.

The file is the source of truth. Whoever changes it, by hand or in the console, the running service takes it up within seconds; a
file that cannot be read changes nothing but what the console says about it. A change from the console names the version it was made
from, and is refused if the file is another by now. Each version that was in force is kept in the database, with who made it, when,
and what changed, for every service on it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.core.model import WarmlineError
from bot.store.contract import StoreError
from bot.store.promised import Promised, PromiseStore
from bot.time import Time
from bot.yamlfile import YamlFileError, load_document
from handoff.differing import differing
from handoff.lint import Finding, findings_in
from handoff.policy import Policy, version_of

log = structlog.get_logger()

MOST_BYTES = 256 * 1024
HISTORY = 200
"""How many versions are listed; all are kept."""
BY_HAND = "file"
"""Who made a version that was not saved in the console."""


class ChangedMeanwhile(WarmlineError):
    """The file is not the version that the change was made from. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The file as it is, the version the service goes by, and what is wrong with the file if it is another."""

    text: str
    version: str
    running: str
    problems: tuple[YamlFileError, ...] = ()


def judged(path: Path, text: str) -> Policy:
    """The policy that a text gives, with `path` as its name. Raises `YamlFileError` with every problem."""
    return Policy.of_document(load_document(path, text))


def problems_of(error: YamlFileError) -> tuple[YamlFileError, ...]:
    """Every problem of a file, in the order of its lines."""
    return (error, *error.others)


class Promises:
    """See the module. `on_change` hears each policy that the service is to go by from now on."""

    def __init__(self, path: Path, policy: Policy, store: PromiseStore, time: Time) -> None:
        self._path, self._store, self._time = path, store, time
        self.policy = policy
        self._seen = self._running = self._text_version()
        self._problems: tuple[YamlFileError, ...] = ()
        self._unkept = True
        self._lock = asyncio.Lock()
        self._looked = self._stamp()
        self.on_change: Callable[[Policy], None] = lambda _policy: None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    async def run(self) -> None:
        """Until cancelled: keep what is in force, and follow the file."""
        while True:
            try:
                await self.keep_running()
                await self.look()
            except (OSError, UnicodeDecodeError, StoreError) as error:
                log.warning("promises.unread", error=type(error).__name__)
            await self._time.rest(asyncio.Event())

    async def keep_running(self) -> None:
        """Keep the version that the service started with, or that it could not keep, once."""
        async with self._lock:
            if self._unkept:
                text = await asyncio.to_thread(self._read)
                if version_of(text) == self._running:
                    await self._keep(text, BY_HAND)
                self._unkept = False

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
            await self._keep(before, BY_HAND)
            await asyncio.to_thread(self._write, text)
            self._goes_by(policy, version_of(text))
            try:
                await self._keep(text, by)
            except StoreError as error:
                # It is saved and holds; only who made it will not be known.
                self._unkept = True
                log.warning("promises.unkept", error=type(error).__name__)
        log.info("promises.saved", version=version_of(text), agent_id=by)
        return version_of(text)

    async def versions(self) -> list[Promised]:
        """What is kept, the latest first."""
        return await self._store.promised(limit=HISTORY)

    async def text_of(self, number: int) -> str | None:
        """The text of a kept version; None if it is not kept."""
        return await self._store.promised_text(number)

    async def _take_up(self, text: str) -> None:
        """Somebody changed the file by hand."""
        self._seen = version_of(text)
        try:
            policy = await asyncio.to_thread(judged, self._path, text)
        except YamlFileError as error:
            self._problems = problems_of(error)
            log.error("promises.broken", line=error.line, field=error.field)
            return
        self._goes_by(policy, self._seen)
        log.info("promises.taken_up", version=self._seen)
        # Goes by it even if it cannot be kept now; then it is kept with the next look.
        self._unkept = True
        await self._keep(text, BY_HAND)
        self._unkept = False

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

    async def _keep(self, text: str, by: str) -> None:
        """Add to the history what is not its latest version already."""
        version = version_of(text)
        latest = await self._store.promised(limit=1)
        if latest and latest[0].version == version:
            return
        before = await self._store.promised_text(latest[0].number) if latest else None
        changes = await asyncio.to_thread(self._changes, before, text) if before is not None else []
        await self._store.keep_promises(version=version, text=text, by=by, at=self._time.now(), changes=changes)

    def _changes(self, before: str, text: str) -> list[str]:
        try:
            return differing(load_document(self._path, before).data, load_document(self._path, text).data)
        except YamlFileError:
            return []
