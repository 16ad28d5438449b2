"""The flows as they are published: what a decision goes by, whichever service publishes and whenever.

Every conversation is loaded together with the revision of what holds for flows, so a decision never goes by less than was true
when its state was read, and no service has to be told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from bot.core.model import FlowMode, State, WarmlineError
from bot.store.contract import NotFound, Store
from bot.store.flowbook import AT_START, FlowText, FlowVersion
from bot.yamlfile import YamlFileError
from nurture.book import Nurture, Ruling
from nurture.flow import Flow
from nurture.load import read_flow

log = structlog.get_logger()


class Unreadable(WarmlineError):
    """A published version cannot be read by this Warmline."""


def text_of(flow: Flow) -> FlowText:
    """A flow that was read from a file, as it is published."""
    return FlowText(flow_id=flow.flow_id, text=flow.source, at_least=flow.version, blocks=flow.blocks)


def flow_from(version: FlowVersion) -> Flow:
    """The flow of a published version; places in it are told as in a file of its name. Raises `YamlFileError`."""
    _, flow = read_flow(Path(f"{version.flow_id}.yml"), version.text, version.blocks)
    return replace(flow, version=version.number)


async def as_data(store: Store) -> dict[str, Any]:
    """What people enter, what was ruled and which arms were stopped, as plain data for a process without this store."""
    book = await store.flow_book()
    versions = [await store.flow_version(head.flow_id, head.number) for head in book.heads]
    return {
        "flows": [{"flow": v.flow_id, "version": v.number, "text": v.text, "blocks": dict(v.blocks)} for v in versions],
        "rulings": {head.flow_id: {"mode": head.mode.value, "reason": head.reason} for head in book.heads},
        "stopped": [
            {"flow": arm.flow_id, "experiment": arm.experiment, "arm": arm.arm, "reason": arm.reason} for arm in book.stopped
        ],
    }


def from_data(told: Mapping[str, Any], nurture: Nurture) -> Nurture:
    """What `as_data` told, over what the files say: where nothing is published they hold. Versions that this Warmline cannot read
    are left out."""
    flows = {}
    for one in told["flows"]:
        try:
            _, flow = read_flow(Path(f"{one['flow']}.yml"), one["text"], one["blocks"])
        except YamlFileError as error:
            log.error("flow.unreadable", flow=one["flow"], version=one["version"], line=error.line)
        else:
            flows[flow.flow_id] = replace(flow, version=one["version"])
    rulings = {name: Ruling(mode=FlowMode(one["mode"]), reason=one["reason"]) for name, one in told["rulings"].items()}
    stopped = {(one["flow"], one["experiment"], one["arm"]): one["reason"] for one in told["stopped"]}
    return replace(nurture, flows=flows or nurture.flows, rulings=rulings, stopped=stopped)


class Published:
    """Flows from the store, each version read once. `nurture` is what holds as far as this service knows.

    Flows without a text (made by a program) hold as they are, beside those in the store.
    """

    def __init__(self, store: Store, nurture: Nurture, *, at_start: bool) -> None:
        self._store, self._own, self._at_start = store, nurture, at_start
        self._read: dict[tuple[str, int], Flow | None] = {}
        self._revision = -1
        made = {flow_id: flow for flow_id, flow in nurture.flows.items() if not flow.source}
        self._made: Mapping[str, Flow] = made
        self.nurture = nurture if at_start else replace(nurture, flows=made)

    async def open(self, now: datetime) -> None:
        """At a start: publish what the files say, if that is how it is set, and read what holds. Raises `Unreadable`."""
        if self._at_start:
            files = [flow for flow in self._own.flows.values() if flow.source]
            versions = await self._store.publish_flows([text_of(flow) for flow in files], by=AT_START, now=now, whole=True)
            for flow, version in zip(files, versions, strict=True):
                if version.digest == text_of(flow).digest:
                    self._read[flow.flow_id, version.number] = replace(flow, version=version.number)
        unreadable = await self.refresh()
        if unreadable:
            flow_id, number = unreadable[0]
            raise Unreadable(
                f"version {number} of the flow {flow_id} cannot be read by this Warmline; mend its file and run "
                f"`warmline flows publish {flow_id}`"
            )
        if not self._at_start:
            await self._tell_differences()

    async def refresh(self) -> list[tuple[str, int]]:
        """Read again what holds. Gives the versions that people enter and that cannot be read, as a newer Warmline may write them:
        those flows are paused as far as this service goes."""
        book = await self._store.flow_book()
        flows, unreadable = dict(self._made), []
        rulings = {head.flow_id: Ruling(mode=head.mode, reason=head.reason) for head in book.heads}
        for head in book.heads:
            flow = await self._version(head.flow_id, head.number)
            if flow is None:
                unreadable.append((head.flow_id, head.number))
                rulings[head.flow_id] = Ruling(mode=FlowMode.PAUSED, reason="unreadable")
            else:
                flows[head.flow_id] = flow
        known = {key: flow for key, flow in self._read.items() if flow is not None}
        stopped = {(arm.flow_id, arm.experiment, arm.arm): arm.reason for arm in book.stopped}
        self.nurture = replace(self._own, flows=flows, rulings=rulings, versions=known, stopped=stopped)
        self._revision = book.revision
        return unreadable

    async def holding_for(self, state: State, revision: int) -> Nurture:
        """What holds for a conversation that was loaded at this revision."""
        if revision != self._revision:
            await self.refresh()
        await self.know({(e.flow_id, e.flow_version) for e in state.live_enrolments})
        return self.nurture

    async def know(self, versions: Collection[tuple[str, int]]) -> None:
        """Read these versions, as far as there are such."""
        new = [key for key in versions if key not in self._read and not self._is_made(*key)]
        for flow_id, number in new:
            await self._version(flow_id, number)
        if new:
            known = {key: flow for key, flow in self._read.items() if flow is not None}
            self.nurture = replace(self.nurture, versions=known)

    def _is_made(self, flow_id: str, number: int) -> bool:
        return flow_id in self._made and self._made[flow_id].version == number

    async def _version(self, flow_id: str, number: int) -> Flow | None:
        """A version, read once; None if there is none, or none that can be read."""
        key = (flow_id, number)
        if key not in self._read:
            try:
                self._read[key] = flow_from(await self._store.flow_version(flow_id, number))
            except NotFound:
                self._read[key] = None
            except YamlFileError as error:
                log.error("flow.unreadable", flow=flow_id, version=number, line=error.line)
                self._read[key] = None
        return self._read[key]

    async def _tell_differences(self) -> None:
        """Where files are published by command: say which of them are not what holds."""
        for flow_id, flow in sorted(self._own.flows.items()):
            holds = self.nurture.flows.get(flow_id)
            if flow.source and (holds is None or text_of(holds).digest != text_of(flow).digest):
                log.warning("flow.unpublished", flow=flow_id, version=holds.version if holds else None)
