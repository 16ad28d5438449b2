"""Copy lint: what a prospect would mind about a flow, with the line to change and what to write instead.

The loader refuses what cannot run; this refuses what would run and annoy. The limits are choices built on the studies named
beside them: shorter mails in plain words with one to three questions get the most replies (Boomerang, 2016, 40 million mails),
and a chat bubble is far shorter than a mail.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from itertools import combinations

import spacy
from spacy.language import Language

from nurture import copy as texts
from nurture.flow import (
    VALUE_PURPOSES,
    AskStep,
    Copy,
    Flow,
    HandoffStep,
    OfferStep,
    SayStep,
    Step,
    WaitStep,
    copies,
    ways_out,
)

MAX_BUBBLE_CHARS = 160
MAX_BUBBLES = 2
MAX_EXCLAMATIONS = 1
MIN_WORDINGS = 3
BOT_ALONE_EXCHANGES = 3
ALIKE = 0.85
"""Two wordings whose words agree to this share (difflib ratio) read as the same one."""

SAMPLE = "handmade candles"
DISCLOSES = re.compile(r"\b(chat ?)?bots?\b|\bautomated\b|\bnot a (human|person)\b|\bvirtual assistant\b", re.IGNORECASE)
ACRONYMS = frozenset({"FAQ", "FAQS", "GDPR", "HTML", "IBAN", "SEPA", "UTC", "ASAP"})
SHOUTED_SHORT = frozenset({"ALL", "BIG", "BUY", "FREE", "GET", "HOT", "NEW", "NOT", "NOW", "TOP", "WIN", "WOW", "YES", "YOU"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend: where, which rule, what is wrong and what to do."""

    file: str
    line: int
    step: str
    rule: str
    message: str
    suggestion: str


def lint(flow: Flow) -> tuple[Finding, ...]:
    """Everything found in a flow, by line."""
    found = [*_human_too_soon(flow), *_no_disclosure(flow), *_offer_too_soon(flow), *_unheard_answers(flow)]
    for step in flow.steps.values():
        found.extend(_two_questions(flow, step))
        for field, text in copies(step):
            found.extend(_copy_findings(flow, step, field, text))
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def _finding(flow: Flow, step: Step, rule: str, message: str, suggestion: str) -> Finding:
    return Finding(file=flow.file, line=step.line, step=step.id, rule=rule, message=message, suggestion=suggestion)


# ---- the course of the flow -----------------------------------------------------------------------------------------


def _human_too_soon(flow: Flow) -> Iterator[Finding]:
    """The bot carries the opening itself: strangers must not be left waiting for a person in their first exchanges."""
    if not any(trigger.kind in ("first_message", "intent") for trigger in flow.triggers):
        return
    for step, exchanges in _exchanges_before(flow).items():
        found = flow.steps[step]
        if isinstance(found, HandoffStep) and exchanges < BOT_ALONE_EXCHANGES:
            yield _finding(
                flow,
                found,
                "human_too_soon",
                f"a person is needed after {exchanges} answers; the bot should carry the first {BOT_ALONE_EXCHANGES}.",
                "Ask or help with something the bot can do alone first.",
            )


def _exchanges_before(flow: Flow) -> dict[str, int]:
    """The fewest answers of the person before each step."""
    fewest: dict[str, int] = {}
    ahead: list[tuple[int, str]] = [(0, flow.first.id)]
    while ahead:
        exchanges, step_id = heappop(ahead)
        if step_id in fewest:
            continue
        fewest[step_id] = exchanges
        step = flow.steps[step_id]
        for target, answered in _ways(step):
            if target:
                heappush(ahead, (exchanges + answered, target))
    return fewest


def _ways(step: Step) -> Iterator[tuple[str | None, bool]]:
    """Where a step leads, and whether by an answer of the person. An offer that is passed over is no way at all here."""
    match step:
        case AskStep():
            yield step.then, True
            yield step.silence.then, False
        case OfferStep():
            yield step.accepted, True
            yield step.declined, True
            yield step.silence.then, False
        case WaitStep(for_reply=True):
            yield step.then, True
            yield step.on_silence, False
        case _:
            for target in ways_out(step):
                yield target, False


def _no_disclosure(flow: Flow) -> Iterator[Finding]:
    """Where strangers are greeted, each wording of the first words says that a bot is writing.

    Source: Meta, Messenger policy (May 5, 2026), and California BPC 17941: clear disclosure at the start of a talk.
    """
    if not flow.started_by("first_message"):
        return
    for step in _first_words(flow):
        for _, wordings in copies(step)[:1]:
            for channel, number, bubbles in texts.texts(wordings):
                if not DISCLOSES.search(_rendered(" ".join(bubbles))):
                    yield _finding(
                        flow,
                        step,
                        "no_disclosure",
                        f"{_named(channel, number)} does not say that a bot is writing.",
                        "Say it in one warm line: \"I'm {{ bot_name }}, {{ business_name }}'s chat bot.\"",
                    )


def _first_words(flow: Flow) -> Iterator[Step]:
    """The steps that may be the first to speak."""
    seen: set[str] = set()
    ahead = [flow.first.id]
    while ahead:
        step_id = ahead.pop()
        if step_id in seen:
            continue
        seen.add(step_id)
        step = flow.steps[step_id]
        if copies(step):
            yield step
        else:
            ahead.extend(target for target in ways_out(step) if target)


def _offer_too_soon(flow: Flow) -> Iterator[Finding]:
    """On every way to an offer something useful was given, and the person wrote after it."""
    seen: set[tuple[str, bool, bool]] = set()
    told: set[str] = set()
    ahead = [(flow.first.id, False, False)]
    while ahead:
        place = ahead.pop()
        if place in seen:
            continue
        seen.add(place)
        step_id, given, replied = place
        step = flow.steps[step_id]
        if isinstance(step, OfferStep) and not replied and step_id not in told:
            told.add(step_id)
            missing = "nothing useful was given" if not given else "the person has not answered since the useful part"
            yield _finding(
                flow,
                step,
                "offer_too_soon",
                f"there is a way to this offer on which {missing}; people on it never see the offer.",
                "Give a tip (purpose: help) and ask what they think of it first.",
            )
        gives = isinstance(step, SayStep) and step.purpose in VALUE_PURPOSES
        for target, answered in _ways(step):
            if target:
                ahead.append((target, given or gives, given and (replied or answered)))


def _unheard_answers(flow: Flow) -> Iterator[Finding]:
    """An answer in any words has words of the flow after it; the brain need not have understood it."""
    for step in flow.steps.values():
        if isinstance(step, AskStep) and step.expects.any_text and _may_fall_silent(flow, step.then):
            yield _finding(
                flow,
                step,
                "answer_unheard",
                "after the answer the flow may have nothing to say, so the person is left without a reply.",
                "Let the next step say something back.",
            )


def _may_fall_silent(flow: Flow, step_id: str | None) -> bool:
    step = flow.steps.get(step_id or "")
    if step is None or not (copies(step) or isinstance(step, HandoffStep)):
        passing = step is not None and not isinstance(step, WaitStep) and ways_out(step)
        return not passing or any(_may_fall_silent(flow, target) for target in passing)
    return False


def _two_questions(flow: Flow, step: Step) -> Iterator[Finding]:
    """At most one question a turn, counting what is said right before it."""
    for field, wordings in copies(step):
        for channel, number, bubbles in texts.texts(wordings):
            questions = sum(_questions(_rendered(bubble)) for bubble in bubbles)
            if questions > 1:
                yield _finding(
                    flow,
                    step,
                    "two_questions",
                    f"{field}: {_named(channel, number)} asks {questions} questions at once.",
                    "Keep the one you want answered.",
                )
            if questions and isinstance(step, SayStep):
                yield _finding(
                    flow,
                    step,
                    "question_in_say",
                    f"{_named(channel, number)} asks something, but nobody waits for the answer.",
                    "Make it an ask step, or say it without a question.",
                )


# ---- the words ------------------------------------------------------------------------------------------------------


def _copy_findings(flow: Flow, step: Step, field: str, wordings: Copy) -> Iterator[Finding]:
    for channel, number, bubbles in texts.texts(wordings):
        name = f"{field}: {_named(channel, number)}"
        if len(bubbles) > MAX_BUBBLES:
            yield _finding(
                flow, step, "too_many_bubbles", f"{name} is {len(bubbles)} bubbles.", f"Say it in {MAX_BUBBLES} at most."
            )
        yield from _bubble_findings(flow, step, name, bubbles)
    yield from _alike(flow, step, field, wordings)
    if len(wordings.wordings) < MIN_WORDINGS and _met_twice(flow, step, field):
        yield _finding(
            flow,
            step,
            "too_few_wordings",
            f"{field}: one person may meet this twice, and there are {len(wordings.wordings)} wordings.",
            f"Write {MIN_WORDINGS}, so that nobody reads the same line twice in a row.",
        )


def _bubble_findings(flow: Flow, step: Step, name: str, bubbles: tuple[str, ...]) -> Iterator[Finding]:
    for bubble in bubbles:
        length = max(len(_rendered(bubble)), len(_rendered(bubble, SAMPLE)))
        if length > MAX_BUBBLE_CHARS:
            message = f"{name} has a bubble of {length} characters."
            suggestion = f"Friends write short: {MAX_BUBBLE_CHARS} at most. An empty line starts a new bubble."
            yield _finding(flow, step, "long_bubble", message, suggestion)
        if shouted := _shouted(_rendered(bubble)):
            message = f"{name} shouts {', '.join(shouted)}."
            yield _finding(flow, step, "all_caps", message, "Write it in small letters.")
    exclamations = sum(bubble.count("!") for bubble in bubbles)
    if exclamations > MAX_EXCLAMATIONS:
        message = f"{name} has {exclamations} exclamation marks."
        yield _finding(flow, step, "exclamations", message, "One is plenty; none is calmer.")


def _alike(flow: Flow, step: Step, field: str, wordings: Copy) -> Iterator[Finding]:
    """Wordings of one channel that are not different."""
    by_channel: dict[str, list[tuple[int, list[str]]]] = {}
    for channel, number, bubbles in texts.texts(wordings):
        by_channel.setdefault(channel, []).append((number, _words(" ".join(bubbles))))
    for channel, numbered in by_channel.items():
        for (first, words), (second, others) in combinations(numbered, 2):
            if difflib.SequenceMatcher(None, words, others, autojunk=False).ratio() >= ALIKE:
                yield _finding(
                    flow,
                    step,
                    "same_wording",
                    f"{field}: {_named(channel, first)} and {_named(channel, second)} are nearly the same.",
                    "Say it in a different way, not with one word swapped.",
                )


def _met_twice(flow: Flow, step: Step, field: str) -> bool:
    if field == "nudge":
        return isinstance(step, AskStep | OfferStep) and step.silence.nudges > 1
    if field == "again" or flow.repeat:
        return True
    ahead, seen = [target for target in ways_out(step) if target], set[str]()
    while ahead:
        step_id = ahead.pop()
        if step_id == step.id:
            return True
        if step_id not in seen:
            seen.add(step_id)
            ahead.extend(target for target in ways_out(flow.steps[step_id]) if target)
    return False


def _named(channel: str, number: int) -> str:
    return f"wording {number}" + (f" for {channel}" if channel else "")


def _rendered(text: str, value: str | None = None) -> str:
    """The text as a person would read it: with its fallbacks, or with `value` for everything that may be unknown."""
    known = dict.fromkeys(texts.names_in(text), value)
    return texts.render(text, {**known, "bot_name": "Juno", "business_name": "Sundial"})


@cache
def _english() -> Language:
    english = spacy.blank("en")
    english.add_pipe("sentencizer")
    return english


def _questions(text: str) -> int:
    """Sentences that ask the reader something; quoted ones do not count."""
    return sum("?" in sentence.text for sentence in _english()(texts.QUOTED.sub("", text)).sents)


def _words(text: str) -> list[str]:
    return [token.lower_ for token in _english()(text) if token.is_alpha]


def _shouted(text: str) -> list[str]:
    return [
        token.text
        for token in _english()(text)
        if token.is_alpha and token.is_upper and token.text not in ACRONYMS and (len(token) > 3 or token.text in SHOUTED_SHORT)
    ]
