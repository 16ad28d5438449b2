"""Chooses among a response's variations: the same for the same turn, and never the one said last."""

import copy
import hashlib
import random
from contextvars import ContextVar
from typing import Any

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker

# What the turn's choices are drawn from; set before each turn.
turn_seed: ContextVar[str] = ContextVar("turn_seed", default="")

VARIATION = "variation"


class SeededResponses(TemplatedNaturalLanguageGenerator):
    """Rasa's templated responses with a seeded choice.

    Each line carries the id of its variation in its event's metadata, so the next turn can tell what was said last.
    """

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The filled response, or None where the domain has none that fits channel and slots."""
        if utter_action not in self.responses:
            return None
        slots = tracker.current_slot_values()
        fitting = ResponseVariationFilter(self.responses).responses_for_utter_action(utter_action, output_channel, slots)
        if not fitting:
            return None
        said = _variations_said(utter_action, tracker)
        chosen = choose(fitting, said, seed=f"{turn_seed.get()}\0{utter_action}\0{len(said)}")
        filled: dict[str, Any] = self._fill_response(copy.deepcopy(chosen), slots, **kwargs)
        return {**filled, VARIATION: variation_id(chosen)}


def choose(fitting: list[dict[str, Any]], said: list[str], *, seed: str) -> dict[str, Any]:
    """One of `fitting` (not empty), drawn by `seed`, leaving out the half of them that was said most recently.

    `said` lists ids of variations, latest first.
    """
    if len(fitting) == 1:
        return fitting[0]
    recent: list[str] = []
    known = {variation_id(variation) for variation in fitting}
    for variation in said:
        if variation in known and variation not in recent:
            recent.append(variation)
    rested = set(recent[: max(1, len(known) // 2)])
    fresh = [variation for variation in fitting if variation_id(variation) not in rested]
    return random.Random(seed).choice(fresh or fitting)


def variation_id(variation: dict[str, Any]) -> str:
    """The variation's own id from the domain, else a digest of its content."""
    own = variation.get("id")
    return str(own) if own else hashlib.sha256(repr(sorted(variation.items())).encode()).hexdigest()[:12]


def _variations_said(utter_action: str, tracker: DialogueStateTracker) -> list[str]:
    return [
        event.metadata[VARIATION]
        for event in reversed(tracker.events)
        if isinstance(event, BotUttered) and event.metadata.get("utter_action") == utter_action and VARIATION in event.metadata
    ]
