"""The words for who speaks, what falls due, and where things stand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

type Json = Mapping[str, Any]


class Owner(StrEnum):
    """Who owes the prospect the next words."""

    BOT = "bot"
    """The bot and its flows talk."""
    WAITING = "waiting"
    """A person was promised and has not accepted yet; the bot keeps the prospect company."""
    AGENT = "agent"
    """An agent talks; bot and flows are silent."""
    CLOSED = "closed"
    """Nobody owes anything; the next message reopens it."""


class Speaker(StrEnum):
    """Whose words a message carries."""

    PROSPECT = "prospect"
    BOT = "bot"
    FLOW = "flow"
    LADDER = "ladder"
    """Warmline itself, honest about a handoff: 'getting someone', 'nobody came yet'."""
    AGENT = "agent"


class ClockKind(StrEnum):
    """What falls due when a clock fires. One clock per (conversation, kind, key)."""

    TURN = "turn"
    """The burst is over: answer what was heard."""
    PROMISE = "promise"
    """A reply to the prospect is due."""
    STEP = "step"
    """A flow step is due; key = enrolment id."""
    RUNG = "rung"
    """The next rung of an episode's ladder; key = episode id."""
    OFFER = "offer"
    """An episode must have been offered to somebody; key = episode id."""
    ACCEPT = "accept"
    """An episode must have been accepted; key = episode id."""
    FIRST_WORDS = "first_words"
    """An agent's first words are due; key = episode id."""
    SNOOZE = "snooze"
    """The conversation comes back to the agent who put it aside."""
    UNDO = "undo"
    """An agent's words leave, and can't be taken back any more; key = the writer's own id of them."""
    PASSED = "passed"
    """That the conversation was passed on can't be taken back any more; key = episode id."""
    RATING = "rating"
    """A talk with a person is over: ask how it was; key = episode id."""
    FORECAST = "forecast"
    """The waiting time that the prospect was told has run out; key = episode id."""
    ENTRY = "entry"
    """A flow may begin by itself, by a schedule or a silence; key = flow id and which of the two."""


class Reason(StrEnum):
    """Why an episode was opened."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    COMPLAINT = "complaint"
    HOT_LEAD = "hot_lead"
    UNANSWERABLE = "unanswerable"
    BOT_FAILURE = "bot_failure"
    FLOW_STEP = "flow_step"
    AGENT_STEPPED_IN = "agent_stepped_in"
    NATIVE_INBOX = "native_inbox"


class Delivery(StrEnum):
    """Where an outgoing message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed to the channel; the outcome is unknown until it answers or its echo is seen."""
    SENT = "sent"
    FAILED = "failed"
    """The channel refused it for good; `error` says why."""
    REFUSED = "refused"
    """Stale: the owner changed before it was sent."""
    WITHDRAWN = "withdrawn"
    """Taken back: the prospect wrote first, or its words were queued anew."""


class FlowMode(StrEnum):
    """Whether people may start a flow, and whether those inside go on."""

    LIVE = "live"
    PAUSED = "paused"
    """Nobody starts and nobody goes on. Clocks keep running and look again, so that no burst follows."""
    DRAINING = "draining"
    """Nobody starts; those inside finish."""
    STOPPED = "stopped"
    """Nobody starts, and those inside have ended."""
