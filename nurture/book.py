"""The flows that hold now: the newest version of each, older ones that people are still inside, and what was ruled about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model import Enrolment, FlowMode
from nurture.flow import Arm, ExperimentStep, Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was ruled about a flow, and why in words."""

    mode: FlowMode = FlowMode.LIVE
    reason: str = ""


LIVE = Ruling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Who speaks: the bot's name and the business it works for."""

    name: str
    business: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nurture:
    """What the engine needs to know: the flows by id, whose voice they have, and the zone (IANA) of last resort.

    `flows` are the versions that people enter now, `versions` further ones by (flow id, number) that people may be in.
    A flow without a ruling is live. `stopped` are arms by (flow id, experiment, arm) that nobody new gets, with the reason.
    """

    flows: Mapping[str, Flow]
    persona: Persona
    default_zone: str = "UTC"
    versions: Mapping[tuple[str, int], Flow] = field(default_factory=dict)
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    stopped: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def flow_of(self, enrolment: Enrolment) -> Flow | None:
        """The version that the enrolment is in; where that one is not known, the one that people enter now."""
        current = self.flows.get(enrolment.flow_id)
        if current is not None and current.version == enrolment.flow_version:
            return current
        return self.versions.get((enrolment.flow_id, enrolment.flow_version), current)

    def open_arms(self, flow_id: str, step: ExperimentStep) -> tuple[Arm, ...]:
        """The arms of an experiment that people are put into; all of them where every one was stopped."""
        going = tuple(arm for arm in step.arms if (flow_id, step.id, arm.name) not in self.stopped)
        return going or step.arms

    def ruling(self, flow_id: str) -> Ruling:
        """What holds for this flow."""
        return self.rulings.get(flow_id, LIVE)

    def paused(self, flow_id: str) -> bool:
        """Whether nobody goes on in this flow."""
        return self.ruling(flow_id).mode is FlowMode.PAUSED
