"""Who is notified of a notice, by which carriers and when, and whether it still matters when a carrier's turn comes. Pure.

A chain is one agent's carriers in order: in the page, a sound, a web push, an e-mail, the webhook. Each has its time after the
notice; what was seen by then goes no further, and a carrier that cannot reach the agent hands on to the next at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from bot.core.events import Notice
from bot.core.model import ClockKind, Json, Owner, State
from bot.store.noticing import INSTALLATION, Planned
from handoff.hours import zones
from handoff.steps import open_one


class Carrier(StrEnum):
    """What brings a notice to an agent, in the order of the chain."""

    IN_PAGE = "in_page"
    SOUND = "sound"
    WEB_PUSH = "web_push"
    EMAIL = "email"
    WEBHOOK = "webhook"


OUTSIDE = (Carrier.WEB_PUSH, Carrier.EMAIL, Carrier.WEBHOOK)
"""Carriers that reach beyond an open console."""
CALLS = frozenset({"push", "page"})
"""Notices that go outside at once, and to people who have no console open."""
URGENT = frozenset({"page"})
"""Notices that may come in quiet hours, for those who allow it."""
UNSHOWN = frozenset({"mention"})
"""Kinds that no commit has shown in open consoles: the chain does it."""
TOLD_ONCE = frozenset({"offer", "alarm", "breach", "message"})
"""Kinds that come again and again about one conversation: outside the page the same agent is told once in a while."""

type Clock24 = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Wishes(BaseModel):
    """One agent's settings: which carriers may be used, and when it has to be quiet. `quiet_from` and `quiet_to` are wall-clock
    times in `zone`; without both it is never quiet. `urgent_in_quiet` lets a page through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sound: bool = True
    web_push: bool = True
    email: bool = True
    quiet_from: Clock24 | None = None
    quiet_to: Clock24 | None = None
    zone: str = "UTC"
    urgent_in_quiet: bool = True

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in zones():
            raise ValueError("that is not a time zone")
        return zone

    def wants(self, carrier: Carrier) -> bool:
        """Whether this carrier may be used. The page is always used, and the webhook is the installation's."""
        return bool(getattr(self, carrier.value, True))

    def quiet(self, now: datetime) -> bool:
        """Whether it has to be quiet at `now`. Quiet hours may run over midnight."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return False
        start, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        here = now.astimezone(ZoneInfo(self.zone)).time()
        return start <= here < end if start < end else here >= start or here < end


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent who may be notified. `at_desk` is true while a console of theirs is open, `online` while they take work too."""

    agent_id: str
    at_desk: bool = False
    online: bool = False
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Which carriers the installation has, and how long after the notice the turn of each comes (seconds)."""

    email: bool = False
    webhook: bool = False
    sound_after_s: float = 5.0
    push_after_s: float = 15.0
    email_after_s: float = 120.0
    webhook_after_s: float = 180.0
    rest_s: float = 60.0
    """How long an agent is left alone outside the page after having been told about a conversation."""

    def after(self, carrier: Carrier) -> timedelta:
        """How long after the notice a carrier's turn comes."""
        seconds = {
            Carrier.IN_PAGE: 0.0,
            Carrier.SOUND: self.sound_after_s,
            Carrier.WEB_PUSH: self.push_after_s,
            Carrier.EMAIL: self.email_after_s,
            Carrier.WEBHOOK: self.webhook_after_s,
        }
        return timedelta(seconds=seconds[carrier])

    def has(self, carrier: Carrier) -> bool:
        """Whether this carrier is set up."""
        return {Carrier.EMAIL: self.email, Carrier.WEBHOOK: self.webhook}.get(carrier, True)


def people_of(notice: Notice, everybody: Sequence[Person], supervisors: Collection[str]) -> tuple[Person, ...]:
    """Whom a notice concerns.

    Those it is for; a `page` is for the supervisors, a `push` for whoever was asked, else for everybody, there or not; a `brake` (a
    flow has paused itself) for the supervisors, else for everybody. Anything else for everybody concerns those who take work now:
    people who went home are not called for each alarm.
    """
    known = {person.agent_id: person for person in everybody}
    match notice.kind:
        case "page":
            wanted: Sequence[str] = tuple(supervisors)
        case "brake":
            wanted = tuple(supervisors) or tuple(known)
        case "push":
            wanted = tuple(notice.data.get("whom", ())) or tuple(known)
        case _:
            wanted = notice.to or tuple(person.agent_id for person in everybody if person.online)
    return tuple(known[agent_id] for agent_id in dict.fromkeys(wanted) if agent_id in known)


def chain(notice: Notice, person: Person, ways: Ways, at: datetime) -> tuple[Planned, ...]:
    """One agent's turns for a notice of `at`. What the notice's own frame did in an open console counts as carried."""
    calls, sounds = notice.kind in CALLS, bool(notice.data.get("sound"))
    turns: list[Planned] = []
    for carrier in Carrier:
        if not person.wishes.wants(carrier) or not ways.has(carrier):
            continue
        inside = carrier not in OUTSIDE
        if inside and not person.at_desk:
            continue
        done = inside and notice.kind not in UNSHOWN and (carrier is Carrier.IN_PAGE or sounds)
        due_at = at if done else at + _wait(carrier, ways, calls=calls, at_desk=person.at_desk)
        turns.append(Planned(agent_id=person.agent_id, carrier=carrier.value, due_at=due_at, sent=done))
    return tuple(turns)


def _wait(carrier: Carrier, ways: Ways, *, calls: bool, at_desk: bool) -> timedelta:
    """A call goes out at once; so does the first carrier outside for somebody who has no console open."""
    wait = ways.after(carrier)
    if carrier in OUTSIDE and (calls or not at_desk):
        wait -= ways.after(Carrier.WEB_PUSH)
    return max(wait, timedelta(0))


def plan(notice: Notice, people: Sequence[Person], ways: Ways, at: datetime) -> tuple[Planned, ...]:
    """Every turn of a notice. A page that reaches nobody still goes to the webhook, so that a pager behind it rings."""
    turns = tuple(turn for person in people for turn in chain(notice, person, ways, at))
    if notice.kind == "page" and ways.webhook and not people:
        return (Planned(agent_id=INSTALLATION, carrier=Carrier.WEBHOOK.value, due_at=at),)
    return turns


def still_matters(kind: str, data: Json, agent_id: str, state: State) -> bool:
    """Whether a notice is still news for this agent, judged by the conversation as it is now, when a carrier's turn comes."""
    episode = open_one(state)
    ours = episode is not None and episode.episode_id == data.get("episode_id")
    match kind:
        case "offer":
            asked = state.clock(ClockKind.ACCEPT, episode.episode_id) if episode is not None else None
            is_asked = asked is not None and asked.data.get("agent_id") == agent_id
            return bool(ours and episode is not None and episode.status == "waiting" and (is_asked or episode.widened))
        case "alarm" | "breach" | "push" | "page":
            if episode is None or not ours:
                return False
            return episode.status == "waiting" or state.promise is not None or episode.first_words_at is None
        case "message":
            holds = episode is not None and episode.agent is not None and episode.agent.agent_id == agent_id
            return state.owner is Owner.AGENT and holds and state.promise is not None
        case _:
            return True


def refused(kind: str, carrier: Carrier, wishes: Wishes, now: datetime) -> str | None:
    """Why this carrier is not used for this agent now, if so: `not_wanted` or `quiet_hours`."""
    if not wishes.wants(carrier):
        return "not_wanted"
    if carrier in (Carrier.WEB_PUSH, Carrier.EMAIL) and wishes.quiet(now) and not (kind in URGENT and wishes.urgent_in_quiet):
        return "quiet_hours"
    return None


BACK_OFF_S: Mapping[Carrier, tuple[float, ...]] = {
    Carrier.WEB_PUSH: (2.0, 10.0, 30.0),
    Carrier.EMAIL: (5.0, 30.0, 120.0),
    Carrier.WEBHOOK: (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
}
"""How long a carrier waits before it tries again, after the first failure, the second and so on; then it is given up."""


def retry_at(carrier: Carrier, attempts: int, now: datetime, after_s: float | None = None) -> datetime | None:
    """When to try again after `attempts` failed ones, this one included; None to give up. `after_s` is what the other side asks."""
    waits = BACK_OFF_S.get(carrier, ())
    if attempts > len(waits):
        return None
    return now + timedelta(seconds=max(waits[attempts - 1], min(after_s or 0.0, 300.0)))
