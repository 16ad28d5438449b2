"""Tells subscribers of events: signed, again and again until they take it, at least once each.

Signed as Standard Webhooks has it (github.com/standard-webhooks, version 1): `webhook-id`, `webhook-timestamp` in seconds since
1970, and `webhook-signature: v1,` with the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`, keyed by what follows `whsec_`
in the secret, decoded. Subscribers find libraries for it in every language.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import aiohttp
import structlog

from bot.metrics import HOOKS_TOLD
from bot.signing import signed
from bot.store.contract import Store, StoreUnavailable
from bot.store.hooking import Hook, Telling
from bot.time import Time

log = structlog.get_logger()

TAKEN_WITHIN_S = 10.0
LEASE = timedelta(seconds=60)
"""How long a service that died keeps others from its tellings; a try is over well before."""

AT_ONCE = 8
"""Tries at one subscriber at the same time."""

MOST_TRIES = 12
FIRST_S, GROWTH, LONGEST_S = 5.0, 3.0, 6 * 3600.0
"""The first try again comes after 5 s, each later one after three times as long: twelve tries take a day and a half."""

REST_S = (1.0, 300.0)
"""How long a subscriber that took nothing rests as a whole: at first, and at most; it doubles in between."""

LOOK_AGAIN_S, IDLE_S, BREATH_S = 5.0, 60.0, 0.1
GOODBYE_WITHIN_S = 1.0

type Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""Post a body with headers to an address: gives the status. Raises `OSError`, `TimeoutError` or `aiohttp.ClientError`."""


def event_id(telling: Telling) -> str:
    """The event's id, the same for every try and every subscriber."""
    return f"evt_{telling.journal_id}"


def body_of(telling: Telling) -> bytes:
    """What is posted. Lines of the journal never hold what people wrote."""
    told = {
        "id": event_id(telling),
        "type": telling.entry.kind,
        "timestamp": telling.entry.at.isoformat().replace("+00:00", "Z"),
        "data": {
            **telling.entry.data,
            "conversation_id": telling.conversation_id,
            "prospect": {"channel": telling.identity.channel, "external_id": telling.identity.external_id},
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def back_off_s(attempts: int, rng: Random) -> float:
    """How long to wait after so many tries (at least one), a little more or less so that not all come back at once."""
    return min(LONGEST_S, FIRST_S * GROWTH ** (attempts - 1)) * rng.uniform(0.9, 1.1)


class HttpPost:
    """Posts over the network; a redirect is not followed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """See `Post`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TAKEN_WITHIN_S))
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            return response.status

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()


@dataclass(slots=True)
class _Line:
    """How one subscriber does."""

    in_hand: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    failures: int = 0
    rests_until: datetime | None = None


class HookWorker:
    """See the module. `name` is that of its claims."""

    def __init__(self, store: Store, time: Time, rng: Random, *, name: str, post: Post | None = None) -> None:
        self._store, self._time, self._rng, self._name = store, time, rng, f"{name}/hooks"
        self._http = HttpPost()
        self._post: Post = post or self._http
        self._lines: dict[str, _Line] = {}
        self._woken = asyncio.Event()
        self._needed = True

    def wake(self) -> None:
        """Something happened that somebody may subscribe to."""
        if self._needed:
            self._woken.set()

    def changed(self) -> None:
        """Subscriptions changed."""
        self._needed = True
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. A failure is logged, and looked again after a while."""
        while True:
            self._woken.clear()
            next_at: datetime | None = None
            try:
                next_at = await self._look()
            except StoreUnavailable as error:
                log.debug("hooks.put_off", reason=error.reason)
            except Exception:
                log.exception("hooks.failed")
            await self._time.rest(self._woken, next_at, within_s=LOOK_AGAIN_S if self._needed else IDLE_S)
            if self._needed:
                # Many events become one look.
                await asyncio.sleep(BREATH_S)

    async def close(self) -> None:
        """Let tries that are under way end; what is not told stays to be told."""
        tasks = [task for line in self._lines.values() for task in line.in_hand.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=GOODBYE_WITHIN_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.close()

    async def _look(self) -> datetime | None:
        """Start what is due; gives when the next is."""
        now = self._time.now()
        hooks = [hook for hook in await self._store.hooks() if hook.paused_at is None]
        self._needed = bool(hooks)
        if not hooks:
            return None
        for hook in hooks:
            await self._start(hook, now)
        moments = [await self._store.tellings_next_at(after=now), *(line.rests_until for line in self._lines.values())]
        return min((at for at in moments if at is not None and at > now), default=None)

    async def _start(self, hook: Hook, now: datetime) -> None:
        line = self._lines.setdefault(hook.hook_id, _Line())
        room = (1 if line.failures else AT_ONCE) - len(line.in_hand)
        if room <= 0 or (line.rests_until is not None and line.rests_until > now):
            return
        # What this one holds itself it is given again.
        due = await self._store.claim_tellings(
            hook.hook_id, worker=self._name, now=now, until=now + LEASE, limit=room + len(line.in_hand)
        )
        for telling in [one for one in due if one.telling_id not in line.in_hand][:room]:
            task = asyncio.create_task(self._tell(hook, telling, line))
            line.in_hand[telling.telling_id] = task

    async def _tell(self, hook: Hook, telling: Telling, line: _Line) -> None:
        try:
            error = await self._try(hook, telling)
            if error is None:
                line.failures, line.rests_until = 0, None
                await self._store.told_hook(telling.telling_id)
            else:
                self._rest(line)
                await self._not_taken(telling, error)
            HOOKS_TOLD.labels("taken" if error is None else "not_taken").inc()
        except StoreUnavailable as error:
            # Its claim lapses; it is told once more, under the same id.
            log.warning("hook.unserved", hook_id=hook.hook_id, reason=error.reason)
        except Exception:
            log.exception("hook.failed", hook_id=hook.hook_id, journal_id=telling.journal_id)
        finally:
            line.in_hand.pop(telling.telling_id, None)
            self._woken.set()

    async def _try(self, hook: Hook, telling: Telling) -> str | None:
        """None if it was taken, else what went wrong."""
        body = body_of(telling)
        try:
            headers = signed(hook.secret, message_id=event_id(telling), at=self._time.now(), body=body)
            status = await self._post(hook.url, body, headers)
        except TimeoutError:
            return "timeout"
        except (OSError, aiohttp.ClientError, ValueError) as error:
            return type(error).__name__
        return None if 200 <= status < 300 else str(status)

    def _rest(self, line: _Line) -> None:
        first_s, longest_s = REST_S
        line.failures += 1
        line.rests_until = self._time.now() + timedelta(seconds=min(longest_s, first_s * 2.0 ** min(line.failures - 1, 20)))

    async def _not_taken(self, telling: Telling, error: str) -> None:
        attempts, now = telling.attempts + 1, self._time.now()
        log.warning("hook.not_taken", hook_id=telling.hook_id, journal_id=telling.journal_id, attempts=attempts, error=error)
        if attempts >= MOST_TRIES:
            await self._store.park_telling(telling.telling_id, error=error, now=now)
            return
        due_at = now + timedelta(seconds=back_off_s(attempts, self._rng))
        await self._store.retell_hook(telling.telling_id, due_at=due_at, error=error)


def as_told(telling: Telling) -> dict[str, Any]:
    """An event that is still to be told, for people who look after it."""
    return {
        "hook_id": telling.hook_id,
        "event_id": event_id(telling),
        "type": telling.entry.kind,
        "at": telling.entry.at.isoformat(),
        "conversation_id": telling.conversation_id,
        "attempts": telling.attempts,
        "error": telling.error,
        "parked_at": telling.parked_at.isoformat() if telling.parked_at else None,
    }
