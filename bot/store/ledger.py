"""Claims of a store that belongs to one process, kept in its memory: they die with it, as its work does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.events import Decision
from bot.core.model import ClockKind
from bot.store.contract import LONGEST_CLAIM, DueClock

type ClockKey = tuple[str, ClockKind, str]
"""Conversation, kind and key."""

SWEEP_AT = 1024
"""With more claims than this, those that have lapsed are forgotten."""


def must_be_short(now: datetime, until: datetime) -> None:
    """Raises `ValueError` for a claim longer than LONGEST_CLAIM."""
    if until - now > LONGEST_CLAIM:
        raise ValueError(f"a claim lasts at most {LONGEST_CLAIM.total_seconds():.0f} s, not {(until - now).total_seconds():.0f} s")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a thing, until when; without a holder it rests, and nobody may have it before then."""

    conversation_id: str
    holder: str | None
    until: datetime

    def lives(self, now: datetime) -> bool:
        """It has not lapsed, and was not made by a clock that ran ahead of ours."""
        return now < self.until <= now + LONGEST_CLAIM


class Ledger[Key: Hashable]:
    """Claims by the key of the thing held. Each thing belongs to one conversation."""

    def __init__(self) -> None:
        self._claims: dict[Key, Claim] = {}
        self._keys: defaultdict[str, set[Key]] = defaultdict(set)

    def free(self, key: Key, *, worker: str, now: datetime) -> bool:
        """Whether `worker` may have this: nobody holds it, or the worker itself."""
        claim = self._claims.get(key)
        return claim is None or claim.holder == worker or not claim.lives(now)

    def elsewhere(self, conversation_id: str, *, worker: str, now: datetime) -> bool:
        """Whether another worker holds something of this conversation."""
        claims = (self._claims[key] for key in self._keys.get(conversation_id, ()))
        return any(claim.holder not in (None, worker) and claim.lives(now) for claim in claims)

    def holds(self, key: Key, *, worker: str, now: datetime | None = None) -> bool:
        """Whether `worker` holds this; without `now`, whether a claim of its was not taken over."""
        claim = self._claims.get(key)
        return claim is not None and claim.holder == worker and (now is None or claim.lives(now))

    def take(self, conversation_id: str, key: Key, *, worker: str, now: datetime, until: datetime) -> None:
        """Hold this for `worker`."""
        if len(self._claims) > SWEEP_AT:
            self.drop(*(old for old, claim in self._claims.items() if not claim.lives(now)))
        self._put(key, Claim(conversation_id, worker, until))

    def drop(self, *keys: Key) -> None:
        """Nobody holds these any more."""
        for key in keys:
            claim = self._claims.pop(key, None)
            if claim is not None:
                held = self._keys[claim.conversation_id]
                held.discard(key)
                if not held:
                    del self._keys[claim.conversation_id]

    def renew(self, *, worker: str, until: datetime, conversations: Iterable[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        renewed = [key for key in self._of(conversations) if self._claims[key].holder == worker]
        for key in renewed:
            self._put(key, Claim(self._claims[key].conversation_id, worker, until))
        return frozenset(self._claims[key].conversation_id for key in renewed)

    def release(self, *, worker: str, conversations: Collection[str] | None, not_before: datetime | None) -> None:
        """See `Store.release_claims`."""
        keys = list(self._claims) if conversations is None else self._of(conversations)
        for key in keys:
            claim = self._claims[key]
            if claim.holder == worker:
                self.drop(key)
                if not_before is not None:
                    self._put(key, Claim(claim.conversation_id, None, not_before))

    def next_end(self, after: datetime | None) -> datetime | None:
        """When the earliest claim ends, of those ending later than `after`."""
        ends = (claim.until for claim in self._claims.values())
        return min((end for end in ends if after is None or end > after), default=None)

    def _of(self, conversations: Iterable[str]) -> list[Key]:
        return [key for conversation_id in conversations for key in self._keys.get(conversation_id, ())]

    def _put(self, key: Key, claim: Claim) -> None:
        self._claims[key] = claim
        self._keys[claim.conversation_id].add(key)


def key_of(due: DueClock) -> ClockKey:
    """What names a clock."""
    return due.conversation_id, due.clock.kind, due.clock.key


def named_clocks(conversation_id: str, decision: Decision) -> list[ClockKey]:
    """The clocks that a commit names; without a promise of its own it may open that of a message it did not hear."""
    slots = {*decision.cancel_clocks, *((clock.kind, clock.key) for clock in decision.set_clocks)}
    if decision.state.promise is None:
        slots.add((ClockKind.PROMISE, ""))
    return [(conversation_id, kind, key) for kind, key in slots]


def claimable_clocks(
    ledger: Ledger[ClockKey], due: Iterable[DueClock], *, worker: str, now: datetime, limit: int
) -> list[DueClock]:
    """Of due clocks, earliest first, those that `worker` may have, of at most `limit` conversations."""
    chosen: list[DueClock] = []
    taken: set[str] = set()
    for one in due:
        known = one.conversation_id in taken
        if not known and (len(taken) == limit or ledger.elsewhere(one.conversation_id, worker=worker, now=now)):
            continue
        if ledger.free(key_of(one), worker=worker, now=now):
            chosen.append(one)
            taken.add(one.conversation_id)
    return chosen
