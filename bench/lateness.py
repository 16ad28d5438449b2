"""How late clocks fire: thousands armed in the store, some of them due while the service runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from bot.core.decide import Rules, decide
from bot.core.events import BrainAsk, BrainFailed, Inbound
from bot.core.model import Arrival, ClockKind, Identity
from bot.core.pacing import Pacing
from bot.parts import mint
from bot.store import open_store
from bot.store.contract import Store
from handoff import policy as policy_file
from handoff.desk import Desk
from nurture.engine import Nurture, Persona

BATCH = 256
FAR = timedelta(days=2)
FIRST_WORDS_S = 30.0
_BUCKET = re.compile(r'^warmline_clock_lateness_seconds_bucket\{.*?le="([^"]+)".*?\} ([0-9.]+)', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What stands in the store, and when the last of it is due."""

    clocks: int
    episodes: int
    last_due_at: datetime


async def arm(home: Path, promises: Path, *, sleeping: int, episodes: int, starts_at: datetime, spread_s: float) -> Armed:
    """Fill the store of a service that is not running yet.

    `sleeping` people wrote and are promised an answer in two days: two clocks each. `episodes` more asked for a person at
    moments spread over `spread_s` seconds from `starts_at` (aware UTC), so that their ladders climb while one watches.
    """
    store, rng = open_store(f"sqlite:///{home.resolve() / 'warmline.db'}"), Random(5)
    policy = policy_file.load(promises)
    policy = policy.model_copy(update={"targets": policy.targets.model_copy(update={"first_words_s": FIRST_WORDS_S})})
    rules = Rules(
        policy=policy, nurture=Nurture(flows={}, persona=Persona(name="", business=""), default_zone="UTC"),
        pacing=Pacing(instant=True),
    )  # fmt: skip
    await store.migrate()
    try:
        now = datetime.now(UTC)
        await _write(store, "sleeper", sleeping, now=now)
        ids = await _write(store, "waiter", episodes, now=now)
        for conversation_id in ids:
            await _open_episode(store, conversation_id, rules, at=starts_at + timedelta(seconds=rng.uniform(0, spread_s)), rng=rng)
    finally:
        await store.close()
    last = starts_at + timedelta(seconds=spread_s + FIRST_WORDS_S)
    return Armed(clocks=2 * sleeping + 4 * episodes, episodes=episodes, last_due_at=last)


async def _write(store: Store, prefix: str, people: int, *, now: datetime) -> list[str]:
    ids: list[str] = []
    for start in range(0, people, BATCH):
        arrivals = [
            Arrival(identity=Identity(channel="widget", external_id=f"{prefix}-{n}"), external_id="m1", sent_at=now, text="hi")
            for n in range(start, min(people, start + BATCH))
        ]
        taken = await store.take_in(arrivals, now=now, answer_at=now + FAR, promise_due_at=now + FAR)
        ids += [one.conversation_id for one in taken]
    return ids


async def _open_episode(store: Store, conversation_id: str, rules: Rules, *, at: datetime, rng: Random) -> None:
    """What `decide` does when the brain is away, at the moment `at`."""
    loaded = await store.load(conversation_id)
    decided = partial(decide, now=at, rng=rng, new_id=mint, rules=rules, desk=Desk(seats=()))
    asked = decided(loaded.state, Inbound(messages=loaded.state.unheard))
    assert isinstance(asked.ask_brain, BrainAsk)
    failed = decided(asked.state, BrainFailed(ask=asked.ask_brain, error="away"))
    decision = replace(
        failed,
        heard=asked.heard,
        cancel_clocks=((ClockKind.TURN, ""), (ClockKind.PROMISE, ""), *failed.cancel_clocks),
        say=(),
    )
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at)


def ladder_settings(home: Path, promises: Path) -> Mapping[str, str]:
    """Settings of a service whose targets are those of `arm`."""
    path = home / "promises.yml"
    path.write_text(re.sub(r"first_words_s: [0-9.]+", f"first_words_s: {FIRST_WORDS_S:g}", promises.read_text(), count=1))
    return {"WARMLINE_PROMISES": str(path)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """The histogram of /metrics: how many clocks fired, and within how many seconds which share of them did."""

    fired: int
    within: Mapping[float, float]

    def bound_s(self, share: float) -> float:
        """The smallest bucket's bound that holds this share of the clocks."""
        return next((bound for bound, part in self.within.items() if part >= share), float("inf"))


def read_lateness(metrics: str, *, before: str = "") -> Lateness:
    """From two pages of /metrics, what happened between them."""
    counts: Counter[str] = Counter()
    for page, sign in ((metrics, 1), (before, -1)):
        for bound, count in _BUCKET.findall(page):
            counts[bound] += sign * int(float(count))
    fired = counts["+Inf"]
    return Lateness(fired=int(fired), within={float(bound): count / fired if fired else 0.0 for bound, count in counts.items()})
