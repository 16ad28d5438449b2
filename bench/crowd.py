"""A crowd of simulated people on one fake Messenger Platform: everybody asks, waits for the answer, asks the next thing."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from bench.talk import QUESTIONS, Question, Wordings
from bot.fakes.graph import FakeGraph, Person, Sent

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of talk gave. Latencies run from the moment a person presses send to the answer's last bubble."""

    seconds: float
    latencies_s: tuple[float, ...]  # sorted
    unanswered: int
    bubbles: int
    actions: dict[str, int]  # sender actions by kind
    webhooks: int  # posts to the app, echoes included
    webhooks_failed: int  # of these, not acknowledged within 5 s

    @property
    def turns(self) -> int:
        return len(self.latencies_s)

    @property
    def turns_per_s(self) -> float:
        return self.turns / self.seconds

    def latency_ms(self, share: float) -> float:
        """The latency that this share of the turns did not exceed."""
        return percentile(self.latencies_s, share) * 1000


def percentile(ordered: Sequence[float], share: float) -> float:
    """By nearest rank; `ordered` ascending. Not a number when empty."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


@dataclass(kw_only=True)
class Crowd:
    """People who talk with one app through `graph`. Everybody is new, and is replaced by somebody new after a whole talk."""

    graph: FakeGraph
    words: Wordings
    prefix: str
    questions: Sequence[Question] = QUESTIONS
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def talk(self, *, people: int, seconds: float) -> Round:
        """`people` at a time, everybody asking until the time is up; a turn begun in time is waited for."""
        before = self._counts()
        latencies: list[float] = []
        unanswered: list[str] = []
        started = perf_counter()
        ends_at = started + seconds
        await asyncio.gather(*(self._seat(ends_at, latencies, unanswered) for _ in range(people)))
        took = perf_counter() - started
        bubbles, actions, webhooks, failed = (after - prior for after, prior in zip(self._counts(), before, strict=True))
        return Round(
            seconds=took, latencies_s=tuple(sorted(latencies)), unanswered=len(unanswered), bubbles=bubbles.total(),
            actions=dict(actions), webhooks=webhooks.total(), webhooks_failed=failed.total(),
        )  # fmt: skip

    def _counts(self) -> tuple[Counter[str], Counter[str], Counter[str], Counter[str]]:
        attempts = self.graph.webhooks.attempts
        return (
            Counter(message=len(self.graph.sent)),
            Counter(action.action for action in self.graph.actions),
            Counter(posts=len(attempts)),
            Counter(failed=sum(not attempt.acknowledged for attempt in attempts)),
        )

    async def _seat(self, ends_at: float, latencies: list[float], unanswered: list[str]) -> None:
        while perf_counter() < ends_at:
            person = self.graph.person(f"{self.prefix}-{next(self._numbers)}")
            for question in self.questions:
                if perf_counter() >= ends_at:
                    return
                started = perf_counter()
                try:
                    await self.ask(person, question)
                except TimeoutError:
                    unanswered.append(question.text)
                    break
                latencies.append(perf_counter() - started)

    async def ask(self, person: Person, question: Question, *, patience_s: float = PATIENCE_S) -> None:
        """Ask and wait for the answer's last bubble. Raises `TimeoutError`."""
        heard = len(person.inbox)
        waiting = asyncio.create_task(
            person.waits_until(lambda inbox: self._answered(inbox, heard, question), what=question.text, timeout_s=patience_s)
        )
        await person.says(question.text)
        await waiting

    def _answered(self, inbox: Sequence[Sent], heard: int, question: Question) -> bool:
        return any((self.words.name(sent.text) or "").startswith(question.answer) for sent in inbox[heard:])
