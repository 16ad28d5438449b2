"""Whether a talk that went through kills is whole: nothing lost, doubled, out of order or early; and how late things came. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bench.talk import Question

GREETING = "utter_greet"
GRAIN = timedelta(milliseconds=2)
"""Two clocks are compared: the platform tells its time in microseconds, a service took the decision just before."""


class Fault(StrEnum):
    """What may never happen."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    EARLY = "early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise, and where."""

    fault: Fault
    person: str
    detail: str
    key: str | None = None  # of the message, where one was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One person's talk, as both sides saw it."""

    person: str
    asked: tuple[Question, ...]  # in the order asked, each at most once
    greetings: int  # how often "hey" was written before a question
    heard: tuple[str | None, ...]  # names of the wordings that arrived, in order; None for words of a flow
    excused: int  # messages that got the honest line and a person instead, or were heard and answered with the next question
    sent_ids: frozenset[str]  # ids of the messages the person wrote
    stored_ids: tuple[str, ...]  # ids of the person's messages in the store, in the order shown
    unheard: int  # of these, how many no turn has taken up
    left: frozenset[str] = frozenset()  # questions the person did not wait for: what is owed of them comes after the next answer


def judge(talk: Talk) -> list[Finding]:
    """Everything that is wrong with one talk."""
    return [*_stored(talk), *_answers(talk), *_order(talk)]


def _finding(talk: Talk, fault: Fault, detail: str) -> Finding:
    return Finding(fault=fault, person=talk.person, detail=detail)


def _stored(talk: Talk) -> list[Finding]:
    stored = Counter(talk.stored_ids)
    found = [_finding(talk, Fault.LOST, f"message {mid} was never stored") for mid in sorted(talk.sent_ids - stored.keys())]
    found += [_finding(talk, Fault.DOUBLED, f"message {mid} is stored {n} times") for mid, n in stored.items() if n > 1]
    if talk.unheard:
        found.append(_finding(talk, Fault.LOST, f"{talk.unheard} stored messages were never taken up"))
    return found


def _answers(talk: Talk) -> list[Finding]:
    found, missing = [], []
    for question in talk.asked:
        last = [name for name in talk.heard if name and name.startswith(question.answer)]
        first = [name for name in talk.heard if name and question.owns(name) and not name.startswith(question.answer)]
        if not last:
            missing.append(question.text)
        if len(last) > 1 or len(first) > 1:
            found.append(_finding(talk, Fault.DOUBLED, f"{question.text!r} was answered more than once"))
    greeted = sum(1 for name in talk.heard if name and name.startswith(GREETING))
    if greeted > talk.greetings:
        found.append(_finding(talk, Fault.DOUBLED, f"{greeted} greetings for {talk.greetings}"))
    if len(missing) > talk.excused:
        found.append(_finding(talk, Fault.LOST, f"no answer to {missing}, though {talk.excused} of them are excused"))
    return found


def _order(talk: Talk) -> list[Finding]:
    in_turn = [(rank, question) for rank, question in enumerate(talk.asked) if question.text not in talk.left]
    ranks = [rank for name in talk.heard if name for rank, question in in_turn if question.owns(name)]
    found = []
    if ranks != sorted(ranks):
        found.append(_finding(talk, Fault.REORDERED, f"answers came in the order {ranks}"))
    for question in talk.asked:
        parts = [name.startswith(question.answer) for name in talk.heard if name and question.owns(name)]
        if parts != sorted(parts):
            found.append(_finding(talk, Fault.REORDERED, f"the parts of the answer to {question.text!r} are swapped"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An outgoing message in the store: its place in the talk, its delivery status and its key; `after` if it was decided after all
    had come to rest, so that the end of the run may have cut it off."""

    message_id: int
    person: str
    status: str
    key: str
    after: bool = False


def judge_delivery(lines: Sequence[Line], arrived: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Store against world. `arrived` holds, per person, the keys of the messages that reached them, in order."""
    by_key = {line.key: line for line in lines}
    found = []
    for person, keys in arrived.items():
        often = {key: n for key, n in Counter(keys).items() if n > 1}
        found += [
            Finding(fault=Fault.DOUBLED, person=person, detail=f"{key} arrived {n} times", key=key) for key, n in often.items()
        ]
        ids = [by_key[key].message_id for key in keys if key in by_key]
        if ids != sorted(ids):
            found.append(Finding(fault=Fault.REORDERED, person=person, detail=f"sends in the order {ids}"))
    there = {key for keys in arrived.values() for key in keys}
    for line in lines:
        if line.status == "sent" and line.key not in there:
            found.append(Finding(fault=Fault.LOST, person=line.person, detail=f"{line.key} counts as sent but never arrived"))
        if line.status in ("queued", "sending") and not line.after:
            found.append(Finding(fault=Fault.LOST, person=line.person, detail=f"{line.key} is still {line.status}"))
    return found


# ---- early and late ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """From a question to the last bubble of its answer, as the person saw it."""

    person: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Something that was due and happened: a bubble that arrived, a clock that was acted upon."""

    what: str
    person: str
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which something was dead, suspended or not back yet."""

    kind: str
    since: datetime
    until: datetime


def judge_early(happened: Iterable[Timed]) -> list[Finding]:
    """Whatever came before its time."""
    return [
        Finding(fault=Fault.EARLY, person=one.person, detail=f"{one.what} came {(one.due_at - one.at).total_seconds():.3f} s early")
        for one in happened
        if one.at < one.due_at - GRAIN
    ]


class Calendar:
    """When what was away: `outages` for everybody, `faults` of the platform for the person they hit. Work that piles up in an
    outage is done some time after it, so it lasts `after_s` longer."""

    def __init__(self, outages: Sequence[Outage], faults: Mapping[str, Sequence[datetime]], *, after_s: float) -> None:
        after = timedelta(seconds=after_s)
        self._outages = [(outage.since, outage.until + after) for outage in outages]
        self._faults = {person: sorted(times) for person, times in faults.items()}
        self._after = after

    def name(self, person: str, since: datetime, until: datetime) -> str:
        """`outage`, `platform` (one of its faults hit this person) or `quiet`: what was the matter between these moments."""
        if any(began <= until and since <= ended for began, ended in self._outages):
            return "outage"
        hit = self._faults.get(person, ())
        place = bisect_right(hit, until)
        return "platform" if place and hit[place - 1] >= since - self._after else "quiet"


def lateness(parts: Iterable[tuple[str, str, float]]) -> dict[str, dict[str, dict[str, float]]]:
    """Of (what, when, seconds): count, median, 99th percentile and worst for each what and when."""
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for what, when, seconds in parts:
        groups[what][when].append(seconds)
    return {
        what: {when: _spread(sorted(values)) for when, values in sorted(times.items())} for what, times in sorted(groups.items())
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    def share(part: float) -> float:
        return round(values[min(len(values) - 1, int(len(values) * part))], 3)

    return {"n": len(values), "p50_s": share(0.5), "p99_s": share(0.99), "worst_s": round(values[-1], 3)}


# ---- the journal: what was decided, and how often -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A line of the journal."""

    person: str
    kind: str
    data: Mapping[str, object]


def judge_journal(lines: Iterable[Noted], heard: Mapping[str, int]) -> list[Finding]:
    """A decision with two effects, or with none. `heard` says how many messages of each person the store counts as heard."""
    taken_up: Counter[str] = Counter()
    once: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        match line.kind:
            case "turn.heard":
                taken_up[line.person] += int(str(line.data["messages"]))
            case "rung.climbed":
                once[line.person, "rung", f"{line.data['episode_id']} {line.data['rung']}"] += 1
            case "episode.opened" | "episode.closed":
                once[line.person, line.kind, str(line.data["episode_id"])] += 1
            case "flow.started" | "flow.ended":
                once[line.person, line.kind, str(line.data["enrolment"])] += 1
    found = [
        Finding(fault=Fault.DOUBLED, person=person, detail=f"{kind} {key} happened {n} times")
        for (person, kind, key), n in once.items()
        if n > 1
    ]
    for person in sorted(taken_up.keys() | heard.keys()):
        told, counted = taken_up[person], heard.get(person, 0)
        if told != counted:
            fault = Fault.DOUBLED if told > counted else Fault.LOST
            found.append(
                Finding(fault=fault, person=person, detail=f"turns took up {told} messages, {counted} are marked as heard")
            )
    return found
