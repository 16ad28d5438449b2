"""Rounds: one wait for human words each, its deadline, and when the rungs of the ladder are climbed in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Window
from handoff.calendar import next_close
from handoff.policy import Policy, Target, Until, clock_hours, due
from handoff.rungs import ENDINGS
from handoff.steps import open_one, put

WINDOW_MARGIN = timedelta(minutes=5)
ALARM_GAP_MOST_S = 900.0
"""Alarms above the ladder come at gaps that double up to this: a wait that nobody comes for is heard of, and wears nobody out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One wait for human words: since when, and how long it may take (seconds). The ladder's rungs are parts of it.

    `goes_by` is the clock whose pauses it keeps; one for a `booked` time goes by the wall clock and may
    begin later. `cap` is when the channel's window closes, and with it the deadline at the latest. `judged` if the prospect was
    waiting before and that wait is recorded as missed already: it is one wait, and one miss.
    """

    since: datetime
    target_s: float
    goes_by: Target = Target.FIRST_WORDS
    cap: datetime | None = None
    booked: bool = False
    judged: bool = False

    def data(self, **more: Any) -> dict[str, Any]:
        """As kept in the round's clocks."""
        kept: dict[str, Any] = {"since": self.since.isoformat(), "target_s": self.target_s}
        if self.goes_by is not Target.FIRST_WORDS:
            kept["of"] = self.goes_by.value
        if self.booked:
            kept["booked"] = True
        if self.cap is not None:
            kept["cap"] = self.cap.isoformat()
        if self.judged:
            kept["judged"] = True
        return {**kept, **more}

    @classmethod
    def of(cls, clock: Clock | None) -> Round | None:
        """The round a clock belongs to."""
        if clock is None or "target_s" not in clock.data:
            return None
        cap = clock.data.get("cap")
        return cls(
            since=datetime.fromisoformat(clock.data["since"]),
            target_s=float(clock.data["target_s"]),
            goes_by=Target(clock.data.get("of", Target.FIRST_WORDS)),
            cap=None if cap is None else datetime.fromisoformat(cap),
            booked=bool(clock.data.get("booked")),
            judged=bool(clock.data.get("judged")),
        )

    def after(self, policy: Policy, seconds: float) -> datetime:
        """So many seconds from its start, of the time that counts."""
        return self.since + timedelta(seconds=seconds) if self.booked else due(policy, self.since, seconds, self.goes_by)

    def due(self, policy: Policy) -> datetime:
        """When the words are due: at the target, and before the channel's window closes."""
        natural = self.after(policy, self.target_s)
        return natural if self.cap is None else min(natural, self.cap)


def new_round(draft: Draft, policy: Policy, target_s: float, of: Target = Target.FIRST_WORDS) -> Round:
    """A wait that starts now. Its cap is the window's end, unless that is open for ever, over already, or no cap is wanted."""
    cap = window_cap(draft.state.window, draft.now) if policy.cap_at_window else None
    return Round(since=draft.now, target_s=target_s, goes_by=of, cap=cap)


def window_cap(window: Window | None, since: datetime) -> datetime | None:
    """The last good moment before a channel's window closes: five minutes earlier, so that what is said then still gets through;
    in a window that is nearly over, half of what is left. None if it is open for ever, or closed already."""
    if window is None or window.closes_at is None or window.closes_at <= since:
        return None
    return window.closes_at - min(WINDOW_MARGIN, (window.closes_at - since) / 2)


def rung_due(policy: Policy, round_: Round, rung: int) -> datetime:
    """When a rung is to be climbed.

    Where the prospect would be told only after the window has closed, the rungs up to that one are drawn together in proportion,
    so that they are told while they still can be.
    """
    ladder, target_s = policy.ladder, round_.target_s

    def natural(place: int) -> datetime:
        return round_.after(policy, ladder[place].offset_s(target_s))

    tells = next(place for place, step in enumerate(ladder) if ENDINGS & set(step.actions))
    if round_.cap is None or rung > tells or natural(tells) <= round_.cap:
        return natural(rung)
    share = ladder[rung].percent(target_s) / ladder[tells].percent(target_s)
    return min(natural(rung), round_.since + (round_.cap - round_.since) * share)


def start_round(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> Episode:
    """Human words are due anew: the ladder starts at its first rung."""
    key = episode.episode_id
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=round_.due(policy), data=round_.data()))
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=rung_due(policy, round_, 0), data=round_.data()))
    return put(draft, episode, rung=0, widened=False)


def next_rung(policy: Policy, episode: Episode) -> int | None:
    """Which rung comes next; while somebody holds the episode, only those that wait for words do. None above the last."""
    held = episode.status == "accepted"
    left = range(episode.rung, len(policy.ladder))
    return next((n for n in left if not held or policy.ladder[n].until is Until.FIRST_WORDS), None)


def climb_on(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> None:
    """Set the clock of the next rung; above the last one, of the next alarm."""
    rung = next_rung(policy, episode)
    if rung is not None:
        at, data = rung_due(policy, round_, rung), round_.data()
    elif episode.status == "accepted":
        draft.cancel_clock(ClockKind.RUNG, episode.episode_id)
        return
    else:
        gap_s = max(policy.after_ladder.tell_again_s[0], round_.target_s)
        tell_at = due(policy, draft.now, gap_s, round_.goes_by)
        at = next_alarm(draft, policy, round_, tell_at)
        data = round_.data(told=0, tell_at=tell_at.isoformat())
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=episode.episode_id, due_at=at, data=data))


def next_alarm(draft: Draft, policy: Policy, round_: Round, tell_at: datetime, *, alarms: int = 0) -> datetime:
    """When the team is alarmed again, above the ladder, after so many `alarms`: at growing gaps, when the prospect is to be told,
    and at closing time."""
    at = min(due(policy, draft.now, alarm_gap_s(policy, alarms), round_.goes_by), tell_at)
    closes_at = next_close(draft.now, clock_hours(policy, round_.goes_by))
    return at if closes_at is None else min(at, closes_at)


def alarm_gap_s(policy: Policy, alarms: int) -> float:
    """Seconds from one alarm above the ladder to the next, after so many."""
    first_s = policy.after_ladder.alarm_every_s
    return min(first_s * 2.0 ** min(alarms, 16), max(first_s, ALARM_GAP_MOST_S))


def stretch_cap(draft: Draft, policy: Policy) -> None:
    """The prospect wrote again, so the channel's window closes later: a deadline that was capped by it moves along.

    Nothing moves that has run out already.
    """
    episode, window = open_one(draft.state), draft.state.window
    if episode is None:
        return
    key = episode.episode_id
    words, rung = draft.state.clock(ClockKind.FIRST_WORDS, key), draft.state.clock(ClockKind.RUNG, key)
    round_ = Round.of(words)
    if words is None or round_ is None or round_.cap is None or words.due_at <= draft.now:
        return
    cap = window_cap(window, round_.since)
    if cap is None or cap <= round_.cap:
        return
    later = replace(round_, cap=cap)
    if not words.data.get("silent"):
        draft.set_clock(replace(words, due_at=later.due(policy), data={**words.data, "cap": cap.isoformat()}))
        if episode.first_words_at is None and episode.first_words_due_at == words.due_at:
            episode = put(draft, episode, first_words_due_at=later.due(policy))
    if rung is not None and "told" not in rung.data and next_rung(policy, episode) is not None:
        climb_on(draft, policy, episode, later)
