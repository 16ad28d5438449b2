"""One question after a talk with a person: how it was. Asked once, answered by a tap or in a word, and never asked again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Heard, Owner, QuickReply, State
from handoff.languages import rating_of
from handoff.policy import Policy
from handoff.steps import NATIVE, put, tell
from handoff.waiting import quiet

RATE = "/warmline.rate."
"""Before the number and the episode's id in a quick reply's payload."""

ASKING = "rating"
BEST = 5
TRIES, AGAIN_S = 3, 30.0
"""How often the question waits for a better moment before it is dropped, and how long each time at least."""

LOW = 2
"""Up to this number nobody is thanked cheerfully."""

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_TYPED = re.compile(r"(?:an? |it was (?:an? )?)?([1-5]|one|two|three|four|five)(?: ?(?:/|out of|of) ?(?:5|five)| stars?)?")
_STARS = re.compile(r"(?:\u2b50\ufe0f?\s?|\u2605\s?){1,5}")


def plan(draft: Draft, policy: Policy, episode: Episode) -> None:
    """A talk with a person is over: the question comes a moment later, so that what is said now has room."""
    if policy.rating.ask and episode.first_words_at is not None and draft.state.opted_out_at is None:
        due_at = draft.now + timedelta(seconds=policy.rating.after_s)
        draft.set_clock(Clock(kind=ClockKind.RATING, key=episode.episode_id, due_at=due_at, data={"tried": 0}))


def ask(draft: Draft, policy: Policy, clock: Clock) -> None:
    """Ask, if the talk is still the last one, nobody waits for anything, and it is no quiet time; else later, or not at all."""
    episode, state = draft.state.episode, draft.state
    if episode is None or episode.episode_id != clock.key or episode.status != "closed" or episode.rating_asked_at is not None:
        return
    if state.owner is not Owner.BOT or state.opted_out_at is not None or quiet(draft, policy) or not _open(state, draft.now):
        return
    if _busy(state, draft.now):
        tried = int(clock.data.get("tried", 0)) + 1
        if tried < TRIES:
            due_at = draft.now + timedelta(seconds=max(AGAIN_S, policy.rating.after_s))
            draft.set_clock(Clock(kind=ClockKind.RATING, key=clock.key, due_at=due_at, data={"tried": tried}))
        return
    name = episode.agent.name if episode.agent is not None and episode.agent != NATIVE else "the team"
    titles = policy.rating.titles
    replies = tuple(
        QuickReply(title=title, payload=f"{RATE}{BEST - place}.{episode.episode_id}") for place, title in enumerate(titles)
    )
    tell(draft, policy, "rating_ask", replies=replies, agent=name)
    put(draft, episode, rating_asked_at=draft.now)
    draft.set(asking=ASKING)
    draft.note("rating.asked", episode_id=episode.episode_id)


def rated(draft: Draft, policy: Policy, payload: str | None, heard: tuple[Heard, ...]) -> str | None:
    """How the message was dealt with, if it is an answer to the question: `rated`, or `rating_late` for a tap that comes when
    the question is over. None if it is something else, with which the question is over, too."""
    if payload is not None and payload.startswith(RATE):
        number, _, key = payload.removeprefix(RATE).partition(".")
        episode = _asked(draft, policy)
        if episode is None or episode.episode_id != key or number not in {str(n) for n in range(1, BEST + 1)}:
            return "rating_late"
        _keep(draft, policy, episode, int(number))
        return "rated"
    if draft.state.asking != ASKING:
        return None
    episode = _asked(draft, policy)
    draft.set(asking=None)
    text = " ".join(h.text.strip() for h in heard if h.text.strip())
    typed = None if payload is not None or episode is None else number_of(text, policy.rating.titles)
    if episode is None or typed is None:
        return None
    _keep(draft, policy, episode, typed)
    return "rated"


def number_of(text: str, titles: tuple[str, ...]) -> int | None:
    """The rating that was typed: a number from 1 to 5, stars, or one of the titles (best first)."""
    said = " ".join(text.lower().strip(" .!").split())
    for place, title in enumerate(titles):
        if said == title.lower():
            return BEST - place
    if _STARS.fullmatch(text.strip()):
        return sum(one in "\u2b50\u2605" for one in text)
    found = _TYPED.fullmatch(said)
    return rating_of(text) if found is None else _NUMBERS.get(found[1]) or int(found[1])


def _asked(draft: Draft, policy: Policy) -> Episode | None:
    """The episode that was asked about, as long as an answer still counts."""
    episode = draft.state.episode
    if episode is None or episode.rating is not None or episode.rating_asked_at is None:
        return None
    return episode if (draft.now - episode.rating_asked_at).total_seconds() < policy.rating.open_s else None


def _keep(draft: Draft, policy: Policy, episode: Episode, number: int) -> None:
    put(draft, episode, rating=number)
    draft.set(asking=None)
    draft.note("episode.rated", episode_id=episode.episode_id, rating=number)
    tell(draft, policy, "rating_thanks_low" if number <= LOW else "rating_thanks")


def _busy(state: State, now: datetime) -> bool:
    """Whether something else is being said or asked."""
    asked = any(enrolment.waiting_for == "reply" for enrolment in state.live_enrolments)
    lately = state.last_inbound_at is not None and (now - state.last_inbound_at).total_seconds() < 15
    return bool(state.unheard or state.unsent or state.promise is not None or state.asking is not None or asked or lately)


def _open(state: State, now: datetime) -> bool:
    return state.window is None or state.window.closes_at is None or now < state.window.closes_at
