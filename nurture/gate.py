"""May a flow write now, unprompted? One list of reasons why not, asked each time right before it would. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.model import Owner, State
from nurture.flow import Flow
from nurture.timing import last_send, next_send

LULL = timedelta(minutes=3)
"""So long after the person's latest words a flow does not start on something of its own."""

BUSY = timedelta(minutes=2)
"""How soon to look again when a turn is under way."""

WINDOW_MARGIN = timedelta(minutes=30)
"""So long before the channel's window closes the last words leave."""

STUCK = timedelta(minutes=10)
"""How soon to look again when earlier words have not left yet."""

KEPT_SENDS = timedelta(days=31)

TALKING_OWNERS = frozenset({Owner.BOT, Owner.CLOSED})
"""Owners under whom a flow may speak up: nobody else is talking to the person, or about to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Why not now, and when to look again; `until` None: never."""

    reason: str
    until: datetime | None


def hold(state: State, flow: Flow, zone: ZoneInfo, now: datetime, reserved_until: datetime | None = None) -> Held | None:
    """None if the flow may write unprompted now, else the reason. `reserved_until`: another flow goes first."""
    if state.opted_out_at:
        return Held(reason="opted_out", until=None)
    if state.owner not in TALKING_OWNERS:
        return Held(reason="owner", until=now + BUSY)
    if state.unheard:
        return Held(reason="unheard", until=now + BUSY)
    if state.unsent:
        return Held(reason="unsent", until=now + STUCK)
    if unanswered(state) >= flow.unanswered:
        return Held(reason="unanswered", until=None)
    reason, at = "", now
    for why, until in (
        ("talking", (state.last_inbound_at or now - LULL) + LULL),
        ("priority", reserved_until),
        ("cap", cap_frees_at(state, flow)),
    ):
        if until is not None and until > at:
            reason, at = why, until
    allowed = next_send(now, at, flow.rules, zone)
    if allowed > at:
        reason, at = "quiet_hours", allowed
    if state.window and state.window.closes_at and at >= state.window.closes_at:
        return Held(reason="window_closed", until=None)
    return Held(reason=reason, until=at) if at > now else None


def unanswered(state: State) -> int:
    """How many unprompted messages went out since the person last wrote."""
    since = state.last_inbound_at
    return sum(1 for at in state.flow_sent_at if since is None or at > since)


def cap_frees_at(state: State, flow: Flow) -> datetime | None:
    """When every cap leaves room for one more; None if they do already."""
    sent = sorted(state.flow_sent_at)
    frees = [sent[-cap.messages] + cap.within for cap in flow.caps if len(sent) >= cap.messages]
    return max(frees, default=None)


def before_window_closes(state: State, flow: Flow, zone: ZoneInfo, *, earliest: datetime, planned: datetime) -> datetime | None:
    """If the window closes before `planned`: the latest moment it still holds, not before `earliest`; else None."""
    closes_at = state.window.closes_at if state.window else None
    if closes_at is None or planned < closes_at:
        return None
    return last_send(earliest, closes_at - WINDOW_MARGIN, flow.rules, zone)


def with_send(state: State, now: datetime) -> tuple[datetime, ...]:
    """`flow_sent_at` with an unprompted message more, old ones forgotten."""
    return (*(at for at in state.flow_sent_at if at > now - KEPT_SENDS), now)
