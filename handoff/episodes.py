"""Episodes of handoff: what `decide` calls. One episode is open at most, and an open one is never without a clock.

Each of these is given the whole promises file and goes by the policy that governs the episode. When it is done, the time that
has passed is booked to what it was spent on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate

from bot.core.draft import Draft
from handoff import agents, ladder, native, opening, prospect, rating, repair, speaking, undo, unsaid
from handoff import transfer as passing
from handoff import untransfer as passed
from handoff.accounts import account
from handoff.desk import Desk
from handoff.policy import Policy
from handoff.rounds import stretch_cap

__all__ = [
    "agent_gone",
    "agents_changed",
    "ask_rating",
    "choose_option",
    "clock_fired",
    "ended_since",
    "give_back",
    "goes_on_at",
    "governed",
    "native_gave_back",
    "native_inbox",
    "open_episode",
    "promise_overdue",
    "prospect_waits",
    "rated",
    "rearm",
    "rearm_promise",
    "seen",
    "stand",
    "stand_all",
    "stopped",
    "take",
    "take_again",
    "take_back",
    "told",
    "transfer",
    "typed_option",
    "untake",
    "untransfer",
    "wrote",
]


def governed[**P, R](rule: Callable[Concatenate[Draft, Policy, P], R]) -> Callable[Concatenate[Draft, Policy, P], R]:
    """A rule of handoff, given the policy that governs the episode, and its time booked afterwards."""

    def entered(draft: Draft, policy: Policy, /, *args: P.args, **kwargs: P.kwargs) -> R:
        governing = policy.of(draft.state)
        stretch_cap(draft, governing)
        result = rule(draft, governing, *args, **kwargs)
        desk = next((given for given in (*args, *kwargs.values()) if isinstance(given, Desk)), None)
        account(draft, policy.of(draft.state).hours, desk)
        return result

    return update_wrapper(entered, rule)


agent_gone = governed(agents.agent_gone)
agents_changed = governed(opening.agents_changed)
ask_rating = governed(rating.ask)
choose_option = governed(prospect.choose_option)
clock_fired = governed(ladder.clock_fired)
give_back = governed(agents.give_back)
goes_on_at = agents.goes_on_at
ended_since = agents.ended_since
native_gave_back = governed(native.native_gave_back)
native_inbox = governed(native.native_inbox)
open_episode = governed(opening.open_episode)
promise_overdue = governed(prospect.promise_overdue)
prospect_waits = governed(prospect.prospect_waits)
rated = governed(rating.rated)
rearm = governed(repair.rearm)
rearm_promise = repair.rearm_promise
seen = governed(agents.seen)
stand = governed(speaking.stand)
stand_all = governed(speaking.stand_all)
stopped = governed(opening.stopped)
take = governed(agents.take)
take_again = governed(undo.take_again)
take_back = unsaid.take_back
told = governed(prospect.told)
typed_option = governed(prospect.typed_option)
untake = governed(undo.untake)
transfer = governed(passing.transfer)
untransfer = governed(passed.untransfer)
wrote = governed(speaking.wrote)
