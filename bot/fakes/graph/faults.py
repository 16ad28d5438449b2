"""Faults on demand: a queue of ordered ones and seeded random ones."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.fakes.graph import refusals
from bot.fakes.graph.errors import FaultError
from bot.fakes.graph.refusals import Refusal


class FaultKind(StrEnum):
    """What can go wrong with a call."""

    # The call is answered with an error and has no effect.
    UNKNOWN = "unknown"  # HTTP 500, code 1
    TEMPORARY = "temporary"  # HTTP 503, code 2, is_transient
    SEND_FAILED = "send_failed"  # HTTP 500, code 1200
    BAD_GATEWAY = "bad_gateway"  # HTTP 502 with an HTML body
    APP_RATE = "app_rate"  # code 4
    PAGE_RATE = "page_rate"  # code 613
    MARKETING_CAP = "marketing_cap"  # code 4, subcode 2018354
    TOKEN_EXPIRED = "token_expired"  # code 190, subcode 463
    LOGGED_OUT = "logged_out"  # code 190, subcode 460
    APP_REMOVED = "app_removed"  # code 190, subcode 458
    OUTSIDE_WINDOW = "outside_window"  # code 10, subcode 2018278
    BLOCKED = "blocked"  # code 551, subcode 1545041
    UPLOAD_FAILED = "upload_failed"  # code 100, subcode 2018047
    # The call has no effect and no answer.
    HANG = "hang"  # never answered
    DROP_BEFORE = "drop_before"  # connection broken, nothing delivered
    # The call takes effect, but the caller cannot know.
    DROP = "drop"  # delivered, then the connection is broken
    LATE = "late"  # delivered and answered after delay_s, meant to be longer than the caller waits
    GARBLED = "garbled"  # delivered, answered 200 with half a JSON body
    # The call works, after a while.
    SLOW = "slow"  # the answer, right or wrong, comes after delay_s; delivery is at once


ERRORS: Mapping[FaultKind, Refusal] = {
    FaultKind.UNKNOWN: refusals.UNKNOWN_ERROR,
    FaultKind.TEMPORARY: refusals.TEMPORARY,
    FaultKind.SEND_FAILED: refusals.SEND_FAILED,
    FaultKind.APP_RATE: refusals.APP_RATE,
    FaultKind.PAGE_RATE: refusals.PAGE_RATE,
    FaultKind.MARKETING_CAP: refusals.MARKETING_CAP,
    FaultKind.TOKEN_EXPIRED: refusals.TOKEN_EXPIRED,
    FaultKind.LOGGED_OUT: refusals.LOGGED_OUT,
    FaultKind.APP_REMOVED: refusals.APP_REMOVED,
    FaultKind.OUTSIDE_WINDOW: refusals.OUTSIDE_WINDOW,
    FaultKind.BLOCKED: refusals.PERSON_UNAVAILABLE,
    FaultKind.UPLOAD_FAILED: refusals.UPLOAD_FAILED,
}

DEFAULT_DELAY_S = 1.0
CALL_FIELDS = ("operation", "recipient", "text", "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call, as far as a fault may choose by it."""

    operation: str  # message, sender_action, profile, personas, thread_control, page
    recipient: str | None = None
    text: str | None = None
    metadata: str | None = None
    media: bool = False  # audio, video or a picture


type Where = Mapping[str, str] | Callable[[Call], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault drawn for one call."""

    kind: FaultKind
    delay_s: float  # used by slow and late


@dataclass(slots=True, kw_only=True)
class _Armed:
    fault: Fault
    matches: Callable[[Call], bool]
    left: int | None  # None: random, by rate
    rate: float


class Faults:
    """The faults waiting for calls. The first armed one that matches a call hits it."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._armed: list[_Armed] = []

    def next(self, kind: str, times: int = 1, where: Where | None = None, *, delay_s: float = DEFAULT_DELAY_S) -> None:
        """Let the next `times` matching calls fail as `kind`.

        `where` is a predicate over the call, or fields of `Call` that must all be equal. Without it, or when it does
        not name an operation, only sends of messages are hit: a typing indicator does not use up the fault.

        Raises `FaultError` for an unknown kind or field, or times below 1.
        """
        if times < 1:
            raise FaultError(f"times: {times} is below 1")
        self._arm(kind, where, delay_s, left=times, rate=1.0)

    def random(self, kind: str, rate: float, where: Where | None = None, *, delay_s: float = DEFAULT_DELAY_S) -> None:
        """Let each matching call fail as `kind` with probability `rate`, by the seed of this world.

        Raises `FaultError` for an unknown kind or field, or a rate outside 0 to 1.
        """
        if not 0 <= rate <= 1:
            raise FaultError(f"rate: {rate} is not between 0 and 1")
        self._arm(kind, where, delay_s, left=None, rate=rate)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def draw(self, call: Call) -> Fault | None:
        """The fault that hits this call, if any; uses up one of its times."""
        for armed in self._armed:
            if not armed.matches(call):
                continue
            if armed.left is None:
                if self._rng.random() < armed.rate:
                    return armed.fault
                continue
            armed.left -= 1
            if armed.left == 0:
                self._armed.remove(armed)
            return armed.fault
        return None

    def __bool__(self) -> bool:
        return bool(self._armed)

    def load(self, described: object, place: str = "faults") -> None:
        """Arm faults from their JSON description: a list of objects.

        Each has `kind`, optionally `where` and `delay_s`, and either `times` (default 1) or `rate`. Nothing is armed
        unless all are right; else `FaultError` names `place`, index and field.
        """
        if not isinstance(described, list):
            raise FaultError(f"{place}: a list of faults is needed")
        trial = Faults(self._rng)
        for index, fault in enumerate(described):
            trial._load_one(fault, f"{place}[{index}]")
        self._armed += trial._armed

    def load_file(self, path: Path) -> None:
        """`load` from a JSON file. Raises `FaultError` when it cannot be read or is wrong."""
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise FaultError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise FaultError(f"{path}: not JSON: {error}") from error
        self.load(described, str(path))

    def _load_one(self, fault: object, place: str) -> None:
        if not isinstance(fault, dict) or not isinstance(fault.get("kind"), str):
            raise FaultError(f"{place}: an object with a kind is needed")
        if odd := fault.keys() - {"kind", "where", "delay_s", "times", "rate"}:
            raise FaultError(f"{place}: unknown field {min(odd)!r}")
        where, delay_s = fault.get("where"), fault.get("delay_s", DEFAULT_DELAY_S)
        if where is not None and not isinstance(where, dict):
            raise FaultError(f"{place}.where: an object is needed")
        for field, kinds in {"delay_s": (int, float), "rate": (int, float), "times": (int,)}.items():
            if field in fault and (isinstance(fault[field], bool) or not isinstance(fault[field], kinds)):
                raise FaultError(f"{place}.{field}: {fault[field]!r} is not a number that fits")
        try:
            if "rate" in fault:
                self.random(fault["kind"], fault["rate"], where, delay_s=delay_s)
            else:
                self.next(fault["kind"], fault.get("times", 1), where, delay_s=delay_s)
        except FaultError as error:
            raise FaultError(f"{place}: {error}") from error

    def _arm(self, kind: str, where: Where | None, delay_s: float, *, left: int | None, rate: float) -> None:
        try:
            fault = Fault(kind=FaultKind(kind), delay_s=delay_s)
        except ValueError as error:
            raise FaultError(f"kind: {kind!r} is none of {', '.join(FaultKind)}") from error
        self._armed.append(_Armed(fault=fault, matches=_matcher(where), left=left, rate=rate))


def _matcher(where: Where | None) -> Callable[[Call], bool]:
    if callable(where):
        return where
    wanted: dict[str, Any] = {"operation": "message"} | dict(where or {})
    if odd := wanted.keys() - set(CALL_FIELDS):
        raise FaultError(f"where: {min(odd)!r} is none of {', '.join(CALL_FIELDS)}")
    return lambda call: all(getattr(call, field) == value for field, value in wanted.items())
