"""Whether a turn can be served here, and if not, why: for load balancers, and for whoever is paged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bot import metrics
from bot.brain import Brain
from bot.errors import BrainError, BrainTimeout
from bot.life import Life, Phase
from bot.store.contract import Store, StoreError, StoreUnavailable

WITHIN_S = 3.0
"""An answer that takes longer is none: load balancers give up after a few seconds."""

STORE = {
    "away": "The database cannot be reached.",
    "busy": "Another process has held the database for too long. Nothing is acknowledged until then, so senders try again.",
    "full": "The disk of the database is full: make room. Nothing is acknowledged until then, so senders try again.",
    "read_only": "The database is read-only. Nothing is acknowledged until it can be written, so senders try again.",
}
STORE_BROKEN = "The database refuses our statements; see the log. Has another version migrated it?"
BRAIN = {
    "away": "The brain cannot be reached, or is still starting.",
    "timeout": "The brain does not answer in time.",
    "refused": "The brain answers with errors.",
}
PHASES = {
    Phase.STARTING: "This service is still starting.",
    Phase.DRAINING: "This service is stopping and takes nothing new.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. `code` is for programs."""

    code: str
    message: str


class Readiness:
    """Asks everything that a turn needs."""

    def __init__(self, life: Life, store: Store, brain: Brain, *, within_s: float = WITHIN_S) -> None:
        self._life, self._store, self._brain, self._within_s = life, store, brain, within_s

    async def ask(self) -> tuple[list[Reason], dict[str, Any]]:
        """Every reason why no turn can be served (none: it can), and what the brain says of itself."""
        if self._life.phase is Phase.SERVING:
            store, brain = await asyncio.gather(self._ask_store(), self._ask_brain())
        if (phase := self._life.phase) is not Phase.SERVING:
            return [Reason(phase.value, PHASES[phase])], {}
        metrics.BRAIN_UP.set(0 if isinstance(brain, Reason) else 1)
        reasons = [one for one in (store, brain) if isinstance(one, Reason)]
        return reasons, {} if isinstance(brain, Reason) else brain

    async def _ask_store(self) -> Reason | None:
        try:
            async with asyncio.timeout(self._within_s):
                await self._store.ping()
        except StoreUnavailable as error:
            return Reason(f"store_{error.reason}", STORE[error.reason])
        except TimeoutError:
            return Reason("store_away", STORE["away"])
        except StoreError:
            return Reason("store_broken", STORE_BROKEN)
        return None

    async def _ask_brain(self) -> Reason | dict[str, Any]:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._brain.health()
        except TimeoutError:
            return Reason(f"brain_{BrainTimeout.code}", BRAIN[BrainTimeout.code])
        except BrainError as error:
            return Reason(f"brain_{error.code}", BRAIN.get(error.code, "The brain is not well."))
