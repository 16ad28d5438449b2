"""The types of what the marketers' API answers, for its OpenAPI document. docs/api.md says what the fields mean."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from handoff.api.answers import FileProblem

type Rate = float | None
"""From 0 to 1; null of nobody."""


class Nothing(TypedDict):
    """Done."""


class Waits(TypedDict):
    """How long people took to reply, in seconds: exact percentiles."""

    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    worst_s: float | None


class StepFigures(TypedDict):
    """A row of a funnel: a step, a wording of one, or all of them."""

    key: str
    reached: int
    sent: int
    delivered: int
    read: int
    replied: int
    goal: int
    opted_out: int
    conversions: int
    reply_rate: Rate
    opt_out_rate: Rate
    goal_rate: Rate
    reply: Waits
    value: dict[str, str]


class Counted(TypedDict):
    """What a funnel has beside its range."""

    flow: str
    by: Literal["step", "variant"]
    enrolments: int
    rows: list[StepFigures]
    total: StepFigures


Range = TypedDict("Range", {"from": datetime, "to": datetime})


class Funnel(Counted, Range):
    """GET reports/flows/{flow}."""


class SourceFigures(TypedDict):
    """A row of the sources."""

    key: str
    people: int
    wrote_back: int
    enrolled: int
    goal: int
    opted_out: int
    won: int
    lost: int
    later: int
    no_fit: int
    conversions: int
    conversion_rate: Rate
    opt_out_rate: Rate
    value: dict[str, str]


class SourcesCounted(TypedDict):
    """What the sources have beside their range."""

    by: str
    touch: Literal["first", "last"]
    rows: list[SourceFigures]
    total: SourceFigures


class Sources(SourcesCounted, Range):
    """GET reports/sources."""


class BehindOne(TypedDict):
    """An event behind a number."""

    conversation_id: str
    at: datetime
    enrolment_id: NotRequired[str]
    journal_id: NotRequired[str]
    message_id: NotRequired[str]
    waited_s: NotRequired[float]
    currency: NotRequired[str]
    value: NotRequired[str]


class Behind(TypedDict):
    """The events behind one number of a report."""

    key: str
    measure: str
    events: list[BehindOne]


class ConversionShape(TypedDict):
    """A conversion."""

    conversation_id: str
    external_id: str
    name: str
    value: str | None
    currency: str | None
    at: datetime
    told_at: datetime


class ConversionAnswer(TypedDict):
    """POST conversions."""

    conversion: ConversionShape
    new: bool


class EventShape(TypedDict):
    """An event that was told."""

    conversation_id: str
    external_id: str
    name: str
    at: datetime
    told_at: datetime


class EventAnswer(TypedDict):
    """POST events: the flows are those it started."""

    event: EventShape
    new: bool
    flows: list[str]


class ImportId(TypedDict):
    """An import's name."""

    id: str


class Rejection(TypedDict):
    """Why a row is not taken; `column` is empty for the row as a whole."""

    line: int
    column: str
    why: str


class Column(TypedDict):
    """A column by its name."""

    column: str


Is = TypedDict("Is", {"is": str | None})


class ColumnTarget(Column, Is):
    """A column of a file; `is` null is left out."""


class Contact(TypedDict):
    """A row as it is understood."""

    line: int
    channel: str
    external_id: str
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    locale: NotRequired[str]
    zone: NotRequired[str]
    tags: list[str]
    slots: dict[str, str]
    consent_source: str
    consent_at: datetime
    opted_out: bool


class ImportPreview(TypedDict):
    """POST contacts/import?preview=1, which changes nothing."""

    columns: list[ColumnTarget]
    first: list[Contact]
    rows: int
    rejected: int
    rejections: list[Rejection]


class ImportTaken(TypedDict):
    """POST contacts/import: it goes on in the background."""

    rows: int
    rejected: int


Import = TypedDict("Import", {"import": ImportId})


class ImportStarted(ImportTaken, Import):
    """POST contacts/import without `preview`."""


class ImportState(TypedDict):
    """How far an import is."""

    id: str
    name: NotRequired[str]
    started_at: NotRequired[datetime]
    finished_at: datetime | None
    line: NotRequired[int]
    new: NotRequired[int]
    merged: NotRequired[int]
    unchanged: NotRequired[int]
    rejected: NotRequired[int]
    flow_held: NotRequired[dict[str, int]]
    share: float
    error: str | None


ImportProgress = TypedDict("ImportProgress", {"import": ImportState})


class EventsPreview(TypedDict):
    """POST events/import?preview=1 of a CSV file, which changes nothing."""

    columns: list[ColumnTarget]
    first: list[dict[str, object]]
    rows: int
    rejected: int
    rejections: list[Rejection]


class HookShape(TypedDict):
    """A subscription, without its secret."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    paused_at: datetime | None
    waiting: int
    parked: int


class Hooks(TypedDict):
    """GET hooks: `events` are all kinds that there are, with what each tells."""

    hooks: list[HookShape]
    events: dict[str, str]


class HookAdded(TypedDict):
    """POST hooks: the secret is shown this once."""

    hook: HookShape
    secret: str


class Untold(TypedDict):
    """An event that could not be told."""

    hook_id: str
    event_id: str
    type: str
    at: datetime
    conversation_id: str
    attempts: int
    error: str | None
    parked_at: datetime | None


class Parked(TypedDict):
    """GET hooks/parked."""

    events: list[Untold]


class Replayed(TypedDict):
    """POST hooks/{id}/replay: how many events are told once more."""

    events: int


class Head(TypedDict):
    """What holds for a flow."""

    flow: str
    version: int
    mode: Literal["live", "paused", "draining", "stopped"]
    reason: str
    changed_by: str
    changed_at: datetime


class HeadWithPeople(Head):
    """With how many are inside."""

    people: int


class FlowList(TypedDict):
    """GET flows."""

    flows: list[HeadWithPeople]


class Version(TypedDict):
    """A version that was published."""

    version: int
    digest: str
    published_at: datetime
    published_by: str


class VersionWithPeople(Version):
    """With how many are inside, and at which step."""

    people: int
    steps: dict[str, int]


class Versions(TypedDict):
    """GET flows/{flow}/versions."""

    flow: Head
    versions: list[VersionWithPeople]


class VersionText(Version):
    """With its text and its blocks'."""

    text: str
    blocks: dict[str, str]


class OneVersion(TypedDict):
    """GET flows/{flow}/versions/{number}."""

    version: VersionText


class Difference(TypedDict):
    """GET flows/{flow}/diff: a unified diff."""

    diff: str


class LogLine(TypedDict):
    """A change of what holds."""

    at: datetime
    by: str
    what: str
    version: int | None
    reason: str


class Log(TypedDict):
    """GET flows/{flow}/log."""

    log: list[LogLine]


class Fates(TypedDict):
    """How many stay in their version, move to the new one, and leave."""

    stay: int
    move: int
    exit: int


class Group(TypedDict):
    """People at one step of one version who have the same fate."""

    version: int
    step_id: str
    fate: Literal["stay", "move", "exit"]
    to_step: str | None
    why: str
    people: int
    due_at_once: int
    due_next_hour: int
    due_next_day: int


class PlanShape(TypedDict):
    """What publishing would do to those inside, and how many steps fall due."""

    flow: str
    version: int
    people: Fates
    due_at_once: int
    due_next_hour: int
    due_next_day: int
    groups: list[Group]


class PlanAnswer(TypedDict):
    """POST flows/{flow}/plan."""

    plan: PlanShape


class Outcome(TypedDict):
    """POST flows/{flow}/publish and rollback; `left` could not be moved, as others kept changing them."""

    version: int
    new: bool
    plan: PlanShape
    moved: int
    left: int


class Ruled(TypedDict):
    """POST flows/{flow}/pause, resume, drain and stop; `left` is how many left the flow at once."""

    flow: Head
    left: int


class FlowFigures(TypedDict):
    """What came of those who entered a flow in a time."""

    flow: str
    reached: int
    sent: int
    delivered: int
    read: int
    replied: int
    goal: int
    opted_out: int
    conversions: int
    reply_rate: Rate
    opt_out_rate: Rate
    goal_rate: Rate


class Flows(TypedDict):
    """Of all flows."""

    flows: list[FlowFigures]


class AllFigures(Flows, Range):
    """GET flows/figures."""


class HeldAt(TypedDict):
    """People at one step and why they do not go on."""

    flow: str
    step: str
    reason: str
    people: int


class HeldBack(TypedDict):
    """GET flows/held: `all` is false where more are inside than are looked at."""

    held: list[HeldAt]
    stalled: list[HeldAt]
    looked_at: int
    all: bool


class LintFinding(TypedDict):
    """What the copy lint says, and where."""

    file: str
    line: int
    column: int
    step: str
    rule: str
    severity: Literal["error", "warning"]
    message: str
    suggestion: str
    rewrite: str


class Why(TypedDict):
    """A reason for a line's score, in words, and by how many points it moves it."""

    feature: str
    says: str
    points: float


class Wording(TypedDict):
    """One wording of a step; `channel` and `language` null are for everybody."""

    field: str
    channel: str | None
    language: str | None
    bubbles: list[str]
    choices: list[str]
    score: float | None
    why: list[Why]


class OutlineStep(TypedDict):
    """A step as people read it."""

    id: str
    line: int
    kind: str
    purpose: str | None
    about: str
    words: list[Wording]
    next: list[str]
    score: float | None


class FlowAbout(TypedDict):
    """A flow's name and goal."""

    name: str
    goal: str


class Checked(TypedDict):
    """POST flows/{flow}/check. With problems there are no steps, as the text is no flow."""

    problems: list[FileProblem]
    findings: list[LintFinding]
    steps: list[OutlineStep]
    score: float | None
    about: FlowAbout | None


class ArmFigures(TypedDict):
    """An arm: how many were shown it, how many are settled, and what they did."""

    arm: str
    shown: int
    settled: int
    goal: int
    reply: int
    opt_out: int
    complaint: int


class Compared(TypedDict):
    """An arm beside the first one, as a difference of rates that holds at every look at once."""

    arm: str
    outcome: Literal["goal", "reply", "opt_out", "complaint"]
    low: float
    high: float
    p: float


class ExperimentAnswer(TypedDict):
    """An experiment and its verdict; `stopped` are arms that nobody new gets, with the reason."""

    flow: str
    experiment: str
    measure: Literal["goal", "reply"]
    alpha: float
    verdict: str
    harmful: list[str]
    mismatch_p: float
    arms: list[ArmFigures]
    comparisons: list[Compared]
    stopped: dict[str, str]


class ExperimentsAnswer(TypedDict):
    """GET experiments."""

    experiments: list[ExperimentAnswer]
