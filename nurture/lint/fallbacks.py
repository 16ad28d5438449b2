"""Variables: the sentence is read with the person's word and without it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nurture.lint.line import Line, both_ways, rendered
from nurture.lint.rule import Found

FALLBACK = re.compile(r"\{\{[^}]*?\bdefault\(\s*(\"[^\"]*\"|'[^']*')\s*\)[^}]*\}\}")
ARTICLE_BEFORE = re.compile(r"\b(an?)\s+(\{\{[^}]*\}\})", re.IGNORECASE)
GREETED = re.compile(r"\b(hey|hi|hello|hiya|morning|afternoon|evening|welcome|thanks|sorry)[ ,]*$", re.IGNORECASE)
PLACEHOLDER = re.compile(
    r"\W*(first[ _]?name|last[ _]?name|name|user|customer|client|guest|sir|madam|sir or madam|n/?a|null|none|nil|undefined"
    r"|unknown|value|product|xxx+|test|tbd|todo|\[.*\]|<.*>|\$\w+)\W*",
    re.IGNORECASE,
)
BAD = (
    (re.compile(r"\s[,.!?;:](?:\s|$)"), "there is a gap before a comma or stop"),
    (re.compile(r"\b(?!(?:that|had|so|very|bye|no|ha|really) )(\w{2,}) \1\b", re.IGNORECASE), "a word comes twice"),
    (re.compile(r"\b(?:an?|the|your|my|our|this) (?:your|my|our|an?|the)\b", re.IGNORECASE), "two articles meet"),
    (re.compile(r"\ba (?=[aeiou])(?!one\b|once\b|uni|use|usu|euro)\w+", re.IGNORECASE), '"a" stands before a vowel'),
    (re.compile(r"\ban (?![aeiou]|ho(?:ur|nest)|[xmnfl]\b)\w+", re.IGNORECASE), '"an" stands before a consonant'),
    (re.compile(r"^\W*,|,\s*[,.!?]"), "a comma hangs in the air"),
)


def fallback_reads_badly(line: Line) -> Iterator[Found]:
    """Each bubble with variables, in every combination of known and unknown."""
    for bubble in line.bubbles:
        if "{{" in bubble and (problem := _problem(bubble)):
            what, read, suggestion, snippet = problem
            yield Found(
                rule="fallback_reads_badly",
                message=f'{line.name} may come out as "{read}": {what}.',
                suggestion=suggestion,
                snippet=snippet,
            )


def _problem(bubble: str) -> tuple[str, str, str, str] | None:
    """What is wrong, how it reads, what to do, where."""
    for match in FALLBACK.finditer(bubble):
        fallback, before = match[1][1:-1].strip(), bubble[: match.start()]
        if not fallback:
            return "the fallback is empty", rendered(bubble), "Give words that fit the sentence when nothing is known.", match[0]
        if PLACEHOLDER.fullmatch(fallback):
            return (
                f'"{fallback}" is a placeholder',
                rendered(bubble),
                "Use words a person would say, or build the sentence without it.",
                match[0],
            )
        if fallback.lower() == "there" and not GREETED.search(before):
            return (
                '"there" only works in a greeting',
                rendered(bubble),
                'Write "Hey {{ ... }}", or build the sentence without it.',
                match[0],
            )
        opens = not before.strip() or before.rstrip()[-1] in ".!?"
        if opens and fallback[:1].islower() and "capitalize" not in match[0]:
            return (
                "a sentence starts small",
                rendered(bubble),
                f'Write the fallback as "{fallback[:1].upper() + fallback[1:]}".',
                match[0],
            )
    if article := ARTICLE_BEFORE.search(bubble):
        reading = list(both_ways(bubble))[-1]
        return (
            f'"{article[1]}" does not fit every word',
            reading,
            f'Leave "{article[1]}" out; it fits "candles" as little as "your shop".',
            article[0],
        )
    for reading in both_ways(bubble):
        for pattern, what in BAD:
            if pattern.search(reading):
                return what, reading, "Read it both ways, and change the words around the variable.", "{{"
    return None
