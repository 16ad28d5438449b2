"""Whom an episode is offered to, and which of those that wait comes first. Pure.

What somebody must be (of the team, able, speaking the language) comes first, then turns, then who knows the person, then fairness.
Where nobody fits, language and skills are asked for only so long, so that nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp
from operator import itemgetter
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.core.model import Episode
from handoff.desk import ONLINE, Desk, Seat
from handoff.rungs import Seconds

PASSED_OVER_S = 300.0
"""Whoever waits longer than this without anybody being asked comes before everybody who does not."""

NEVER = datetime.min.replace(tzinfo=UTC)

Weight = Annotated[float, Field(ge=0.25, le=100, multiple_of=0.25)]
"""A quarter is the finest, so that sums are exact."""


def names(values: Iterable[str]) -> tuple[str, ...]:
    """Names of skills, languages or teams as they are compared: without case or space around, each once, in their order."""
    return tuple(dict.fromkeys(name for value in values if (name := value.strip().lower())))


class Routing(BaseModel):
    """How much of an agent's capacity an episode takes, what whoever is asked must be able to do, and for how long (seconds) only
    those who can, or who speak the prospect's language, are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Weight = 1.0
    skills: tuple[str, ...] = ()
    skills_within_s: Seconds = 40.0
    language_within_s: Seconds = 20.0

    @field_validator("skills")
    @classmethod
    def _named(cls, skills: tuple[str, ...]) -> tuple[str, ...]:
        return names(skills)


class OtherRouting(BaseModel):
    """What differs for some; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Weight | None = None
    skills: tuple[str, ...] | None = None
    skills_within_s: Seconds | None = None
    language_within_s: Seconds | None = None

    @field_validator("skills")
    @classmethod
    def _named(cls, skills: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if skills is None else names(skills)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who is asked, and why they: codes that `told` puts into words, the weightiest first."""

    agent_id: str
    why: tuple[str, ...]


def choose(desk: Desk, episode: Episode, now: datetime, exclude: Collection[str] = ()) -> Chosen | None:
    """Whom to offer an episode to at `now`, or None if nobody who fits has room beside what is more urgent.

    Those who were not asked yet come first, then whoever was asked longest ago, and so round and round (`offered_to` is oldest
    first). Among them: who fits best, who talked with the person before, who holds least for what they can, who has been idle
    longest.
    """
    room = _Room(desk, episode)
    if not any(room.has(seat, episode) for seat in desk.seats):
        return None
    mine = urgency(episode, now)
    ranked = [
        (rank, rival) for rival in desk.queue if (rank := urgency(rival, now)) < mine and rival.episode_id != episode.episode_id
    ]
    for _, rival in sorted(ranked, key=itemgetter(0)):
        if seat := _best(room, rival, now):
            room.give(seat, rival)
            if not any(room.has(seat, episode) for seat in desk.seats):
                return None
    seat = _best(room, episode, now, exclude)
    return None if seat is None else Chosen(seat.agent_id, tuple(_reasons(room, seat, episode, now, exclude)))


def matches(desk: Desk, now: datetime) -> list[tuple[Episode, str]]:
    """Whom each episode of the desk's queue would be offered to, the most urgent first; without those for whom nobody has room."""
    room, found = _Room(desk), []
    if not desk.somebody_online:
        return []
    for episode in sorted(desk.queue, key=lambda one: urgency(one, now)):
        if seat := _best(room, episode, now):
            room.give(seat, episode)
            found.append((episode, seat.agent_id))
    return found


def urgency(episode: Episode, now: datetime) -> tuple[int, float, datetime, str]:
    """What sorts first waits least. Value times the probability that human words come too late, shared among the times it was
    offered and not accepted; but whoever has been passed over for long comes before that, the longest first, so that nobody waits
    for ever behind people who are worth more.

    The probability is that of a wait which still takes a third of the promised time on average (exponential) to outlast what is
    left of it: 5 % with all of it left, 1 once it is over. A value that nobody knows counts as 1.
    """
    since = max(episode.requested_at, episode.asked_at or episode.requested_at)
    if (now - since).total_seconds() >= PASSED_OVER_S:
        return (0, 0.0, since, episode.episode_id)
    value = 1.0 if episode.value is None else max(0.0, episode.value)
    return (1, -value * too_late(episode, now) / (1 + episode.times_asked), since, episode.episode_id)


def too_late(episode: Episode, now: datetime) -> float:
    """How probable it is that the first human words come too late, from 0 to 1."""
    left_s = (episode.first_words_due_at - now).total_seconds()
    promised_s = (episode.first_words_due_at - episode.requested_at).total_seconds()
    return 1.0 if left_s <= 0 or promised_s <= 0 else exp(-3 * left_s / promised_s)


def misfits(desk: Desk, seat: Seat, episode: Episode) -> tuple[str, ...]:
    """What an agent lacks for an episode: team, skills, language. A team that nobody belongs to limits nobody."""
    team, language = (episode.team or "").lower(), episode.language
    return (
        *(("team",) if team and seat.teams and team not in seat.teams and any(team in one.teams for one in desk.seats) else ()),
        *(("skills",) if not seat.skills.issuperset(episode.skills) else ()),
        *(("language",) if language and seat.languages and language not in seat.languages else ()),
    )


def must_have(episode: Episode, now: datetime) -> frozenset[str]:
    """What is not to be lacked at `now`. The team is never given up: another one may not read its talks."""
    eased = {"skills": episode.skills_until, "language": episode.language_until}
    return frozenset({"team", *(need for need, until in eased.items() if until is None or now < until)})


def eases_at(episode: Episode, now: datetime) -> list[datetime]:
    """When more people may be asked than now."""
    untils = (episode.language_until if episode.language else None, episode.skills_until if episode.skills else None)
    return sorted(until for until in untils if until is not None and until > now)


class _Room:
    """Who has how much room, while it is given away. An episode's own offer keeps no room from it."""

    def __init__(self, desk: Desk, episode: Episode | None = None) -> None:
        self.desk = desk
        self._taken = {seat.agent_id: seat.load for seat in desk.seats}
        for key, asked in desk.asked.items():
            if asked.agent_id in self._taken and (episode is None or key != episode.episode_id):
                self._taken[asked.agent_id] += asked.weight

    def has(self, seat: Seat, episode: Episode) -> bool:
        taken = self._taken[seat.agent_id]
        return seat.presence == ONLINE and (taken <= 0 or taken + episode.weight <= seat.capacity)

    def share(self, seat: Seat) -> float:
        return self._taken[seat.agent_id] / seat.capacity

    def give(self, seat: Seat, episode: Episode) -> None:
        self._taken[seat.agent_id] += episode.weight


def _fitting(room: _Room, episode: Episode, now: datetime, exclude: Collection[str]) -> Iterator[tuple[Seat, tuple[str, ...]]]:
    needed = must_have(episode, now)
    for seat in room.desk.seats:
        if seat.agent_id not in exclude and room.has(seat, episode):
            lacks = misfits(room.desk, seat, episode)
            if needed.isdisjoint(lacks):
                yield seat, lacks


def _best(room: _Room, episode: Episode, now: datetime, exclude: Collection[str] = ()) -> Seat | None:
    asked = {agent_id: place for place, agent_id in enumerate(episode.offered_to)}

    def order(found: tuple[Seat, tuple[str, ...]]) -> tuple[object, ...]:
        seat, lacks = found
        stranger = seat.agent_id != episode.last_agent
        turn = asked.get(seat.agent_id, -1)
        return (turn, len(lacks), stranger, room.share(seat), seat.idle_since or NEVER, seat.agent_id)

    best = min(_fitting(room, episode, now, exclude), key=order, default=None)
    return None if best is None else best[0]


def _reasons(room: _Room, seat: Seat, episode: Episode, now: datetime, exclude: Collection[str]) -> Iterator[str]:
    lacks = misfits(room.desk, seat, episode)
    if seat.agent_id == episode.last_agent:
        yield "talked_before"
    if episode.language and "language" not in lacks and seat.languages:
        yield f"speaks:{episode.language}"
    if episode.skills and "skills" not in lacks:
        yield f"can:{', '.join(episode.skills)}"
    if episode.team and (episode.team.lower() in seat.teams):
        yield f"team:{episode.team}"
    yield from (f"nobody_else:{lack}" for lack in lacks)
    others = [other for other, _ in _fitting(room, episode, now, exclude) if other.agent_id != seat.agent_id]
    if not others:
        yield "only_one"
    elif seat.agent_id in episode.offered_to:
        yield "asked_longest_ago"
    elif any(other.agent_id in episode.offered_to for other in others) and all(o.agent_id in episode.offered_to for o in others):
        yield "not_asked_yet"
    elif room.share(seat) < min(room.share(other) for other in others):
        yield "holds_least"
    elif (seat.idle_since or NEVER) < min(other.idle_since or NEVER for other in others):
        yield "idle_longest"


WORDS = {
    "talked_before": "talked with them before",
    "speaks": "speaks {}",
    "can": "can do {}",
    "team": "is on the team {}",
    "nobody_else": "nobody with the right {} was free in time",
    "only_one": "was the only one free",
    "asked_longest_ago": "was asked longest ago",
    "not_asked_yet": "everybody else was asked already",
    "holds_least": "has the least in hand",
    "idle_longest": "has been free longest",
}


def told(why: Iterable[str]) -> tuple[str, ...]:
    """The reasons of a choice in words, each to follow the agent's name. Codes that are not known are left out."""
    parts = (reason.partition(":") for reason in why)
    return tuple(WORDS[code].format(what) for code, _, what in parts if code in WORDS)
