"""Is what the person wrote an answer to what the flow asked? Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.model import Heard, Reading
from nurture.flow import AskStep, Choice, OfferStep

FALLBACK = "nlu_fallback"
GREETING = "greet"
YES = frozenset({"affirm", "book_call"})
NO = frozenset({"deny", "objection_later"})
MAX_SLOT_CHARS = 200

ASKING = re.compile(
    r"\?|^\s*(who|what|what's|when|where|why|how|which|can|could|do|does|did|is|are|will|would|should|have you|has)\b",
    re.IGNORECASE,
)
NO_ANSWER = re.compile(r"\W*(idk|dunno|(i )?(do not|don'?t|dont) know|no (idea|clue)|not sure|hm+|\?+|\.+)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: what to remember, which way an offer went, and whether it needs no other reply.

    `tapped` is set when it was a quick reply of ours, so that its value is exact. `absorbs` is False when the person
    also asked something, which is answered first.
    """

    value: str
    slots: Mapping[str, str] = field(default_factory=dict)
    tapped: bool = False
    accepted: bool | None = None
    absorbs: bool = True


def words_of(heard: Sequence[Heard], reading: Reading) -> str:
    """The burst as one text."""
    return " ".join(h.text.strip() for h in heard if h.text.strip()) or reading.text


def asks_something(text: str) -> bool:
    """Whether the text looks like a question."""
    return ASKING.search(text) is not None


def not_understood(reading: Reading) -> bool:
    """Whether the brain could not tell what was meant."""
    return reading.intent in (None, FALLBACK)


def answer_to_ask(step: AskStep, heard: Sequence[Heard], reading: Reading, *, asked: bool) -> Answer | None:
    """The answer in this burst, or None. Before the question was `asked`, only a meaning that fits counts."""
    remembered = {slot: value for name, slot in step.remember.items() if (value := _entity(reading, name)) is not None}
    if tapped := _tapped(step.copy.every_choice, heard):
        return Answer(value=tapped.value, slots=remembered, tapped=True)
    text = words_of(heard, reading)
    expects = step.expects
    named = _entity(reading, expects.entity) if expects.entity else None
    value = (named or text)[:MAX_SLOT_CHARS]
    plain = not asks_something(text)
    if reading.intent in expects.intents:
        return Answer(value=value, slots=remembered, absorbs=plain)
    if named is not None:
        return Answer(value=value, slots=remembered, absorbs=plain and not_understood(reading))
    says_something = bool(text) and NO_ANSWER.fullmatch(text.replace("’", "'")) is None
    if asked and expects.any_text and says_something and plain and not_understood(reading):
        return Answer(value=value, slots=remembered)
    return None


def answer_to_offer(step: OfferStep, heard: Sequence[Heard], reading: Reading) -> Answer | None:
    """Yes or no to an offer, or None."""
    if tapped := _tapped(step.copy.every_choice, heard):
        return Answer(value=tapped.value, tapped=True, accepted=tapped.value == "yes")
    text = words_of(heard, reading)
    if reading.intent in YES | NO and not asks_something(text):
        accepted = reading.intent in YES
        return Answer(value="yes" if accepted else "no", accepted=accepted)
    return None


def _entity(reading: Reading, name: str) -> str | None:
    for entity in reading.entities:
        if entity.get("entity") == name and entity.get("value"):
            return str(entity["value"])[:MAX_SLOT_CHARS]
    return None


def _tapped(choices: Sequence[Choice], heard: Sequence[Heard]) -> Choice | None:
    """The quick reply that the last message is, tapped or typed."""
    if not heard:
        return None
    sent, said = heard[-1].payload, heard[-1].text.strip().casefold()
    return next((choice for choice in choices if choice.payload == sent or choice.title.casefold() == said), None)
