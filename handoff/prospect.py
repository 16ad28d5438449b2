"""What prospects do while a person is needed: write, wait too long, choose, and tell a number or a time."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Heard, Owner, Reason
from handoff.booking import TIME, ask_time, free_place_again, tapped, typed, unbook
from handoff.choosing import typed_choice, wants_call
from handoff.desk import Desk
from handoff.judging import breach, judge_all, wait_cause
from handoff.languages import time_in_english
from handoff.offers import back_to_waiting, close, offered_now
from handoff.opening import open_episode
from handoff.policy import Choice, Policy, Target, due
from handoff.rounds import new_round, start_round
from handoff.steps import HOLDER, PROSPECT, hand_to, open_one, owed_by_agent, put, tell
from handoff.unsaid import overtaken, owe_words

MAX_TOLD = 120
"""Characters of a told time that are kept."""

_NUMBER = re.compile(r"\+?\(?\d[\d\s().\-/]*\d")
# E.164 (ITU-T, 2010) allows 15 digits; shorter than 7 is no subscriber number one could dial from abroad.
_DIGITS = range(7, 16)
_TIMELY = re.compile(
    r"\d|\b(to(day|morrow|night)|now|later|any\s?time|asap|morning|noon|lunch|afternoon|evening|week(end)?|month"
    r"|mon|tues?|wed(nes)?|thur?s?|fri|sat(ur)?|sun)(day)?s?\b",
    re.IGNORECASE,
)


def prospect_waits(draft: Draft, policy: Policy, heard: tuple[Heard, ...]) -> None:
    """The prospect wrote while an agent talks, or while one is awaited.

    With an agent, the agent owes words from now on; while words are owed already, the oldest unanswered message counts.
    """
    episode = open_one(draft.state)
    if episode is None or not heard:
        return
    text = f"{PROSPECT} wrote."
    if draft.state.owner is not Owner.AGENT or episode.agent is None:
        asked = offered_now(draft, episode)
        to = () if episode.widened or asked is None else (asked,)
        draft.notify("message", to=to, text=text, episode_id=episode.episode_id)
        return
    owe_words(draft, policy, heard)
    overtaken(draft, policy, heard)
    draft.notify("message", to=(episode.agent.agent_id,), text=text, episode_id=episode.episode_id)


def promise_overdue(draft: Draft, policy: Policy, desk: Desk, clock: Clock) -> None:
    """The agent's next words are late: the team is alarmed; late again, the prospect is told and others are asked."""
    episode, promise = open_one(draft.state), draft.state.promise
    draft.cancel_clock(ClockKind.PROMISE)
    if promise is None or episode is None or episode.agent is None:
        return
    again_at = due(policy, draft.now, policy.targets.next_words_s, Target.NEXT_WORDS)
    asked = tuple(clock.data.get("unanswered", ()))
    words = draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id)
    if clock.data.get("owes") != "agent" or words is not None or draft.now < promise.due_at:
        # Not the agent's lateness yet: the bot's promise became theirs, or their first words are still being timed.
        due_at = max(again_at, promise.due_at)
        promise = replace(promise, due_at=due_at)
        draft.set(promise=promise)
        draft.set_clock(owed_by_agent(promise, at=due_at, unanswered=asked))
        return
    missed, name = int(clock.data.get("missed", 0)), episode.agent.name
    if missed == 0:
        cause = wait_cause(policy, episode, promise)
        breach(draft, episode, "next_words", promise.due_at, draft.now, again=True, policy=policy, cause=cause)
        text = f"{PROSPECT} is waiting for {HOLDER}'s answer."
        draft.notify("alarm", sound=True, text=text, agent_id=episode.agent.agent_id, episode_id=episode.episode_id)
        draft.set_clock(owed_by_agent(promise, at=again_at, unanswered=asked, missed=1))
        return
    text = f"{HOLDER} has not answered {PROSPECT}. Who can?"
    draft.notify("alarm", sound=True, text=text, agent_id=episode.agent.agent_id, episode_id=episode.episode_id)
    tell(draft, policy, "agent_left", agent=name)
    back_to_waiting(draft, policy, desk, episode, why="silent", asked_for=asked, judged=True)


def choose_option(draft: Draft, policy: Policy, desk: Desk, payload: str) -> bool:
    """The prospect tapped a choice or a time. False if it is none, or an agent is talking already.

    A tap on an old message, with no episode open, asks for a person anew (or just goes on with the bot).
    """
    if draft.state.owner is Owner.AGENT:
        return False
    if payload.startswith(TIME):
        return tapped(draft, policy, desk, payload)
    if payload not in {choice.value for choice in Choice}:
        return False
    choice = Choice(payload)
    if open_one(draft.state) is None:
        if choice in (Choice.BOT, Choice.CANCEL):
            tell(draft, policy, "back_to_bot")
            return True
        open_episode(draft, policy, desk, Reason.ASKED, detail="choice", quiet=True)
    episode = open_one(draft.state)
    assert episode is not None
    name = choice.name.lower()
    draft.note("episode.chose", episode_id=episode.episode_id, choice=name)
    match choice:
        case Choice.WAIT:
            draft.set(asking=None)
            unbook(draft, policy, desk, put(draft, episode, choice=name))
            tell(draft, policy, "waiting_ok")
        case Choice.CALLBACK:
            put(draft, episode, choice=name)
            draft.set(asking="callback_number")
            tell(draft, policy, "callback_ask")
        case Choice.BOOK:
            ask_time(draft, policy, desk, put(draft, episode, choice=name))
        case Choice.BOT:
            _end(draft, policy, episode, choice, "prospect_chose_bot", f"{PROSPECT} went on with the bot.", "back_to_bot")
        case Choice.CANCEL:
            _end(draft, policy, episode, choice, "prospect_cancelled", f"{PROSPECT} called it off.", "cancelled")
    return True


def _end(draft: Draft, policy: Policy, episode: Episode, choice: Choice, outcome: str, told_agents: str, phrase: str) -> None:
    close(draft, policy, put(draft, episode, choice=choice.name.lower()), outcome)
    hand_to(draft, Owner.BOT)
    draft.notify("lost", text=told_agents, episode_id=episode.episode_id)
    tell(draft, policy, phrase)


def typed_option(draft: Draft, policy: Policy, desk: Desk, heard: tuple[Heard, ...]) -> bool:
    """Somebody who waits typed one of the choices, or a number to be called on. False if they said something else."""
    episode = open_one(draft.state)
    text = " ".join(h.text.strip() for h in heard if h.text.strip())
    if episode is None or episode.status != "waiting" or not text or any(h.payload for h in heard):
        return False
    choice = typed_choice(text, {one: getattr(policy.choices, one.name.lower()) for one in Choice})
    if choice is not None:
        return choose_option(draft, policy, desk, choice.value)
    number = phone_number(text)
    if draft.state.asking is None and number is not None and wants_call(text):
        draft.note("episode.chose", episode_id=episode.episode_id, choice="callback")
        _keep_number(draft, policy, put(draft, episode, choice="callback"), number)
        return True
    return False


def told(draft: Draft, policy: Policy, desk: Desk, heard: tuple[Heard, ...]) -> bool:
    """The prospect answers what was asked: a number or a time. False if they said something else, which is answered
    as usual; what was asked stays open then."""
    episode = open_one(draft.state)
    text = " ".join(h.text.strip() for h in heard if h.text.strip())
    if episode is None or episode.status != "waiting" or not text or any(h.payload for h in heard):
        return False
    match draft.state.asking:
        case "callback_number":
            number = phone_number(text)
            digits = sum(c.isdigit() for c in text)
            if number is None and (digits >= 3 or (digits and not any(c.isalpha() for c in text))):
                tell(draft, policy, "callback_unclear")
                return True
            if number is None:
                return False
            _keep_number(draft, policy, episode, number)
        case "callback_time":
            if episode.times:
                return typed(draft, policy, desk, episode, text)
            if "?" in text and not _TIMELY.search(time_in_english(text)):
                return False
            time = text[:MAX_TOLD]
            _keep_told(draft, policy, episode, slot="callback_time", value=time, tag="booking")
            tell(draft, policy, "booked_done", time=_short(time))
        case _:
            return False
    return True


def _keep_number(draft: Draft, policy: Policy, episode: Episode, number: str) -> None:
    episode = free_place_again(draft, episode)
    _keep_told(draft, policy, episode, slot="callback_number", value=number, tag="callback")
    tell(draft, policy, "callback_done", number=number)


def phone_number(text: str) -> str | None:
    """The first phone-like number in a text, digits with a leading + if there was one; None without any."""
    for match in _NUMBER.finditer(text):
        digits = "".join(c for c in match.group() if c.isdigit() and c.isascii())
        if len(digits) in _DIGITS:
            return ("+" if match.group().startswith("+") else "") + digits
    return None


def _short(time: str, most: int = 40) -> str:
    return time if len(time) <= most else time[: most - 1].rstrip() + "…"


def _keep_told(draft: Draft, policy: Policy, episode: Episode, *, slot: str, value: str, tag: str) -> None:
    """Remember it, and time the call-back like any wait for a person. What was promised before and has not run out is replaced
    by what is promised now."""
    draft.set(asking=None, slots={**draft.state.slots, slot: value})
    if tag not in draft.state.tags:
        draft.set(tags=(*draft.state.tags, tag))
    draft.track({"event": "slot", "timestamp": draft.now.timestamp(), "name": slot, "value": value})
    draft.note("episode.callback", episode_id=episode.episode_id, slot=slot)
    episode = judge_all(draft, policy, open_one(draft.state) or episode)
    round_ = new_round(draft, policy, policy.targets.callback_s, Target.CALLBACK)
    if episode.first_words_at is None and "first_words" not in episode.breached:
        episode = put(draft, episode, first_words_due_at=round_.due(policy))
    start_round(draft, policy, episode, round_)
    text = f"{PROSPECT} wants to be called back." if tag == "callback" else f"{PROSPECT} named a time."
    draft.notify("alarm", text=text, episode_id=episode.episode_id)
