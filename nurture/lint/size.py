"""Length and difficulty."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.lint.english import grade, read, sentences, syllables
from nurture.lint.lexicon import hits
from nurture.lint.line import Line, both_ways
from nurture.lint.rule import Found

MAX_BUBBLE_CHARS = 160
MAX_BUBBLES = 2
MAX_GRADE = 6.0
MIN_GRADED_WORDS = 16
"""A reading grade of fewer words says little."""

SPLIT_WORDS = 14


def long_bubble(line: Line) -> Iterator[Found]:
    """A bubble is measured with what may stand in it."""
    for bubble in line.bubbles:
        length = max(map(len, both_ways(bubble))) if "{{" in bubble else len(bubble)
        if length > MAX_BUBBLE_CHARS:
            yield Found(
                rule="long_bubble",
                message=f"{line.name} has a bubble of {length} characters.",
                suggestion=f"Friends write short: {MAX_BUBBLE_CHARS} at most. {_where_to_split(bubble)}",
                snippet=bubble.split("\n")[0][:40],
            )


def _where_to_split(bubble: str) -> str:
    middle, best = len(bubble) / 2, ""
    place = 0
    for sentence in list(sentences(bubble))[:-1]:
        place += len(sentence) + 1
        if not best or abs(place - middle) < abs(len(best) - middle):
            best = bubble[:place]
    if best.strip() and len(best.strip()) < len(bubble.strip()):
        return f'Start a new bubble (an empty line) after "{_tail(best)}".'
    return "Say it in two sentences, or leave half of it out."


def _tail(text: str) -> str:
    words = text.split()
    return ("... " if len(words) > 4 else "") + " ".join(words[-4:])


def too_many_bubbles(line: Line) -> Iterator[Found]:
    """One thought, two bubbles at most."""
    if len(line.bubbles) > MAX_BUBBLES:
        yield Found(
            rule="too_many_bubbles",
            message=f"{line.name} is {len(line.bubbles)} bubbles.",
            suggestion=f'Say it in {MAX_BUBBLES} at most; "{_head(line.read[-1])}" may be a step of its own.',
            snippet=line.bubbles[MAX_BUBBLES].split("\n")[0],
        )


def reading_grade(line: Line) -> Iterator[Found]:
    """Flesch-Kincaid above sixth grade, with the words or the sentence that did it."""
    reading = read(line.whole)
    if len(reading.words) < MIN_GRADED_WORDS or (found := grade(reading)) <= MAX_GRADE:
        return
    instead = {hit.words.lower(): hit.instead for hit in hits(reading) if hit.instead}
    longest = max(sentences(line.whole), key=lambda sentence: len(sentence.split()))
    hard = sorted(
        {w.text for w in reading.words if syllables(w.text) > 2 and w.start not in reading.names},
        key=lambda word: (-syllables(word), word),
    )[:3]
    advice = []
    if len(longest.split()) > SPLIT_WORDS:
        advice.append(f'Split "{_head(longest)}" in two.')
    if hard:
        told = [f'"{word}"' + (f" ({instead[word.lower()]})" if word.lower() in instead else "") for word in hard]
        advice.append(f"Find shorter words for {', '.join(told)}.")
    yield Found(
        rule="reading_grade",
        message=f"{line.name} reads at school grade {found:.1f}; {MAX_GRADE:.0f} at most.",
        suggestion=" ".join(advice) or "Use shorter words and sentences.",
        snippet=hard[0] if hard else "",
    )


def _head(text: str) -> str:
    words = text.split()
    return " ".join(words[:5]) + (" ..." if len(words) > 5 else "")
