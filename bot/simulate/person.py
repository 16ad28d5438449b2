"""What one simulated person does with what they see. Pure but for the random generator that is theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from random import Random

from bot.core.model import QuickReply
from bot.simulate.brains import FALLBACK, Line, MadeUpBrain
from bot.simulate.characters import Character
from nurture.flow import AskStep, OfferStep
from nurture.reply import NO, YES
from nurture.timing import known_zone

TIRED = 0.9
"""Each exchange makes the next reply so much less likely."""
MIDST = 0.1
"""In the middle of a talk people opt out and complain so much less often than on words that came unprompted."""
WAKES, SLEEPS = 7, 23
"""People write from this hour on and until that one, by their own clock."""
FREE = ("answer",)
SPEAKS_FOR_ITSELF = frozenset({"stop", "angry", "person"})


@dataclass(slots=True, kw_only=True)
class Seen:
    """What is on the screen: the question that is open, if any, the quick replies, whether it all came unprompted, and whether it
    wants no reply (a confirmation, "getting someone")."""

    question: AskStep | OfferStep | None = None
    quick_replies: tuple[QuickReply, ...] = ()
    unprompted: bool = False
    rests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What they write after `after_s` seconds: one or more messages, or a tap. `kind` says what it is."""

    kind: str
    after_s: float
    texts: tuple[str, ...]
    payload: str | None = None


class Catalogue:
    """The lines that people can write, by kind and by meaning; what no line can answer is made up and remembered."""

    def __init__(self, lines: Iterable[Line], made_up: MadeUpBrain) -> None:
        self._made_up = made_up
        self.kinds: dict[str, list[str]] = defaultdict(list)
        self._answers: list[Line] = []
        self.invented: dict[str, None] = {}
        for line in lines:
            self.kinds[line.kind].append(line.text)
            if line.kind not in SPEAKS_FOR_ITSELF:
                self._answers.append(line)
        self._by_step: dict[int, tuple[str, ...]] = {}
        self._by_intents: dict[frozenset[str], tuple[str, ...]] = {}

    def one(self, kind: str, rng: Random) -> str:
        """A line of this kind."""
        return rng.choice(self.kinds[kind])

    def meaning(self, intents: frozenset[str]) -> tuple[str, ...]:
        """Lines that are read as one of these intents."""
        if intents not in self._by_intents:
            found = tuple(line.text for line in self._answers if line.intent in intents)
            self._by_intents[intents] = found or tuple(self._invent(intent, None) for intent in sorted(intents))
        return self._by_intents[intents]

    def answers_to(self, step: AskStep) -> tuple[str, ...]:
        """Lines that count as an answer to this question; at least one. In the order of the file."""
        if id(step) not in self._by_step:
            self._by_step[id(step)] = self._answering(step)
        return self._by_step[id(step)]

    def _answering(self, step: AskStep) -> tuple[str, ...]:
        expects = step.expects
        of_entity = [line.text for line in self._answers if expects.entity in {e["entity"] for e in line.answer.reading.entities}]
        if expects.entity and of_entity:
            return tuple(of_entity)
        telling = [line.text for line in self._answers if line.kind == "answer" and line.intent in expects.intents]
        if telling or (found := [line.text for line in self._answers if line.intent in expects.intents]):
            return tuple(telling or found)
        if expects.any_text and not expects.intents:
            return tuple(line.text for line in self._answers if line.kind in FREE)
        return (self._invent(next(iter(sorted(expects.intents)), FALLBACK), expects.entity),)

    def _invent(self, intent: str, entity: str | None) -> str:
        text = self._made_up.make_up(intent, entity)
        self.invented[text] = None
        return text


def after_s(character: Character, rng: Random) -> float:
    """Seconds until they write back."""
    return max(1.5, rng.lognormvariate(log(character.reply_s), character.spread))


def awake(at: datetime, zone: str, rng: Random) -> datetime:
    """This moment, or the next morning where it would be at night (23 to 7 by their clock)."""
    local = at.astimezone(known_zone(zone))
    if WAKES <= local.hour < SLEEPS:
        return at
    hours_left = (WAKES - local.hour) % 24
    return at + timedelta(hours=hours_left, minutes=rng.uniform(0, 90) - local.minute)


def react(character: Character, seen: Seen, *, exchanges: int, catalogue: Catalogue, rng: Random) -> Reply | None:
    """What this person does about what they see; None: nothing."""
    midst = 1.0 if seen.unprompted else MIDST
    if rng.random() < character.stops * midst:
        return _one(character, "stop", catalogue, rng)
    if rng.random() < character.complains * midst:
        return _one(character, "angry", catalogue, rng)
    likely = character.returns if seen.unprompted else character.answers
    if seen.rests or rng.random() >= likely * TIRED**exchanges:
        return None
    for chance, kind in (
        (character.asks_person, "person"),
        (character.objects, "objection"),
        (character.strays, "off_topic"),
        (character.aside, "aside"),
    ):
        if rng.random() < chance:
            return _one(character, kind, catalogue, rng)
    return _answer(character, seen, catalogue, rng)


def _one(character: Character, kind: str, catalogue: Catalogue, rng: Random) -> Reply:
    return Reply(kind=kind, after_s=after_s(character, rng), texts=(catalogue.one(kind, rng),))


def _answer(character: Character, seen: Seen, catalogue: Catalogue, rng: Random) -> Reply | None:
    wait_s = after_s(character, rng)
    accepts = rng.random() < character.accepts
    if seen.quick_replies and rng.random() < character.taps:
        tapped = _tap(seen, accepts, rng)
        return Reply(kind="tap", after_s=wait_s, texts=(tapped.title,), payload=tapped.payload)
    match seen.question:
        case OfferStep():
            lines = catalogue.meaning(YES if accepts else NO)
        case AskStep() as step:
            lines = catalogue.answers_to(step)
        case None:
            if rng.random() < 0.5:
                return None
            lines = tuple(catalogue.kinds["thanks"])
    text = rng.choice(lines)
    opener = (catalogue.one("hello", rng),) if rng.random() < character.bursts else ()
    return Reply(kind="answer" if seen.question else "thanks", after_s=wait_s, texts=(*opener, text))


def _tap(seen: Seen, accepts: bool, rng: Random) -> QuickReply:
    if isinstance(seen.question, OfferStep):
        wanted = "yes" if accepts else "no"
        values: Mapping[str, str] = {choice.payload: choice.value for choice in seen.question.copy.every_choice}
        fitting = [reply for reply in seen.quick_replies if values.get(reply.payload) == wanted]
        return rng.choice(fitting or list(seen.quick_replies))
    return rng.choice(seen.quick_replies)
