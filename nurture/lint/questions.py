"""One question a turn, and one that is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.copy import QUOTED
from nurture.lint.english import sentences
from nurture.lint.line import Line
from nurture.lint.rule import Found


def questions(text: str) -> list[str]:
    """Sentences that ask the reader something; quoted ones do not count."""
    return [sentence for sentence in sentences(QUOTED.sub("", text)) if "?" in sentence]


def two_questions(line: Line) -> Iterator[Found]:
    """At most one question a turn."""
    asked = [question for bubble in line.read for question in questions(bubble)]
    if len(asked) > 1:
        yield Found(
            rule="two_questions",
            message=f"{line.name} asks {len(asked)} questions at once.",
            suggestion=f'Keep the one you want answered, for example "{asked[-1]}"',
            snippet=asked[1],
        )


def question_in_say(line: Line) -> Iterator[Found]:
    """A question where nobody waits for the answer."""
    if line.asks:
        return
    asked = [question for bubble in line.read for question in questions(bubble)]
    if asked:
        yield Found(
            rule="question_in_say",
            message=f'{line.name} asks "{asked[0]}", but nobody waits for the answer.',
            suggestion="Make it an ask step, or say it without a question.",
            snippet=asked[0],
        )
