"""What follows when the audit finds a conversation that nothing moves: what is missing is set again, and nothing is said.

Only what `lacks` names is touched, so a second time changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from bot.core.audit import lacks
from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Owner, Promise, Reason
from bot.core.turn import Rules
from handoff import episodes
from handoff.desk import Desk
from nurture import engine


def rearm(draft: Draft, rules: Rules, desk: Desk) -> None:
    """Mend what is missing, in the order in which the parts lean on each other, and journal what was."""
    found = lacks(draft.state)
    if not found:
        return
    draft.note("audit.repaired", codes=sorted({one.code for one in found}))
    wanted = engine.asks_for_person(draft, rules.nurture)
    if wanted is not None:
        episodes.open_episode(draft, rules.policy, desk, Reason.FLOW_STEP, detail=wanted, quiet=True)
    episodes.rearm(draft, rules.policy, desk)
    engine.rearm(draft, rules.nurture)
    if draft.state.owner is Owner.CLOSED and draft.state.promise is not None and not draft.state.unheard:
        draft.set(owner=Owner.BOT, owner_version=draft.state.owner_version + 1)
    _rearm_answer(draft, rules)


def _rearm_answer(draft: Draft, rules: Rules) -> None:
    """What was heard last is answered at once; its promise counts from when it was written, so a late answer stays late."""
    unheard = draft.state.unheard
    if unheard and draft.state.promise is None:
        opened_at = min(unheard[0].at, draft.now)
        due_at = opened_at + timedelta(seconds=rules.policy.targets.reply_s)
        draft.set(promise=Promise(opened_at=opened_at, due_at=due_at, message_id=unheard[0].message_id))
    if unheard and draft.state.clock(ClockKind.TURN) is None:
        draft.set_clock(Clock(kind=ClockKind.TURN, due_at=draft.now))
    if draft.state.promise is not None and draft.state.clock(ClockKind.PROMISE) is None:
        episodes.rearm_promise(draft)
