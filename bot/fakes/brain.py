"""A brain that knows a few words, for tests and simulations: same question, same answer, and faults on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.events import BrainAnswer, BrainAsk
from bot.core.model import Json, Reading, Say, Speaker
from bot.errors import BrainAway, BrainError

INTENTS: Mapping[str, tuple[str, ...]] = {
    "want_human": ("person", "human", "agent", "somebody"),
    "complaint": ("complain", "terrible", "angry"),
    "stop": ("stop", "unsubscribe"),
    "ask_price": ("much", "price", "cost"),
    "ask_is_bot": ("bot", "robot"),
    "tell_business": ("sell", "shop", "bakery"),
    "tell_obstacle": ("time", "nobody"),
    "thanks": ("thanks", "thank"),
    "affirm": ("yes", "sure", "ok"),
    "greet": ("hi", "hello", "hey", "/greet"),
}
DIRECTIVES: Mapping[str, Json] = {
    "want_human": {"do": "handoff", "reason": "asked"},
    "complaint": {"do": "handoff", "reason": "complaint"},
    "stop": {"do": "opt_out"},
}


def read(text: str) -> Reading:
    """The first intent one of whose words is in the text, else `nlu_fallback`."""
    words = set(text.lower().replace("?", " ").replace(".", " ").replace(",", " ").split())
    for intent, known in INTENTS.items():
        if words & set(known):
            return Reading(text=text, intent=intent, confidence=0.95, ranking=((intent, 0.95),))
    return Reading(text=text, intent="nlu_fallback", confidence=0.2, ranking=())


class FakeBrain:
    """Answers `<intent>: <text>` so that a test can tell what was answered; who asks for a person gets a directive."""

    def __init__(self) -> None:
        self.asked: list[BrainAsk] = []
        self.trackers: list[tuple[str, ...]] = []
        self.error: BrainError | None = None
        self.held: asyncio.Event | None = None
        self.was_asked = asyncio.Event()

    async def turn(self, conversation_id: str, channel: str, ask: BrainAsk, tracker: Sequence[str]) -> BrainAnswer:
        """One turn; raises `error` if a test has set one, and waits for `held` if a test holds it."""
        self.asked.append(ask)
        self.trackers.append(tuple(tracker))
        self.was_asked.set()
        if self.held is not None:
            await self.held.wait()
        if self.error is not None:
            raise self.error
        reading = read(ask.text)
        directive = DIRECTIVES.get(reading.intent or "")
        said = (
            ()
            if directive
            else (Say(speaker=Speaker.BOT, text=f"{reading.intent}: {ask.text}", wording=f"utter_{reading.intent}"),)
        )
        events: tuple[Json, ...] = ({"event": "user", "text": ask.text, "parse_data": {}},)
        return BrainAnswer(
            reading=reading, messages=said, directives=(directive,) if directive else (), tracker_events=events, model="fake"
        )

    async def health(self) -> dict[str, Any]:
        """Well, unless a fault is set."""
        if self.error is not None:
            raise BrainAway("the brain is away")
        return {"status": "ok", "model": "fake"}

    async def close(self) -> None:
        """Nothing is held open."""
