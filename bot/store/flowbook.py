"""The store's contract for flows: their versions, which one people enter, and what was ruled about each.

A version never changes once it is kept, and is the same version whenever its text is the same. Every change of what holds is
a line of the log and a new revision of the whole, which `Store.load` tells along with a conversation's state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from bot.core.brake import Counted
from bot.core.model import FlowMode

AT_START = "start"
"""Who published what a service read from its files as it started, and let go of flows whose file is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowText:
    """A flow as it is written: its own file and the blocks it uses, by name. `at_least` is the number its author gave it."""

    flow_id: str
    text: str
    blocks: Mapping[str, str] = field(default_factory=dict)
    at_least: int = 1

    @property
    def digest(self) -> str:
        """The same for the same words, whoever wrote them and when."""
        whole = json.dumps([self.text, sorted(self.blocks.items())], ensure_ascii=False)
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """A published version. Numbers of a flow count up, and may leave some out."""

    flow_id: str
    number: int
    text: str
    digest: str
    published_at: datetime
    published_by: str
    blocks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowHead:
    """What holds for a flow: the version that people enter, and what was ruled, by whom, why and when.

    `seen` is the digest of the file that was published last: a file that has not changed since is not published again, so that
    a version which was rolled back stays so.
    """

    flow_id: str
    number: int
    mode: FlowMode
    reason: str
    changed_by: str
    changed_at: datetime
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedArm:
    """An arm of an experiment that nobody new gets: since when, and why in words."""

    flow_id: str
    experiment: str
    arm: str
    stopped_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBook:
    """Every flow's head, by id, and the arms that were stopped, as of a revision."""

    revision: int
    heads: tuple[FlowHead, ...] = ()
    stopped: tuple[StoppedArm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChange:
    """A line of the log. `what` is published, rolled_back, live, paused, draining or stopped; `number` is the version that
    people enter after it."""

    log_id: int
    flow_id: str
    at: datetime
    by: str
    what: str
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """How many live enrolments stand at a step of a version."""

    flow_id: str
    version: int
    step_id: str
    people: int


# ---- what every store decides alike


def ruled(head: FlowHead, mode: FlowMode, *, by: str, now: datetime, reason: str) -> FlowHead:
    """The head after a ruling."""
    return replace(head, mode=mode, reason=reason, changed_by=by, changed_at=now)


def now_entering(head: FlowHead, number: int, *, seen: str) -> FlowHead:
    """The head once people enter another version."""
    return replace(head, number=number, seen=seen)


def drained(head: FlowHead, now: datetime) -> FlowHead:
    """The head of a flow whose file is gone."""
    return ruled(head, FlowMode.DRAINING, by=AT_START, now=now, reason="its file is gone")


def gone(head: FlowHead) -> bool:
    """Whether the flow is drained because its file is gone."""
    return head.mode is FlowMode.DRAINING and head.changed_by == AT_START


def published_number(last: int | None, at_least: int) -> int:
    """The number of a new version."""
    return max((last or 0) + 1, at_least)


class FlowStore(Protocol):
    """Flows of the store. See `bot.store.contract.Store`."""

    async def flow_book(self) -> FlowBook:
        """What holds now."""

    async def flow_versions(self, flow_id: str) -> list[FlowVersion]:
        """Every version of a flow, oldest first."""

    async def flow_version(self, flow_id: str, number: int) -> FlowVersion:
        """One version. Raises `NotFound`."""

    async def publish_flows(
        self, texts: Sequence[FlowText], *, by: str, now: datetime, reason: str = "", whole: bool = False
    ) -> list[FlowVersion]:
        """Make each of these what people enter, all or nothing; gives their versions in the same order.

        Words that were published before are that version again; new ones get the next number, at least the author's. A flow that is
        new is live; a ruling stays as it is. With `whole`, as at a start: these are all flows there are, a flow whose text is the
        one that was published last is left as it is, a flow that is missing is drained, and one that was drained for that reason
        and is back is live again.
        """

    async def roll_back_flow(self, flow_id: str, number: int, *, by: str, now: datetime, reason: str = "") -> FlowVersion:
        """Let people enter an earlier version again. Raises `NotFound`."""

    async def rule_flow(self, flow_id: str, mode: FlowMode, *, by: str, now: datetime, reason: str = "") -> FlowHead:
        """Pause, drain or stop a flow, or let it go on. Raises `NotFound`."""

    async def flow_log(self, flow_id: str | None = None, *, limit: int = 200) -> list[FlowChange]:
        """What was changed, newest first."""

    async def let_arm(self, flow_id: str, experiment: str, arm: str, *, by: str, now: datetime, reason: str = "") -> bool:
        """Put people into a stopped arm again, and begin to count the harms of all arms anew. False if it is not stopped."""

    async def flow_counts(self, flow_id: str, *, since: date) -> list[Counted]:
        """What came of a flow's messages, by day (UTC) from `since` on and wording; begun anew when the flow pauses itself."""

    async def inside(self) -> list[Inside]:
        """Live enrolments counted by flow, version and step, in that order."""
