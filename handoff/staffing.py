"""How many agents it takes: arrivals played through the rules of handoff themselves, in virtual time. Pure.

Everybody at the desk takes what they are offered at once, one conversation at a time, writes `words_s` later and hands back when
the handling is over. Nobody who waits gives up, chooses or writes again; what the ladder ends counts as never answered.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.model import AgentRef, ClockKind, Identity, Reason, State
from bot.yamlfile import load_document
from handoff import episodes
from handoff.desk import Desk, Seat
from handoff.erlang import agents_for
from handoff.policy import Policy
from handoff.reports import ACCEPTED

if TYPE_CHECKING:
    from bot.store.contract import Handed

MOST = 200
"""How many agents are tried at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody asks for a person at `at`, who is then busy for `handle_s` seconds, `words_s` of them before the first words."""

    at: datetime
    handle_s: float
    words_s: float = 0.0


def poisson(*, since: datetime, per_hour: float, count: int, handle_s: float, rng: Random) -> list[Call]:
    """So many arrivals of a Poisson process, each with an exponential handling of `handle_s` seconds on average."""
    calls, at = [], since
    for _ in range(count):
        at += timedelta(seconds=rng.expovariate(per_hour / 3600))
        calls.append(Call(at=at, handle_s=rng.expovariate(1 / handle_s)))
    return calls


def history(found: Sequence[Handed]) -> list[Call]:
    """What reports know as calls, each handled as long as it was. Who was never helped would have taken the median.

    Empty if nobody was helped at all.
    """
    taken = {place: first for place, one in enumerate(found) if (first := _accepted_at(one)) is not None}
    ended = {place: found[place].episode.closed_at for place in taken}
    handled = {place: (at - taken[place]).total_seconds() for place, at in ended.items() if at is not None}
    if not handled:
        return []
    usual_s = median(handled.values())
    calls = []
    for place, one in enumerate(found):
        spoke_at = one.episode.first_words_at
        words_s = max(0.0, (spoke_at - taken[place]).total_seconds()) if spoke_at and place in taken else 0.0
        calls.append(Call(at=one.episode.requested_at, handle_s=max(words_s, handled.get(place, usual_s)), words_s=words_s))
    return calls


def _accepted_at(one: Handed) -> datetime | None:
    """When it was accepted for the first time."""
    return next((line.entry.at for line in one.lines if line.entry.kind == ACCEPTED), one.episode.accepted_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourNeed:
    """An hour of the day: its requests, how many a day, how long each took, and how many agents they need. `agents` is None where
    no number is enough; `by_formula` is what Erlang C says."""

    hour: str
    requests: int
    per_hour: float
    mean_handling_s: float
    agents: int | None
    by_formula: int


def by_hour(policy: Policy, calls: Sequence[Call], *, zone: str, days: float, share: float, within_s: float) -> list[HourNeed]:
    """What each hour of the day in `zone` needs, by calls of so many days. Empty without calls."""
    hour = ZoneInfo(zone)

    def of(call: Call) -> str:
        return f"{call.at.astimezone(hour):%H}"

    rows = []
    for name, agents in needed(policy, calls, of, share=share, within_s=within_s).items():
        handled = [call.handle_s for call in calls if of(call) == name]
        mean_s, per_hour = sum(handled) / len(handled), len(handled) / max(1.0, days)
        formula = agents_for(per_hour * mean_s / 3600, service_s=mean_s, within_s=within_s, share=share) if mean_s else 1
        rows.append(
            HourNeed(
                hour=name,
                requests=len(handled),
                per_hour=round(per_hour, 2),
                mean_handling_s=round(mean_s, 1),
                agents=agents,
                by_formula=formula,
            )
        )
    return rows


def from_text(text: str, calls: Sequence[Call], zone: str, days: float, share: float, within_s: float) -> list[HourNeed]:
    """The same by the text of a promises file, for a process of its own."""
    path = Path("promises.yml")
    policy = Policy.of_document(load_document(path, text))
    return by_hour(policy, calls, zone=zone, days=days, share=share, within_s=within_s)


def waits(policy: Policy, calls: Sequence[Call], agents: int) -> list[float]:
    """Seconds to the first words of each call, in order; infinite where the ladder ended it before."""
    played = _Play(policy, calls, agents)
    played.run()
    return [played.waited(place) for place in range(len(calls))]


def needed(
    policy: Policy, calls: Sequence[Call], group: Callable[[Call], str], *, share: float, within_s: float, most: int = MOST
) -> dict[str, int | None]:
    """The fewest agents, the same number all the time, with whom this share of each group's calls waits `within_s` at most.

    None where even `most` are too few, as where handling alone takes longer than that.
    """
    missing = sorted({group(call) for call in calls})
    found: dict[str, int | None] = dict.fromkeys(missing)
    for agents in range(1, most + 1):
        waited = waits(policy, calls, agents)
        for name in list(missing):
            of_group = [wait for call, wait in zip(calls, waited, strict=True) if group(call) == name]
            if sum(wait <= within_s for wait in of_group) >= share * len(of_group):
                found[name] = agents
                missing.remove(name)
        # With an agent for everybody who is there at all, one more changes nothing.
        if not missing or agents >= len(calls):
            break
    return found


@dataclass
class _Play:
    """One run. The heap holds what happens next: (at, order, what)."""

    policy: Policy
    calls: Sequence[Call]
    agents: int
    heap: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    talks: dict[int, State] = field(default_factory=dict)
    waiting: dict[int, None] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    now: datetime = field(init=False)

    def run(self) -> None:
        for place, call in enumerate(self.calls):
            self._at(call.at, lambda place=place: self._arrive(place))  # type: ignore[misc]
        unserved = len(self.calls)
        while self.heap and unserved:
            self.now, _, happens = heapq.heappop(self.heap)
            happens()
            unserved = len(self.calls) - len(self.talks) + len(self.waiting) + len(self.busy)

    def waited(self, place: int) -> float:
        episode = self.talks[place].episode
        if episode is None or episode.first_words_at is None:
            return math.inf
        return (episode.first_words_at - self.calls[place].at).total_seconds()

    def _at(self, at: datetime, happens: Callable[[], None]) -> None:
        heapq.heappush(self.heap, (at, next(self.numbers), happens))

    def _desk(self) -> Desk:
        names = [f"agent{number:03}" for number in range(self.agents)]
        return Desk(tuple(Seat(name, load=int(name in self.busy)) for name in names))

    def _do(self, place: int, rule: Callable[[Draft], object]) -> None:
        draft = Draft(self.talks[place], now=self.now, rng=Random(place), new_id=lambda prefix: f"{prefix}{place}")
        rule(draft)
        decision = draft.close()
        self.talks[place] = decision.state
        for clock in decision.set_clocks:
            self._at(clock.due_at, lambda kind=clock.kind, key=clock.key: self._fire(place, kind, key))  # type: ignore[misc]
        self.waiting.pop(place, None)
        episode = decision.state.episode
        if episode is not None and episode.status == "waiting":
            self.waiting[place] = None
        asked = [notice.to[0] for notice in decision.notify if notice.kind == "offer"]
        if asked and asked[-1] not in self.busy:
            self._take(place, asked[-1])

    def _arrive(self, place: int) -> None:
        identity = Identity(channel="widget", external_id=str(place))
        self.talks[place] = State(conversation_id=str(place), identity=identity, created_at=self.now)
        self._do(place, lambda draft: episodes.open_episode(draft, self.policy, self._desk(), Reason.ASKED))

    def _fire(self, place: int, kind: ClockKind, key: str) -> None:
        clock = self.talks[place].clock(kind, key)
        if clock is not None and clock.due_at <= self.now:
            self._do(place, lambda draft: episodes.clock_fired(draft, self.policy, self._desk(), clock))

    def _take(self, place: int, name: str) -> None:
        agent, call = AgentRef(agent_id=name, name=name), self.calls[place]
        self.busy.add(name)
        self._do(place, lambda draft: episodes.take(draft, self.policy, agent))
        words_at = self.now + timedelta(seconds=min(call.words_s, call.handle_s))
        self._at(words_at, lambda: self._write(place, agent))
        self._at(self.now + timedelta(seconds=call.handle_s), lambda: self._done(place, agent))

    def _holds(self, place: int, agent: AgentRef) -> bool:
        episode = self.talks[place].episode
        return episode is not None and episode.status == "accepted" and episode.agent == agent

    def _write(self, place: int, agent: AgentRef) -> None:
        if self._holds(place, agent):
            self._do(place, lambda draft: episodes.wrote(draft, self.policy, agent, "Hello", "first"))

    def _done(self, place: int, agent: AgentRef) -> None:
        if self._holds(place, agent):
            self._do(place, lambda draft: episodes.give_back(draft, self.policy, agent, "", "returned", {}))
        self.busy.discard(agent.agent_id)
        for other in sorted(self.waiting):
            if len(self.busy) == self.agents:
                break
            self._do(other, lambda draft: episodes.agents_changed(draft, self.policy, self._desk()))
