"""How people came, and where they stand in flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.words import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What brought the person: by which link, campaign, ad or site they came, as far as that was told; nothing told is direct.

    `source` to `content` are the utm fields of the link, `referrer` and `page` addresses without what is nobody's business.
    """

    at: datetime
    channel: str
    ref: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None
    gclid: str | None = None
    fbclid: str | None = None
    referrer: str | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A prospect inside one version of a flow, at one step.

    `waiting_for` is `time` (the STEP clock), `reply` (the prospect, with the STEP clock as the silence time-out)
    or None when it is over. `status` is live, done, stopped or exited; `visits` counts how often a step was entered.
    """

    enrolment_id: str
    flow_id: str
    flow_version: int
    step_id: str
    entered_at: datetime
    step_entered_at: datetime
    status: str = "live"
    waiting_for: str | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    visits: Json = field(default_factory=dict)
    replied: bool = False
    value_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A live enrolment, when its STEP clock is due (None: no clock runs), and what its latest `flow.held` says.

    `held` is the data of that line if nothing else of the enrolment came after it, else empty. `zone` is the person's own
    (IANA), if they have told one.
    """

    conversation_id: str
    enrolment: Enrolment
    due_at: datetime | None = None
    held: Json | None = None
    zone: str | None = None

    @property
    def held_reason(self) -> str | None:
        """Why the flow does not go on, if something holds it back."""
        return str(self.held["reason"]) if self.held and self.held.get("step") == self.enrolment.step_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A flow's latest words to the person: which, when, and what they did about them that they should not have had to."""

    flow_id: str
    wording: str
    at: datetime
    harm: str | None = None
