"""The brain of a simulation: the words of `bot.fakes.brain`, in its own time, and with its bad spells."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from bot.core.events import BrainAnswer, BrainAsk
from bot.core.model import Say, Speaker
from bot.errors import BrainAway, BrainRefused, BrainTimeout
from bot.fakes.brain import DIRECTIVES, read
from handoff.match import TEAM_SLOT

PACES_S = (0.02, 0.02, 0.05, 0.1, 0.3, 1.5, 5.0)


class SimBrain:
    """`bot.brain.Brain`; how long it thinks depends on the question alone. `team_of` gives whose business a conversation is."""

    def __init__(self, bad: Callable[[str], bool], team_of: Callable[[str], str | None], *, timeout_s: float) -> None:
        self._bad, self._team_of, self._timeout_s = bad, team_of, timeout_s

    async def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[str]) -> BrainAnswer:
        """One turn; see `Brain`."""
        if self._bad("hang"):
            await asyncio.sleep(self._timeout_s)
            raise BrainTimeout("no answer in time")
        if self._bad("away"):
            await asyncio.sleep(self._timeout_s / 2)
            raise BrainAway("nobody there")
        question = ask.messages[-1].external_id
        await asyncio.sleep(PACES_S[zlib.crc32(question.encode()) % len(PACES_S)])
        if self._bad("fail"):
            raise BrainRefused("an error")
        reading = read(ask.text)
        directive = DIRECTIVES.get(reading.intent or "")
        words = Say(speaker=Speaker.BOT, text=f"{reading.intent}: {ask.text}", wording=f"utter_{reading.intent}")
        team = self._team_of(conversation_id)
        return BrainAnswer(
            slots={} if team is None else {TEAM_SLOT: team},
            reading=reading,
            messages=() if directive else (words,),
            directives=(directive,) if directive else (),
            tracker_events=({"event": "user", "text": ask.text, "parse_data": {}},),
            model="sim",
        )

    async def health(self) -> dict[str, Any]:
        """Well, unless it is not."""
        if self._bad("away"):
            raise BrainAway("nobody there")
        return {"status": "ok", "model": "sim"}

    async def close(self) -> None:
        """Nothing is held open."""
