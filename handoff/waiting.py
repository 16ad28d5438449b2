"""What a prospect is told of the waiting time: with the request, and again when it slips; and how right that was."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Forecast
from handoff.calendar import open_at, working_between
from handoff.desk import LATER, Desk
from handoff.forecast import Range, error_s, forecast, spoken_range
from handoff.hours import zones
from handoff.policy import Policy
from handoff.routing import urgency
from handoff.steps import put, tell

KEPT_FORECASTS = 8


def tell_wait(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> bool:
    """Answer a request with the waiting time and the place in the line, as far as they are known; the line only where somebody
    stands before them. False, and nothing said, if nobody is there or nothing is known."""
    if not desk.somebody_online:
        return False
    expected, place = expect(draft, policy, desk, episode), place_in_line(draft, desk, episode)
    if expected is None:
        if place is None:
            return False
        tell(draft, policy, "line_known", replies=policy.choice_replies(), place=str(place))
        return True
    # Where it may take longer than is promised, nobody should have to sit and see.
    replies = policy.choice_replies() if expected.high_s > policy.targets.first_words_s else ()
    spoken = spoken_range(expected.low_s, expected.high_s)
    if place is None:
        tell(draft, policy, "wait_known", replies=replies, range=spoken)
    else:
        tell(draft, policy, "wait_in_line", replies=replies, range=spoken, place=str(place))
    told(draft, policy, episode, expected, place)
    return True


def expect(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> Range | None:
    """The waiting time from now on; None if it is not known."""
    waited_s = working_between(episode.requested_at, draft.now, policy.hours)
    return forecast(desk.samples, draft.now, hours=policy.hours, team=episode.team, waited_s=waited_s, least=policy.waiting.least)


def place_in_line(draft: Draft, desk: Desk, episode: Episode) -> int | None:
    """Whose turn it is, counted from 1, where nobody has room yet and others who wait come first; else None."""
    if draft.state.clock(ClockKind.ACCEPT, episode.episode_id) is not None:
        return None
    mine = urgency(episode, draft.now)
    rivals = [one for one in desk.queue if one.episode_id != episode.episode_id and one.choice not in LATER]
    ahead = sum(urgency(one, draft.now) < mine for one in rivals)
    return ahead + 1 if ahead else None


def told(draft: Draft, policy: Policy, episode: Episode, expected: Range, place: int | None = None) -> Episode:
    """Keep what was told, and look again when it has run out."""
    said = Forecast(told_at=draft.now, low_s=expected.low_s, likely_s=expected.likely_s, high_s=expected.high_s, place=place)
    draft.note(
        "forecast.told", episode_id=episode.episode_id, low_s=said.low_s, likely_s=said.likely_s, high_s=said.high_s,
        place=place, waits=expected.count, basis=expected.basis.value,
    )  # fmt: skip
    first, later = episode.forecasts[:1], (*episode.forecasts[1:], said)
    kept = (*first, *later[1 - KEPT_FORECASTS :]) if first else (said,)
    episode = put(draft, episode, forecasts=kept)
    look_again(draft, policy, episode, expected.high_s)
    return episode


def look_again(draft: Draft, policy: Policy, episode: Episode, high_s: float) -> None:
    """Set the clock of the next update, no sooner than the gap allows. Once the promise has run out the ladder does the telling."""
    due_at = draft.now + timedelta(seconds=max(high_s, policy.waiting.gap_s))
    if due_at < episode.first_words_due_at:
        draft.set_clock(Clock(kind=ClockKind.FORECAST, key=episode.episode_id, due_at=due_at))


def slipped(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> None:
    """The waiting time that was told is over and nobody has come: say so with what is known now, unless it is quiet time."""
    if episode.status != "waiting" or episode.choice in LATER or draft.state.asking is not None:
        return
    if not open_at(draft.now, policy.hours) or quiet(draft, policy):
        return
    expected = expect(draft, policy, desk, episode)
    if expected is None:
        draft.note("forecast.slipped", episode_id=episode.episode_id)
        tell(draft, policy, "wait_unknown", replies=policy.choice_replies())
        return
    tell(draft, policy, "wait_longer", replies=policy.choice_replies(), range=spoken_range(expected.low_s, expected.high_s))
    told(draft, policy, episode, expected)


def tell_still_waiting(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> Episode:
    """Nobody yet, above the ladder: with the waiting time from here, if it is known and somebody is there."""
    expected = expect(draft, policy, desk, episode) if desk.somebody_online else None
    if expected is None:
        tell(draft, policy, "still_waiting")
        return episode
    tell(draft, policy, "still_waiting_known", range=spoken_range(expected.low_s, expected.high_s))
    return told(draft, policy, episode, expected)


def quiet(draft: Draft, policy: Policy) -> bool:
    """Whether it is a time of the prospect's day at which nothing is said unasked; the desk's day if theirs is not known."""
    hours = policy.waiting.quiet_hours
    if hours is None:
        return False
    zone = draft.state.profile.zone
    local = draft.now.astimezone(ZoneInfo(zone if zone in zones() else policy.hours.zone))
    second = local.hour * 3600 + local.minute * 60 + local.second
    return bool(hours.start_s <= second < hours.end_s or second < hours.end_s - 86_400)


def judge_forecast(draft: Draft, policy: Policy, episode: Episode, at: datetime) -> Episode:
    """The first words came, or the request ended without them, at `at`: how right the first waiting time was.

    What ended unanswered is judged only if it lasted longer than the range; how wrong that was nobody knows. Who chose to be
    called back waits for no forecast.
    """
    if not episode.forecasts or episode.forecast_kept is not None or episode.choice in LATER:
        return episode
    first = episode.forecasts[0]
    waited_s = working_between(first.told_at, at, policy.hours)
    if episode.first_words_at is None:
        return put(draft, episode, forecast_kept=False) if waited_s > first.high_s else episode
    error, kept = error_s(first.likely_s, waited_s), first.low_s <= waited_s <= first.high_s
    draft.note("forecast.judged", episode_id=episode.episode_id, error_ms=round(error * 1000), kept=kept)
    return put(draft, episode, forecast_error_s=error, forecast_kept=kept)
