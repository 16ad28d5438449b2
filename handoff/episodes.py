"""Episodes of handoff: what `decide` calls. One episode is open at most, and an open one is never without a clock."""

from __future__ import annotations

from handoff.agents import agent_gone, give_back, native_inbox, take, wrote
from handoff.ladder import clock_fired
from handoff.opening import agents_changed, open_episode, withdraw_request
from handoff.prospect import choose_option, promise_overdue, prospect_waits, told
from handoff.repair import rearm, rearm_promise

__all__ = [
    "agent_gone",
    "agents_changed",
    "choose_option",
    "clock_fired",
    "give_back",
    "native_inbox",
    "open_episode",
    "promise_overdue",
    "prospect_waits",
    "rearm",
    "rearm_promise",
    "take",
    "told",
    "withdraw_request",
    "wrote",
]
