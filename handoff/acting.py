"""What the rungs of a ladder do: to whom the question goes, who hears an alarm, and what the prospect is told."""

from __future__ import annotations

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Owner, Say, Speaker
from handoff.booking import ask_time
from handoff.desk import LATER, Desk
from handoff.judging import breach, words_missed
from handoff.offers import close, offer, offered_now
from handoff.phrases import pick
from handoff.policy import Action, Policy, Rung
from handoff.rounds import Round
from handoff.steps import PROSPECT, PURPOSE, WANTS, hand_to, put, tell, tell_closed

NOBODY_CAME = "nobody_came"
"""The outcome of a request that the ladder ended."""


def act(draft: Draft, policy: Policy, desk: Desk, episode: Episode, action: Action, rung: Rung, round_: Round) -> Episode:
    """What a rung does while nobody has accepted."""
    key = episode.episode_id
    match action:
        case Action.OFFER_NEXT:
            return offer(draft, policy, desk, episode)
        case Action.WIDEN:
            draft.notify("alarm", sound=True, text=f"{PROSPECT} {WANTS[episode.reason]}. Who can?", episode_id=key)
            return put(draft, episode, widened=True)
        case Action.TELL_PROSPECT:
            episode = _late_by_now(draft, policy, episode)
            draft.notify("breach", sound=True, text=f"Nobody came for {PROSPECT}. They have been told.", episode_id=key)
            phrase = honest_words(draft, episode, "nobody_came")
            if phrase != "nobody_came" or not tell_closed(draft, policy):
                tell(draft, policy, phrase, replies=policy.choice_replies())
            return episode
        case Action.ASK_NUMBER:
            return _ask(draft, policy, episode, "callback", "callback_number", "callback_ask")
        case Action.ASK_TIME:
            if draft.state.asking is not None or episode.choice in LATER:
                return episode
            return ask_time(draft, policy, desk, put(draft, episode, choice="book"))
        case Action.RETURN_TO_BOT:
            episode = close(draft, policy, _late_by_now(draft, policy, episode), NOBODY_CAME)
            hand_to(draft, Owner.BOT)
            draft.notify("breach", sound=True, text=f"Nobody came for {PROSPECT}. The bot goes on.", episode_id=key)
            tell(draft, policy, "returned_to_bot")
            return episode
        case _:
            return urge(draft, policy, episode, action, rung, round_)


def urge(draft: Draft, policy: Policy, episode: Episode, action: Action, rung: Rung, round_: Round) -> Episode:
    """What a rung does whether or not somebody has accepted; what only makes sense before that does nothing here."""
    key = episode.episode_id
    waited_s = round((draft.now - round_.since).total_seconds())
    asked = episode.agent.agent_id if episode.agent else offered_now(draft, episode)
    match action:
        case Action.SOUND:
            to = () if episode.widened or asked is None else (asked,)
            draft.notify("alarm", to=to, sound=True, text=f"{PROSPECT} {WANTS[episode.reason]}.", episode_id=key)
        case Action.SUPERVISOR:
            text = f"{PROSPECT} has waited {waited_s} s and nobody has answered."
            draft.notify("alarm", sound=True, level="supervisor", text=text, episode_id=key)
        case Action.PUSH | Action.PAGE:
            whom = list(policy.supervisors) if action is Action.PAGE else [asked] if asked else []
            draft.note("notice.called", episode_id=key, notice=action.value, whom=len(whom))
            text = f"{PROSPECT} has waited {waited_s} s."
            draft.notify(action.value, text=text, episode_id=key, whom=whom)
        case Action.RAISE_VALUE:
            value = (episode.value or 0.0) + (rung.raise_by or 0.0)
            draft.note("episode.value_raised", episode_id=key, value=value)
            return put(draft, episode, value=value)
        case Action.SAY:
            _say(draft, episode, rung)
        case _:
            pass
    return episode


def _say(draft: Draft, episode: Episode, rung: Rung) -> None:
    if draft.state.opted_out_at is not None:
        draft.note("ladder.unsaid", phrase="say", why="opted_out")
        return
    text, wording = pick(f"rung_{episode.rung}", rung.say, draft.rng, draft.state.wordings, {})
    draft.say(Say(speaker=Speaker.LADDER, text=text, wording=wording, purpose=PURPOSE, urgent=True))


def _ask(draft: Draft, policy: Policy, episode: Episode, choice: str, asking: str, phrase: str) -> Episode:
    """Ask for a number or a time, unless it was told already or is being asked for."""
    if draft.state.asking is not None or episode.choice in LATER:
        return episode
    draft.set(asking=asking)
    tell(draft, policy, phrase)
    return put(draft, episode, choice=choice)


def _late_by_now(draft: Draft, policy: Policy, episode: Episode) -> Episode:
    words = draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id)
    if words is not None and words.due_at <= draft.now:
        return words_late(draft, policy, episode, words)
    return episode


def words_late(draft: Draft, policy: Policy, episode: Episode, clock: Clock) -> Episode:
    """Record the miss of a round's words once: the name once per episode, the journal once per round."""
    draft.cancel_clock(ClockKind.FIRST_WORDS, clock.key)
    if clock.data.get("judged"):
        return episode
    again = episode.first_words_at is not None
    return breach(draft, episode, words_missed(episode), clock.due_at, draft.now, again=again, policy=policy)


def honest_words(draft: Draft, episode: Episode, live: str) -> str:
    """Which phrase fits: people who left a number or a time are not sitting there waiting."""
    called_back = episode.choice in LATER and draft.state.asking is None
    return "callback_late" if called_back else live
