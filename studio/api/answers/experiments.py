"""What experiments have shown."""

from __future__ import annotations

from typing import Literal, TypedDict


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
