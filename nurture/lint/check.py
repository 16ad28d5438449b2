"""The whole lint: flows, the responses of a Rasa domain, and single texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from bot.yamlfile import Document
from nurture.flow import AskStep, Flow, OfferStep, SayStep, Step, copies, ways_out
from nurture.lint import calls, course, looks, questions, size, tone, wordings
from nurture.lint.fallbacks import fallback_reads_badly
from nurture.lint.line import BOT, BUSINESS, FIRST_NAME, THING, Line, lines_of, plain
from nurture.lint.places import Place, find, wording_place
from nurture.lint.rule import RULES, Finding, Found

MIN_WORDINGS = 3
SLOT = re.compile(r"\{(\w+)\}")
SLOTS = {"first_name": FIRST_NAME, "business": "your shop", "platform": "Shopify", "bot_name": BOT, "business_name": BUSINESS}
"""What stands for a slot in a response of a domain; others are things."""

LINE_RULES: tuple[Callable[[Line], Iterator[Found]], ...] = (
    size.long_bubble,
    size.too_many_bubbles,
    size.reading_grade,
    questions.two_questions,
    questions.question_in_say,
    tone.stiff,
    tone.jargon,
    tone.hype,
    tone.form_letter,
    tone.robot_talk,
    tone.menu_talk,
    tone.to_a_crowd,
    tone.low_score,
    looks.all_caps,
    looks.exclamations,
    looks.emoji_budget,
    looks.markdown,
    fallback_reads_badly,
)
"""Rules that need one wording and nothing around it."""


def lint(flow: Flow, document: Document | None = None, *, reply: timedelta = calls.REPLY) -> tuple[Finding, ...]:
    """Everything found in a flow, by line. With its document the places are exact; without, they are the steps'.

    `reply` is the promise within which the bot answers.
    """
    at = _Flow(flow, document)
    found = [*_course(flow, at), *(at.step(step, told, field) for step, field, told in calls.of_calls(flow, reply))]
    for step in flow.steps.values():
        said = list(lines_of(step))
        for line in said:
            found.extend(at.line(line, told) for rule in LINE_RULES for told in rule(line))
        found.extend(at.line(line, told) for line, told in (*wordings.same_wording(said), *wordings.repeated_opening(said)))
        found.extend(at.line(line, told) for line, told in _again_and_again(flow, step, said))
    return tuple(sorted(set(found), key=lambda finding: (finding.line, finding.column, finding.rule, finding.message)))


def lint_text(text: str) -> tuple[Found, ...]:
    """What the rules for single lines say about a text."""
    return tuple(told for rule in LINE_RULES for told in rule(plain(text)))


def lint_responses(document: Document) -> tuple[Finding, ...]:
    """Everything found in the `responses` of a Rasa domain."""
    found: list[Finding] = []
    for name, said in responses(document):
        for line in said:
            found.extend(_response_finding(document, line, told) for rule in LINE_RULES for told in rule(line))
        pairs = (*wordings.same_wording(said), *wordings.repeated_opening(said))
        found.extend(_response_finding(document, line, told) for line, told in pairs)
        if name.startswith("utter_") and len(said) < MIN_WORDINGS:
            found.append(_response_finding(document, said[0], _too_few(said[0].field, len(said))))
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column, finding.rule)))


def responses(document: Document) -> Iterator[tuple[str, list[Line]]]:
    """Each response of a Rasa domain with its texts; slots in braces are read as a name or a thing."""
    for name, variants in (document.data.get("responses") or {}).items():
        texts = [variant.get("text") for variant in variants if isinstance(variant, dict)] if isinstance(variants, list) else []
        said = [
            plain(SLOT.sub(lambda slot: SLOTS.get(slot[1], THING), text), step=str(name), number=number)
            for number, text in enumerate(texts, 1)
            if isinstance(text, str) and text.strip()
        ]
        if said:
            yield str(name), said


def _response_finding(document: Document, line: Line, told: Found) -> Finding:
    place = find(document, ("responses", line.step, line.number - 1, "text"), told.snippet)
    return _finding(str(document.file), place, line.step, told)


def _finding(file: str, place: Place, step: str, told: Found) -> Finding:
    return Finding(
        file=file,
        line=place.line,
        column=place.column,
        step=step,
        rule=told.rule,
        severity=RULES[told.rule].severity,
        message=told.message,
        suggestion=told.suggestion,
        rewrite=told.rewrite,
    )


class _Flow:
    """Gives findings of a flow their place."""

    def __init__(self, flow: Flow, document: Document | None) -> None:
        self._flow, self._document = flow, document
        self._index = {step_id: index for index, step_id in enumerate(flow.steps)}

    def step(self, step: Step, told: Found, field: str = "id") -> Finding:
        place = Place(line=step.line, column=1)
        if self._document:
            place = find(self._document, ("steps", self._index[step.id], field), told.snippet)
        return _finding(self._file(step.id), place, step.id, told)

    def line(self, line: Line, told: Found) -> Finding:
        place = Place(line=self._flow.steps[line.step].line, column=1)
        if self._document:
            base = ("steps", self._index[line.step])
            place = wording_place(self._document, base, line.field, line.channel, line.number, told.snippet)
        return _finding(self._file(line.step), place, line.step, told)

    def _file(self, step_id: str) -> str:
        """The file that a step is written in: the flow's, or a block's."""
        if self._document is None:
            return self._flow.file
        home, _ = self._document.home(("steps", self._index[step_id]))
        return str(home.file)


def _course(flow: Flow, at: _Flow) -> Iterator[Finding]:
    for rule in (
        course.human_too_soon,
        course.offer_too_soon,
        course.answer_unheard,
        course.endless_wait,
        course.bubbles_in_a_row,
        course.one_way,
    ):
        yield from (at.step(step, told) for step, told in rule(flow))
    for line_rule in (course.no_disclosure, course.sales_too_soon):
        yield from (at.line(line, told) for _, line, told in line_rule(flow))


def _again_and_again(flow: Flow, step: Step, said: Sequence[Line]) -> Iterator[tuple[Line, Found]]:
    """Too few wordings where one person may meet them twice, and openings heard right before."""
    for field, group in groupby(said, key=lambda line: line.field):
        found = [line for line in group if not line.channel]
        if len(found) < MIN_WORDINGS and found and met_twice(flow, step, field):
            yield found[0], _too_few(field, len(found))
    first = [line for line in said if line.field in ("say", "ask", "offer")]
    for before in flow.steps.values():
        if isinstance(before, SayStep) and before.then == step.id:
            yield from _said_before(before, first)


def _said_before(before: SayStep, lines: Sequence[Line]) -> Iterator[tuple[Line, Found]]:
    for line in lines:
        for earlier in lines_of(before):
            opening = wordings.opening_of(line)
            if opening and opening == wordings.opening_of(earlier):
                yield line, wordings.opening_found(line, opening, f'"{before.id}", right before it, may too')
                break
            if wordings.greets(line) and wordings.greets(earlier):
                yield line, wordings.opening_found(line, opening[:1], f'"{before.id}", right before it, greets already')
                break


def _too_few(field: str, count: int) -> Found:
    return Found(
        rule="too_few_wordings",
        message=f"{field}: one person may meet this twice, and there are {count} wordings.",
        suggestion=f"Write {MIN_WORDINGS}, so that nobody reads the same line twice in a row.",
    )


def met_twice(flow: Flow, step: Step, field: str) -> bool:
    """Whether one person may come by this piece of copy more than once."""
    if field == "nudge":
        return isinstance(step, AskStep | OfferStep) and step.silence.nudges > 1
    if field == "again" or flow.repeat:
        return bool(copies(step))
    ahead, seen = [target for target in ways_out(step) if target], set[str]()
    while ahead:
        step_id = ahead.pop()
        if step_id == step.id:
            return True
        if step_id not in seen:
            seen.add(step_id)
            ahead.extend(target for target in ways_out(flow.steps[step_id]) if target)
    return False
