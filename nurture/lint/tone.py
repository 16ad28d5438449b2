"""Tone: stiff, corporate, hyped, scripted, robotic, or to a crowd; each with the words that a person would use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from nurture.lint.english import read
from nurture.lint.lexicon import hits
from nurture.lint.line import Line
from nurture.lint.rule import Found
from nurture.lint.score import score

MIN_SCORE = 50.0
MIN_SCORED_WORDS = 4
"""A score of fewer words says little."""

VARIABLE = re.compile(r"\{\{.*?\}\}")
NEXT = r"(?=\s+(?!(?:it|this|that|he|she|they|we|you|i|there|one)\b\s*[?.!,]|and\b|or\b|but\b)[\w{'])"
"""What is contracted stands before another word: "here I am." and "what is it?" stay as they are."""

CONTRACTED = (
    (r"I am", "I'm"),
    (r"I have(?= (?:been|got|had|never|just|already|\w+ed)\b)", "I've"),
    (r"I will", "I'll"),
    (r"I would", "I'd"),
    (r"(?<!who )(?<!are )(you|we|they) are(?! not\b)", r"\1're"),
    (r"(you|we|they) will(?! not\b)", r"\1'll"),
    (r"(you|we|they) have(?= (?:been|got|had|never|just|already)\b)", r"\1've"),
    (r"(?<!what )(?<!how )(?<!where )(it|that|there|here|he|she) is(?! not\b)", r"\1's"),
    (r"(what|who|where|how) is", r"\1's"),
    (r"let us", "let's"),
    (r"(do|does|did|is|are|was|were|could|would|should|have|has|had) not", r"\1n't"),
    (r"can(?:not| not)", "can't"),
    (r"will not", "won't"),
)
STIFF = tuple((re.compile(rf"\b{pattern}\b{NEXT}", re.IGNORECASE), short) for pattern, short in CONTRACTED)

type Phrases = Sequence[tuple[re.Pattern[str], str]]


@cache
def phrases(rule: str) -> Phrases:
    """The phrases of a rule, from `phrases/`, with what a person would say instead."""
    rows = files("nurture.lint").joinpath("phrases", f"{rule}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [row.split(" => ") for row in rows if row and not row.startswith("# ")]
    return [(re.compile(rf"(?<!\w)(?:{pattern})", re.IGNORECASE | re.DOTALL), instead) for pattern, instead in pairs]


def stiff(line: Line) -> Iterator[Found]:
    """What a person would contract."""
    for bubble in line.bubbles:
        mended, shown = bubble, ""
        for pattern, short in STIFF:
            if match := pattern.search(mended):
                shown = shown or match[0]
                mended = pattern.sub(_becoming(short), mended)
        if shown:
            yield Found(
                rule="stiff",
                message=f'{line.name} says "{shown}" where people say "{_short_of(shown)}".',
                suggestion="Write it as you'd say it.",
                snippet=shown,
                rewrite=mended,
            )


def _short_of(words: str) -> str:
    for pattern, short in STIFF:
        if match := pattern.match(f"{words} x"):
            return _cased(words, match.expand(short))
    return words


def _becoming(template: str) -> Callable[[re.Match[str]], str]:
    """A replacement that keeps a capital at the start; the template may name groups."""
    return lambda match: _cased(match[0], match.expand(template))


def _cased(was: str, becomes: str) -> str:
    return becomes[:1].upper() + becomes[1:] if was[:1].isupper() else becomes


def jargon(line: Line) -> Iterator[Found]:
    """Corporate words that have plain ones."""
    found = [hit for hit in hits(read(line.whole)) if hit.family == "jargon" and hit.instead]
    if found:
        told = ", ".join(f'"{hit.words}" ({hit.instead})' for hit in found)
        rewrite = "\n\n".join(line.bubbles)
        for hit in found:
            rewrite = re.sub(rf"\b{re.escape(hit.words)}\b", _becoming(hit.instead or ""), rewrite)
        exact = all(hit.words.lower() == hit.phrase for hit in found)
        yield Found(
            rule="jargon",
            message=f"{line.name} has corporate words.",
            suggestion=f"Say it plainly: {told}.",
            snippet=found[0].words,
            rewrite=rewrite if exact else "",
        )


def hype(line: Line) -> Iterator[Found]:
    """Praise and pressure."""
    found = [hit.words for hit in hits(read(line.whole)) if hit.family in ("hype", "urgency")]
    if found:
        yield Found(
            rule="hype",
            message=f"{line.name} praises or presses: {', '.join(found)}.",
            suggestion=f'Leave "{found[0]}" out, or say what it does for the person in numbers or in plain words.',
            snippet=found[0],
        )


def form_letter(line: Line) -> Iterator[Found]:
    """Letters and call-centre scripts."""
    yield from _said(line, "form_letter", "sounds like a form letter")


def robot_talk(line: Line) -> Iterator[Found]:
    """What a machine says about itself."""
    yield from _said(line, "robot_talk", "sounds like a machine")


def menu_talk(line: Line) -> Iterator[Found]:
    """Menus read out."""
    yield from _said(line, "menu_talk", "reads out a menu")


def to_a_crowd(line: Line) -> Iterator[Found]:
    """Lines for an audience."""
    yield from _said(line, "to_a_crowd", "speaks to a crowd")


def _said(line: Line, rule: str, what: str) -> Iterator[Found]:
    for bubble in line.bubbles:
        shown = VARIABLE.sub(lambda name: "x" * len(name[0]), bubble)
        found = [(match, instead) for pattern, instead in phrases(rule) if (match := pattern.search(shown))]
        if found:
            match, instead = min(found, key=lambda pair: pair[0].start())
            words = bubble[match.start() : match.end()].strip()
            advice = f'Instead of "{_short(words)}": {instead}.'
            yield Found(rule=rule, message=f"{line.name} {what}.", suggestion=advice, snippet=words)


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:37] + "..."


def low_score(line: Line, minimum: float = MIN_SCORE) -> Iterator[Found]:
    """The line as a whole reads like a broadcast."""
    if len(read(line.whole).words) < MIN_SCORED_WORDS:
        return
    found = score(line.whole)
    if found.value < minimum:
        against = [reason for reason in found.why if reason.points < 0]
        shown = next((reason.shown[0] for reason in against if reason.shown), "")
        because = "; ".join(map(str, against)) or "nothing speaks for a person"
        yield Found(
            rule="low_score",
            message=f"{line.name} scores {found.value:.0f} of 100: {because}.",
            suggestion="Say it as you would to one person across the table: I, you, a small word, a plain verb.",
            snippet=shown,
        )
