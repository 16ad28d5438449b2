"""How long people waited for a person, what was missed and why: told from episodes and the journal. Pure.

Every number is made of single waits and misses, which are given too, so that it can be opened. A wait that isn't over counts as
it stands so far, and one that ended unanswered as long as it lasted: both are lower bounds, counted as `unfinished`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.core.model import Episode
from handoff.accounts import NEXT, Cause, Phase, cause_of
from handoff.calendar import ALWAYS
from handoff.numbers import By, End, Ending, Guess, Miss, Report, Row, Segment, Wait

if TYPE_CHECKING:
    from bot.store.contract import Handed, JournalLine


ACCEPTED, SPOKE_AGAIN, BREACHED = "episode.accepted", "episode.next_words", "episode.breached"
KINDS = (ACCEPTED, SPOKE_AGAIN, BREACHED)
"""The lines of the journal that reports read."""

NOBODY = "-"
"""The group of episodes that have no agent, or no team."""


def report(found: Sequence[Handed], *, since: datetime, until: datetime, now: datetime, by: By, zone: str = "UTC") -> Report:
    """The report of these episodes. `zone` is where the hours of `By.HOUR` are told. Raises ZoneInfoNotFoundError."""
    key = _keys(by, ZoneInfo(zone))
    groups: dict[str, list[Handed]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    rows = tuple(_row(name, groups[name], now) for name in sorted(groups))
    return Report(since=since, until=until, now=now, by=by, zone=zone, rows=rows, total=_row("total", found, now))


def waits_of(one: Handed, now: datetime) -> list[Wait]:
    """Every wait of an episode, as it stands at `now`."""
    episode = one.episode
    accepted = next((line for line in one.lines if line.entry.kind == ACCEPTED), None)
    # An agent who drops off takes `accepted_at` along; the journal keeps when it was first accepted.
    accepted_at = accepted.entry.at if accepted else episode.accepted_at
    waits = [
        _wait(one, Segment.OFFER, episode.requested_at, episode.offered_at, now),
        _wait(one, Segment.FIRST_WORDS, episode.requested_at, episode.first_words_at, now),
    ]
    if episode.offered_at is not None:
        waits.append(_wait(one, Segment.ACCEPT, episode.offered_at, accepted_at, now, accepted))
    for line in one.lines:
        if line.entry.kind == SPOKE_AGAIN:
            since = line.entry.at - timedelta(milliseconds=line.entry.data["waited_ms"])
            waits.append(_wait(one, Segment.NEXT_WORDS, since, line.entry.at, now, line))
    if (running_since := _waits_again_since(one)) is not None:
        waits.append(_wait(one, Segment.NEXT_WORDS, running_since, None, now))
    return waits


def misses_of(one: Handed, now: datetime) -> list[Miss]:
    """Every missed target of an episode: as judged, and what is overdue at `now` though nobody has judged it yet."""
    episode = one.episode
    judged: list[Miss] = []
    for line in one.lines:
        if line.entry.kind == BREACHED:
            data = line.entry.data
            segment = Segment(data["clock"])
            if segment is Segment.NEXT_WORDS or all(miss.segment is not segment for miss in judged):
                cause, late_s = Cause(data["cause"]), data["late_ms"] / 1000
                judged.append(_miss(one, segment, cause, late_s, journal_id=line.journal_id))
    told = {miss.segment for miss in judged}
    untold = [Segment(name) for name in episode.breached if Segment(name) not in told]
    judged += [_miss(one, segment, Cause(episode.causes.get(segment.value, Cause.SLOW)), None) for segment in untold]
    known = {miss.segment for miss in judged}
    for segment, due_at in _overdue(one, now):
        if segment is Segment.NEXT_WORDS or segment not in known:
            cause = cause_of(episode, segment.value, until=due_at, hours=ALWAYS)
            judged.append(_miss(one, segment, cause, (now - due_at).total_seconds(), judged=False))
    return judged


def guess_of(one: Handed) -> Guess | None:
    """The first waiting time that was told, as it was judged."""
    episode = one.episode
    if not episode.forecasts:
        return None
    first = episode.forecasts[0]
    return Guess(
        conversation_id=one.conversation_id,
        episode_id=episode.episode_id,
        told_at=first.told_at,
        low_s=first.low_s,
        likely_s=first.likely_s,
        high_s=first.high_s,
        error_s=episode.forecast_error_s,
        inside=episode.forecast_kept,
    )


def end_of(one: Handed) -> End:
    """How an episode ended, and what was said of it."""
    episode = one.episode
    return End(
        conversation_id=one.conversation_id,
        episode_id=episode.episode_id,
        outcome=episode.outcome if episode.status == "closed" else None,
        value=episode.outcome_value,
        asked=episode.rating_asked_at is not None,
        rating=episode.rating,
    )


def _overdue(one: Handed, now: datetime) -> Iterable[tuple[Segment, datetime]]:
    """Targets of an open episode that have run out."""
    episode, promise_due_at = one.episode, one.promise_due_at
    if episode.status == "closed":
        return
    if episode.offered_at is None and episode.offer_due_at is not None and episode.offer_due_at <= now:
        yield Segment.OFFER, episode.offer_due_at
    asked = episode.phase.removeprefix(NEXT) in (Phase.OFFERED, Phase.LOST)
    if asked and episode.accept_due_at is not None and episode.accept_due_at <= now:
        yield Segment.ACCEPT, episode.accept_due_at
    if episode.first_words_at is None:
        if episode.first_words_due_at <= now:
            yield Segment.FIRST_WORDS, episode.first_words_due_at
    elif one.promise_opened_at is not None and promise_due_at is not None and promise_due_at <= now:
        since = one.promise_opened_at
        if not any(_judges_next(line) and line.entry.at >= since for line in one.lines):
            yield Segment.NEXT_WORDS, promise_due_at


def _judges_next(line: JournalLine) -> bool:
    return line.entry.kind == BREACHED and line.entry.data["clock"] == Segment.NEXT_WORDS


def _waits_again_since(one: Handed) -> datetime | None:
    """Since when a prospect who has heard a person waits for more words, None if for none."""
    episode = one.episode
    if episode.status == "closed" or episode.first_words_at is None:
        return None
    if one.promise_opened_at is not None:
        return one.promise_opened_at
    return episode.phase_since if episode.phase.startswith(NEXT) else None


def _wait(
    one: Handed, segment: Segment, since: datetime, at: datetime | None, now: datetime, line: JournalLine | None = None
) -> Wait:
    closed_at = one.episode.closed_at
    until, ending = (at, Ending.ANSWERED) if at else (closed_at, Ending.ABANDONED) if closed_at else (now, Ending.SO_FAR)
    return Wait(
        segment=segment,
        conversation_id=one.conversation_id,
        episode_id=one.episode.episode_id,
        since=since,
        waited_s=max(0.0, (until - since).total_seconds()),
        ending=ending,
        journal_id=line.journal_id if line else None,
    )


def _miss(
    one: Handed, segment: Segment, cause: Cause, late_s: float | None, *, judged: bool = True, journal_id: int | None = None
) -> Miss:
    return Miss(
        segment=segment,
        conversation_id=one.conversation_id,
        episode_id=one.episode.episode_id,
        cause=cause,
        late_s=late_s,
        judged=judged,
        journal_id=journal_id,
    )


def _row(key: str, found: Sequence[Handed], now: datetime) -> Row:
    waits = tuple(wait for one in found for wait in waits_of(one, now))
    misses = tuple(miss for one in found for miss in misses_of(one, now))
    guesses = tuple(guess for one in found if (guess := guess_of(one)) is not None)
    return Row(key=key, episodes=len(found), waits=waits, misses=misses, guesses=guesses, ends=tuple(end_of(one) for one in found))


def _keys(by: By, zone: ZoneInfo) -> Callable[[Handed], str]:
    def key(one: Handed) -> str:
        episode: Episode = one.episode
        match by:
            case By.HOUR:
                return f"{episode.requested_at.astimezone(zone):%H}"
            case By.AGENT:
                return episode.agent.agent_id if episode.agent else NOBODY
            case By.TEAM:
                return episode.team or NOBODY
            case By.CHANNEL:
                return one.channel
            case By.REASON:
                return episode.reason.value
            case By.PROMISES:
                return episode.promises or NOBODY

    return key
