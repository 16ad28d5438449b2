"""promises.yml, its versions, and how many people it takes to keep them."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict


class Problem(TypedDict):
    """What is wrong with a text, and where; `line` and `column` count from 1."""

    line: int
    column: int
    field: str
    message: str


class FileProblem(Problem):
    """A problem in one of several files."""

    file: str


class Contradiction(TypedDict):
    """What can be read and makes no sense."""

    line: int
    field: str
    rule: str
    message: str


class Checked(TypedDict):
    """POST promises/check."""

    problems: list[Problem]
    findings: list[Contradiction]


class PromisesAnswer(TypedDict):
    """GET promises. `running` is the version that the service goes by: another one while the file is broken."""

    text: str
    version: str
    running: str
    file: str
    problems: list[Problem]
    findings: list[Contradiction]
    now: datetime


class PromisesSaved(TypedDict):
    """PUT promises."""

    version: str


class KeptVersion(TypedDict):
    """A version that is kept; `by` is an agent's name, None for a change by hand. `changes` says what is other than before."""

    id: str
    version: str
    at: datetime
    by: str | None
    changes: list[str]


class KeptVersions(TypedDict):
    """GET promises/history."""

    versions: list[KeptVersion]


class KeptText(TypedDict):
    """GET promises/history/{id}."""

    text: str


class StaffingRow(TypedDict):
    """An hour of the day; `agents` is None where no number is enough."""

    hour: str
    requests: int
    per_hour: float
    mean_handling_s: float
    agents: int | None
    erlang_c: int


class StaffingAnswer(TypedDict):
    """GET reports/staffing."""

    rows: list[StaffingRow]
    share: float
    within_s: float
    zone: str
    requests: int
