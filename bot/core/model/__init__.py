"""Records and words of the conversation core.

Every record is frozen; every datetime is aware and in UTC. `State` is what one conversation knows about itself,
an `Event` is what happened to it, and a `Decision` is what follows: the next state and the effects to commit with it.
"""

from bot.core.model.changing import changed
from bot.core.model.due import Clock, Promise, Window
from bot.core.model.errors import CommandRefused, WarmlineError
from bot.core.model.flows import Enrolment, Standing, Touch, Touched
from bot.core.model.handoffs import Episode, Forecast, Segment
from bot.core.model.state import State
from bot.core.model.words import ClockKind, Delivery, FlowMode, Json, Owner, Reason, Speaker
from bot.core.model.written import AgentRef, Arrival, Attachment, Heard, Identity, Profile, QuickReply, Reading, Say, Unsent

__all__ = [
    "AgentRef",
    "Arrival",
    "Attachment",
    "Clock",
    "ClockKind",
    "CommandRefused",
    "Delivery",
    "Enrolment",
    "Episode",
    "FlowMode",
    "Forecast",
    "Heard",
    "Identity",
    "Json",
    "Owner",
    "Profile",
    "Promise",
    "QuickReply",
    "Reading",
    "Reason",
    "Say",
    "Segment",
    "Speaker",
    "Standing",
    "State",
    "Touch",
    "Touched",
    "Unsent",
    "WarmlineError",
    "Window",
    "changed",
]
