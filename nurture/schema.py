"""The shape of a flow file. Field names are the language that marketers write; `docs/flows.md` explains them."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from nurture.blocks import UseFile
from nurture.shapes import (
    DAYS,
    LANGUAGE,
    MAX_CHOICES,
    MAX_TITLE_CHARS,
    ClockTime,
    File,
    Length,
    Name,
    NameList,
    Names,
    Purpose,
    Quiet,
    Wordings,
    country,
    zone_name,
)
from nurture.triggers import Trigger, as_triggers


class ChoiceFile(File):
    title: str = Field(min_length=1, max_length=MAX_TITLE_CHARS)
    value: str = ""
    payload: str = ""


def _choice(value: object) -> object:
    return {"title": value} if isinstance(value, str) else value


Choices = Annotated[
    list[Annotated[ChoiceFile, BeforeValidator(_choice, json_schema_input_type=str | ChoiceFile)]],
    Field(max_length=MAX_CHOICES),
]


def _language(value: str) -> str:
    if not LANGUAGE.fullmatch(value):
        raise ValueError(f'"{value}" is not a language; write for example pt or pt_BR')
    return value


MOST_TIMEOUT = timedelta(seconds=30)


class LanguageFile(File):
    words: Wordings
    again: Wordings | None = None
    nudge: Wordings | None = None
    quick_replies: Choices = []


def _short(value: timedelta) -> timedelta:
    if value > MOST_TIMEOUT:
        raise ValueError(f"a program may take {MOST_TIMEOUT.seconds} seconds at most")
    return value


class CopyFile(File):
    per_channel: dict[str, Wordings] = {}
    per_language: dict[Annotated[str, AfterValidator(_language)], LanguageFile] = {}
    quick_replies: Choices = []
    image: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


class SilenceFile(File):
    after: Length
    then: str | None = None
    nudge: Wordings | None = None
    nudges: int = Field(1, ge=1, le=3)


class ExpectsFile(File):
    intents: Names = []
    entity: str | None = None
    any_text: bool = False

    @model_validator(mode="after")
    def _something(self) -> ExpectsFile:
        if not (self.intents or self.entity or self.any_text):
            raise ValueError("name what counts as an answer: intents, entity or any_text: true")
        return self


class StepFile(File):
    id: Name
    then: str | None = None


class SayFile(StepFile, CopyFile):
    say: Wordings
    purpose: Purpose


class AskFile(StepFile, CopyFile):
    ask: Wordings
    again: Wordings | None = None
    slot: Name
    expects: ExpectsFile
    remember: dict[Name, Name] = {}
    unless_known: bool = False
    silence: SilenceFile
    purpose: Literal["ask"] = "ask"


class OfferFile(StepFile, CopyFile):
    offer: Wordings
    accepted: str
    declined: str
    silence: SilenceFile
    purpose: Literal["offer"] = "offer"


class WaitForFile(File):
    until: ClockTime | None = None
    next_day: bool = False
    reply: bool = False
    at_most: Length | None = None
    on_silence: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> WaitForFile:
        if (self.until is None) == (not self.reply):
            raise ValueError('wait for a time (2h, or until: "09:30") or for a reply (reply: true), one of them')
        if self.reply and self.at_most is None:
            raise ValueError("waiting for a reply needs a time-out: at_most: 1d")
        if not self.reply and (self.at_most is not None or self.on_silence is not None):
            raise ValueError("at_most and on_silence belong to reply: true")
        return self


def _wait(value: object) -> object:
    return value if isinstance(value, dict) else {"for": value}


class WaitLengthFile(File):
    length: Length = Field(alias="for")


def _kind_of_wait(value: object) -> str:
    """Who writes `for` beside a field of the other kind means that one."""
    is_length = isinstance(value, dict) and "for" in value and not value.keys() & WaitForFile.model_fields.keys()
    return "length" if is_length else "point"


class WaitFile(StepFile):
    wait: Annotated[
        Annotated[WaitLengthFile, Tag("length")] | Annotated[WaitForFile, Tag("point")],
        Discriminator(_kind_of_wait),
        BeforeValidator(_wait, json_schema_input_type=str | WaitForFile),
    ]


class WhenFile(File):
    slot: Name | None = None
    is_: Names = Field([], alias="is")
    mentions: Names = []
    intent: Names = []
    entity: str | None = None
    replied: bool | None = None
    silence: Length | None = None
    tag: str | None = None
    started_by: Names = []
    warmth_at_least: int | None = Field(None, ge=1, le=100)
    event: NameList = []

    @model_validator(mode="after")
    def _sense(self) -> WhenFile:
        if not self.model_fields_set:
            raise ValueError("name a condition: slot, intent, entity, replied, silence, tag, started_by, event or warmth_at_least")
        if (self.is_ or self.mentions) and self.slot is None:
            raise ValueError("is and mentions need the slot they look at")
        return self


class CaseFile(File):
    when: WhenFile
    then: str


class OtherwiseFile(File):
    otherwise: str


class BranchFile(File):
    id: Name
    branch: Annotated[
        list[
            Annotated[
                Annotated[CaseFile, Tag("when")] | Annotated[OtherwiseFile, Tag("otherwise")],
                Discriminator(lambda value: "otherwise" if isinstance(value, dict) and "otherwise" in value else "when"),
            ]
        ],
        Field(min_length=2),
    ]


class ArmFile(File):
    arm: Name
    share: int = Field(1, ge=1)
    then: str


class ExperimentFile(File):
    id: Name
    experiment: Annotated[list[ArmFile], Field(min_length=2)]

    @model_validator(mode="after")
    def _different(self) -> ExperimentFile:
        if len({arm.arm for arm in self.experiment}) < len(self.experiment):
            raise ValueError("two arms of an experiment have the same name")
        return self


class ScoreFile(StepFile):
    score: int = Field(ge=-100, le=100)


class TagFile(StepFile):
    tag: Names = []
    untag: Names = []


class HandoffFile(StepFile):
    handoff: str


class WebhookFile(StepFile):
    webhook: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=2000)]
    send: NameList = []
    into: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")], Name] = {}
    timeout: Annotated[Length, AfterValidator(_short)] = timedelta(seconds=5)
    tries: int = Field(3, ge=1, le=10)
    on_failure: str


class GotoFile(File):
    id: Name
    goto: str


class GoalFile(File):
    id: Name
    goal: str


class StopFile(File):
    id: Name
    stop: str


KINDS = (
    "say",
    "ask",
    "offer",
    "wait",
    "branch",
    "experiment",
    "score",
    "tag",
    "untag",
    "handoff",
    "webhook",
    "goto",
    "goal",
    "stop",
)


def _kind(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    found = [kind for kind in KINDS if kind in value]
    kinds = {"tag" if kind == "untag" else kind for kind in found}
    return kinds.pop() if len(kinds) == 1 else None


Step = Annotated[
    Annotated[SayFile, Tag("say")]
    | Annotated[AskFile, Tag("ask")]
    | Annotated[OfferFile, Tag("offer")]
    | Annotated[WaitFile, Tag("wait")]
    | Annotated[BranchFile, Tag("branch")]
    | Annotated[ExperimentFile, Tag("experiment")]
    | Annotated[ScoreFile, Tag("score")]
    | Annotated[TagFile, Tag("tag")]
    | Annotated[HandoffFile, Tag("handoff")]
    | Annotated[WebhookFile, Tag("webhook")]
    | Annotated[GotoFile, Tag("goto")]
    | Annotated[GoalFile, Tag("goal")]
    | Annotated[StopFile, Tag("stop")],
    Discriminator(
        _kind,
        custom_error_type="step_kind",
        custom_error_message=f"a step is exactly one of {', '.join(kind for kind in KINDS if kind != 'untag')}",
    ),
]


def _one_when(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Whens = Annotated[list[WhenFile], BeforeValidator(_one_when, json_schema_input_type=WhenFile | list[WhenFile])]


class CapFile(File):
    messages: int = Field(ge=1)
    within: Length


class AudienceFile(File):
    tags: Names = []
    not_tags: Names = []
    channels: Names = []


class FlowFile(File):
    name: str = Field(min_length=1)
    version: int = Field(ge=1)
    goal: str = Field(min_length=1)
    trigger: Annotated[
        list[Trigger], BeforeValidator(as_triggers, json_schema_input_type=Trigger | list[Trigger]), Field(min_length=1)
    ]
    goal_when: Whens = []
    exit_when: Whens = []
    audience: AudienceFile = AudienceFile()
    quiet_hours: Quiet = (time(21, 0), time(8, 30))
    days: Annotated[list[Literal[DAYS]], Field(min_length=1)] = list(DAYS)  # type: ignore[valid-type]
    holidays: Annotated[str, AfterValidator(country)] | None = None
    caps: list[CapFile] | None = None
    unanswered: int | None = Field(None, ge=1)
    zone: Annotated[str, AfterValidator(zone_name)] | None = None
    priority: int = Field(50, ge=1, le=100)
    repeat: bool = False
    steps: Annotated[list[Step], Field(min_length=1)]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a flow file, for editors: with steps that use a block, which are others once it is read."""
    schema = FlowFile.model_json_schema(mode="validation")
    schema["$defs"]["UseFile"] = UseFile.model_json_schema(mode="validation")
    steps = schema["properties"]["steps"]["items"]
    steps.pop("discriminator", None)
    steps["oneOf"].append({"$ref": "#/$defs/UseFile"})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
