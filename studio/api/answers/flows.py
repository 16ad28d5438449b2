"""Versions of flows, and what was ruled about them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict


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
