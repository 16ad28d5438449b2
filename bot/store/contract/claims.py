"""The part of the contract by which several workers share what is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from bot.store.contract.outbox import Outgoing
from bot.store.contract.talks import DueClock

LONGEST_CLAIM = timedelta(minutes=2)
"""No claim and no back-off lasts longer. One that seems to was made by a clock that has been set back since; it holds nobody up."""


class ClaimStore(Protocol):
    """`worker` names a pair of hands and stays the same after a restart. A claim holds until `until`, at most LONGEST_CLAIM
    after `now`, and no longer than the process where the store belongs to one. It only spares work: what may happen once
    is guarded by the conversation's version and by `mark_sending`."""

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """Hold due clocks of at most `limit` conversations for `worker`, those with the earliest first, and give them back,
        earliest first: all due clocks of a conversation together.

        Left out are conversations in `skip` and those with a clock that another worker's living claim holds, and clocks in
        back-off. What `worker` holds itself it is given again: who has it in hand says so with `skip`. A clock that intake
        sets or that a commit names (sets or cancels) is held by nobody after it, and its back-off is over.
        Raises `ValueError` for a claim longer than LONGEST_CLAIM.
        """

    async def claim_outbox(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        channels: tuple[str, ...],
        skip: frozenset[str] = frozenset(),
    ) -> list[Outgoing]:
        """Hold for `worker` what `outbox_due` would give, at most `limit` messages: each the first unsent one of its
        conversation, due, and neither in back-off nor held by another worker's living claim. `skip`, own claims and
        `ValueError` as in `claim_clocks`."""

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """Hold what `worker` still holds of these conversations until `until`. Gives the conversations of which it holds
        something; a claim that has lapsed is renewed if nobody took it over. Raises `ValueError` as `claim_clocks` does."""

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """Let go of what `worker` holds, or of what it holds of these conversations. With `not_before` nobody can claim it
        earlier: a back-off, which outlives the worker (but not the process where the store belongs to one)."""
