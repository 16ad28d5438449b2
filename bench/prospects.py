"""People who are tortured: each has questions, asks one after the other, and remembers when which answer came."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.judging import Wait
from bench.processes import POLL_S
from bench.talk import Question, Wordings
from bot.fakes.graph import FakeGraph, Person, Sent

PATIENCE_S = 90.0
PATIENCE_IN_OUTAGE_S = 15.0
HONEST = "phrase."
HELLO = "hey"
OPENERS = (HELLO, "quick question", "so", "hmm", "got a minute?", "btw", "just wondering", "one more thing", "sorry to bother you")
"""What people write before they ask."""


class Acknowledged:
    """Which messages the app has taken: one that it has not may still be overtaken by a later one, as on Messenger."""

    def __init__(self, graph: FakeGraph) -> None:
        self._graph, self._seen = graph, 0
        self._mids: set[str] = set()

    async def wait_for(self, mid: str) -> None:
        """Until the webhook with this message has been answered with 200, or the platform has given it up."""
        while True:
            if self._taken(mid) or self._given_up(mid):
                return
            await asyncio.sleep(POLL_S)

    def _taken(self, mid: str) -> bool:
        fresh = self._graph.webhooks.attempts[self._seen :]
        self._seen += len(fresh)
        for attempt in fresh:
            if attempt.acknowledged:
                self._mids.update(_mids(attempt.payload))
        return mid in self._mids

    def _given_up(self, mid: str) -> bool:
        return any(mid in _mids(payload) for payload in self._graph.webhooks.lost)


def _mids(payload: Mapping[str, Any]) -> Iterator[str]:
    for entry in payload["entry"]:
        yield from (event["message"]["mid"] for event in entry.get("messaging", ()) if "message" in event)


@dataclass(kw_only=True)
class Prospect:
    """Somebody with questions to ask, one after the other, each as soon as the last one is settled. The first is asked
    `starts_s` seconds after the beginning; `think_s` is the longest pause before the next. Up to `openers` lines come right
    before each question."""

    person: Person
    questions: tuple[Question, ...]
    words: Wordings
    acknowledged: Acknowledged
    rng: Random
    starts_s: float
    think_s: float
    openers: int
    sent_ids: set[str] = field(default_factory=set)
    waits: list[Wait] = field(default_factory=list)
    greetings: int = 0
    left: set[str] = field(default_factory=set)
    """Questions that were not waited for to the end: the next was asked while their answer was owed."""

    @property
    def gave_up(self) -> int:
        return len(self.left)

    async def talk(self) -> None:
        """Ask everything."""
        await asyncio.sleep(self.starts_s)
        for question in self.questions:
            heard, asked_at = len(self.person.inbox), datetime.now(UTC)
            for line in self.rng.sample(OPENERS, self.rng.randint(0, self.openers)):
                self.greetings += line == HELLO
                self.sent_ids.add(await self.person.says(line))
            self.sent_ids.add(mid := await self.person.says(question.text))
            await self.acknowledged.wait_for(mid)
            if await self._settled(heard, question):
                answered_at = next(s.at for s in self.person.inbox[heard:] if self._completes(s, question))
                self.waits.append(Wait(person=self.person.psid, since=asked_at, until=answered_at))
            await asyncio.sleep(self.rng.uniform(0, self.think_s))

    async def _settled(self, heard: int, question: Question) -> bool:
        """Wait for the answer; in an outage, once the honest line has come, not for long. Whether it came."""
        person = self.person
        try:
            await person.waits_until(
                lambda inbox: self._answered(inbox[heard:], question) or self._told(inbox), timeout_s=PATIENCE_S
            )
            if not self._answered(person.inbox[heard:], question):
                await person.waits_until(lambda inbox: self._answered(inbox[heard:], question), timeout_s=PATIENCE_IN_OUTAGE_S)
        except TimeoutError:
            self.left.add(question.text)
            return False
        return True

    def _answered(self, fresh: Sequence[Sent], question: Question) -> bool:
        return any(self._completes(sent, question) for sent in fresh)

    def _completes(self, sent: Sent, question: Question) -> bool:
        return (self.words.name(sent.text) or "").startswith(question.answer)

    def _told(self, inbox: Sequence[Sent]) -> bool:
        """Whether Warmline's own words are the latest that this person has from anybody but a flow."""
        latest = next((name for sent in reversed(inbox) if (name := self.words.name(sent.text))), "")
        return latest.startswith(HONEST)
