"""Booking a time: what is offered, what becomes of a time that is picked, and what happens when it comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, QuickReply
from handoff.desk import Desk
from handoff.hours import zones
from handoff.judging import judge_all
from handoff.offers import offer
from handoff.phrases import spoken_moment
from handoff.policy import Policy, Target, due
from handoff.rounds import Round, new_round, start_round
from handoff.slots import dated, free_place, free_times, meant, some, title
from handoff.steps import PROSPECT, open_one, put, tell

TIME = "/warmline.time "
"""Before the moment in a quick reply's payload."""

TAG = "booking"


def ask_time(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> Episode:
    """Ask when it suits, with the next free times to choose from; without any, openly, for a person to confirm."""
    draft.set(asking="callback_time")
    times = some(iter(_free(draft, policy, desk, episode)), _zone(draft, policy)[0])
    if not times:
        tell(draft, policy, "booked_ask")
        return put(draft, episode, times=())
    return _offer_times(draft, policy, episode, "times_ask", times)


def tapped(draft: Draft, policy: Policy, desk: Desk, payload: str) -> bool:
    """A time was tapped. False if this is no time, or nobody is waited for any more."""
    episode = open_one(draft.state)
    try:
        at = datetime.fromisoformat(payload.removeprefix(TIME))
    except ValueError:
        return False
    if not payload.startswith(TIME) or at.tzinfo is None or episode is None or episode.status != "waiting":
        return False
    _pick(draft, policy, desk, episode, (at,) if at in _free(draft, policy, desk, episode) else ())
    return True


def typed(draft: Draft, policy: Policy, desk: Desk, episode: Episode, text: str) -> bool:
    """A time was typed where times had been offered. False if there is nothing about a time in it."""
    free, (zone, _) = _free(draft, policy, desk, episode), _zone(draft, policy)
    found = meant(text, episode.times, free, now=draft.now, zone=zone)
    if not found.understood:
        return False
    if found.clear or len(found.times) < 2:
        _pick(draft, policy, desk, episode, found.times[:1])
    else:
        _offer_times(draft, policy, episode, "times_fit", some(iter(found.times), zone))
    return True


def _pick(draft: Draft, policy: Policy, desk: Desk, episode: Episode, times: Sequence[datetime]) -> None:
    """Book the time, or, if it is not free, offer others."""
    if times:
        _book(draft, policy, desk, episode, times[0])
        return
    others = some(iter(_free(draft, policy, desk, episode)), _zone(draft, policy)[0])
    if others:
        draft.set(asking="callback_time")
        _offer_times(draft, policy, episode, "times_other", others)
    else:
        ask_time(draft, policy, desk, episode)


def _book(draft: Draft, policy: Policy, desk: Desk, episode: Episode, at: datetime) -> None:
    """The time is theirs: nobody is asked before, and human words are due at it."""
    key, kept = episode.episode_id, dated(at, _zone(draft, policy)[0])
    place = free_place(at, _taken(desk, episode), len(desk.seats))
    begins = max(draft.now, at - timedelta(seconds=policy.targets.callback_s))
    episode = judge_all(draft, policy, episode)
    episode = put(
        draft, episode, choice="book", callback_at=at, callback_seat=place, not_before=begins, times=(), asked_at=None,
    )  # fmt: skip
    draft.set(asking=None, slots={**draft.state.slots, "callback_time": kept})
    if TAG not in draft.state.tags:
        draft.set(tags=(*draft.state.tags, TAG))
    draft.track({"event": "slot", "timestamp": draft.now.timestamp(), "name": "callback_time", "value": kept})
    draft.note("episode.booked", episode_id=key, at=at.isoformat(), place=place)
    for kind in (ClockKind.ACCEPT, ClockKind.FORECAST):
        draft.cancel_clock(kind, key)
    round_ = Round(since=begins, target_s=(at - begins).total_seconds(), goes_by=Target.CALLBACK, booked=True)
    if episode.first_words_at is None and "first_words" not in episode.breached:
        episode = put(draft, episode, first_words_due_at=at)
    if episode.offered_at is None:
        episode = put(draft, episode, offer_due_at=begins + timedelta(seconds=policy.targets.offer_s))
    start_round(draft, policy, episode, round_)
    draft.set_clock(Clock(kind=ClockKind.OFFER, key=key, due_at=begins, data={"booked": True}))
    draft.notify("alarm", text=f"{PROSPECT} booked a time.", episode_id=key)
    tell(draft, policy, "booked_firm", time=spoken_time(draft, policy, at))


def time_comes(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> None:
    """The booked time is near: somebody is asked now, and the ladder climbs towards it."""
    key = episode.episode_id
    if episode.offered_at is None:
        due_at = draft.now + timedelta(seconds=policy.targets.offer_s)
        episode = put(draft, episode, offer_due_at=due_at)
        draft.set_clock(Clock(kind=ClockKind.OFFER, key=key, due_at=due_at))
    draft.notify("alarm", sound=True, text=f"{PROSPECT} has booked a time that is near.", episode_id=key)
    offer(draft, policy, desk, episode)


def unbook(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> Episode:
    """They would rather wait after all: the time is free again, and the wait begins anew."""
    if episode.callback_at is None:
        return episode
    draft.note("episode.unbooked", episode_id=episode.episode_id)
    episode = put(draft, episode, callback_at=None, callback_seat=None, not_before=None)
    round_ = new_round(draft, policy, policy.targets.first_words_s)
    if episode.first_words_at is None and "first_words" not in episode.breached:
        episode = put(draft, episode, first_words_due_at=round_.due(policy))
    if episode.offered_at is None and "offer" not in episode.breached:
        offer_at = due(policy, draft.now, policy.targets.offer_s, Target.OFFER)
        episode = put(draft, episode, offer_due_at=offer_at)
        draft.set_clock(Clock(kind=ClockKind.OFFER, key=episode.episode_id, due_at=offer_at))
    else:
        draft.cancel_clock(ClockKind.OFFER, episode.episode_id)
    return offer(draft, policy, desk, start_round(draft, policy, episode, round_))


def free_place_again(draft: Draft, episode: Episode) -> Episode:
    """They chose otherwise: the time is somebody else's to book."""
    if episode.callback_at is None:
        return episode
    offer_clock = draft.state.clock(ClockKind.OFFER, episode.episode_id)
    if offer_clock is not None and offer_clock.data.get("booked"):
        draft.set_clock(Clock(kind=ClockKind.OFFER, key=episode.episode_id, due_at=episode.offer_due_at or draft.now))
    return put(draft, episode, callback_at=None, callback_seat=None, not_before=None)


def booked_ahead(draft: Draft, episode: Episode) -> datetime | None:
    """The time that is booked and has not come."""
    at = episode.callback_at
    return at if at is not None and draft.now < at else None


def spoken_time(draft: Draft, policy: Policy, at: datetime) -> str:
    """A booked time in the person's own zone; where that is not known, in the desk's, which is named."""
    zone, known = _zone(draft, policy)
    return spoken_moment(at, now=draft.now, zone=zone, named=not known)


def _offer_times(draft: Draft, policy: Policy, episode: Episode, phrase: str, times: Sequence[datetime]) -> Episode:
    zone, known = _zone(draft, policy)
    titles = [title(at, now=draft.now, zone=zone) for at in times]
    said = [one.replace("Today", "today").replace("Tomorrow", "tomorrow") for one in titles]
    place = "" if known else f" ({zone.rsplit('/', 1)[-1].replace('_', ' ')} time)"
    words = (said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}") + place
    replies = tuple(QuickReply(title=one, payload=f"{TIME}{at.isoformat()}") for one, at in zip(titles, times, strict=True))
    tell(draft, policy, phrase, replies=replies, times=words)
    return put(draft, episode, times=tuple(times))


def _free(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> tuple[datetime, ...]:
    booking, (zone, known) = policy.booking, _zone(draft, policy)
    return tuple(
        free_times(
            draft.now, policy.hours, taken=_taken(desk, episode), agents=len(desk.seats), slot_s=booking.slot_s,
            lead_s=booking.lead_s, days=booking.days, zone=zone if known else None, quiet=policy.waiting.quiet_hours,
        )
    )  # fmt: skip


def _taken(desk: Desk, episode: Episode) -> frozenset[tuple[datetime, int]]:
    """What others have booked: one's own time is free to oneself."""
    if episode.callback_at is None or episode.callback_seat is None:
        return desk.booked
    return desk.booked - {(episode.callback_at, episode.callback_seat)}


def _zone(draft: Draft, policy: Policy) -> tuple[str, bool]:
    """The person's zone, and whether it is known; else the desk's."""
    zone = draft.state.profile.zone
    return (zone, True) if zone is not None and zone in zones() else (policy.hours.zone, False)
