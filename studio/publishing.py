"""Publishing flows: what it would do to those inside, doing it, and rulings. For the command line and the marketers' API alike.

Moving people goes the one path of every event, many at a time: each decision is committed only if the conversation has not changed
since it was loaded. Whoever is left over when it is cut short stays in their version, and the next call goes on with them.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog

from bot.conversations import Conversations
from bot.core.events import Event, FlowPublished, FlowRuled
from bot.core.model import FlowMode, Standing, State, WarmlineError
from bot.published import Published, text_of
from bot.store.contract import NotFound, Store, VersionConflict
from bot.store.flowbook import FlowText, FlowVersion, published_number
from nurture.flow import Flow
from nurture.load import read_flow
from nurture.moving import EXIT, Plan, Planner

log = structlog.get_logger()

PAGE = 500
AT_ONCE = 64
"""Conversations that are moved side by side; on SQLite they share a transaction."""


class BadChoice(WarmlineError):
    """A choice of where people go names a step that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Whether people inside go over to the new version, and where people at a step go if not to its namesake."""

    move: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was published, what was planned for those inside, and of how many it could be done and not."""

    version: FlowVersion
    new: bool
    plan: Plan
    moved: int = 0
    left: int = 0


STAYING = Moving()


class Publishing:
    """See the module."""

    def __init__(self, store: Store, conversations: Conversations, published: Published, *, now: Callable[[], datetime]) -> None:
        self._store, self._conversations, self._published, self._now = store, conversations, published, now

    async def preview(self, flow: Flow, moving: Moving = STAYING) -> Plan:
        """What publishing this flow would do. Raises `BadChoice`."""
        return await self._plan(replace(flow, version=await self._number(text_of(flow))), moving)

    async def publish(self, flow: Flow, moving: Moving = STAYING, *, by: str, reason: str = "") -> Outcome:
        """Let people enter this flow as it is now, and move those inside if that is wanted. Raises `BadChoice`."""
        text = text_of(flow)
        number, before = await self._number(text), await self._entered(flow.flow_id)
        plan = await self._plan(replace(flow, version=number), moving)
        [version] = await self._store.publish_flows([text], by=by, now=self._now(), reason=reason)
        await self._published.refresh()
        log.info("flow.published", flow=flow.flow_id, version=version.number, move=moving.move)
        moved, left = await self._move(version, moving)
        return Outcome(version=version, new=version.number != before, plan=plan, moved=moved, left=left)

    async def roll_back(self, flow_id: str, number: int, moving: Moving = STAYING, *, by: str, reason: str = "") -> Outcome:
        """Let people enter an earlier version again. Raises `NotFound`, `BadChoice`."""
        version, before = await self._store.flow_version(flow_id, number), await self._entered(flow_id)
        plan = await self._plan(await self.flow(flow_id, number), moving)
        await self._store.roll_back_flow(flow_id, number, by=by, now=self._now(), reason=reason)
        await self._published.refresh()
        moved, left = await self._move(version, moving)
        return Outcome(version=version, new=number != before, plan=plan, moved=moved, left=left)

    async def rule(self, flow_id: str, mode: FlowMode, *, by: str, reason: str = "") -> int:
        """Pause, drain or stop a flow, or let it go on. Gives how many left it at once. Raises `NotFound`."""
        await self._store.rule_flow(flow_id, mode, by=by, now=self._now(), reason=reason)
        await self._published.refresh()
        log.info("flow.ruled", flow=flow_id, mode=mode.value)
        if mode is not FlowMode.STOPPED:
            return 0

        def leaves(state: State) -> Event | None:
            inside = any(one.flow_id == flow_id for one in state.live_enrolments)
            return FlowRuled(flow_id=flow_id) if inside else None

        done, _ = await self._sweep(flow_id, leaves)
        return done

    async def flow(self, flow_id: str, number: int) -> Flow:
        """A published version as a flow. Raises `NotFound`."""
        found = await self.known(flow_id, number)
        if found is None:
            raise NotFound("version of this flow", f"{flow_id} {number}")
        return found

    async def known(self, flow_id: str, number: int) -> Flow | None:
        """A published version as a flow, or None if there is none."""
        if (flow_id, number) not in self._published.nurture.versions:
            await self._published.know([(flow_id, number)])
        return self._published.nurture.versions.get((flow_id, number))

    async def difference(self, flow_id: str, old: int, new: int | None, file: FlowText | None = None) -> str:
        """What changed between two versions, or from one to a text, as a unified diff; empty where nothing did.

        Raises `NotFound`.
        """
        before = await self._store.flow_version(flow_id, old)
        after = file if new is None else await self._store.flow_version(flow_id, new)
        assert after is not None
        name = "file" if new is None else f"version {new}"
        told = _differences(flow_id, before.text, after.text, f"version {old}", name)
        for block in sorted({*before.blocks, *after.blocks}):
            texts = before.blocks.get(block, ""), after.blocks.get(block, "")
            told += _differences(f"blocks/{block}", *texts, f"version {old}", name)
        return told

    async def _entered(self, flow_id: str) -> int | None:
        return next((head.number for head in (await self._store.flow_book()).heads if head.flow_id == flow_id), None)

    async def _number(self, text: FlowText) -> int:
        """The number that this text has, or would get."""
        versions = await self._store.flow_versions(text.flow_id)
        same = next((one.number for one in versions if one.digest == text.digest), None)
        return same or published_number(versions[-1].number if versions else None, text.at_least)

    async def _plan(self, new: Flow, moving: Moving) -> Plan:
        inside = {(one.flow_id, one.version) for one in await self._store.inside() if one.flow_id == new.flow_id}
        await self._published.know(inside)
        known = self._published.nurture.versions
        old = {number: flow for (flow_id, number), flow in known.items() if flow_id == new.flow_id}
        _check(moving, old, new)
        planner = Planner(
            old, new, self._now(), move=moving.move, choices=moving.choices, default_zone=self._published.nurture.default_zone
        )
        async for standing in self._standings(new.flow_id):
            planner.add(standing)
        return planner.plan()

    async def _move(self, version: FlowVersion, moving: Moving) -> tuple[int, int]:
        if not moving.move:
            return 0, 0
        event = FlowPublished(flow_id=version.flow_id, version=version.number, choices=dict(moving.choices))

        def goes_over(state: State) -> Event | None:
            mine = (one for one in state.live_enrolments if one.flow_id == version.flow_id)
            return event if any(one.flow_version != version.number for one in mine) else None

        return await self._sweep(version.flow_id, goes_over)

    async def _sweep(self, flow_id: str, event: Callable[[State], Event | None]) -> tuple[int, int]:
        """Give everybody inside this event. Gives of how many it changed something and of how many it could not be done."""
        done = left = 0
        batch: list[str] = []
        async for standing in self._standings(flow_id):
            batch.append(standing.conversation_id)
            if len(batch) == AT_ONCE:
                done, left = _sum((done, left), await self._batch(batch, event))
                batch = []
        return _sum((done, left), await self._batch(batch, event))

    async def _batch(self, conversation_ids: Sequence[str], event: Callable[[State], Event | None]) -> tuple[int, int]:
        results = await asyncio.gather(*(self._one(one, event) for one in conversation_ids))
        return results.count(True), results.count(None)

    async def _one(self, conversation_id: str, event: Callable[[State], Event | None]) -> bool | None:
        """Whether something changed; None if others keep changing it."""
        before: list[State] = []

        def happened(state: State) -> Event | None:
            before[:] = [state]
            return event(state)

        try:
            after = await self._conversations.handle(conversation_id, happened)
        except VersionConflict:
            return None
        return after.state.enrolments != before[0].enrolments

    async def _standings(self, flow_id: str) -> AsyncIterator[Standing]:
        after = ""
        while page := await self._store.standings(flow_id=flow_id, after=after, limit=PAGE, notes=False):
            for standing in page:
                yield standing
            after = page[-1].enrolment.enrolment_id


def written(flow_id: str, text: str, blocks: Mapping[str, str] | None = None) -> Flow:
    """A flow from its text and those of its blocks. Raises `YamlFileError`; places are told as in files of their names."""
    _, flow = read_flow(Path(f"{flow_id}.yml"), text, blocks or {})
    return flow


def _differences(what: str, old: str, new: str, old_name: str, new_name: str) -> str:
    rows = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"{what} {old_name}", f"{what} {new_name}"
    )
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _check(moving: Moving, old: Mapping[int, Flow], new: Flow) -> None:
    """Steps that a choice names must be there, and must be meant for somebody."""
    stood = {step_id for flow in old.values() for step_id in flow.steps}
    for step_id, target in moving.choices.items():
        if not moving.move:
            raise BadChoice("where people go is only asked if they move")
        if step_id not in stood:
            raise BadChoice(f'no version of {new.flow_id} that people are in has a step "{step_id}"{_near(step_id, stood)}')
        if target != EXIT and target not in new.steps:
            raise BadChoice(f'{new.flow_id} version {new.version} has no step "{target}"{_near(target, new.steps)}')


def _near(name: str, known: Mapping[str, object] | set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
