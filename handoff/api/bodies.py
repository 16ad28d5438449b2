"""What clients may send, checked field by field."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from bot.core.model import Reason
from bot.promising import MOST_BYTES
from handoff.api.errors import BadRequest
from handoff.api.passwords import MAX_CHARACTERS, MIN_CHARACTERS
from handoff.chain import Clock24
from handoff.hours import zones
from handoff.routing import Weight

MAX_TEXT = 4000
LATEST = 2**62

type _Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
type _Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
type _Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
type _NewPassword = Annotated[str, StringConstraints(min_length=MIN_CHARACTERS, max_length=MAX_CHARACTERS)]
type _Able = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
type _Names = Annotated[list[_Able], Field(max_length=30)]
type _Promised = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
type _SlotName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
type _FlowId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
type _SlotText = Annotated[str, StringConstraints(max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Login(_Body):
    """POST login."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]
    password: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]


class SayBody(_Body):
    """POST say: an agent's words, the client's own id of them, and the last message they had on screen (None: any)."""

    text: _Words
    key: Annotated[str, StringConstraints(min_length=8, max_length=80)]
    seen: Annotated[int, Field(ge=0, le=LATEST)] | None = None


class Take(_Body):
    """POST take. `above_capacity` is why the taker may hold more than they have room for; a supervisor's or admin's word."""

    above_capacity: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class NoteBody(_Body):
    """POST note. A whisper is told to whoever holds the conversation."""

    text: _Words
    whisper: bool = False


class ResumeAt(_Body):
    """Where a flow goes on."""

    flow: Annotated[str, StringConstraints(max_length=80)]
    step: Annotated[str, StringConstraints(max_length=80)]


class GiveBack(_Body):
    """POST give-back."""

    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    outcome: Literal["returned", "answered", "won", "lost", "later", "no_fit"] = "returned"
    value: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = None
    slots: Annotated[dict[_SlotName, _SlotText | bool | int | float | None], Field(max_length=50)] = {}
    promised: Annotated[list[_Promised], Field(max_length=10)] = []
    resume: ResumeAt | None = None


class TransferBody(_Body):
    """POST transfer: to a colleague or to a team, with a note for them."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    team: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT)] = ""


class SnoozeBody(_Body):
    """POST snooze: until when, as ISO 8601 with a zone; null takes it back at once."""

    until: Annotated[str, StringConstraints(max_length=40)] | None


class UndoBody(_Body):
    """POST undo: what was just done, and the client's own id of words that were sent."""

    act: Literal["send", "take", "give_back", "transfer", "snooze"]
    key: Annotated[str, StringConstraints(min_length=8, max_length=80)] | None = None


class ViewBody(_Body):
    """A saved list: its name, and what GET conversations/filtered is asked."""

    name: _Name
    order: Literal["risk", "latest"] = "risk"
    channel: Annotated[str, StringConstraints(max_length=80)] = ""
    reason: Annotated[str, StringConstraints(max_length=80)] = ""
    team: Annotated[str, StringConstraints(max_length=80)] = ""
    holder: Annotated[str, StringConstraints(max_length=80)] = ""
    snoozed: Literal["", "yes", "no"] = ""


class SavedViews(_Body):
    """PUT views."""

    views: Annotated[list[ViewBody], Field(max_length=20)]


class StarterBody(_Body):
    """A canned starter; without a team it is everybody's."""

    name: _Name
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    team: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class StartersBody(_Body):
    """PUT starters. `version` is that of the ones they were made of."""

    starters: Annotated[list[StarterBody], Field(max_length=200)]
    version: Annotated[str, StringConstraints(max_length=40)]


class PresenceBody(_Body):
    """POST presence."""

    presence: Literal["online", "away"]


class NewAgent(_Body):
    """POST agents."""

    email: _Email
    name: _Name
    role: Literal["agent", "supervisor", "marketer", "admin"] = "agent"
    password: _NewPassword


class AgentChange(_Body):
    """PATCH agents: only what is given changes. A `capacity` of null is what the settings say."""

    name: _Name | None = None
    role: Literal["agent", "supervisor", "marketer", "admin"] | None = None
    disabled: bool | None = None
    password: _NewPassword | None = None
    skills: _Names | None = None
    languages: _Names | None = None
    teams: _Names | None = None
    capacity: Weight | None = None


_FlowText = Annotated[str, StringConstraints(max_length=512 * 1024)]


class SimulationBody(_Body):
    """POST simulations. What is left out is as on the command line; docs/simulate.md says what each means. `text`, with the
    `blocks` it uses, is played instead of what is published."""

    flow: _FlowId
    text: _FlowText | None = None
    blocks: Annotated[dict[_FlowId, _FlowText], Field(max_length=50)] | None = None
    people: Annotated[int, Field(ge=1, le=100_000)] = 1000
    days: Annotated[int, Field(ge=1, le=366)] = 30
    seed: Annotated[int, Field(ge=0, le=LATEST)] = 1
    start: Annotated[str, StringConstraints(max_length=40)] | None = None
    mix: Annotated[dict[Annotated[str, StringConstraints(max_length=40)], float], Field(max_length=20)] | None = None
    channel: Annotated[str, StringConstraints(max_length=40)] | None = None
    zones: Annotated[list[Annotated[str, StringConstraints(max_length=80)]], Field(min_length=1, max_length=40)] | None = None
    languages: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=40)] | None = None
    entering: Annotated[int, Field(ge=1, le=366)] | None = None
    last_wrote: Annotated[str, StringConstraints(max_length=20)] | None = None
    agents: Annotated[int, Field(ge=0, le=1000)] | None = None
    capacity: Annotated[int, Field(ge=1, le=100)] | None = None
    transcripts: Annotated[int, Field(ge=0, le=50)] | None = None
    brain: Literal["recorded", "real"] = "recorded"


class PasswordChange(_Body):
    """POST password."""

    old: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
    new: _NewPassword


class WishesBody(_Body):
    """PUT notify."""

    sound: bool
    web_push: bool
    email: bool
    quiet_from: Clock24 | None
    quiet_to: Clock24 | None
    zone: Annotated[str, StringConstraints(max_length=60)]
    urgent_in_quiet: bool

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in zones():
            raise ValueError("that is not a time zone")
        return zone


class DeviceBody(_Body):
    """POST notify/devices: a browser's push subscription (W3C Push API), and what to call it."""

    endpoint: Annotated[str, StringConstraints(min_length=10, max_length=1000)]
    p256dh: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86,88}={0,2}$")]
    auth: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}={0,2}$")]
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class CheckPromises(_Body):
    """POST promises/check."""

    text: Annotated[str, StringConstraints(max_length=MOST_BYTES)]


class Base(_Body):
    """The version that a change was made from."""

    version: Annotated[str, StringConstraints(max_length=40)]


class SavePromises(CheckPromises, Base):
    """PUT promises."""


class ExplainPromises(CheckPromises):
    """POST promises/explain: `at` is a moment, or a wall time in `zone`."""

    at: Annotated[str, StringConstraints(max_length=40)]
    zone: Annotated[str, StringConstraints(max_length=60)] = "UTC"
    channel: Literal["widget", "facebook", "rest"] = "widget"
    reason: Annotated[Reason, Field(strict=False)] = Reason.ASKED
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    language: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    team: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    tag: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""


async def read_body[M: BaseModel](request: web.Request, model: type[M]) -> M:
    """The request's JSON body as `model`. Raises BadRequest with the first wrong field."""
    try:
        data = json.loads(await request.text())
    except ValueError as error:
        raise BadRequest("bad_json", "The body is not JSON.") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"{field}: " if field else ""
        raise BadRequest("bad_field", f"{where}{first['msg']}.", field=field or None) from error
