"""How flows stand, and what a text would be."""

from __future__ import annotations

from typing import Literal, TypedDict

from handoff.api.answers import FileProblem
from studio.api.answers.reports import Counts, Range


class FlowFigures(Counts):
    """What came of those who entered a flow in a time."""

    flow: str


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
    """What the copy lint says, and where; why its rule is there, and by what source."""

    file: str
    line: int
    column: int
    step: str
    rule: str
    severity: Literal["error", "warning"]
    message: str
    suggestion: str
    rewrite: str
    reason: str
    source: str


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
