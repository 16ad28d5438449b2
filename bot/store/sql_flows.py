"""The flows' part of the durable store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.core.brake import Counted
from bot.core.model import FlowMode
from bot.store import braking, flows
from bot.store.flowbook import FlowBook, FlowChange, FlowHead, FlowText, FlowVersion, Inside
from bot.store.runner import Runner


class SqlFlows:
    """`bot.store.flowbook.FlowStore` over SQL."""

    _write: Runner
    _read: Runner

    async def flow_book(self) -> FlowBook:
        """See `FlowStore.flow_book`."""
        return await self._read.run(flows.flow_book)

    async def flow_versions(self, flow_id: str) -> list[FlowVersion]:
        """See `FlowStore.flow_versions`."""
        return await self._read.run(lambda conn: flows.versions(conn, flow_id))

    async def flow_version(self, flow_id: str, number: int) -> FlowVersion:
        """See `FlowStore.flow_version`. Raises `NotFound`."""
        return await self._read.run(lambda conn: flows.version(conn, flow_id, number))

    async def publish_flows(
        self, texts: Sequence[FlowText], *, by: str, now: datetime, reason: str = "", whole: bool = False
    ) -> list[FlowVersion]:
        """See `FlowStore.publish_flows`."""
        return await self._write.run(lambda conn: flows.publish(conn, texts, by=by, now=now, reason=reason, whole=whole))

    async def roll_back_flow(self, flow_id: str, number: int, *, by: str, now: datetime, reason: str = "") -> FlowVersion:
        """See `FlowStore.roll_back_flow`. Raises `NotFound`."""
        return await self._write.run(lambda conn: flows.roll_back(conn, flow_id, number, by=by, now=now, reason=reason))

    async def rule_flow(self, flow_id: str, mode: FlowMode, *, by: str, now: datetime, reason: str = "") -> FlowHead:
        """See `FlowStore.rule_flow`. Raises `NotFound`."""
        return await self._write.run(lambda conn: flows.rule(conn, flow_id, mode, by=by, now=now, reason=reason))

    async def flow_log(self, flow_id: str | None = None, *, limit: int = 200) -> list[FlowChange]:
        """See `FlowStore.flow_log`."""
        return await self._read.run(lambda conn: flows.changes(conn, flow_id, limit=limit))

    async def let_arm(self, flow_id: str, experiment: str, arm: str, *, by: str, now: datetime, reason: str = "") -> bool:
        """See `FlowStore.let_arm`."""
        return await self._write.run(lambda conn: braking.let_arm(conn, flow_id, experiment, arm, by=by, now=now, reason=reason))

    async def flow_counts(self, flow_id: str, *, since: date) -> list[Counted]:
        """See `FlowStore.flow_counts`."""
        return await self._read.run(lambda conn: braking.counts(conn, flow_id, since=since))

    async def inside(self) -> list[Inside]:
        """See `FlowStore.inside`."""
        return await self._read.run(flows.inside)
