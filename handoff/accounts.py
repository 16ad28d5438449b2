"""Where the time of an episode goes, and why a target was missed. Pure: told from the episode's own record.

At any moment an open episode is in one phase. When the phase changes, the time since the last change is added to that phase's
segment, by the wall clock and in working time, so that the segments always add up to the whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bot.core.draft import Draft
from bot.core.model import ClockKind, Episode, Segment, State
from handoff.calendar import Calendar, working_between
from handoff.desk import Desk
from handoff.routing import choose


class Phase(StrEnum):
    """What an open episode waits for."""

    UNSTAFFED = "unstaffed"
    """Nobody was free to be asked."""
    UNOFFERED = "unoffered"
    """Somebody was free and was not asked."""
    OFFERED = "offered"
    """Somebody was asked and had not answered."""
    LOST = "lost"
    """Whoever was asked had gone, so the question reached nobody."""
    BOOKED = "booked"
    """The prospect booked a time that had not come."""
    HELD = "held"
    """Somebody had accepted and owed words."""
    TALKING = "talking"
    """Nothing was owed: it was the prospect's turn."""


NEXT = "next_"
"""Before a phase's name once the first words were said: a wait for next words."""


class Cause(StrEnum):
    """Why a target was missed."""

    NO_AGENTS = "no_agents"
    ROUTING = "routing"
    NOT_ACCEPTED = "not_accepted"
    SLOW = "slow"
    NOTIFICATION_LOST = "notification_lost"
    BOT_LATE = "bot_late"


CAUSES = {
    Phase.UNSTAFFED: Cause.NO_AGENTS,
    Phase.UNOFFERED: Cause.ROUTING,
    Phase.OFFERED: Cause.NOT_ACCEPTED,
    Phase.LOST: Cause.NOTIFICATION_LOST,
    Phase.HELD: Cause.SLOW,
}

TO_OFFER, TO_ACCEPT, TO_FIRST_WORDS = (
    (Phase.UNSTAFFED, Phase.UNOFFERED),
    (Phase.OFFERED, Phase.LOST),
    (Phase.HELD,),
)
"""The phases that make up the way from request to offer, to acceptance, to first words."""


def account(draft: Draft, hours: Calendar, desk: Desk | None = None) -> Episode | None:
    """Book the time since the last change of phase, if the phase has changed. Without `desk` a waiting one stays as it was.

    Gives the episode as it is after that, None if there is none.
    """
    episode = draft.state.episode
    if episode is None:
        return None
    phase = phase_of(draft.state, desk, draft.now)
    if phase == episode.phase:
        return episode
    booked = replace(
        episode, segments=booked_until(episode, draft.now, hours), phase=phase, phase_since=draft.now if phase else None
    )
    draft.set(episode=booked)
    return booked


def phase_of(state: State, desk: Desk | None, now: datetime) -> str:
    """The phase of a conversation's episode; empty if it is closed."""
    episode = state.episode
    if episode is None or episode.status == "closed":
        return ""
    key = episode.episode_id
    if episode.status == "accepted":
        owes = state.promise is not None or state.clock(ClockKind.FIRST_WORDS, key) is not None
        phase = Phase.HELD if owes or episode.first_words_at is None else Phase.TALKING
    elif state.clock(ClockKind.ACCEPT, key) is not None:
        phase = Phase.OFFERED
    elif (comes := state.clock(ClockKind.OFFER, key)) is not None and comes.data.get("booked"):
        phase = Phase.BOOKED
    elif desk is None and (before := _plain(episode.phase)) in (Phase.UNSTAFFED, Phase.UNOFFERED):
        phase = before
    else:
        phase = Phase.UNSTAFFED if desk is None or choose(desk, episode, now) is None else Phase.UNOFFERED
    return phase.value if episode.first_words_at is None or phase is Phase.TALKING else NEXT + phase.value


def booked_until(episode: Episode, at: datetime, hours: Calendar) -> tuple[Segment, ...]:
    """The segments of an episode with the running phase counted until `at`."""
    if not episode.phase or episode.phase_since is None:
        return episode.segments
    until = max(at, episode.phase_since)
    kept = {segment.kind: segment for segment in episode.segments}
    one = kept.get(episode.phase, Segment(kind=episode.phase))
    kept[episode.phase] = replace(
        one,
        wall_s=round(one.wall_s + (until - episode.phase_since).total_seconds(), 6),
        working_s=round(one.working_s + working_between(episode.phase_since, until, hours), 6),
        count=one.count + 1,
    )
    return tuple(kept.values())


def segment(episode: Episode, *phases: Phase, again: bool = False) -> Segment:
    """The segments of some phases as one, named after the first; with `again` those of waits for next words."""
    names = [NEXT + phase if again and phase is not Phase.TALKING else phase.value for phase in phases]
    found = [one for one in episode.segments if one.kind in names]
    return Segment(
        kind=names[0],
        wall_s=sum(one.wall_s for one in found),
        working_s=sum(one.working_s for one in found),
        count=sum(one.count for one in found),
    )


def cause_of(episode: Episode, name: str, *, until: datetime, hours: Calendar) -> Cause:
    """Why the target `name` (offer, accept, first_words, next_words) was missed, judged by the time until it ran out.

    A late acceptance is by whoever was asked. Late first words are by whatever took most of the working time. Every other wait
    is by what it was in when it ran out.
    """
    now = _plain(episode.phase) or (Phase.UNSTAFFED if episode.offered_at is None else Phase.HELD)
    if name == "accept":
        return Cause.NOTIFICATION_LOST if now is Phase.LOST else Cause.NOT_ACCEPTED
    if name == "offer":
        return Cause.ROUTING if now is Phase.UNOFFERED else Cause.NO_AGENTS
    if name == "next_words":
        return CAUSES.get(now, Cause.SLOW)
    spent = {one.kind: one for one in booked_until(episode, until, hours)}
    share = {phase: (spent[phase].working_s, spent[phase].wall_s) for phase in CAUSES if phase in spent}
    longest = max(share, key=lambda phase: share[phase], default=now)
    return CAUSES.get(longest if any(share.get(longest, ())) else now, Cause.SLOW)


def _plain(phase: str) -> Phase | None:
    return Phase(phase.removeprefix(NEXT)) if phase else None
