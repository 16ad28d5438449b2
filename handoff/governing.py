"""Which promises govern an open handoff, why they do, and what comes next if nobody does anything. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import ClockKind, Episode, State
from handoff.card import CHANNELS
from handoff.explain import DOES
from handoff.match import Facts, Match
from handoff.policy import DEFAULT_NAME, Policy, Target
from handoff.rounds import next_rung
from handoff.steps import open_one

SHOWN = (Target.OFFER, Target.ACCEPT, Target.FIRST_WORDS, Target.NEXT_WORDS)
ALARM = "alarm the team again"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRung:
    """What happens next on the ladder: when, where that rung stands (empty above the last), and what it does."""

    at: datetime
    place: str
    does: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Governing:
    """The policy by name, why it holds, the name of its calendar, its targets in seconds by clock, and the next rung."""

    policy: str
    because: tuple[str, ...]
    calendar: str
    targets: tuple[tuple[str, float], ...]
    next_rung: NextRung | None


def governing(state: State, promises: Policy) -> Governing | None:
    """What holds for the open handoff of a conversation, None if there is none. `promises` is the whole file."""
    episode = open_one(state)
    if episode is None:
        return None
    policy = promises.of(state)
    return Governing(
        policy=episode.policy,
        because=_because(state, episode, promises),
        calendar=policy.calendar,
        targets=tuple((target.value, float(getattr(policy.targets, f"{target.value}_s"))) for target in SHOWN),
        next_rung=_next(state, episode, policy),
    )


def _because(state: State, episode: Episode, promises: Policy) -> tuple[str, ...]:
    if episode.policy == DEFAULT_NAME:
        return ("no other policy fits",) if promises.policies else ("there is no other policy",)
    match = next((other.match for other in promises.policies if other.name == episode.policy), None)
    if match is None:
        return ("it held when a person was needed; promises.yml no longer has it, so the top of the file holds",)
    known = Facts(
        channel=state.identity.channel,
        reason=episode.reason,
        value=episode.value,
        language=episode.language,
        team=episode.team,
        tags=state.tags,
    )
    return _fits(match, known) or ("it fits everything",)


def _fits(match: Match, known: Facts) -> tuple[str, ...]:
    """What the policy asks for, as far as this handoff still shows it; what has changed since is said to have fitted then."""
    asked = {
        "channel": (bool(match.channel), f"the channel is {CHANNELS.get(known.channel, known.channel)}"),
        "reason": (bool(match.reason), f"the reason is {known.reason.value.replace('_', ' ')}"),
        "language": (bool(match.language), f"the language is {known.language}"),
        "team": (bool(match.team), f"the team is {known.team}"),
        "tag": (bool(match.tag), f"tagged {', '.join(tag for tag in match.tag if tag in known.tags)}"),
        "value": (match.value_from is not None or match.value_below is not None, _worth(match, known.value)),
    }
    changed = {reason.split()[1] for reason in match.misses(known)}
    return tuple(
        f"the {name} fitted when a person was needed" if name in changed else words
        for name, (wanted, words) in asked.items()
        if wanted
    )


def _worth(match: Match, value: float | None) -> str:
    limits = [f"from {match.value_from:g} on" if match.value_from is not None else ""]
    limits.append(f"below {match.value_below:g}" if match.value_below is not None else "")
    worth = "not known" if value is None else f"{value:g}"
    return f"the value is {worth} ({' and '.join(filter(None, limits))})"


def _next(state: State, episode: Episode, policy: Policy) -> NextRung | None:
    clock = state.clock(ClockKind.RUNG, episode.episode_id)
    if clock is None:
        return None
    place = next_rung(policy, episode)
    if place is None:
        return NextRung(at=clock.due_at, place="", does=(ALARM,))
    rung = policy.ladder[place]
    return NextRung(at=clock.due_at, place=rung.place, does=tuple(DOES[action] for action in rung.actions))
