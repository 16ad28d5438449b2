"""The course of a flow: who speaks when, what was given, what is waited for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from heapq import heappop, heappush

from nurture.flow import REFERRALS, VALUE_PURPOSES, AskStep, Flow, HandoffStep, OfferStep, SayStep, Step, WaitStep, copies, ways_out
from nurture.lint.english import read
from nurture.lint.features import MONEY, PERCENT
from nurture.lint.lexicon import hits
from nurture.lint.line import Line, lines_of, named
from nurture.lint.rule import Found

BOT_ALONE_EXCHANGES = 3
MAX_BUBBLES_IN_A_ROW = 3
LONGEST_PAUSE = timedelta(days=31)
DISCLOSES = re.compile(r"\b(chat ?)?bots?\b|\bautomated\b|\bnot a (human|person)\b|\bvirtual assistant\b", re.IGNORECASE)
SALES_FAMILIES = frozenset({"offer", "urgency", "call"})

type About = Iterator[tuple[Step, Found]]


def human_too_soon(flow: Flow) -> About:
    """The bot carries the opening itself: strangers must not be left waiting for a person in their first exchanges."""
    if not any(trigger.kind in ("first_message", "intent", *REFERRALS) for trigger in flow.triggers):
        return
    for step_id, exchanges in _exchanges_before(flow).items():
        step = flow.steps[step_id]
        if isinstance(step, HandoffStep) and exchanges < BOT_ALONE_EXCHANGES:
            yield (
                step,
                Found(
                    rule="human_too_soon",
                    message=f"a person is needed after {exchanges} answers; the bot should carry the first {BOT_ALONE_EXCHANGES}.",
                    suggestion=f"Ask or help with {BOT_ALONE_EXCHANGES - exchanges} more things the bot can do alone before it.",
                ),
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
        for target, answered in _ways(flow.steps[step_id]):
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


def no_disclosure(flow: Flow) -> Iterator[tuple[Step, Line, Found]]:
    """Where strangers are greeted, each wording of the first words says that a bot is writing."""
    if not any(trigger.kind in ("first_message", *REFERRALS) for trigger in flow.triggers):
        return
    for step in _first_words(flow):
        first_field = copies(step)[0][0]
        for line in lines_of(step):
            if line.field == first_field and not DISCLOSES.search(line.whole):
                found = Found(
                    rule="no_disclosure",
                    message=f"{named(line.channel, line.number)} does not say that a bot is writing.",
                    suggestion="Say it in one warm line: \"I'm {{ bot_name }}, {{ business_name }}'s chat bot.\"",
                )
                yield step, line, found


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


def _places(flow: Flow) -> Iterator[tuple[Step, bool, bool]]:
    """Every step on every way: whether something useful was given before it, and whether the person wrote since."""
    seen: set[tuple[str, bool, bool]] = set()
    ahead = [(flow.first.id, False, False)]
    while ahead:
        place = ahead.pop()
        if place in seen:
            continue
        seen.add(place)
        step_id, given, replied = place
        step = flow.steps[step_id]
        yield step, given, replied
        gives = isinstance(step, SayStep) and step.purpose in VALUE_PURPOSES
        for target, answered in _ways(step):
            if target:
                ahead.append((target, given or gives, given and (replied or answered)))


def offer_too_soon(flow: Flow) -> About:
    """On every way to an offer something useful was given, and the person wrote after it."""
    told: set[str] = set()
    for step, given, replied in _places(flow):
        if isinstance(step, OfferStep) and not replied and step.id not in told:
            told.add(step.id)
            missing = "nothing useful was given" if not given else "the person has not answered since the useful part"
            yield (
                step,
                Found(
                    rule="offer_too_soon",
                    message=f"on one way here {missing}, so the offer would be passed over.",
                    suggestion="Put a step with purpose inform or help and a question before it, or lead that way elsewhere.",
                ),
            )


def sales_too_soon(flow: Flow) -> Iterator[tuple[Step, Line, Found]]:
    """Sales talk in words that are said before anything useful was given."""
    told: set[str] = set()
    for step, given, _ in _places(flow):
        if given or step.id in told or isinstance(step, OfferStep):
            continue
        told.add(step.id)
        for line in lines_of(step):
            if sold := _sales_words(line):
                found = Found(
                    rule="sales_too_soon",
                    message=f'{line.name} sells ("{sold}") before anything useful was given.',
                    suggestion=f'Leave "{sold}" for an offer step, after a tip and an answer; ask or help here.',
                    snippet=sold,
                )
                yield step, line, found


def _sales_words(line: Line) -> str:
    for hit in hits(read(line.whole)):
        if hit.family in SALES_FAMILIES:
            return hit.words
    match = MONEY.search(line.whole) or PERCENT.search(line.whole)
    return match[0] if match else ""


def answer_unheard(flow: Flow) -> About:
    """An answer in any words has words of the flow after it; the brain need not have understood it."""
    for step in flow.steps.values():
        if isinstance(step, AskStep) and step.expects.any_text and _may_fall_silent(flow, step.then):
            yield (
                step,
                Found(
                    rule="answer_unheard",
                    message="after the answer the flow may have nothing to say, so the person is left without a reply.",
                    suggestion=f'Let "{step.then}" or a step before it say something back.',
                ),
            )


def _may_fall_silent(flow: Flow, step_id: str | None) -> bool:
    step = flow.steps.get(step_id or "")
    if step is None or not (copies(step) or isinstance(step, HandoffStep)):
        passing = step is not None and not isinstance(step, WaitStep) and ways_out(step)
        return not passing or any(_may_fall_silent(flow, target) for target in passing)
    return False


def endless_wait(flow: Flow) -> About:
    """Waits without a time-out, and pauses after which nobody remembers."""
    for step in flow.steps.values():
        length = (
            step.duration if isinstance(step, WaitStep) else step.silence.after if isinstance(step, AskStep | OfferStep) else None
        )
        waits = isinstance(step, AskStep | OfferStep) or (isinstance(step, WaitStep) and step.for_reply)
        if waits and not length:
            yield (
                step,
                Found(
                    rule="endless_wait",
                    message="waits for a reply without a time-out.",
                    suggestion="Say how long, and what then: at_most: 1d with on_silence, or silence: {after: 8h, then: ...}.",
                ),
            )
        elif length and length > LONGEST_PAUSE:
            yield (
                step,
                Found(
                    rule="cold_pause",
                    message=f"is silent for {length.days} days; {LONGEST_PAUSE.days} at most.",
                    suggestion="Write something useful in between, or end the flow and start another when there is a reason.",
                ),
            )


def bubbles_in_a_row(flow: Flow) -> About:
    """Bubbles on one way without a question, a wait or a person between them."""
    for step in flow.steps.values():
        count = _bubbles(step) + max((_run_up(flow, target, frozenset({step.id})) for target in _at_once(step)), default=0)
        begins = not any(step.id in _at_once(other) and _bubbles(other) for other in flow.steps.values())
        if begins and count > MAX_BUBBLES_IN_A_ROW:
            yield (
                step,
                Found(
                    rule="bubbles_in_a_row",
                    message=f"from here {count} bubbles may come in a row; {MAX_BUBBLES_IN_A_ROW} at most.",
                    suggestion="Ask something in between, wait for a reply, or say it shorter.",
                ),
            )


def _run_up(flow: Flow, step_id: str, seen: frozenset[str]) -> int:
    step = flow.steps.get(step_id)
    if step is None or step_id in seen:
        return 0
    return _bubbles(step) + max((_run_up(flow, target, seen | {step_id}) for target in _at_once(step)), default=0)


def _at_once(step: Step) -> list[str]:
    """The steps that may follow in the same breath."""
    if isinstance(step, AskStep | OfferStep | WaitStep | HandoffStep):
        return []
    return [target for target in ways_out(step) if target]


def _bubbles(step: Step) -> int:
    return max((len(line.bubbles) for line in lines_of(step) if line.field in ("say", "ask", "offer")), default=0)


def one_way(flow: Flow) -> About:
    """A flow that speaks and asks nothing, or that neither informs nor helps."""
    speaking = [step for step in flow.steps.values() if copies(step)]
    if not speaking:
        return
    listens = any(
        isinstance(s, AskStep | OfferStep | HandoffStep) or (isinstance(s, WaitStep) and s.for_reply) for s in flow.steps.values()
    )
    if not listens:
        yield (
            speaking[0],
            Found(
                rule="one_way",
                message="nobody is asked anything in this flow.",
                suggestion="Turn one of its lines into an ask step, with a question about the person.",
            ),
        )
    if not any(isinstance(step, SayStep) and step.purpose in VALUE_PURPOSES for step in speaking):
        yield (
            speaking[0],
            Found(
                rule="no_use",
                message="no step of this flow informs or helps.",
                suggestion="Add a step with purpose help or inform: something the person can use today.",
            ),
        )
